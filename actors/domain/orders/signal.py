"""What a strategy, or anyone else, asks for: one door for every order.

A signal is an opening, a close of a structure, or a cancel of a working order. Its id is its identity: the same id
again gets the first answer, and moves nothing.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from actors.domain.orders.order import LEGS_MAX, Leg, OrderType, TimeInForce, check_coherent
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

    @model_validator(mode="after")
    def _can_become_an_order(self) -> "Open":
        check_coherent(self.legs, self.order_type, self.net_price)
        if not all(leg.action.is_open for leg in self.legs):
            raise ValueError("an opening only opens")
        return self


class Close(Value):
    """Close what is left of a structure, as a whole. `net_price` None: at the market, bounded by the quotes."""

    kind: Literal["close"] = "close"
    structure_id: str
    net_price: Decimal | None = None


class Cancel(Value):
    """Cancel a working order."""

    kind: Literal["cancel"] = "cancel"
    cl_ord_id: str


class Signal(Value):
    """One request, with who asks and why."""

    signal_id: SignalId
    strategy: str
    request: Annotated[Open | Close | Cancel, Field(discriminator="kind")]
    reason: str
    created_at: Instant
    expires_at: Instant
    """On the market's clock; past it nothing is sent."""
    quote_sequence: int = 0
    """Sequence of the quote frame that led to it."""
