"""Folds a journal into its sessions' reports (`day`), event by event.

The book is the executor's own fold, so a report can disagree with the executor about nothing. What it forgets once it
has long ended was counted by then. The last `days_max` sessions are kept whole.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from actors.domain.market.contract import Products
from actors.domain.market.quote import QuoteTable
from actors.domain.orders import event as happened
from actors.domain.orders.cost_event import CostCompared
from actors.domain.orders.report import CashEvent
from actors.domain.performance.day import AccountDay, Day, StrategyDay, StructureDay
from actors.domain.performance.incident import Incident, incident
from actors.domain.performance.measures import measures
from actors.domain.performance.naked_shorts import Recorded
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.day_result import account_result
from actors.domain.portfolio.structure import Structure
from actors.domain.value import ZERO

DAYS_MAX: Final = 12


@dataclass(slots=True)
class _Costs:
    """One strategy's fills held against their estimates."""

    fills: int = 0
    paid: Decimal = ZERO
    expected: Decimal = ZERO


@dataclass(slots=True)
class _Run:
    """A session under way."""

    session: date
    opened_at: datetime
    last_at: datetime
    first_sequence: int
    first_ns: int
    last_sequence: int = 0
    last_ns: int = 0
    known: dict[str, StructureDay] = field(default_factory=dict)
    costs: dict[str, _Costs] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    orders: int = 0
    fills: int = 0
    fees: Decimal = ZERO
    fees_expected: Decimal = ZERO
    incidents: list[Incident] = field(default_factory=list)


class DayFold:
    """The fold. `sessions_kept`: how long its book keeps what has ended."""

    def __init__(self, products: Products, sessions_kept: int | None = None, days_max: int = DAYS_MAX) -> None:
        self.book = Book(products, sessions_kept)
        self.starts = 0
        self._past: deque[Day] = deque(maxlen=days_max)
        self._run: _Run | None = None
        self._flat: dict[str, tuple[Decimal, datetime]] = {}
        """What each structure that holds nothing has made, as counted so far, and when it ended."""

    def hear(self, recorded: Recorded, sequence: int) -> None:
        """Take in one event."""
        event = recorded.event
        if isinstance(event, happened.SessionOpened):
            self._open(event, recorded.written_ns, sequence)
        known = len(self.book.executions)
        self.book.apply(event, sequence)
        run = self._run
        if run is not None:
            at = getattr(event, "at", run.last_at)
            run.last_at, run.last_sequence, run.last_ns = at, sequence, recorded.written_ns
            self._count(run, event, len(self.book.executions) - known)
            if (found := incident(event, sequence, is_first_start=self.starts == 0)) is not None:
                run.incidents.append(found)
            self._settle(run, at)
        self.book.structures.changed.clear()
        self.starts += isinstance(event, happened.ExecutorStarted)

    def day(self, session: date | None = None, quotes: QuoteTable | None = None) -> Day | None:
        """Return one session, the last where none is named; None where there is none.

        `quotes` mark what the session under way holds.
        """
        if self._run is not None and session in {None, self._run.session}:
            return self._told(self._run, quotes, is_over=False)
        return next((each for each in self._past if each.session == session), None)

    def days(self, first: date, last: date) -> tuple[Day, ...]:
        """Return the sessions from `first` to `last`, oldest first."""
        under_way = self.day()
        found = [*self._past, *([under_way] if under_way is not None else [])]
        return tuple(each for each in found if first <= each.session <= last)

    def _open(self, event: happened.SessionOpened, written_ns: int, sequence: int) -> None:
        """End the session under way at the first baseline of another; a later account's baseline ends nothing."""
        if self._run is None or event.session != self._run.session:
            if self._run is not None:
                self._past.append(self._told(self._run, None, is_over=True))
            self._run = _Run(event.session, event.at, event.at, sequence, written_ns)
            for name, each in self.book.structures.items():
                if not each.is_flat:
                    self._run.known[name] = _told(each)
        if self._past:
            self._past[-1] = _with_next_baseline(self._past[-1], event.baseline)

    def _count(self, run: _Run, event: happened.Event, executions: int) -> None:
        match event:
            case happened.ReportTaken():
                run.fills += executions
            case happened.SignalRefused(checks=checks):
                run.refused += 1
                run.refusals.update({check.code.value for check in checks if not check.passed})
            case happened.OrderPlaced():
                run.orders += 1
            case happened.CashBooked(event=cash) if cash.type is CashEvent.Type.FEE:
                run.fees -= cash.amount
            case CostCompared(strategy=strategy):
                costs = run.costs.setdefault(strategy, _Costs())
                costs.fills += 1
                costs.paid += event.paid_cost
                costs.expected += event.expected_cost
                run.fees_expected += event.fee

    def _settle(self, run: _Run, at: datetime) -> None:
        """Count what the event changed of structures' results."""
        for name in self.book.structures.changed:
            each = self.book.structures.get(name)
            if each is None:  # forgotten: it ended long ago, and was counted
                self._flat.pop(name, None)
                continue
            before, _ = self._flat.get(name, (None, at))
            made = each.cash if each.is_flat else None
            if made is not None and made == before and name not in run.known:
                continue
            known = run.known.get(name)
            if made is None:
                self._flat.pop(name, None)
            else:
                self._flat[name] = made, self._flat[name][1] if before is not None else at
            told = _told(each, self._flat[name][1] if made is not None else None)
            if known is not None:
                told = told.model_copy(update={"counted": known.counted, "counted_at": known.counted_at})
            if made != before:
                moved = (made or ZERO) - (before or ZERO)
                told = told.model_copy(update={"counted": told.counted + moved, "counted_at": at})
            run.known[name] = told

    def _told(self, run: _Run, quotes: QuoteTable | None, *, is_over: bool) -> Day:
        return Day(
            session=run.session,
            opened_at=run.opened_at,
            last_at=run.last_at,
            first_sequence=run.first_sequence,
            last_sequence=run.last_sequence,
            is_over=is_over,
            structures=tuple(run.known.values()),
            strategies=tuple(self._strategies(run)),
            accounts=tuple(self._accounts(quotes)),
            orders=run.orders,
            fills=run.fills,
            fees=run.fees,
            fees_expected=run.fees_expected,
            signals_refused=run.refused,
            refusals=dict(run.refusals.most_common()),
            incidents=tuple(run.incidents),
            written_ns=(run.first_ns, run.last_ns),
        )

    def _strategies(self, run: _Run) -> list[StrategyDay]:
        names = {each.strategy for each in run.known.values()} | set(run.costs) | self.book.tally.strategies
        return [_strategy(name, run, self.book) for name in sorted(names)]

    def _accounts(self, quotes: QuoteTable | None) -> list[AccountDay]:
        found = []
        for domain, baseline in self.book.baseline.items():
            made = account_result(self.book, domain, quotes)
            cash = self.book.cash.get(domain, ZERO)
            found.append(
                AccountDay(account_domain=domain, baseline=baseline, cash=cash, result=made.pnl, without=made.without)
            )
        return found


