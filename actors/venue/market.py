"""What a market is to the venue: contracts, and quotes in the order of time.

Prices are float64 points, sizes contracts, NaN a missing side. `last` is the last print: for an index the level, NaN
where nothing printed. Times are on the market's clock, nanoseconds since the Unix epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from actors.domain.market.contract import Contract
from actors.domain.market.quote import Floats, Nanos, Rows, Sizes
from actors.domain.market.session import Session


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that become known at one instant. `rows` index the market's `contracts`; a row may occur once only."""

    at: datetime
    rows: Rows
    bid: Floats
    ask: Floats
    bid_size: Sizes
    ask_size: Sizes
    last: Floats
    exchange_ns: Nanos


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row of a recorded file that could not be used, and why."""

    file: str
    row: int
    reason: str


class Market(Protocol):
    """A day of prices. It knows no orders: paper orders do not move it."""

    session: date
    """New York date of the trading day."""
    contracts: tuple[Contract, ...]
    """Underlyings first."""
    opens_at: datetime
    closes_at: datetime
    stock_hours: Session
    """Those of the stock exchange, which brokers tell as the day's: these options may trade on after it, or before."""
    skipped: tuple[Skipped, ...]

    def batches(self, start: datetime) -> Iterator[Batch]:
        """Yield every batch from `start` to the end of the day, in order of time."""
        ...

    def settlement_price(self, symbol: str) -> float | None:
        """Return the underlying's settling print of the session, once it has closed."""
        ...
