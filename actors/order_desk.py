"""What the executor decides about signals and sends: messages in, one `Step` out.

Rules of this file:
* Deciding looks at the order as it will be after the step's own events, never at hopes.
* The lease moves here and nowhere else, as a new journaled attempt, by `orders.lease` (law 3).
* Only evidence from the owning route ends a doubt; silence, age and restarts do not (law 2). An order that is known to
  be another of ours is no evidence.
* An opening that waited is admitted again before it is sent to another route. A close without a route waits for one of
  its own domain (`close_queue`), and nowhere else.
* A route that an opening moved on from takes no openings until it failed back (`failback`).
"""

from datetime import datetime

from actors.chase import Chase
from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders import order_state
from actors.domain.orders.attempt import Absent, Accepted, Attempt, AttemptState, Found, InDoubt, Unknown
from actors.domain.orders.lease import Route, carrying, may_wait, next_route, obstacles, passed_over
from actors.domain.orders.order import Intent, Order, attempt_id, cl_ord_id_of
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Check, Code, Refused
from actors.domain.orders.report import ExecutionReport, Status
from actors.domain.orders.signal import Cancel, Close, Open, Signal
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.intent import closing_order, opening_order, signal_again
from actors.domain.risk.gate import review
from actors.fill_desk import FillDesk
from actors.messages import OrderSent, OutcomeJournaled, Resolved, SendOrder, SignalAnswered, SubmitSignal