def _told(each: Structure, ended_at: datetime | None = None) -> StructureDay:
    """Return one structure as it stands, with nothing counted yet."""
    return StructureDay(
        structure_id=each.structure_id,
        strategy=each.strategy,
        underlying=each.underlying,
        account_domain=each.account_domain,
        order_qty=each.order_qty,
        opened_at=each.opened_at,
        ended_at=ended_at,
        pnl=each.cash if each.is_flat else None,
        entry_cash=each.entry_cash,
        fees=each.fees,
        holdings=dict(each.holdings),
    )


def _strategy(name: str, run: _Run, book: Book) -> StrategyDay:
    own = [each for each in run.known.values() if each.strategy == name]
    ended = [each for each in own if each.ended_at is not None and each.ended_at >= run.opened_at]
    costs = run.costs.get(name, _Costs())
    return StrategyDay(
        strategy=name,
        result=sum((each.counted for each in own), ZERO),
        ended=len(ended),
        wins=sum(each.pnl is not None and each.pnl > 0 for each in ended),
        losses=sum(each.pnl is not None and each.pnl < 0 for each in ended),
        open=sum(each.pnl is None for each in own),
        fills=costs.fills,
        slippage_cost=costs.paid,
        slippage_expected_cost=costs.expected,
        ever=measures(book.tally.form(name)),
    )


def _with_next_baseline(day: Day, baseline: Mapping[str, Decimal]) -> Day:
    """Return a session with the results that nobody could mark then: the next one's baseline says them."""
    if all(each.result is not None or each.account_domain not in baseline for each in day.accounts):
        return day
    accounts = tuple(
        each.model_copy(update={"result": baseline[each.account_domain] - each.baseline})
        if each.result is None and each.account_domain in baseline
        else each
        for each in day.accounts
    )
    return day.model_copy(update={"accounts": accounts})
