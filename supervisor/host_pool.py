"""Blank hosts kept ready, so that starting a child costs one call instead of a new process.

A start takes the oldest ready host. What is missing for children that wait is created at once; the spares are
replenished only while no child starts or has just started, because making a process warm costs a second of processor
time.
Host numbers come from the durable counter and are never used twice, so a host's name can never mean two processes.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple, Protocol

from supervisor.process import Process
from supervisor.watcher import Answered, Watcher, boot_s

SPAWN_TIMEOUT_S = 45.0
SPAWN_FAILURES_MAX = 3
"""So many in a row mean that Ray itself is not working."""
SPAWN_PAUSE_S, SPAWN_PAUSE_MAX_S = 0.5, 30.0
"""Wait after a failed spawn; doubles with each in a row."""


class Found(NamedTuple):
    """Hosts of an earlier supervisor that Ray still knows: of those asked for, and besides them."""

    known: frozenset[int]
    strangers: tuple[int, ...]


class Hosts(Protocol):
    """What makes processes: Ray, or a test's stand-in."""

    def spawn(self, number: int) -> "Future[tuple[int, int]]":
        """Create a blank host; answer with its process number and start time."""
        ...

    def start(self, number: int, context_json: str) -> "Future[int]":
        """Make it a child."""
        ...

    def stop(self, number: int) -> None:
        """Ask its child to stop."""
        ...

    def discard(self, number: int) -> None:
        """Kill a blank host."""
        ...

    def forget(self, number: int) -> None:
        """Drop what is kept about a host that is gone."""
        ...


class HostsFailing(Exception):
    """A child waits and no host can be made: the layer below is broken, and everything must start afresh."""


def host_key(number: int) -> str:
    """Return the key a host's process is watched under."""
    return f"host-{number}"


class HostPool:
    """Hosts on their way and hosts ready."""

    def __init__(self, hosts: Hosts, watcher: Watcher, number: Callable[[], int]) -> None:
        self._hosts, self._watcher, self._number = hosts, watcher, number
        self._spawning: dict[int, float] = {}
        self._failures, self._last_failure, self._again_s = 0, "", 0.0
        self.ready: dict[int, Process] = {}

    def provide(self, count: int, now_s: float) -> None:
        """Have `count` hosts ready or on their way."""
        for number in [number for number, at_s in self._spawning.items() if now_s - at_s > SPAWN_TIMEOUT_S]:
            self._failed(number, f"not ready after {SPAWN_TIMEOUT_S:g} s")
        if now_s < self._again_s:
            return
        for _ in range(count - len(self.ready) - len(self._spawning)):
            try:
                number = self._number()
            except OSError:  # none is durable now
                return
            self._spawning[number] = now_s
            relay(self._hosts.spawn(number), self._watcher, "spawn", number)

    def insist(self) -> None:
        """A child waits for a host: raise `HostsFailing` if too many in a row did not start.

        While none waits, failures only slow the replenishing down: a tree that works is not torn down for its spares.
        """
        if self._failures >= SPAWN_FAILURES_MAX and not self.ready:
            raise HostsFailing(f"{self._failures} hosts in a row did not start; the last: {self._last_failure}")

    def take(self) -> tuple[int, Process] | None:
        """Hand out the oldest ready host; None where there is none."""
        number = next(iter(self.ready), None)
        return None if number is None else (number, self.ready.pop(number))

    def spawned(self, answer: Answered) -> None:
        """Take note of what became of a spawn."""
        if answer.host not in self._spawning:
            return  # given up on, and killed
        if not isinstance(answer.value, tuple):
            self._failed(answer.host, answer.error)
            return
        del self._spawning[answer.host]
        self._failures = 0
        self.add(answer.host, Process(*answer.value))

    def add(self, number: int, process: Process) -> None:
        """Keep a host that is ready."""
        self.ready[number] = process
        self._watcher.watch(host_key(number), process)

    def gone(self, number: int) -> bool:
        """Forget a ready host whose process ended; return whether it was one."""
        return self.ready.pop(number, None) is not None

    def drain(self) -> None:
        """Kill everything blank; the deaths of ready hosts are reported by the watcher."""
        for number in list(self._spawning):
            self._hosts.discard(number)
        self._spawning.clear()
        for number in self.ready:
            self._watcher.kill(host_key(number))

    def _failed(self, number: int, why: str) -> None:
        del self._spawning[number]
        self._hosts.discard(number)
        self._failures, self._last_failure = self._failures + 1, why
        self._again_s = boot_s() + min(SPAWN_PAUSE_S * 2.0**self._failures, SPAWN_PAUSE_MAX_S)


def relay(
    future: "Future[object] | Future[tuple[int, int]] | Future[int]", watcher: Watcher, call: str, host: int
) -> None:
    """Turn a future's end into an event of the loop."""

    def settled(done: "Future[object]") -> None:
        error = done.exception()
        told = "" if error is None else f"{type(error).__name__}: {error}"[:400]
        watcher.post(Answered(call, host, None if error else done.result(), told))

    future.add_done_callback(settled)  # type: ignore[arg-type]
