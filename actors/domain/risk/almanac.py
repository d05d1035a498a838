"""What the calendar says beside the sessions: dated events that openings keep clear of, and what an expiry means.

What it finds of a series is kept, for each order asks for the same few again.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from pydantic import Field, PrivateAttr, model_validator

from actors.domain.market.contract import Contract
from actors.domain.market.expiry_table import ExpiryTable
from actors.domain.market.last_trade import last_trade
from actors.domain.market.session import NEW_YORK, Sessions
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


class SeriesEnd(NamedTuple):
    """The end of one series. `unknown`: why no table knows what becomes of it; empty where one does."""

    unknown: str
    opens_until: datetime | None
    """When openings of it stop; None: no table says."""
    words: str


class Almanac(Value):
    """The tables, and how near to its end a contract may be opened."""

    blackouts: tuple[Blackout, ...] = ()
    table: ExpiryTable
    openings_until_min: float = 0
    """Minutes before the last trade from which nothing of it is opened."""
    adapters: tuple[str, ...] = ()
    """The brokers there are; the strictest of them counts."""
    _known: dict[tuple[str, date | None, date], SeriesEnd] = PrivateAttr(default_factory=dict)
    _of: Sessions | None = PrivateAttr(default=None)
    """The sessions that all of it was found for."""

    def end(self, contract: Contract, on: date, sessions: Sessions) -> SeriesEnd:
        """Return the end of an option's series, as seen on a day."""
        if self._of is not sessions:
            self._known.clear()
            self._of = sessions
        key = contract.product.root, contract.expires_on, on
        return self._known.get(key) or self._known.setdefault(key, self._look_up(contract, on, sessions))

    def _look_up(self, contract: Contract, on: date, sessions: Sessions) -> SeriesEnd:
        product, last, unknown = contract.product, last_trade(contract, sessions), ""
        if self.table.row(product, on) is None:
            facts = f"{product.kind} {product.style} {product.settlement} {product.settlement_time}"
            unknown = f"{product.root}: no row for {facts}, table good until {self.table.last_on}"
        if last is None:
            return SeriesEnd(unknown, None, "no table says when it ends")
        rows = (self.table.broker(adapter, product.kind, on) for adapter in self.adapters)
        before = max(self.openings_until_min, *(row.openings_until_min for row in rows if row is not None), 0)
        until = last.at - timedelta(minutes=before)
        return SeriesEnd(unknown, until, f"until {until.astimezone(NEW_YORK):%a %d %b %H:%M} ET")
