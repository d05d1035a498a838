"""What the journal remembers of costs: what an order was expected to cost, and what it did.

Slippage is counted from the middle of the quotes at admission, in points per combo: positive is paid, negative is a
price better than the middle.
"""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from actors.domain.orders.order import Intent
from actors.domain.value import ZERO, Instant, Money, Value


class Estimate(Value):
    """What an order was expected to cost when it was admitted, whole. Dollars, but for what is said to be points."""

    root: str
    """Of the first leg's product."""
    multiplier: int
    order_qty: int
    mid: Decimal
    """Net price per combo at the middles, points."""
    half_spread: Decimal = Field(ge=0)
    """From there to the natural, points per combo, grown by what the size is beyond the displayed one."""
    slippage: Decimal
    """What of it is expected to be paid, points per combo."""
    fee: Money = Field(ge=0)
    """Commission and everything passed through, of this order."""
    concession_cost: Money = ZERO
    """How far below the middle an opening's limit is: what it may pay of the spread."""
    exit_fee: Money = ZERO
    exit_slippage_cost: Money = ZERO
    """Of an opening: what closing it again is expected to cost, at today's quotes."""

    @property
    def worth(self) -> Decimal:
        """The premium at the middle, of the whole order, in dollars; credit and debit alike are positive."""
        return abs(self.mid) * self.multiplier * self.order_qty

    @property
    def cost(self) -> Decimal:
        """The whole way in and out, in dollars."""
        return self.fee + self.concession_cost + self.exit_fee + self.exit_slippage_cost

    @property
    def words(self) -> str:
        """What it is made of."""
        told = f"fees {self.fee:.2f} in, {self.exit_fee:.2f} out; spread {self.concession_cost:.2f} in, "
        return f"{told}{self.exit_slippage_cost:.2f} out"


class CostCompared(Value):
    """A filled order held against its estimate, once. Points per combo, of the part that filled."""

    kind: Literal["cost_compared"] = "cost_compared"
    cl_ord_id: str
    structure_id: str
    strategy: str
    root: str
    intent: Intent
    combos: int
    multiplier: int
    half_spread: Decimal
    expected: Decimal
    paid: Decimal
    fee: Money
    """What the part that filled was expected to cost in fees, in dollars; the broker books its own later."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return self.cl_ord_id

    @property
    def paid_cost(self) -> Decimal:
        """What was paid beyond the middle, in dollars."""
        return self.paid * self.multiplier * self.combos

    @property
    def expected_cost(self) -> Decimal:
        """What was expected to be, in dollars."""
        return self.expected * self.multiplier * self.combos
