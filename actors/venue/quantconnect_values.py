"""LEAN's values, as Holdfast's algorithm meets them, and what must stand behind an algorithm."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Protocol


class OrderStatus(IntEnum):
    """LEAN's."""

    NEW = 0
    SUBMITTED = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 5
    INVALID = 7
    CANCEL_PENDING = 8


@dataclass(frozen=True)
class Symbol:
    """A contract, by its OCC name."""

    value: str


@dataclass(frozen=True)
class Leg:
    """One leg: signed contracts per combo."""

    symbol: Symbol
    quantity: int

    @staticmethod
    def create(symbol: Symbol, quantity: int) -> "Leg":
        """Return a leg."""
        return Leg(symbol, quantity)


@dataclass
class LeanOrder:
    """LEAN's order of one leg."""

    id: int
    symbol: Symbol
    quantity: int
    tag: str
    created_at: datetime
    combo: int
    limit_price: Decimal | None
    status: OrderStatus = OrderStatus.NEW
    broker_id: list[str] = field(default_factory=list)
    events: int = 0
    filled: int = 0


@dataclass(frozen=True)
class OrderEvent:
    """What LEAN tells of an order."""

    order_id: int
    id: int
    symbol: Symbol
    status: OrderStatus
    utc_time: datetime
    fill_quantity: int = 0
    fill_price: float = 0.0
    fee: float = 0.0
    message: str = ""

    @property
    def order_fee(self) -> SimpleNamespace:
        """The fee, where LEAN keeps it."""
        return SimpleNamespace(value=SimpleNamespace(amount=self.fee))


@dataclass(frozen=True)
class Response:
    """What LEAN answered to a request."""

    is_error: bool = False
    error_code: int = 0
    error_message: str = ""


class Engine(Protocol):
    """What stands behind the algorithm: LEAN, its brokerage and its store. Called on the algorithm's thread."""

    algorithm_id: str
    parameters: dict[str, str]
    store: Path
    orders: dict[int, LeanOrder]

    def now(self) -> datetime:
        """Return LEAN's time, naive UTC."""
        ...

    def order(self, legs: Sequence[Leg], quantity: int, limit_price: float | None, tag: str, day: bool) -> list[int]:  # noqa: FBT001
        """Send to the brokerage; return LEAN's ids, one a leg."""
        ...

    def refused(self, legs: Sequence[Leg], tag: str, text: str) -> int:
        """Number an order that never leaves, and tell that it is Invalid."""
        ...

    def cancel(self, order_id: int) -> str:
        """Ask the brokerage; return why not."""
        ...

    def has_price(self, symbol: str) -> bool:
        """Whether the market quotes a contract."""
        ...

    def holdings(self) -> dict[str, tuple[int, Decimal]]:
        """Return quantity and average price by symbol."""
        ...

    def money(self) -> tuple[Decimal, Decimal, Decimal]:
        """Return cash, net liquidation value and buying power."""
        ...
