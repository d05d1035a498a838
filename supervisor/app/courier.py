"""What the nodes of a tree must know of each other beside the streams and the journal: small files, both ways.

Home is the supervisor's node; its files rule, but for stops, which anybody may tighten anywhere (law 10). Each beat of
a node's warden carries them once around:

    home -> node    the epoch in force, never lower than it is there, so that who was overtaken here is overtaken there
                    the stop in force; taken over there only where the stop there is one that home has seen
                    paper's clock, and where its venue is
                    before anything was started there: the settled configuration, trading days, and from which
                    incarnation on to count
    node -> home    the stop in force there, which tightens home's; the executor's board of its routes

Paper's clock counts from this boot of this machine, so on paper the nodes are raylets of one machine.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from actors.domain.value import Value
from actors.durable import locked, replace
from actors.epoch import read_epoch, take_epoch
from actors.latch import Latch, StopLevel, tighten
from actors.places import Places
from actors.venue.venue_settings import venue_file
from supervisor.app.copy_folder import mark_outpost
from supervisor.ownership import Incarnations

_WORD: Final = 8
"""The generation at the head of the clock's file: written last."""


class Carried(Value):
    """To a node. Empty text: there is no such file."""

    epoch: int
    incarnation: int
    latch: str
    latch_seen: str
    """The stop there, as last answered; what is in force since is news for home, and is not written over."""
    clock: str
    venue: str
    config: str
    exchange_days: str


class Told(Value):
    """From a node."""

    latch: str
    routes: str


class Courier:
    """Home's half, for one node."""

    def __init__(self, where: Places) -> None:
        self._where, self._latch_seen, self._routes = where, "", ""

    def pack(self) -> str:
        """Return what the node is to be told now."""
        where = self._where
        carried = Carried(
            epoch=read_epoch(where.epoch),
            incarnation=int(_text(where.state / "incarnations") or 0),
            latch=_text(where.latch),
            latch_seen=self._latch_seen,
            clock=where.clock.read_bytes().hex() if where.clock.exists() else "",
            venue=_text(venue_file(where)),
            config=_text(where.config),
            exchange_days=_text(where.state / "exchange-days.json"),
        )
        return carried.model_dump_json()

    def take(self, told_json: str) -> None:
        """Take in what it answered; a stop that this disk does not take now is taken in with the next answer."""
        told = Told.model_validate_json(told_json)
        if told.latch != self._latch_seen:
            with suppress(OSError):
                tighten(self._where.latch, _latch(told.latch))
                self._latch_seen = told.latch
        if told.routes != self._routes:
            self._routes = told.routes
            _replace_in_memory(self._where.routes, told.routes)


def furnish(where: Places, carried_json: str) -> None:
    """Prepare a node's folder for children, while none runs there. Stops that home resumed meanwhile are over."""
    carried = Carried.model_validate_json(carried_json)
    mark_outpost(where.state)
    for path, text in ((where.config, carried.config), (where.state / "exchange-days.json", carried.exchange_days)):
        if text:
            replace(path, text.encode())
    counter = Incarnations(where.state / "incarnations")
    counter.reach(carried.incarnation)
    counter.close()
    with locked(where.latch):
        replace(where.latch, (carried.latch or Latch().model_dump_json()).encode())


def exchange(where: Places, carried_json: str) -> str:
    """Take in what home says, and answer: a node's half."""
    carried = Carried.model_validate_json(carried_json)
    with suppress(OSError):  # a disk that takes nothing; it is carried again
        if read_epoch(where.epoch) < carried.epoch:
            take_epoch(where.epoch, above=carried.epoch - 1)
        with locked(where.latch):
            if carried.latch and _text(where.latch) == carried.latch_seen != carried.latch:
                replace(where.latch, carried.latch.encode())
    if carried.clock:
        _show(where.clock, bytes.fromhex(carried.clock))
    if carried.venue != _text(venue_file(where)):
        _replace_in_memory(venue_file(where), carried.venue)
    return Told(latch=_text(where.latch), routes=_text(where.routes)).model_dump_json()


def _show(path: Path, clock: bytes) -> None:
    """Make the clock's file here say what home's does: in place, because others have it mapped."""
    if not path.exists() or path.stat().st_size != len(clock):
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(clock)
        fresh.replace(path)
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    if os.pread(descriptor, _WORD, 0) != clock[:_WORD]:
        os.pwrite(descriptor, clock[_WORD:], _WORD)
        os.pwrite(descriptor, clock[:_WORD], 0)
    os.close(descriptor)


def _latch(text: str) -> Latch:
    """Return what a stop's file says; what cannot be understood is a halt, as everywhere."""
    try:
        return Latch.model_validate_json(text) if text else Latch()
    except ValidationError:
        return Latch(level=StopLevel.HALT, reason="the stop on the other node is unreadable", by="latch")


def _replace_in_memory(path: Path, text: str) -> None:
    """Replace a file of the run folder whole; it need not outlive the boot."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
