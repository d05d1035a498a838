"""What the executor decides about sends: outcomes and evidence in, one `Step` out.

Rules of this file:
* Deciding looks at the order as it will be after the step's own events, never at hopes.
* The lease moves here and nowhere else, as a new journaled attempt, by `orders.lease` (law 3).
* Only evidence from the owning route ends a doubt; silence, age and restarts do not (law 2). An order that is known to
  be another of ours is no evidence.
* An opening that waited is admitted again before it is sent to another route. A close without a route waits for one of
  its own domain (`close_queue`), and nowhere else; one that mends an imbalance, or undoes combos too many, ends, for
  the next one is made where it was. A part of a complex order that was not placed ends, too.
* A route that an opening moved on from takes no openings until it failed back (`failback`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from actors.chase import Chase
from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders import order_state
from actors.domain.orders.attempt import Absent, Accepted, Attempt, AttemptState, Found, InDoubt, NotSent, Unknown
from actors.domain.orders.lease import Route, carrying, legs_domain, may_wait, next_route, obstacles, passed_over
from actors.domain.orders.leg_event import LegsStarted
from actors.domain.orders.order import Contingency, Intent, Order, attempt_id, cl_ord_id_of
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import ExecutionReport, Status
from actors.domain.orders.route_event import OrderQueued, RouteFailedOver
from actors.domain.pace import Pace
from actors.domain.portfolio.imbalance import is_mending
from actors.domain.portfolio.intent import signal_again
from actors.domain.portfolio.structure import Structure
from actors.domain.risk.gate import review
from actors.domain.risk.triggered import Sendable, undoing
from actors.fill_desk import FillDesk
from actors.messages import OrderSent, OutcomeJournaled, Part, Resolved, SendComplex, SendOrder


class OrderDesk:
    """Sends and the ends of doubts."""

    def __init__(self, desk: Desk, chase: Chase, fills: FillDesk) -> None:
        self._desk, self._chase, self._fills = desk, chase, fills
        self._ended_ns: dict[str, int] = {}
        """When the last attempt of a close that waits was seen to end; boot clock."""
        self._undone = Pace()

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

    def undo(self, structure: Structure, quantity: int, step: Step) -> None:
        """Close combos that are too many, at a pace: what was not taken is made anew of what is held then."""
        now_s, limits = self._desk.now_ns() / 1e9, self._desk.settings.imbalance
        if not self._undone.comes_round(structure.structure_id, "undo", now_s, limits.pace_s, at_once=True):
            return
        made = undoing(structure, quantity, self._desk.circumstances(), limits)
        if isinstance(made, Sendable):
            now = self._desk.now()
            step.events.append(happened.OrderPlaced(signal=None, order=made.order, checks=made.checks, at=now))
            self.send(made.order, step)

    def send_complex(self, contingency: Contingency, orders: Sequence[Order], step: Step) -> None:
        """Give orders that depend on each other, placed in this step, to one route as one message."""
        settings, first = self._desk.settings, OrderLife(order=orders[0])
        routes = carrying(self._desk.load(first.order), self._desk.routes_for(first.order))
        able = [route for route in routes if contingency in route.coverage.contingencies]
        route = next_route(first, able, settings.attempts_max)
        if route is None:
            for order in orders:
                text, now = f"no route can take {contingency} orders", self._desk.now()
                step.events.append(happened.OrderAbandoned(cl_ord_id=order.cl_ord_id, text=text, at=now))
            return
        parts = [Part(attempt_id=self._begin(OrderLife(order=order), route, step), order=order) for order in orders]
        send = SendComplex(
            contingency=contingency,
            parts=tuple(parts),
            executor_epoch=self._desk.book.epoch,
            connection_incarnation=route.incarnation,
            deadline_ns=self._desk.now_ns() + int(settings.send_deadline_s * 1e9),
        )
        step.tells.append((self._desk.peer(route.name), send))

    def unsent(self, message: SendOrder | SendComplex) -> Iterator[OrderSent]:
        """Yield how a send ended that was withheld, or whose connection was not there: certainly nothing left."""
        cause = self._desk.withheld(message) or "the connection's process is not there"
        for part in message.parts if isinstance(message, SendComplex) else (message,):
            life = self._desk.book.orders[part.order.cl_ord_id]
            assert life.last is not None
            yield OrderSent(
                route=life.last.route,
                connection_incarnation=message.connection_incarnation,
                attempt_id=part.attempt_id,
                outcome=NotSent(cause=cause),
            )

    def may_retry(self, life: OrderLife) -> bool:
        """Whether enough time has passed since the last attempt of an order ended, as far as this process saw it."""
        waited_ns = self._desk.now_ns() - self._ended_ns.get(life.order.cl_ord_id, 0)
        return waited_ns >= self._desk.settings.close_retry_s * 1e9

    def start(self, life: OrderLife, route: Route, step: Step) -> None:
        """Give an order to a route: the attempt, then the message."""
        identifier = self._begin(life, route, step)
        if life.last is not None and life.last.route != route.name:
            text = f"{life.order.cl_ord_id} moved from {life.last.route} to {route.name}: {life.last.text}"
            step.alerts.append(self._desk.alert("A011", Level.P1, f"failover-{life.last.route}", text))
        send = SendOrder(
            attempt_id=identifier,
            order=life.order,
            executor_epoch=self._desk.book.epoch,
            connection_incarnation=route.incarnation,
            deadline_ns=self._desk.now_ns() + int(self._desk.settings.send_deadline_s * 1e9),
        )
        step.tells.append((self._desk.peer(route.name), send))

    def start_legs(self, order: Order, domain: str, step: Step) -> None:
        """Have a combo go leg by leg, in one account; `LegDesk` takes it from there."""
        since_ns, now = self._desk.now_ns(), self._desk.now()
        started = LegsStarted(cl_ord_id=order.cl_ord_id, account_domain=domain, since_ns=since_ns, at=now)
        step.events.append(started)

    def _advance(self, life: OrderLife, step: Step, now: datetime) -> None:
        """Give the lease to the next route; where there is none, have a close wait, and finish an opening.

        A close that a route did not take waits too, however short: it is sent again as a late one only.
        """
        order, load, there = life.order, self._desk.load(life.order), self._desk.routes_for(life.order)
        routes = carrying(load, there)
        is_late_close = order.intent is Intent.CLOSE and life.last is not None
        is_part = order.contingency is not None and bool(life.attempts)  # what it was a part of did not come about
        halted = life.cancel_asked or is_late_close or is_part
        route = None if halted else next_route(life, routes, self._desk.settings.attempts_max)
        again = self._refused_again(order) if route is not None and life.attempts else ""
        if again:
            route = None
        if route is not None:
            for name, why in passed_over(life, routes, route).items():
                moved = RouteFailedOver(route=name, to=route.name, cl_ord_id=order.cl_ord_id, reason=why, at=now)
                step.events.append(moved)
            self.start(life, route, step)
            return
        reason = again or (life.last.text if life.last else obstacles(life, load, there))
        if not life.attempts and not life.cancel_asked and (domain := legs_domain(order, load, there)):
            self.start_legs(order, domain, step)
        elif may_wait(life) and not is_part and not is_mending(order):
            self._queue(life, reason, step, now)
        else:
            step.events.append(happened.OrderAbandoned(cl_ord_id=order.cl_ord_id, text=reason, at=now))

    def _queue(self, life: OrderLife, reason: str, step: Step, now: datetime) -> None:
        order_id, domain = life.order.cl_ord_id, life.order.account_domain
        self._ended_ns[order_id] = self._desk.now_ns()
        step.events.append(OrderQueued(cl_ord_id=order_id, text=reason, at=now))
        text = f"the close {order_id} waits for {domain} until {life.order.expires_at:%H:%M:%S} UTC: {reason}"
        step.alerts.append(self._desk.alert("A013", Level.P1, f"queued-{life.order.structure_id}", text))

    def _begin(self, life: OrderLife, route: Route, step: Step) -> str:
        """Journal that the lease goes to a route; return the id of the attempt."""
        order_id = life.order.cl_ord_id
        self._ended_ns.pop(order_id, None)
        attempt = Attempt(
            number=len(life.attempts) + 1,
            route=route.name,
            account_domain=route.account_domain,
            connection_incarnation=route.incarnation,
            executor_epoch=self._desk.book.epoch,
            started_at=self._desk.now(),
        )
        step.events.append(happened.AttemptStarted(cl_ord_id=order_id, attempt=attempt))
        identifier = attempt_id(order_id, attempt.number)
        self._chase.note_sent(identifier)
        return identifier

    def _refused_again(self, order: Order) -> str:
        """Admit an opening that waited once more; return why not, or nothing (law 8: late is not the same)."""
        seen = self._desk.circumstances(order.cl_ord_id)
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
