"""One session as its report tells it: results by structure and strategy, costs, refusals, incidents.

Rules of this file:
* A structure's result counts whole on the session in which it became flat, every fee told by then included: the sum
  over sessions is the sum over structures, to the cent. What is told later (a late fee, an execution that is taken
  back) counts on the session in which it is told, as a *correction*.
* What is held is no result. Its account's equity says what it is worth, where somebody quotes it.
* An account's result is what it is worth at the end less its baseline, money put in or taken out left aside.
* A session runs from its baseline to the next one: what happens at night belongs to the session before.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from pydantic import Field

from actors.domain.performance.incident import Incident
from actors.domain.performance.measures import Measures
from actors.domain.value import ZERO, Instant, Money, Value


class StructureDay(Value):
    """One structure that was opened, held, ended or corrected in the session."""

    structure_id: str
    strategy: str
    underlying: str
    account_domain: str
    order_qty: int
    opened_at: Instant
    ended_at: Instant | None = None
    """None while it holds something."""
    counted_at: Instant | None = None
    """When its part of the session's result last moved."""
    counted: Money = ZERO
    """Its part of the session's result."""
    pnl: Money | None = None
    """What it made from its opening on, after fees; None while it holds something."""
    entry_cash: Money = ZERO
    fees: Money = ZERO
    """As booked so far; positive."""
    holdings: Mapping[str, int] = Field(default_factory=dict)
    """Signed contracts by symbol, at the end of the session."""


class StrategyDay(Value):
    """One strategy's session, and how it has done up to its end."""

    strategy: str
    result: Money = ZERO
    """Of what ended in the session, corrections included."""
    ended: int = 0
    wins: int = 0
    losses: int = 0
    open: int = 0
    """Structures held at the end."""
    fills: int = 0
    """Orders that were held against their estimates."""
    slippage_cost: Money = ZERO
    slippage_expected_cost: Money = ZERO
    ever: Measures
    """Of all that ended so far."""


class AccountDay(Value):
    """One account's session. Dollars."""

    account_domain: str
    baseline: Money
    """What it was worth when the session began, plus what was put in since."""
    cash: Money
    result: Money | None
    """None where it holds what nobody marks."""
    without: tuple[str, ...] = ()
    """Foreign symbols that nobody quotes: the result is that of our own structures alone."""

    @property
    def equity(self) -> Decimal | None:
        """What it is worth at the end."""
        return None if self.result is None else self.baseline + self.result


class Day(Value):
    """One session, or as much of it as the journal tells."""

    session: date
    opened_at: Instant
    last_at: Instant
    """Of the last event."""
    first_sequence: int
    last_sequence: int
    is_over: bool
    """Whether another session followed."""
    structures: tuple[StructureDay, ...]
    strategies: tuple[StrategyDay, ...]
    accounts: tuple[AccountDay, ...]
    orders: int = 0
    fills: int = 0
    fees: Money = ZERO
    """Booked in the session, whatever they are for; positive."""
    fees_expected: Money = ZERO
    """Of the orders that filled in the session, by their estimates."""
    signals_refused: int = 0
    refusals: Mapping[str, int] = Field(default_factory=dict)
    """Signals that failed a check, by its code; one signal may fail several."""
    incidents: tuple[Incident, ...] = ()
    written_ns: tuple[int, int] = (0, 0)
    """When the session's first and last event were written, on the machine's wall clock."""

    @property
    def result(self) -> Decimal:
        """What all that ended made, after fees."""
        return sum((each.counted for each in self.structures), ZERO)

    @property
    def equity(self) -> Decimal | None:
        """What all accounts are worth at the end; None where one is unknown."""
        known = [each.equity for each in self.accounts]
        return None if None in known or not known else sum((each for each in known if each is not None), ZERO)

    @property
    def baseline(self) -> Decimal:
        """What all accounts were worth when it began."""
        return sum((each.baseline for each in self.accounts), ZERO)

    @property
    def slippage(self) -> tuple[Decimal, Decimal]:
        """What was paid beyond the middle, and what was expected to be, in dollars."""
        paid = sum((each.slippage_cost for each in self.strategies), ZERO)
        return paid, sum((each.slippage_expected_cost for each in self.strategies), ZERO)
