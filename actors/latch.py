"""Stops that latch (law 10): reduce, halt, flatten, in an atomic, fsynced file of their own.

Any process may tighten, at any time, without asking; only `resume` loosens, and it names a person and a reason. A
tightening to a level already reached changes nothing: the first reason stays, because it is what tripped.
An unreadable file is a halt. A missing file is no latch: a fresh state folder has none, and every start is HALTED by
recovery anyway (law 8).
"""

from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from actors.domain.value import Instant, Value
from actors.durable import locked, replace

BREAKER: Final = "breaker"
"""Who latched a stop that a breaker on losses asks for: `holdfast breaker reset` loosens what is by that name."""


class StopLevel(StrEnum):
    """NONE; REDUCE: no new risk; HALT: nothing is sent but cancels; FLATTEN: halt, and close everything."""

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


class ReasonMissing(ValueError):
    """A stop is loosened only by a named person with a reason."""


def tighten(path: Path, latch: Latch) -> Latch:
    """Latch at least this level; return what is in force then, durable."""
    with locked(path):
        held = read_latch(path)
        if held.level.rank >= latch.level.rank:
            return held
        replace(path, latch.model_dump_json().encode())
    return latch


def resume(path: Path, by: str, reason: str, at: Instant) -> Latch:
    """Loosen every stop; return the one that was in force. Raises `ReasonMissing`."""
    if not by.strip() or not reason.strip():
        raise ReasonMissing("resume needs a person and a reason")
    with locked(path):
        held = read_latch(path)
        replace(path, Latch(reason=reason, by=by, at=at).model_dump_json().encode())
    return held


def read_latch(path: Path) -> Latch:
    """Return the stop in force. A file that cannot be understood is a halt that says so."""
    try:
        return Latch.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Latch()
    except (OSError, ValidationError) as error:
        return Latch(level=StopLevel.HALT, reason=f"latch file unreadable: {type(error).__name__}", by="latch")
