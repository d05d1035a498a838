"""An order as the venue keeps it, in the words a broker's server needs.

    RECEIVED          the venue has it; the session is closed, or it waits until the order it replaces is cancelled
    CONTINGENT        it follows another order of the same complex one, which has not filled yet
    ROUTED            on its way to the exchange: no fill yet is possible
    LIVE              it works: fills come; there is no word for a partial fill, the legs tell
    CANCEL_REQUESTED  a cancel is on its way; a fill may still be faster
    FILLED CANCELLED REJECTED EXPIRED    the end

`_NEXT` is the whole machine; a step that is not in it is a bug of the venue and raises. Quantities come from fills
alone: `cum_qty` counts whole combos, legs may be ahead of it only where a fault broke the combo.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import Field, model_validator

from actors.domain.orders.order import LEGS_MAX, Action, Leg, OrderType, TimeInForce
from actors.domain.value import ZERO, Value


class PaperStatus(StrEnum):
    """Where an order stands."""

    RECEIVED = "RECEIVED"
    CONTINGENT = "CONTINGENT"
    ROUTED = "ROUTED"
    LIVE = "LIVE"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


_ENDS = {PaperStatus.FILLED, PaperStatus.CANCELLED, PaperStatus.REJECTED, PaperStatus.EXPIRED}

_NEXT = {
    PaperStatus.RECEIVED: {
        PaperStatus.ROUTED,
        PaperStatus.CANCEL_REQUESTED,
        PaperStatus.REJECTED,  # the replacement of an order that filled first
        PaperStatus.EXPIRED,
    },
    PaperStatus.CONTINGENT: {
        PaperStatus.ROUTED,
        PaperStatus.CANCEL_REQUESTED,
        PaperStatus.CANCELLED,  # with the order it would have followed
        PaperStatus.EXPIRED,
    },
    PaperStatus.ROUTED: {PaperStatus.LIVE, PaperStatus.REJECTED},
    PaperStatus.LIVE: {
        PaperStatus.LIVE,  # a partial fill
        PaperStatus.CANCEL_REQUESTED,
        PaperStatus.FILLED,
        PaperStatus.CANCELLED,  # the rest of an immediate-or-cancel order
        PaperStatus.EXPIRED,
    },
    PaperStatus.CANCEL_REQUESTED: {
        PaperStatus.CANCEL_REQUESTED,  # a partial fill overtook the cancel
        PaperStatus.FILLED,  # so did the last one
        PaperStatus.CANCELLED,
        PaperStatus.EXPIRED,
    },
}


class IllegalStep(Exception):
    """The venue tried to move an order where it cannot go: a bug."""


@dataclass(frozen=True, slots=True)
class PaperFill:
    """One execution of one leg. `quantity` > 0 contracts at `price` points; `fill_id` is unique in the venue."""

    fill_id: str
    symbol: str
    quantity: int
    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class PaperLeg:
    """One leg. `quantity` is contracts: the order's quantity times `ratio`."""

    symbol: str
    action: Action
    quantity: int
    ratio: int
    fills: tuple[PaperFill, ...] = ()

    @property
    def filled(self) -> int:
        """Contracts filled."""
        return sum(fill.quantity for fill in self.fills)

    @property
    def remaining(self) -> int:
        """Contracts still to fill."""
        return self.quantity - self.filled


@dataclass(frozen=True, slots=True)
class PaperOrder:
    """An order of one account. `net_price` is per combo in points: credit > 0, debit < 0; None at the market."""

    order_id: int
    account: str
    client_id: str | None
    legs: tuple[PaperLeg, ...]
    order_qty: int
    order_type: OrderType
    net_price: Decimal | None
    time_in_force: TimeInForce
    status: PaperStatus
    strict_close: bool
    received_at: datetime
    updated_at: datetime
    live_at: datetime | None = None
    terminal_at: datetime | None = None
    reject_reason: str | None = None
    replaces: int | None = None
    replaced_by: int | None = None
    stop_trigger: Decimal | None = None
    """A stop of one leg rests until the market has come to this price of the leg, in points."""
    triggered: bool = False
    complex_id: int | None = None
    """The complex order it is a part of."""
    complex_tag: str | None = None
    """Its part there, in the broker's words: `OCO::order`, `OTOCO::trigger-order`."""
    reserved: Decimal = ZERO
    """Buying power it holds while it works."""

    @property
    def cum_qty(self) -> int:
        """Whole combos filled."""
        return min(leg.filled // leg.ratio for leg in self.legs)

    @property
    def rests(self) -> bool:
        """Whether it is a stop that was not reached yet."""
        return self.stop_trigger is not None and not self.triggered

    @property
    def is_trigger(self) -> bool:
        """Whether others follow its fill."""
        return self.complex_tag is not None and self.complex_tag.endswith("::trigger-order")

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in _ENDS

    @property
    def is_working(self) -> bool:
        """Whether it may fill."""
        return self.status is PaperStatus.LIVE or (
            self.status is PaperStatus.CANCEL_REQUESTED and self.live_at is not None
        )

    def step(self, status: PaperStatus, now: datetime, reject_reason: str | None = None) -> "PaperOrder":
        """Return the order moved to `status`. Raises `IllegalStep`."""
        if status not in _NEXT.get(self.status, set()):
            raise IllegalStep(f"order {self.order_id} cannot go from {self.status} to {status}")
        return replace(
            self,
            status=status,
            updated_at=now,
            live_at=now if status is PaperStatus.LIVE and self.live_at is None else self.live_at,
            terminal_at=now if status in _ENDS else None,
            reject_reason=reject_reason,
        )

    def filled_with(self, fills: tuple[PaperFill, ...], now: datetime) -> "PaperOrder":
        """Return the order with more fills; it is FILLED once no leg has anything left."""
        new = {fill.symbol: fill for fill in fills}
        legs = tuple(
            replace(leg, fills=(*leg.fills, new[leg.symbol])) if leg.symbol in new else leg for leg in self.legs
        )
        done = all(leg.remaining == 0 for leg in legs)
        return replace(self, legs=legs).step(PaperStatus.FILLED if done else self.status, now)


class NewOrder(Value):
    """What a client asks for, before the venue has looked at it."""

    client_id: str | None = None
    legs: tuple[Leg, ...] = Field(min_length=1, max_length=LEGS_MAX)
    order_qty: int = Field(gt=0)
    order_type: OrderType = OrderType.LIMIT
    net_price: Decimal | None = Field(default=None, allow_inf_nan=False)
    stop_trigger: Decimal | None = Field(default=None, gt=0, allow_inf_nan=False)
    time_in_force: TimeInForce = TimeInForce.DAY
    strict_close: bool = False

    @model_validator(mode="after")
    def _is_coherent(self) -> "NewOrder":
        symbols = [leg.symbol for leg in self.legs]
        if len(set(symbols)) != len(symbols):
            raise ValueError(f"legs name a symbol twice: {symbols}")
        if (self.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT}) != (self.net_price is not None):
            raise ValueError("a limit order has a net_price, a market order has none")
        if (self.order_type in {OrderType.STOP, OrderType.STOP_LIMIT}) != (self.stop_trigger is not None):
            raise ValueError("a stop has a trigger, and nothing else has")
        return self
