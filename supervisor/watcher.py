"""One place to wait: for the ends of processes, for answers from other threads, and for the next deadline.

Ends come by pidfd, so they are seen at once and without Ray. `post` may be called from any thread and from a signal
handler.
"""

import os
import queue
import select
import signal
import time
from dataclasses import dataclass

from supervisor.directory import NodeEntry
from supervisor.process import Process, watch


@dataclass(frozen=True)
class Gone:
    """The process watched under `key` has ended."""

    key: str


@dataclass(frozen=True)
class Answered:
    """A call to a host came back: `value`, or `error` in words."""

    call: str
    host: int
    value: object = None
    error: str = ""


@dataclass(frozen=True)
class StopAsked:
    """Somebody wants the whole tree down."""

    reason: str


@dataclass(frozen=True)
class NodeTurned:
    """Another node is not what it was; `entry` is what it is now."""

    node: str
    entry: NodeEntry
    text: str


Event = Gone | Answered | StopAsked | NodeTurned


class Watcher:
    """The loop's only blocking call lives here."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._posted: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._pidfds: dict[str, int] = {}
        self._keys: dict[int, str] = {}

    def watch(self, key: str, process: Process) -> None:
        """Report the end of `process` as `Gone(key)`; one that has ended already is reported at the next wait."""
        pidfd = watch(process)
        if pidfd is None:
            self.post(Gone(key))
            return
        self._pidfds[key] = pidfd
        self._keys[pidfd] = key
        self._epoll.register(pidfd, select.EPOLLIN)

    def kill(self, key: str) -> None:
        """Send SIGKILL to a watched process; its end is reported as any other."""
        if key in self._pidfds:
            try:
                signal.pidfd_send_signal(self._pidfds[key], signal.SIGKILL)
            except ProcessLookupError:
                return  # it has ended; the pidfd says so

    def post(self, event: Event) -> None:
        """Hand an event to the loop, from any thread."""
        self._posted.put(event)
        os.eventfd_write(self._wake, 1)

    def wait(self, timeout_s: float) -> list[Event]:
        """Return what happened, after at most `timeout_s`."""
        events: list[Event] = []
        for descriptor, _ in self._epoll.poll(max(timeout_s, 0.0)):
            if descriptor == self._wake:
                os.eventfd_read(self._wake)
                continue
            key = self._keys.pop(descriptor)
            del self._pidfds[key]
            self._epoll.unregister(descriptor)
            os.close(descriptor)
            events.append(Gone(key))
        while not self._posted.empty():
            events.append(self._posted.get())
        return events

    def close(self) -> None:
        """Close every descriptor."""
        for descriptor in (*self._keys, self._wake):
            os.close(descriptor)
        self._epoll.close()


def boot_s() -> float:
    """Return seconds on the boot clock, which counts sleep and never jumps: the loop's one clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
