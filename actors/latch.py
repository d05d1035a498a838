"""Stops that latch (law 10): reduce, halt, flatten, in an atomic, fsynced file of their own.

* Any process may tighten, at any time, without asking; only `resume` loosens, and it names a person and a reason. A
  tightening to a level already reached changes nothing: the first reason stays, because it is what tripped.
* An unreadable file is a halt. A missing file is no latch: a fresh state folder has none, and every start is HALTED by
  recovery anyway (law 8).
* Each change is a line of the history beside the file. A stop is in force before its line is written, and stands
  without it where the disk takes no more; a loosening is written down before it is in force, or there is none.
"""

import errno
import os
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from actors.domain.value import Instant, Value
from actors.durable import locked, replace

BREAKER: Final = "breaker"
"""Who latched a stop that a breaker on losses asks for: `holdfast breaker reset` loosens what is by that name."""


class StopLevel(StrEnum):
    """NONE; REDUCE: no new risk; HALT: that, and the permit says HALTED; FLATTEN: halt, and close everything.

    Each of them refuses openings and cancels those that work. None stops an exit (law 7).
    """

    NONE = "none"
    REDUCE = "reduce"
    HALT = "halt"
    FLATTEN = "flatten"

    @property
    def rank(self) -> int:
        """How tight: a higher rank includes the lower."""
        return list(StopLevel).index(self)


class Latch(Value):
    """The stop in force, and why. `by` is a person, or the process that tripped it."""

    level: StopLevel = StopLevel.NONE
    reason: str = ""
    by: str = ""
    at: Instant | None = None
    by_person: bool = False
    """A person asked for it, at a command line: others hear of it by an alert."""

    @property
    def words(self) -> str | None:
        """The stop as checks and screens tell it; None where there is none."""
        return None if self.level is StopLevel.NONE else f"{self.level} by {self.by}: {self.reason}"


class LatchChanged(Exception):
    """The stop in force is another one than was looked at."""


class ReasonMissing(ValueError):
    """A stop is loosened only by a named person with a reason."""


def tighten(path: Path, latch: Latch) -> Latch:
    """Latch at least this level; return what is in force then, durable."""
    with locked(path):
        held = read_latch(path)
        if held.level.rank >= latch.level.rank:
            return held
        replace(path, latch.model_dump_json().encode())
        with suppress(OSError):
            _note(path, latch)
    return latch


def resume(path: Path, by: str, reason: str, at: Instant, seen: Latch | None = None) -> Latch:
    """Loosen the stop; return the one that was in force. `seen` is the one that was looked at.

    Raises `ReasonMissing`, `LatchChanged` where another than `seen` is in force, `OSError`; then nothing is loosened.
    """
    if not by.strip() or not reason.strip():
        raise ReasonMissing("resume needs a person and a reason")
    with locked(path):
        held = read_latch(path)
        if seen is not None and held != seen:
            raise LatchChanged(held.words or "no stop is latched")
        loosened = Latch(reason=reason, by=by, at=at)
        _note(path, loosened)
        replace(path, loosened.model_dump_json().encode())
    return held


def history(path: Path) -> tuple[Latch, ...]:
    """Return every change, oldest first; a line that a crash cut short is passed over."""
    found = []
    with suppress(FileNotFoundError):
        for line in _history(path).read_bytes().splitlines():
            with suppress(ValidationError):
                found.append(Latch.model_validate_json(line))
    return tuple(found)


def read_latch(path: Path) -> Latch:
    """Return the stop in force. A file that cannot be understood is a halt that says so."""
    try:
        return Latch.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Latch()
    except (OSError, ValidationError) as error:
        return Latch(level=StopLevel.HALT, reason=f"latch file unreadable: {type(error).__name__}", by="latch")


def _history(path: Path) -> Path:
    return path.with_name(f"{path.stem}.history.jsonl")


def _note(path: Path, latch: Latch) -> None:
    """Add a change to the history, durable on return; a line cut short before it is ended first."""
    descriptor = os.open(_history(path), os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        is_cut = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        line = (b"\n" if is_cut else b"") + latch.model_dump_json().encode() + b"\n"
        if os.write(descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, "a line was cut short", str(_history(path)))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
