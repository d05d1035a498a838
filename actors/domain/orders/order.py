"""Orders as FIX speaks of them, spelled out.

A combo is an order with several legs. `order_qty` counts combos; a leg trades `order_qty * ratio` contracts.
`net_price` is per combo, in points: credit > 0, debit < 0. An `Order` is the intent and never changes; what becomes of
it is an `OrderLife` (see `order_state`). A close that waited for its route is the one exception: journaled, and only
while no route holds it.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import Field, ModelWrapValidatorHandler, model_validator

from actors.domain.orders.working import Working
from actors.domain.value import Instant, Value

LEGS_MAX = 4


class Action(StrEnum):
    """What a leg does to the position it meets."""

    BUY_TO_OPEN = "BUY_TO_OPEN"
    SELL_TO_OPEN = "SELL_TO_OPEN"
    BUY_TO_CLOSE = "BUY_TO_CLOSE"
    SELL_TO_CLOSE = "SELL_TO_CLOSE"

    @cached_property
    def is_buy(self) -> bool:
        """Whether contracts come in."""
        return self in {Action.BUY_TO_OPEN, Action.BUY_TO_CLOSE}

    @cached_property
    def is_open(self) -> bool:
        """Whether the leg opens a position."""
        return self in {Action.BUY_TO_OPEN, Action.SELL_TO_OPEN}

    @cached_property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sale."""
        return 1 if self.is_buy else -1

    @property
    def closing(self) -> "Action":
        """The action that undoes an opening one."""
        return Action.SELL_TO_CLOSE if self is Action.BUY_TO_OPEN else Action.BUY_TO_CLOSE


class OrderType(StrEnum):
    """How the order is priced."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"


class Contingency(StrEnum):
    """How the orders of a complex order depend on each other."""

    OCO = "OCO"
    """One cancels the other."""
    OTO = "OTO"
    """One triggers the other."""
    OTOCO = "OTOCO"
    """One triggers two, of which one cancels the other."""


class TimeInForce(StrEnum):
    """How long the order may work."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"


class Intent(StrEnum):
    """Whether an order adds risk or takes it away."""

    OPEN = "OPEN"
    CLOSE = "CLOSE"


class Stop(Value):
    """The net price at which an order is sent: a level, or a distance below the best price seen. Points per combo.

    Net prices fall as they get worse for us, credit or debit, opening or closing: so one rule serves all of them, and a
    stop is reached when the price has come down to it. A closing debit of 3.00 is -3.00.
    """

    stop_px: Decimal | None = None
    trail: Decimal | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _is_one_of_two(self) -> "Stop":
        if (self.stop_px is None) == (self.trail is None):
            raise ValueError("a stop has a level or a trail, not both")
        return self

    def level(self, high_px: Decimal | None) -> Decimal | None:
        """Return the net price that reaches it, given the best one seen; None before a trail has seen any."""
        if self.trail is None:
            return self.stop_px
        return None if high_px is None else high_px - self.trail

    def order_type(self, net_price: Decimal | None) -> OrderType:
        """Return what such an order is called, `net_price` being its limit once sent."""
        if self.trail is not None:
            return OrderType.TRAILING_STOP
        return OrderType.STOP if net_price is None else OrderType.STOP_LIMIT


class Leg(Value):
    """One leg of a combo: `ratio` contracts of `symbol` per combo."""

    symbol: str
    action: Action
    ratio: int = Field(default=1, gt=0)


def check_coherent(legs: Sequence[Leg], order_type: OrderType, net_price: Decimal | None) -> None:
    """Raise `ValueError` where legs name a symbol twice, or price and type do not go together."""
    symbols = [leg.symbol for leg in legs]
    if len(set(symbols)) != len(symbols):
        raise ValueError(f"legs name a symbol twice: {symbols}")
    if (order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT}) != (net_price is not None):
        raise ValueError("a limit order has a net_price, a market order has none")


