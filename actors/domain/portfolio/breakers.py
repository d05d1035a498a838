"""Which breakers are tripped, as the journal tells: what stops whom.

A breaker that tripped stays so until its reset is journaled; no price, permit, restart or change of the configuration
takes it back. The gate asks `stops`, which is made once for each change, and not at each order.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from pydantic import Field

from actors.domain.orders import event as happened
from actors.domain.orders.breaker_event import BreakerReset, BreakerStep, BreakerTripped, BreakerWarned, ResetBy, Scope
from actors.domain.orders.refusal import Check, Code
from actors.domain.value import Value

EVERYBODY: Final = ""
"""Stands for every strategy among the names of those who may not open."""


class Rearmed(Value):
    """A breaker's last reset: where it stands in the journal, and who did it."""

    sequence: int
    how: ResetBy


class Breakers(Value):
    """The breakers by name."""

    tripped: Mapping[str, BreakerTripped] = Field(default_factory=dict)
    warned: Mapping[str, BreakerWarned] = Field(default_factory=dict)
    """The last warning of each that is not reset since."""
    resets: Mapping[str, Rearmed] = Field(default_factory=dict)

    @cached_property
    def stops(self) -> Mapping[str, Check]:
        """Why openings are refused, by strategy."""
        return stops(self.tripped.values())

    def after(self, event: happened.Event, sequence: int) -> "Breakers":
        """Return them after one more event."""
        tripped, warned, resets = dict(self.tripped), dict(self.warned), dict(self.resets)
        match event:
            case BreakerTripped(name=name):
                tripped[name] = event
            case BreakerWarned(name=name):
                warned[name] = event
            case BreakerReset(name=name):
                tripped.pop(name, None)
                warned.pop(name, None)
                resets[name] = Rearmed(sequence=sequence, how=event.how)
        return Breakers(tripped=tripped, warned=warned, resets=resets)  # a copy would keep the old `stops`

    def reset_at(self, name: str) -> int:
        """Return where in the journal a breaker was last reset; 0: never."""
        return self.resets[name].sequence if name in self.resets else 0

    def named(self, beginning: str) -> tuple[str, ...]:
        """Return the tripped breakers of that name, or whose name begins with it, part by part; empty: all."""
        parts = beginning.split(".") if beginning else []
        return tuple(name for name in self.tripped if name.split(".")[: len(parts)] == parts)


def stops(trips: Iterable[BreakerTripped]) -> dict[str, Check]:
    """Return the check that each strategy's openings fail; `EVERYBODY` stands for all of them."""
    found: dict[str, Check] = {}
    for trip in trips:
        whom = trip.subject if trip.step is BreakerStep.PAUSE and trip.scope is Scope.STRATEGY else EVERYBODY
        check = Check(code=Code.R018_BREAKER, passed=False, subject=trip.name, value=trip.text, limit=f"{trip.limit:f}")
        found.setdefault(whom, check)
    return found


def stop_of(strategy: str, told: Mapping[str, Check]) -> Check | None:
    """Return why a strategy may not open, if it may not."""
    return (told.get(strategy) or told.get(EVERYBODY)) if told else None
