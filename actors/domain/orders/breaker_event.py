"""What the journal remembers of the breakers on losses. `orders.event` says what events are.

A breaker is one limit on one scope, with the step it takes. Its name says all of it:
`account.tastytrade.loss_day.reduce`, `strategy.condor.losses_in_a_row.pause`.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from actors.domain.value import Instant, Money, Value


class Scope(StrEnum):
    """Whose losses are counted: those of one account domain, or of one strategy."""

    ACCOUNT = "account"
    STRATEGY = "strategy"


class Measure(StrEnum):
    """What is measured: dollars, but for the losses in a row, which are structures."""

    LOSS_DAY = "loss_day"
    DRAWDOWN = "drawdown"
    LOSSES_IN_A_ROW = "losses_in_a_row"
    LOSS_SESSIONS = "loss_sessions"


class BreakerStep(StrEnum):
    """What a breaker does. No step stops an exit.

    PAUSE: its scope opens nothing. REDUCE: nobody does. HALT: nobody does, and the permit says so. FLATTEN: nobody
    does, and what its scope holds is closed.
    """

    PAUSE = "pause"
    REDUCE = "reduce"
    HALT = "halt"
    FLATTEN = "flatten"

    @property
    def stops_all(self) -> bool:
        """Whether it stops more than its own scope."""
        return self is not BreakerStep.PAUSE


class ResetBy(StrEnum):
    """Who resets it: a person with a reason, or also the open of the next session."""

    PERSON = "person"
    SESSION = "session"


class BreakerWarned(Value):
    """A measure reached a share of its limit."""

    kind: Literal["breaker_warned"] = "breaker_warned"
    name: str
    day: date
    share: Decimal
    """Of the limit: 0.8 is 80 %."""
    value: Decimal
    limit: Decimal
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The breaker."""
        return f"breaker-{self.name}"


class BreakerTripped(Value):
    """A measure reached its limit. It stays tripped, whatever prices do, until it is reset."""

    kind: Literal["breaker_tripped"] = "breaker_tripped"
    name: str
    scope: Scope
    subject: str
    """The account domain, or the strategy."""
    measure: Measure
    step: BreakerStep
    reset: ResetBy
    day: date
    """The day it counts for: from one open of the exchange to the next."""
    value: Decimal
    limit: Decimal
    base: Decimal
    """The baseline that the limit is a share of, in dollars; 0 for a count."""
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The breaker."""
        return f"breaker-{self.name}"


class BreakerReset(Value):
    """A person, or the next session's open, lets its scope open again. It gets its limit once more from here."""

    kind: Literal["breaker_reset"] = "breaker_reset"
    name: str
    how: ResetBy
    by: str
    reason: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The breaker."""
        return f"breaker-{self.name}"


class StructuresMarked(Value):
    """What structures held over from an earlier session are worth in this one: their strategies' results start here."""

    kind: Literal["structures_marked"] = "structures_marked"
    session: date
    values: Mapping[str, Money]
    """Cash moved so far and worth, by structure."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The day."""
        return f"session-{self.session}"


BreakerEvent = BreakerWarned | BreakerTripped | BreakerReset | StructuresMarked
