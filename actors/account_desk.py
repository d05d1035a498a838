"""What the executor decides about reports and accounts: messages in, one `Step` out.

Rules of this file:
* A report that brings no news is not journaled; one that does always is (law 6).
* A reading of an account adds, and never removes (law 5). Its news are committed before positions are compared.
* An execution the broker takes back is booked back and paged, whatever the order's state.
* The first reading of an account is its start: what was there before us is adopted, not explained. What is pushed
  before it is in it, or in the next one.
* An order of ours that turns up where it was given up is cancelled as often as it is seen working, and paged (law 3).
* Positions that differ are read again; those that go on differing quarantine their underlying, and only that (law 8).
  What turns out foreign, and cash that differs, are `difference_watch`'s.
* A session opens on the first agreement of its day (`account_day`: Sunday evening is Monday's where futures are
  watched), and its baseline is journaled, each account's with its own first agreement (law 10).
* A reading reaches back to the last agreement, and to the oldest order that may still trade, however long we were away.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from actors.contest import contest
from actors.desk import Desk, Step
from actors.difference_watch import DifferenceWatch
from actors.domain.alerts.alert import Level
from actors.domain.alerts.standing import told_of
from actors.domain.market.account_day import account_day
from actors.domain.orders import event as happened
from actors.domain.orders import order_state
from actors.domain.orders.order_state import Move, OrderLife
from actors.domain.orders.report import AccountState, ExecutionReport
from actors.domain.portfolio.reconcile import breaks, news
from actors.domain.risk.dry_run import factor, trial
from actors.domain.risk.room import taken
from actors.domain.risk.standing import standing_of
from actors.domain.value import ZERO
from actors.fill_desk import FillDesk
from actors.messages import AccountRead, AskAccount, CancelOrder
from actors.seats import Seat
from actors.settlement_desk import SettlementDesk


class AccountDesk:
    """Reports, readings, breaks and baselines."""

    def __init__(self, desk: Desk, fills: FillDesk) -> None:
        self._desk, self._fills = desk, fills
        self._differences, self._settlements = DifferenceWatch(desk), SettlementDesk(desk)

    def on_report(self, told: ExecutionReport) -> Step:
        """Take in a broker's report."""
        step = Step()
        if told.status is None:
            text = f"{told.route} says of order {told.broker_order_id}: {told.text}"
            step.alerts.append(self._desk.alert("A020", Level.P1, f"status-{told.broker_order_id}", text))
        if told.account_domain not in self._desk.book.cash:
            return step
        contest(self._desk, (told,), step)
        self._cancel_stray(told, step)
        is_news = self._desk.book.is_news(told)
        if is_news:
            self._take(told, step)
        self._fills.judge(told, step)
        if not is_news:
            return step
        seat = self._desk.seats.of(told.route)
        if told.fills and seat is not None:
            due_ns = self._desk.now_ns() + int(self._desk.settings.after_fill_s * 1e9)
            seat.read_due_ns = min(seat.read_due_ns, due_ns)
        return step

    def on_account(self, read: AccountRead) -> Step:
        """Take in the news of a reading; `on_compared` follows once they are committed."""
        step = Step()
        seat = self._desk.seats.of(read.route)
        if seat is None or read.state is None:
            if seat is not None and read.request_id == seat.request_id:
                seat.asked_ns = 0
                seat.read_due_ns = self._desk.now_ns() + int(self._desk.settings.ask_again_s * 1e9)
            return step
        if read.state.account_domain not in self._desk.book.cash:
            step.events.append(_adopted(read.state))
            contest(self._desk, read.state.orders, step, first=True)
            return step
        contest(self._desk, read.state.orders, step)
        reports, cash = news(self._desk.book, read.state)
        for report in reports:
            self._take(report, step)
        for report in read.state.orders:
            self._desk.note_seen(report)
            self._cancel_stray(report, step)
            self._fills.judge(report, step)
        step.events += [happened.CashBooked(event=event, at=self._desk.now()) for event in cash]
        self._settlements.on_cash(cash, step)
        return step

    def on_compared(self, read: AccountRead) -> Step:
        """Compare positions with a reading whose news are in the book."""
        step = Step()
        seat, state = self._desk.seats.of(read.route), read.state
        if seat is None or state is None:
            return step
        seat.read_due_ns = self._desk.now_ns() + int(self._desk.settings.account_interval_s * 1e9)
        seat.worth, seat.worth_ns = state.net_liquidation, self._desk.now_ns()
        self._stand(seat, read, state, step)
        begun_ns = self._begun_ns(seat, read)
        differing = breaks(self._desk.book, state)
        fresh = {each: text for each, text in differing.items() if each not in self._desk.book.quarantined}
        self._lift(state, differing, step)
        self._differences.on_compared(state, step)
        if not fresh:
            seat.disagreements, seat.agreed_ns = 0, begun_ns
            self._agree(seat, state, step)
            return step
        seat.disagreements += 1
        seat.read_due_ns = self._desk.now_ns() + int(self._desk.settings.ask_again_s * 1e9)
        if seat.disagreements >= self._desk.settings.disagreements_max:
            unsaid = self._settlements.on_differing(state, fresh, step)
            self._quarantine(state, {each: text for each, text in fresh.items() if each not in unsaid}, step)
        return step

    def _stand(self, seat: Seat, read: AccountRead, state: AccountState, step: Step) -> None:
        """Keep what the broker says the account may do, and tell of what it may not do any more."""
        is_asked = read.request_id == seat.request_id and seat.question_at is not None
        asked_at = seat.question_at if is_asked else None
        began_at = asked_at or state.read_at - timedelta(seconds=self._desk.settings.account_timeout_s)
        self._weigh(seat, state)
        before, now = seat.standing, standing_of(state, began_at, self._desk.now_ns(), dict(seat.factors))
        seat.standing = now
        step.alerts += [self._desk.alert(*each) for each in told_of(seat.route, before, now)]

    def _weigh(self, seat: Seat, state: AccountState) -> None:
        """Keep how the broker's dry run compares with the local rules."""
        book, told = self._desk.book, state.dry_run
        if told is None or told.cl_ord_id not in book.orders:
            return
        order = book.orders[told.cl_ord_id].order
        combo = book.stakes.combo(order, book.contract)
        price, seen = order.net_price or ZERO, self._desk.circumstances()
        local = taken(order.underlying, combo, price, order.order_qty, seen)
        if (found := factor(told.taken, local, self._desk.now_ns())) is not None:
            seat.factors[combo.kind] = found

    def _begun_ns(self, seat: Seat, read: AccountRead) -> int:
        """Return when a reading was begun, as far as that is known, and end the waiting for it.

        One that nobody asked for follows a login, and was begun once the stream was up. Of the answer to the question
        of a predecessor nothing is known; ours is still to come.
        """
        if read.request_id == 0:
            return self._desk.now_ns()
        if read.request_id != seat.request_id:
            return seat.agreed_ns
        seat.asked_ns = 0
        return seat.question_ns

    def on_missed(self, peer: str) -> None:
        """Have an account read at once: some of what its connection told was lost, the answer to a question perhaps."""
        for seat in self._desk.seats.all():
            if seat.peer == peer:
                seat.asked_ns = seat.read_due_ns = 0

    def on_tick(self) -> Step:
        """Ask for the readings that are due."""
        step = Step()
        now_ns = self._desk.now_ns()
        for seat in self._desk.seats.all():
            waiting = seat.asked_ns and now_ns - seat.asked_ns < self._desk.settings.account_timeout_s * 1e9
            if seat.reads and not waiting and now_ns >= seat.read_due_ns:
                self.ask(seat, step)
        return step

    def ask(self, seat: Seat, step: Step) -> None:
        """Ask for one reading of an account."""
        seat.asked_ns = seat.question_ns = self._desk.now_ns()
        seat.question_at = self._desk.now()
        seat.request_id += 1
        wanted = trial(self._desk.book, seat.account_domain, seat.factors)
        asked = AskAccount(request_id=seat.request_id, since=self._since(seat), trial=wanted)
        step.tells.append((seat.peer, asked))

    def _since(self, seat: Seat) -> datetime:
        book, now = self._desk.book, self._desk.now()
        agreed_at = seat.agreed_at or book.agreed_at.get(seat.account_domain, now)
        attempts = (attempt for life in book.live_orders() for attempt in life.attempts)
        working = (attempt.started_at for attempt in attempts if attempt.account_domain == seat.account_domain)
        since = min(now, agreed_at, *working) - timedelta(hours=self._desk.settings.history_hours)
        return max(since, now - timedelta(days=self._desk.settings.history_days_max))

    def _cancel_stray(self, told: ExecutionReport, step: Step) -> None:
        book, seat = self._desk.book, self._desk.seats.of(told.route)
        order_id = book.order_of(told)
        if order_id is None or seat is None or not told.is_working or not book.orders[order_id].is_stray(told):
            return
        cancel = CancelOrder(cl_ord_id=order_id, broker_order_id=told.broker_order_id, executor_epoch=book.epoch)
        step.tells.append((seat.peer, cancel))

    def _take(self, told: ExecutionReport, step: Step) -> None:
        book = self._desk.book
        order_id = book.order_of(told)
        step.events.append(happened.ReportTaken(cl_ord_id=order_id, report=told, at=self._desk.now()))
        if order_id is None:
            text = f"{told.account_domain}: order {told.broker_order_id} is not ours and has traded"
            step.alerts.append(self._desk.alert("A021", Level.P0, f"foreign-{told.broker_order_id}", text))
        elif book.orders[order_id].is_stray(told):
            text = f"{order_id} was given up at {told.route} and turned up there, {told.status}: {told.broker_order_id}"
            step.alerts.append(self._desk.alert("A023", Level.P0, f"stray-{told.broker_order_id}", text))
        else:
            self._page_surprise(book.orders[order_id], told, step)

    def _page_surprise(self, life: OrderLife, told: ExecutionReport, step: Step) -> None:
        name = life.order.cl_ord_id
        after, move = order_state.report(life, told)
        if after.busted != life.busted:
            gone = ", ".join(after.busted[len(life.busted) :])
            text = (
                f"{told.route} took back executions of {name}: {gone}; {after.cum_qty} of {life.order.order_qty} stand"
            )
            step.alerts.append(self._desk.alert("A024", Level.P0, f"bust-{name}", text))
        elif move is Move.ODD:
            text = f"{name} is {life.status} here, and {told.route} reports {told.status}"
            step.alerts.append(self._desk.alert("A022", Level.P0, f"odd-{name}", text))

    def _agree(self, seat: Seat, state: AccountState, step: Step) -> None:
        book, now = self._desk.book, self._desk.now()
        first = not seat.reconciled
        seat.reconciled, seat.agreed_at = True, state.read_at
        gap = state.cash - book.cash[state.account_domain]
        if first:
            step.events.append(
                happened.AccountAgreed(
                    account_domain=state.account_domain,
                    route=state.route,
                    cash=state.cash,
                    net_liquidation=state.net_liquidation,
                    orders=len(state.orders),
                    positions=len(state.positions),
                    cash_gap=gap,
                    at=now,
                )
            )
        self._differences.on_agreed(state, step)
        self._open_session(state, step)

    def _open_session(self, state: AccountState, step: Step) -> None:
        """Journal an account's baseline with its first agreement of the day; the others' stay what they are."""
        traded = (each.product.session for each in self._desk.contracts.values())
        today = account_day(self._desk.now(), self._desk.sessions, traded)
        kept = dict(self._desk.book.baseline) if self._desk.book.session == today else {}
        if today is None or state.account_domain in kept:
            return
        baseline = {**kept, state.account_domain: state.net_liquidation}
        cash = dict(self._desk.book.cash)
        step.events.append(happened.SessionOpened(session=today, baseline=baseline, cash=cash, at=self._desk.now()))

    def _quarantine(self, state: AccountState, differing: Mapping[str, str], step: Step) -> None:
        for underlying, text in differing.items():
            step.events.append(
                happened.Quarantined(
                    underlying=underlying, account_domain=state.account_domain, text=text, at=self._desk.now()
                )
            )
            step.alerts.append(self._desk.alert("A030", Level.P0, f"break-{underlying}", text))

    def _lift(self, state: AccountState, differing: Mapping[str, str], step: Step) -> None:
        for underlying in tuple(self._desk.book.quarantined):
            if self._desk.book.quarantined_in[underlying] == state.account_domain and underlying not in differing:
                text = f"{state.account_domain} agrees again"
                lifted = happened.QuarantineLifted(underlying=underlying, text=text, at=self._desk.now())
                step.events.append(lifted)


def _adopted(state: AccountState) -> happened.AccountAdopted:
    return happened.AccountAdopted(
        account_domain=state.account_domain,
        cash=state.cash,
        positions={position.symbol: position.quantity for position in state.positions},
        executions=tuple(fill.exec_id for order in state.orders for fill in order.fills),
        cash_events=tuple(event.event_id for event in state.cash_events),
        orders=tuple(order.broker_order_id for order in state.orders),
        since=state.since,
        at=state.read_at,
    )
