"""Connects the supervisor to its Ray; for one that was joined and is away, it waits without end, and says so.

Rules of this file
1. A private Ray that does not answer is `RayUnavailable` at once: it is ours to build anew.
2. A joined one is looked for where it last was, then where the plan says; "auto" is Ray's own way to find one.
3. An address that nobody listens at is not handed to Ray: its client would try for a minute, and may end the process.
4. The wait is told when it begins, again every minute, and when it ends. A stop ends it.
5. A private Ray whose GCS was started again while it was asked is asked again.
"""

import itertools
import socket
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from supervisor.errand import Errands, StoppedWaiting
from supervisor.private_ray import RayUnavailable, joined
from supervisor.ray_keeper import RayKeeper
from supervisor.watcher import StopAsked, Watcher, boot_s

LOOK_EVERY_S = 2.0
TELL_EVERY_S = 60.0
KNOCK_TIMEOUT_S = 1.0
AUTO = "auto"


class Connected(Protocol):
    """A driver's connection."""

    @property
    def address(self) -> str:
        """Where it is connected to."""
        ...


C = TypeVar("C", bound=Connected)
Tell = Callable[[str, str, str], None]


def connect(
    keeper: RayKeeper, planned: str, join: Callable[[str], C], errands: Errands, watcher: Watcher, tell: Tell
) -> C:
    """Return the connection; `keeper` then watches what it reached.

    Raises `RayUnavailable` for a private one, `RayLost`, `StoppedWaiting`.
    """
    if keeper.entry.private:
        return _connect_to_ours(keeper, join, errands)
    told_s = None
    for address in itertools.cycle(dict.fromkeys((keeper.entry.address, planned))):
        try:
            knock(address)
            cluster = errands.ask(partial(join, address))
        except RayUnavailable as error:
            if told_s is None or boot_s() - told_s >= TELL_EVERY_S:
                told_s = boot_s()
                tell("ray_awaited", "ray", f"no Ray: {error}")
            _pause(watcher)
            continue
        if told_s is not None:
            tell("ray_found", "ray", f"a Ray answers at {cluster.address}")
        keeper.entry = joined(cluster.address)
        keeper.watch()
        return cluster
    raise AssertionError("a cycle does not end")


def _connect_to_ours(keeper: RayKeeper, join: Callable[[str], C], errands: Errands) -> C:
    keeper.watch()
    while True:
        asked = keeper.entry
        try:
            return errands.ask(partial(join, asked.address))
        except RayUnavailable:
            if keeper.entry == asked:
                raise


def _pause(watcher: Watcher) -> None:
    if any(isinstance(event, StopAsked) for event in watcher.wait(LOOK_EVERY_S)):
        raise StoppedWaiting


def knock(address: str) -> None:
    """Raise `RayUnavailable` where nobody listens at "host:port"; "auto" is not looked at."""
    if address == AUTO:
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), KNOCK_TIMEOUT_S).close()
    except OSError as error:
        raise RayUnavailable(f"nobody listens at {address}: {error.strerror or error}") from None