class OrderDesk:
    """Signals, sends and the ends of doubts."""

    def __init__(self, desk: Desk, chase: Chase, fills: FillDesk) -> None:
        self._desk, self._chase, self._fills = desk, chase, fills
        self._ended_ns: dict[str, int] = {}
        """When the last attempt of a close that waits was seen to end; boot clock."""

    def on_signal(self, asked: SubmitSignal) -> Step:
        """Admit or refuse, in one step; the same id again gets the first answer and moves nothing."""
        signal = asked.signal
        known = self._desk.book.signals.get(signal.signal_id)
        if known is None and signal.signal_id in self._desk.book.orders:
            known = (True, signal.signal_id)  # an order the executor owed itself has that id
        if known is not None:
            return Step(tells=[(asked.reply_to, _answer(signal, admitted=known[0], order_id=known[1]))])
        seen = self._desk.circumstances()
        verdict = review(signal, seen)
        checks = verdict.checks
        admitted = not isinstance(verdict, Refused)
        if admitted and isinstance(signal.request, Cancel):
            return self._cancel(asked, signal.request.cl_ord_id, seen.now)
        order = self._order(signal, seen.now) if admitted else None
        if admitted and order is None:
            checks = (*checks, Check(code=Code.R030_NO_QUOTE, passed=False, value="no price bounds the close"))
        if order is None:
            refused = happened.SignalRefused(signal=signal, checks=checks, at=seen.now)
            return Step(events=[refused], tells=[(asked.reply_to, _answer(signal, admitted=False, checks=checks))])
        step = Step(events=[happened.OrderPlaced(signal=signal, order=order, checks=checks, at=seen.now)])
        self.send(order, step)
        step.tells.append((asked.reply_to, _answer(signal, admitted=True, order_id=order.cl_ord_id, checks=checks)))
        return step

    def on_outcome(self, sent: OrderSent, peer: str) -> Step:
        """Take in how a send ended, and try the next route where the rules let the lease move."""
        step = Step(tells=[(peer, OutcomeJournaled(attempt_id=sent.attempt_id))])
        life = self._desk.book.orders.get(cl_ord_id_of(sent.attempt_id))
        attempt = life.attempt(sent.attempt_id) if life else None
        if life is None or attempt is None or attempt.state is not AttemptState.SENDING:
            return step
        now = self._desk.now()
        step.events.append(happened.AttemptEnded(attempt_id=sent.attempt_id, outcome=sent.outcome, at=now))
        life = order_state.end(life, sent.attempt_id, sent.outcome)
        match sent.outcome:
            case Accepted(report=report):
                self._after_arrival(life, report, step, now)
            case InDoubt():
                self._chase.ask_for_evidence(life, sent.attempt_id, step)
            case _:
                self._advance(life, step, now)
        return step

    def on_resolved(self, resolved: Resolved) -> Step:
        """Take in evidence about a doubt."""
        step = Step()
        resolution = resolved.resolution
        life = self._desk.book.orders.get(cl_ord_id_of(resolved.attempt_id))
        attempt = life.attempt(resolved.attempt_id) if life else None
        if life is None or attempt is None or isinstance(resolution, Unknown):
            return step
        if attempt.state is not AttemptState.IN_DOUBT or attempt.route != resolved.route:
            return step
        if isinstance(resolution, Found) and (other := self._other(resolution.report, life)):
            text = (
                f"{resolved.route} takes {resolution.report.broker_order_id} for {resolved.attempt_id}; it is {other}'s"
            )
            step.alerts.append(self._desk.alert("A025", Level.P0, f"taken-{resolved.attempt_id}", text))
            return step
        now = self._desk.now()
        step.events.append(happened.DoubtEnded(attempt_id=resolved.attempt_id, resolution=resolution, at=now))
        life = order_state.resolve(life, resolved.attempt_id, resolution)
        match resolution:
            case Found(report=report):
                self._after_arrival(life, report, step, now)
            case Absent():
                self._advance(life, step, now)
        return step

    def _other(self, found: ExecutionReport, life: OrderLife) -> str | None:
        """Return the other order of ours that an order found at a broker is known to be."""
        owner = self._desk.book.by_broker_id.get((found.account_domain, found.broker_order_id))
        return owner if owner != life.order.cl_ord_id else None

    def send(self, order: Order, step: Step) -> None:
        """Give a new order, placed in this step, to its first route."""
        self._advance(OrderLife(order=order), step, self._desk.now())

    def _order(self, signal: Signal, now: datetime) -> Order | None:
        match signal.request:
            case Open() as request:
                return opening_order(signal, request, now)
            case Close() as request:
                structure = self._desk.book.structures[request.structure_id]
                bounded = structure.model_copy(update={"holdings": closable(self._desk.book, structure)})
                return closing_order(signal, request, bounded, self._desk.quotes, now)
        return None

    def _cancel(self, asked: SubmitSignal, order_id: str, now: datetime) -> Step:
        life = self._desk.book.orders[order_id]
        step = Step(events=[happened.CancelAsked(signal=asked.signal, cl_ord_id=order_id, at=now)])
        if not life.cancel_asked:  # else the chase is on: it asks again at its own pace
            self._chase.tell_cancel(life, step)
        step.tells.append((asked.reply_to, _answer(asked.signal, admitted=True, order_id=order_id)))
        return step

    def may_retry(self, life: OrderLife) -> bool:
        """Whether enough time has passed since the last attempt of an order ended, as far as this process saw it."""
        waited_ns = self._desk.now_ns() - self._ended_ns.get(life.order.cl_ord_id, 0)
        return waited_ns >= self._desk.settings.close_retry_s * 1e9

    def _advance(self, life: OrderLife, step: Step, now: datetime) -> None:
        """Give the lease to the next route; where there is none, have a close wait, and finish an opening.

        A close that a route did not take waits too, however short: it is sent again as a late one only.
        """
        order, load = life.order, self._desk.load(life.order)
        routes = carrying(load, self._desk.routes_for(order))
        is_late_close = order.intent is Intent.CLOSE and life.last is not None
        halted = life.cancel_asked or is_late_close
        route = None if halted else next_route(life, routes, self._desk.settings.attempts_max)
        reason = life.last.text if life.last else obstacles(life, load, self._desk.routes_for(order))
        if route is not None and life.attempts and (again := self._refused_again(order)):
            route, reason = None, again
        if route is not None:
            for name, why in passed_over(life, routes, route).items():
                moved = happened.RouteFailedOver(
                    route=name, to=route.name, cl_ord_id=order.cl_ord_id, reason=why, at=now
                )
                step.events.append(moved)
            self.start(life, route, step, now)
        elif may_wait(life):
            self._queue(life, reason, step, now)
        else:
            step.events.append(happened.OrderAbandoned(cl_ord_id=order.cl_ord_id, text=reason, at=now))

    def _queue(self, life: OrderLife, reason: str, step: Step, now: datetime) -> None:
        order_id, domain = life.order.cl_ord_id, life.order.account_domain
        self._ended_ns[order_id] = self._desk.now_ns()
        step.events.append(happened.OrderQueued(cl_ord_id=order_id, text=reason, at=now))
        text = f"the close {order_id} waits for {domain} until {life.order.expires_at:%H:%M:%S} UTC: {reason}"
        step.alerts.append(self._desk.alert("A013", Level.P1, f"queued-{life.order.structure_id}", text))

    def start(self, life: OrderLife, route: Route, step: Step, now: datetime) -> None:
        """Give an order to a route: the attempt, then the message."""
        order = life.order
        attempt = Attempt(
            number=len(life.attempts) + 1,
            route=route.name,
            account_domain=route.account_domain,
            connection_incarnation=route.incarnation,
            executor_epoch=self._desk.book.epoch,
            started_at=now,
        )
        step.events.append(happened.AttemptStarted(cl_ord_id=order.cl_ord_id, attempt=attempt))
        identifier = attempt_id(order.cl_ord_id, attempt.number)
        if life.last is not None and life.last.route != route.name:
            text = f"{order.cl_ord_id} moved from {life.last.route} to {route.name}: {life.last.text}"
            step.alerts.append(self._desk.alert("A011", Level.P1, f"failover-{life.last.route}", text))
        self._chase.note_sent(identifier)
        send = SendOrder(
            attempt_id=identifier,
            order=order,
            executor_epoch=self._desk.book.epoch,
            connection_incarnation=route.incarnation,
            deadline_ns=self._desk.now_ns() + int(self._desk.settings.send_deadline_s * 1e9),
        )
        step.tells.append((self._desk.peer(route.name), send))

    def _refused_again(self, order: Order) -> str:
        """Admit an opening that waited once more; return why not, or nothing (law 8: late is not the same)."""
        seen = self._desk.circumstances(excluding=order.cl_ord_id)
        if seen.now >= order.expires_at:
            return "expired before another route could take it"
        verdict = review(signal_again(order), seen)
        failed = [check for check in verdict.checks if not check.passed]
        return "; ".join(f"{check.code.value} {check.subject} {check.value}" for check in failed)

    def _after_arrival(self, life: OrderLife, report: ExecutionReport | None, step: Step, now: datetime) -> None:
        if report is not None and (report.fills or report.status not in {None, Status.PENDING_NEW}):
            order_id = life.order.cl_ord_id
            step.events.append(happened.ReportTaken(cl_ord_id=order_id, report=report, at=now))
            self._fills.judge(report, step)
        if life.cancel_asked:
            self._chase.tell_cancel(life, step)


def _answer(
    signal: Signal, *, admitted: bool, order_id: str | None = None, checks: tuple[Check, ...] = ()
) -> SignalAnswered:
    return SignalAnswered(signal_id=signal.signal_id, admitted=admitted, cl_ord_id=order_id, checks=checks)
