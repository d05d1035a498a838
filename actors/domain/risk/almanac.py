"""What the calendar says beside the sessions: dated events that openings keep clear of, and what an expiry means."""

from datetime import datetime

from pydantic import Field, model_validator

from actors.domain.market.expiry_table import ExpiryTable
from actors.domain.value import Instant, Value


class Blackout(Value):
    """A time in which nothing is opened: a meeting of the central bank, a price index, an earnings report."""

    begins: Instant
    ends: Instant
    underlyings: tuple[str, ...] = Field(default=(), max_length=100)
    """Whose; none: everybody's."""
    reason: str

    @model_validator(mode="after")
    def _is_ordered(self) -> "Blackout":
        if self.begins >= self.ends:
            raise ValueError(f"begins at {self.begins}, not before it ends at {self.ends}")
        return self

    def holds(self, underlying: str, now: datetime) -> bool:
        """Return whether openings on an underlying keep clear now; its end no longer counts."""
        concerned = not self.underlyings or underlying in self.underlyings
        return concerned and self.begins <= now < self.ends


class Almanac(Value):
    """The tables, and how near to its end a contract may be opened."""

    blackouts: tuple[Blackout, ...] = ()
    table: ExpiryTable
    openings_until_min: float = 0
    """Minutes before the last trade from which nothing of it is opened."""
    adapters: tuple[str, ...] = ()
    """The brokers there are; the strictest of them counts."""
