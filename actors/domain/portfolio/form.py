"""How a strategy has done, structure by structure: sums that need no history, and the outcomes since its size moved.

A structure is a win above nothing, a loss below, after every fee. One that came out at nothing is counted and is
neither. A session's result counts once it is settled: not before it has left the sessions that are still corrected.
Drawdown is of the results added up, structure after structure, from their highest point.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Protocol

from pydantic import Field

from actors.domain.orders.cost_event import CostCompared
from actors.domain.value import ZERO, Money, Value

OUTCOMES_MAX: Final = 1_000
"""Newest outcomes that are kept for the test: evidence that old has been outlived."""
WIN, LOSS = "W", "L"


class Outcome(Protocol):
    """A structure that has ended: its result, and where in the journal it did."""

    @property
    def pnl(self) -> Decimal:
        """Dollars after fees."""
        ...

    @property
    def sequence(self) -> int:
        """Of the event that ended it."""
        ...

    @property
    def fees(self) -> Decimal:
        """As booked, in dollars."""
        ...

    @property
    def expected_fees(self) -> Decimal | None:
        """What they were expected to be; None where that is not known."""
        ...


class Form(Value):
    """One strategy's results. Money in dollars."""

    structures: int = 0
    wins: int = 0
    losses: int = 0
    won: Money = ZERO
    lost: Money = ZERO
    """As a positive sum."""
    high: Money = ZERO
    """The highest that the results added up to."""
    drawdown_max: Money = ZERO
    sessions: int = 0
    """Settled sessions since its first."""
    sessions_total: Money = ZERO
    sessions_squares: Decimal = ZERO
    fills: int = 0
    """Orders that were held against their estimates."""
    slippage_cost: Money = ZERO
    slippage_expected_cost: Money = ZERO
    fees: Money = ZERO
    """As booked, of the structures whose fees were expected."""
    expected_fees: Money = ZERO
    outcomes: str = Field(default="", max_length=OUTCOMES_MAX)
    """W and L since its size moved, oldest first."""
    moved_at: int = 0
    """Where in the journal its size last moved."""
    quantity: int = 0
    """Largest opening at full size of the session under way, in combos."""
    quantity_before: int = 0
    """The same of the last session that had any."""

    @property
    def total(self) -> Decimal:
        """What all of them made together."""
        return self.won - self.lost

    @property
    def full_quantity(self) -> int | None:
        """The size that a share of it is taken of; None where it never opened anything."""
        return max(self.quantity, self.quantity_before) or None

    def after(self, ended: Iterable[Outcome]) -> "Form":
        """Return it with more structures ended, in the order in which they did."""
        form = self
        for each in sorted(ended, key=lambda each: each.sequence):
            form = form._after(each)
        return form

    def _after(self, ended: Outcome) -> "Form":
        pnl, total = ended.pnl, self.total + ended.pnl
        high = max(self.high, total)
        update: dict[str, object] = {
            "structures": self.structures + 1,
            "high": high,
            "drawdown_max": max(self.drawdown_max, high - total),
        }
        if pnl > 0:
            update |= {"wins": self.wins + 1, "won": self.won + pnl}
        elif pnl < 0:
            update |= {"losses": self.losses + 1, "lost": self.lost - pnl}
        if ended.expected_fees is not None:
            update |= {"fees": self.fees + ended.fees, "expected_fees": self.expected_fees + ended.expected_fees}
        if pnl and ended.sequence > self.moved_at:
            update["outcomes"] = (self.outcomes + (WIN if pnl > 0 else LOSS))[-OUTCOMES_MAX:]
        return self.model_copy(update=update)

    def after_session(self, pnl: Decimal) -> "Form":
        """Return it with the result of one more settled session."""
        update = {
            "sessions": self.sessions + 1,
            "sessions_total": self.sessions_total + pnl,
            "sessions_squares": self.sessions_squares + pnl * pnl,
        }
        return self.model_copy(update=update)

    def opened(self, quantity: int) -> "Form":
        """Return it with an opening at full size; itself where that is no larger than those before."""
        return self if quantity <= self.quantity else self.model_copy(update={"quantity": quantity})

    def next_session(self) -> "Form":
        """Return it as a new session begins."""
        return self.model_copy(update={"quantity": 0, "quantity_before": self.quantity or self.quantity_before})

    def moved(self, sequence: int) -> "Form":
        """Return it with the evidence begun anew."""
        return self.model_copy(update={"outcomes": "", "moved_at": sequence})

    def compared(self, event: CostCompared) -> "Form":
        """Return it with one more filled order held against its estimate."""
        update = {
            "fills": self.fills + 1,
            "slippage_cost": self.slippage_cost + event.paid_cost,
            "slippage_expected_cost": self.slippage_expected_cost + event.expected_cost,
        }
        return self.model_copy(update=update)
