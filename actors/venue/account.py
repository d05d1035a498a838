"""What a broker keeps of an account: cash, positions, and a transaction for every dollar and contract that moved.

Cash is exact (`Decimal`), signed from the account's side, and always the start plus the sum of the transactions' `net`.
A future's price moves no cash: what is gained or lost with it does, here at once as it is closed (`MARK`).
Nothing here decides whether something may happen; `booked` only says what the books look like after it did.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from actors.domain.costs.tariff import FeeBreakdown
from actors.domain.market.contract import names_future
from actors.domain.orders.order import Action
from actors.domain.value import ZERO, Money, Value
from actors.venue.paper_order import PaperOrder

_AVERAGE_STEP = Decimal("0.000001")


class AccountSpec(Value):
    """One account of the venue, as configured. `cash` is what a new one starts with; a known one keeps its own."""

    account: str
    fee_schedule: str
    cash: Money = Field(default=Decimal(100_000), ge=0)


class TransactionType(StrEnum):
    """What moved the books."""

    TRADE = "TRADE"
    SETTLEMENT = "SETTLEMENT"
    """An expired option paid in cash."""
    EXPIRATION = "EXPIRATION"
    """An option expired worthless."""
    ASSIGNMENT = "ASSIGNMENT"
    """A short option was exercised against the account; and the shares that came or went."""
    EXERCISE = "EXERCISE"
    """A long option was exercised; and the shares that came or went."""
    MARK = "MARK"
    """What was gained or lost with a future."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One movement. `quantity` > 0 with its `action`; `value` is the cash before fees, in > 0; fees are positive."""

    id: int
    account: str
    type: TransactionType
    order_id: int | None
    exec_id: str | None
    symbol: str
    action: Action
    quantity: int
    price: Decimal
    value: Decimal
    commission: Decimal
    clearing_fees: Decimal
    regulatory_fees: Decimal
    proprietary_fees: Decimal
    at: datetime

    @property
    def net(self) -> Decimal:
        """What the cash moved by."""
        return self.value - self.commission - self.clearing_fees - self.regulatory_fees - self.proprietary_fees


@dataclass(frozen=True, slots=True)
class PaperPosition:
    """Signed contracts (or shares) of one symbol; `average_price` in points is what they were opened at."""

    symbol: str
    quantity: int
    average_price: Decimal
    multiplier: int

    def gain(self, change: int, price: Decimal) -> Decimal:
        """Return the dollars that `change` signed contracts at `price` bring as they close a future; 0 of all else."""
        if not names_future(self.symbol):
            return ZERO
        closed = min(abs(self.quantity), abs(change)) if self.quantity * change < 0 else 0
        return (price - self.average_price) * closed * self.multiplier * (1 if self.quantity > 0 else -1)

    def after(self, change: int, price: Decimal) -> "PaperPosition":
        """Return the position after `change` signed contracts at `price`."""
        quantity = self.quantity + change
        average = self.average_price
        if quantity == 0:
            average = ZERO
        elif self.quantity * change >= 0:
            paid = abs(self.quantity) * self.average_price + abs(change) * price
            average = (paid / abs(quantity)).quantize(_AVERAGE_STEP)
        elif self.quantity * quantity < 0:  # through zero: what is left was opened by this trade
            average = price
        return PaperPosition(self.symbol, quantity, average, self.multiplier)


@dataclass(frozen=True, slots=True)
class Balances:
    """An account's money. `buying_power` is cash less `maintenance`, less what working orders hold."""

    cash: Decimal
    net_liquidation: Decimal
    buying_power: Decimal
    maintenance: Decimal


@dataclass(frozen=True, slots=True)
class Movement:
    """What is to be booked: a trade or a settlement of one symbol."""

    account: str
    type: TransactionType
    symbol: str
    multiplier: int
    action: Action
    quantity: int
    price: Decimal
    at: datetime
    fees: FeeBreakdown = FeeBreakdown()  # noqa: RUF009 - frozen
    order_id: int | None = None
    exec_id: str | None = None

    @property
    def value(self) -> Decimal:
        """The cash it moves before fees, in > 0."""
        if names_future(self.symbol):
            return ZERO
        return -self.action.sign * self.quantity * self.price * self.multiplier

    def mark(self, number: int, gain: Decimal) -> Transaction:
        """Return the `number`-th transaction, which books the gain of what it closes and moves nothing else."""
        bare = replace(self, type=TransactionType.MARK, fees=FeeBreakdown(), order_id=None, exec_id=None, quantity=0)
        return replace(bare.transaction(number), value=gain)

    def transaction(self, number: int) -> Transaction:
        """Return it as the `number`-th transaction."""
        return Transaction(
            id=number,
            account=self.account,
            type=self.type,
            order_id=self.order_id,
            exec_id=self.exec_id,
            symbol=self.symbol,
            action=self.action,
            quantity=self.quantity,
            price=self.price,
            value=self.value,
            commission=self.fees.commission,
            clearing_fees=self.fees.clearing,
            regulatory_fees=self.fees.regulatory,
            proprietary_fees=self.fees.proprietary,
            at=self.at,
        )


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order was taken, moved, or filled."""

    order: PaperOrder


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A position changed; quantity 0 means it is gone."""

    account: str
    position: PaperPosition


@dataclass(frozen=True, slots=True)
class BalanceChanged:
    """Cash or what is held against it changed."""

    account: str
    balances: Balances


@dataclass(frozen=True, slots=True)
class TransactionBooked:
    """A transaction was added."""

    transaction: Transaction


VenueEvent = OrderChanged | PositionChanged | BalanceChanged | TransactionBooked
