"""What a start found and did: gathered while the accounts are read for the first time, journaled once, and told.

The journal holds each of these things as an event already; this is their sum for a person, and it is kept. An account's
part is closed with its first agreement: what comes later is the day's business. A start that cannot read an account is
told all the same after a stated time, and says which.
"""

from collections.abc import Iterable, Sequence

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders.finding import AccountFound, Recovered
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import ExecutionReport
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.day_result import foreign_positions


class StartReport:
    """The report under way; it hears every event the executor commits until it is told."""

    def __init__(self, book: Book, routes: Sequence[str], faults: Sequence[str] = ()) -> None:
        self._faults = tuple(faults)
        self._routes = tuple(routes)
        self._live = tuple(f"{life.order.cl_ord_id} {_standing(life)}" for life in book.live_orders())
        self._held = tuple(name for name, each in book.structures.items() if not each.is_flat)
        self._agreed: dict[str, AccountFound] = {}
        self._fills: list[str] = []
        self._statuses: list[str] = []
        self._doubts: list[str] = []
        self._cash_events = 0
        self._since_ns: int | None = None
        self._is_told = False

    def hear(self, events: Iterable[happened.Event], book: Book) -> None:
        """Take in events that are about to be applied to the book."""
        for event in () if self._is_told else events:
            match event:
                case happened.ReportTaken(cl_ord_id=order_id, report=report):
                    self._report(order_id, report, book)
                case happened.CashBooked(event=cash) if not self._is_closed(cash.account_domain):
                    self._cash_events += 1
                case happened.DoubtEnded(attempt_id=attempt_id, resolution=resolution):
                    self._doubts.append(f"{attempt_id} {resolution.kind}")
                case happened.AccountAgreed():
                    self._agreed.setdefault(event.route, _found(event))

    def told_when_due(self, desk: Desk) -> Step:
        """Tell the start once every account agreed, or after the stated time."""
        step = Step()
        if self._is_told:
            return step
        now_ns = desk.now_ns()
        self._since_ns = now_ns if self._since_ns is None else self._since_ns
        is_over = now_ns - self._since_ns >= desk.settings.start_report_s * 1e9
        if is_over or (self._routes and self._agreed.keys() >= set(self._routes)):
            self._is_told = True
            told = self._told(desk)
            if self._faults:
                text = f"the book came from the journal as far as checkpoints were unsound: {'; '.join(self._faults)}"
                step.alerts.append(desk.alert("A083", Level.P1, "checkpoints", text))
            step.events.append(told)
            unread = [each.route for each in told.accounts if each.cash is None]
            if unread or told.quarantined or told.uncovered:
                text = (
                    f"started with {len(told.quarantined)} underlyings quarantined, {len(told.uncovered)} structures "
                    f"uncovered, {', '.join(unread) or 'no account'} not read"
                )
                step.alerts.append(desk.alert("A220", Level.P1, f"start-{told.epoch}", text))
        return step

    def _told(self, desk: Desk) -> Recovered:
        book = desk.book
        return Recovered(
            epoch=book.epoch,
            live_orders=self._live,
            structures=self._held,
            accounts=tuple(self._agreed.get(route, AccountFound(route=route)) for route in self._routes),
            recovered_fills=tuple(self._fills),
            recovered_statuses=tuple(self._statuses),
            doubts_ended=tuple(self._doubts),
            cash_events=self._cash_events,
            quarantined=dict(book.quarantined),
            foreign=foreign_positions(book),
            uncovered=tuple(name for name, each in book.structures.items() if each.naked),
            at=desk.now(),
        )

    def _report(self, order_id: str | None, told: ExecutionReport, book: Book) -> None:
        if self._is_closed(told.account_domain):
            return
        name = order_id or f"foreign order {told.broker_order_id}"
        for fill in told.fills:
            if not book.knows_execution(told.account_domain, fill.exec_id):
                self._fills.append(f"{name}: {fill.action.sign * fill.last_qty:+d} {fill.symbol} at {fill.last_px:f}")
        if order_id is not None and told.status is not None and book.orders[order_id].status is not told.status:
            self._statuses.append(f"{name}: {book.orders[order_id].status}, now {told.status}")

    def _is_closed(self, domain: str) -> bool:
        return any(each.account_domain == domain for each in self._agreed.values())


def _standing(life: OrderLife) -> str:
    if life.in_doubt:
        return "IN DOUBT"
    return "UNANSWERED" if life.is_unanswered else str(life.status)


def _found(event: happened.AccountAgreed) -> AccountFound:
    return AccountFound(
        route=event.route,
        account_domain=event.account_domain,
        orders=event.orders,
        positions=event.positions,
        cash=event.cash,
        cash_gap=event.cash_gap,
    )
