"""What a strategy, or anyone else, asks for: one door for every order.

A signal is an opening, a close of a structure, several of them of which one ends the others, or a cancel. An opening or
a close with a `stop` rests until its price is reached. Its id is its identity: the same id again gets the first answer,
and moves nothing.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from actors.domain.orders.order import LEGS_MAX, Contingency, Leg, OrderType, Stop, TimeInForce, check_coherent
from actors.domain.orders.working import GiveUp, Plan
from actors.domain.value import Instant, Value

SignalId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


class Open(Value):
    """Open a structure: `order_qty` combos of `legs` at `net_price` or better."""

    kind: Literal["open"] = "open"
    underlying: str
    legs: tuple[Leg, ...] = Field(min_length=1, max_length=LEGS_MAX)
    order_qty: int = Field(gt=0)
    order_type: OrderType = OrderType.LIMIT
    net_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    stop: Stop | None = None
    """Rest until this is reached; then a limit order at `net_price`, or without one at the market, bounded."""
    work: Plan | None = None
    """Work it from a better price down to `net_price`."""

    @model_validator(mode="after")
    def _can_become_an_order(self) -> "Open":
        if self.stop is None or self.net_price is not None:
            check_coherent(self.legs, self.order_type, self.net_price)
        if not all(leg.action.is_open for leg in self.legs):
            raise ValueError("an opening only opens")
        if self.work is not None and (self.net_price is None or self.work.give_up is GiveUp.MARKET):
            raise ValueError("an opening is worked down to its net_price, and then cancelled")
        return self


class Close(Value):
    """Close what is left of a structure, as a whole. `net_price` None: at the market, bounded by the quotes."""

    kind: Literal["close"] = "close"
    structure_id: str
    net_price: Decimal | None = None
    stop: Stop | None = None
    """Rest until this is reached."""
    work: Plan | None = None
    """Work it, at no worse than `net_price` where that is given."""


class Complex(Value):
    """Orders that depend on each other: `orders` rest from now on, or once `trigger_order` has filled.

    After a trigger order they close what it opened: they name no structure, or the signal's id, which will be its name.
    """

    kind: Literal["complex"] = "complex"
    trigger_order: Open | None = None
    orders: tuple[Annotated[Open | Close, Field(discriminator="kind")], ...] = Field(min_length=1, max_length=2)

    @property
    def contingency(self) -> Contingency:
        """Which of the three it is."""
        if self.trigger_order is None:
            return Contingency.OCO
        return Contingency.OTO if len(self.orders) == 1 else Contingency.OTOCO

    @model_validator(mode="after")
    def _depend_on_each_other(self) -> "Complex":
        if self.trigger_order is None and len(self.orders) == 1:
            raise ValueError("one order alone depends on nothing")
        if self.trigger_order is not None and self.trigger_order.stop is not None:
            raise ValueError("a trigger order works at once")
        if len({order.kind for order in self.orders}) > 1:
            raise ValueError("the orders open, or they close, both alike")
        closes = [order for order in self.orders if isinstance(order, Close)]
        if len({order.structure_id for order in closes}) > 1:
            raise ValueError("the orders close one structure")
        if any(order.stop is None and order.net_price is None for order in self.orders):
            raise ValueError("each order has a stop or a limit")
        return self


class Replace(Value):
    """Work what is left of an order at another price: once its end is known, and for what it then has left."""

    kind: Literal["replace"] = "replace"
    cl_ord_id: str
    net_price: Decimal


class Cancel(Value):
    """Cancel a working order, a resting one, or all that rests of a complex one."""

    kind: Literal["cancel"] = "cancel"
    cl_ord_id: str


Request = Annotated[Open | Close | Complex | Replace | Cancel, Field(discriminator="kind")]


class Signal(Value):
    """One request, with who asks and why."""

    signal_id: SignalId
    strategy: str
    request: Request
    reason: str
    created_at: Instant
    expires_at: Instant
    """On the market's clock; past it nothing is sent."""
    quote_sequence: int = 0
    """Sequence of the quote frame that led to it."""

    @property
    def cancels(self) -> str | None:
        """What it asks to cancel, as it was named."""
        return self.request.cl_ord_id if isinstance(self.request, Cancel) else None

    @model_validator(mode="after")
    def _closes_what_it_opens(self) -> "Signal":
        if isinstance(self.request, Complex) and self.request.trigger_order is not None:
            names = {getattr(order, "structure_id", "an opening") for order in self.request.orders}
            if not names <= {"", self.signal_id}:
                raise ValueError(f"what follows a trigger order closes the structure {self.signal_id}")
        return self