class Order(Value):
    """What we mean to trade: one intent, immutable, known by `cl_ord_id` for ever."""

    cl_ord_id: str
    signal_id: str
    strategy: str
    structure_id: str
    """The opening order's `cl_ord_id`; a closing order names the structure it closes."""
    intent: Intent
    underlying: str
    legs: tuple[Leg, ...] = Field(min_length=1, max_length=LEGS_MAX)
    order_qty: int = Field(gt=0)
    order_type: OrderType = OrderType.LIMIT
    net_price: Decimal | None = None
    stop_px: Decimal | None = None
    """The net price at which the broker, who holds it, sends a stop of one leg on to the market."""
    time_in_force: TimeInForce = TimeInForce.DAY
    account_domain: str | None = None
    """The domain that holds what the order closes or completes; None where any may take it (law 4)."""
    hedges: str | None = None
    """The structure that this opening offsets in another account; None for every other order."""
    follows_quotes: bool = False
    """Whether its price was taken from the quotes, and is taken from them again if it is sent late."""
    created_at: Instant
    expires_at: Instant
    """On the market's clock: past it the order is not sent, however long it waited."""
    contingency: Contingency | None = None
    """What its broker holds it as a part of: sent with the others in one message, and never again alone."""
    working: Working | None = None
    """How it is worked; None: it stays as it is."""
    replaces: str | None = None
    """The order whose place it took, at another price."""
    price_number: int = Field(default=1, gt=0)
    """Which price of its intent this is."""

    @property
    def next_price_id(self) -> str:
        """The id of the order that would take its place: derived, never reused."""
        first = self.cl_ord_id if self.price_number == 1 else self.cl_ord_id.removesuffix(f".p{self.price_number}")
        return f"{first}.p{self.price_number + 1}"

    @model_validator(mode="wrap")
    @classmethod
    def _checked_once(cls, given: Any, make: ModelWrapValidatorHandler["Order"]) -> "Order":
        """Check an order as it is made, and not again whenever it is put into a message or an event."""
        return given if isinstance(given, cls) else _coherent(make(given))


def _coherent(order: Order) -> Order:
    """Return the order as it is. Raises `ValueError` where its parts do not go together."""
    check_coherent(order.legs, order.order_type, order.net_price)
    is_stop = order.order_type in {OrderType.STOP, OrderType.STOP_LIMIT}
    if is_stop != (order.stop_px is not None) or (is_stop and len(order.legs) > 1):
        raise ValueError("a stop that a broker holds has a stop_px, and one leg")
    if order.intent is Intent.CLOSE and (order.account_domain is None or any(leg.action.is_open for leg in order.legs)):
        raise ValueError("a closing order names its account_domain and only closes")
    if order.intent is Intent.OPEN and not all(leg.action.is_open for leg in order.legs):
        raise ValueError("an opening order only opens")
    return order


class Fill(Value):
    """One execution of one leg. `last_qty` > 0 contracts, `last_px` >= 0 points."""

    exec_id: str
    symbol: str
    action: Action
    last_qty: int = Field(gt=0)
    last_px: Decimal = Field(ge=0)
    at: Instant

    def cash(self, multiplier: int) -> Decimal:
        """Return the cash it moved, before fees: in > 0."""
        return -self.action.sign * self.last_qty * self.last_px * multiplier


def attempt_id(cl_ord_id: str, number: int) -> str:
    """Return the id of the `number`-th send of an order, from 1; it is what the broker is told."""
    return f"{cl_ord_id}-r{number}"


def cl_ord_id_of(attempt: str) -> str:
    """Return the order an attempt id belongs to."""
    return attempt.rpartition("-r")[0]


def signal_id(strategy: str, session: date, number: int) -> str:
    """Return the id of a strategy's `number`-th signal of a session: derived, never random."""
    return f"{strategy}-{session:%Y%m%d}-{number}"
