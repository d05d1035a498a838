"""What the kill switch writes ahead of all it does, one file a use; and what of it the journal has not taken in yet.

Rules of this file
1. A line is an event in the journal's own words. It is on the disk before what it says is done: an order and its
   attempt are one write, fsynced, then the order is sent (law 1). A full disk gives up the reserve kept for exits.
2. The first line says who fired, and which epoch was taken: the ids of its orders follow from it, so no use repeats an
   id.
3. What a death cut short at the end was not acted on, and is passed over: half a line, or an order without its attempt.
   An attempt without an outcome is in doubt (law 2): its broker knows.
4. An executor takes what it finds in whole, in one transaction, before it recovers, and once: by the first line's name.
   Only a dead kill switch leaves a file to be read, for nothing else runs while one is at work.
"""

import errno
import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.kill_event import KillSwitchFired
from actors.domain.orders.order import attempt_id
from actors.places import Places
from supervisor.state_disk import FULL, RESERVE

FOLDER: Final = "killswitch"


class Record:
    """The file of one use, open for writing."""

    def __init__(self, where: Places, fired: KillSwitchFired) -> None:
        """Begin it. Raises `OSError`."""
        folder, self._where, self.epoch = where.state / FOLDER, where, fired.epoch
        folder.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        name = f"{fired.epoch:012d}-{time.time_ns()}.jsonl"
        self._file, self._size = os.open(folder / name, flags, 0o600), 0
        self.write(fired)
        for each in (folder, where.state):
            _sync(each)

    def write(self, *events: happened.Event) -> None:
        """Write events together, durable on return. Raises `OSError`: then nothing may be done that rests on them."""
        data = b"".join(event.model_dump_json().encode() + b"\n" for event in events)
        try:
            self._append(data)
        except OSError as error:
            if error.errno not in FULL:
                raise
            (self._where.state / RESERVE).unlink(missing_ok=True)
            self._append(data)
        os.fsync(self._file)

    def _append(self, data: bytes) -> None:
        written = os.write(self._file, data)
        if written != len(data):
            os.ftruncate(self._file, self._size)  # or the next line would be glued to half of this one
            raise OSError(next(iter(FULL)), "a line was cut short")
        self._size += written

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Unwritten(Record):
    """Stands for a record where the disk takes none: it lets cancels by, which only ever take risk away.

    An order's words raise, as `write` does on a disk that fails: what cannot be written is not sent (law 1).
    """

    def __init__(self, where: Places, fired: KillSwitchFired) -> None:
        """Begin nothing."""
        self._where, self.epoch = where, fired.epoch

    def write(self, *events: happened.Event) -> None:
        """Refuse an order. Raises `OSError`."""
        if any(isinstance(event, happened.OrderPlaced | happened.AttemptStarted) for event in events):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self._where.state))

    def close(self) -> None:
        """Close nothing."""


def untaken(where: Places, knows: Callable[[str], bool], at: datetime) -> tuple[happened.Event, ...]:
    """Return what the journal does not have of all that was written, oldest first; unanswered attempts in doubt."""
    found: list[happened.Event] = []
    for path in sorted((where.state / FOLDER).glob("*.jsonl")):
        events = read(path)
        if events and not knows(events[0].correlation):
            found += [*events, *unanswered(events, at)]
    return tuple(found)


def read(path: Path) -> list[happened.Event]:
    """Return the events of one file, without what a death cut short at its end."""
    found: list[happened.Event] = []
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            found.append(happened.parse_event(line))
        except ValidationError:
            break
    if found and isinstance(found[-1], happened.OrderPlaced):
        found.pop()
    return found


def unanswered(events: Sequence[happened.Event], at: datetime) -> Iterable[happened.Event]:
    """Yield the doubt of each attempt that has no outcome."""
    ended = {event.attempt_id for event in events if isinstance(event, happened.AttemptEnded)}
    for event in events:
        if isinstance(event, happened.AttemptStarted):
            name = attempt_id(event.cl_ord_id, event.attempt.number)
            if name not in ended:
                doubt = InDoubt(cause="the kill switch ended before it wrote an answer down")
                yield happened.AttemptEnded(attempt_id=name, outcome=doubt, at=at)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
