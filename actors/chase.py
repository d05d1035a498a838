"""Asking again: what is unanswered, in doubt or to be cancelled is asked for until the owning route has said.

Timers live on the machine's boot clock and are rebuilt at a start: losing them loses nothing but time. Nothing is ever
concluded here from how long something took; a doubt that lasts is paged, again and again, and stays a doubt.
"""

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import AttemptState
from actors.domain.orders.order import Intent, attempt_id
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.portfolio.breakers import stop_of
from actors.domain.risk.edge import too_large
from actors.messages import AskOutcome, CancelOrder, Resolve


class Chase:
    """The questions under way."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._asked_ns: dict[str, int] = {}
        self._doubt_since_ns: dict[str, int] = {}
        self._paged_ns: dict[str, int] = {}

    def note_sent(self, identifier: str) -> None:
        """Start the clock of a send."""
        self._asked_ns[identifier] = self._desk.now_ns()

    def on_new_connection(self, route: str) -> Step:
        """Ask a new connection about everything its predecessors left unanswered."""
        step = Step()
        for life in self._desk.book.live_orders():
            for attempt in life.attempts:
                if attempt.route == route:
                    self._asked_ns.pop(attempt_id(life.order.cl_ord_id, attempt.number), None)
        self._ask(step)
        return step

    def on_tick(self) -> Step:
        """Ask again for what is still unanswered or in doubt, and page for doubts that last."""
        step = Step()
        self._obey_latch(step)
        self._ask(step)
        self._page(step)
        return step

    def tell_cancel(self, life: OrderLife, step: Step) -> None:
        """Tell the route that owns the order, where that is known; a doubt is cancelled when it is found."""
        attempt = life.last
        if attempt is None or attempt.broker_order_id is None:
            return
        message = CancelOrder(
            cl_ord_id=life.order.cl_ord_id,
            broker_order_id=attempt.broker_order_id,
            executor_epoch=self._desk.book.epoch,
        )
        step.tells.append((self._desk.peer(attempt.route), message))

    def _ask(self, step: Step) -> None:
        for life in self._desk.book.live_orders():
            for attempt in life.attempts:
                identifier = attempt_id(life.order.cl_ord_id, attempt.number)
                if attempt.state is AttemptState.SENDING and self._is_due(identifier):
                    ask = AskOutcome(
                        attempt_id=identifier,
                        order=life.order,
                        executor_epoch=self._desk.book.epoch,
                        connection_incarnation=attempt.connection_incarnation,
                    )
                    step.tells.append((self._desk.peer(attempt.route), ask))
                elif attempt.state is AttemptState.IN_DOUBT and self._is_due(identifier):
                    self.ask_for_evidence(life, identifier, step)
            wants_cancel = life.cancel_asked and life.status is not Status.PENDING_CANCEL
            if wants_cancel and self._is_due(f"cancel {life.order.cl_ord_id}"):
                self.tell_cancel(life, step)

    def _page(self, step: Step) -> None:
        """Page for what may or may not exist, again and again: a send without an answer no less than a doubt."""
        now_ns = self._desk.now_ns()
        paged_ns, self._paged_ns = self._paged_ns, {}
        for life in self._desk.book.live_orders():
            for attempt in life.attempts:
                if attempt.state not in {AttemptState.SENDING, AttemptState.IN_DOUBT}:
                    continue
                identifier = attempt_id(life.order.cl_ord_id, attempt.number)
                since_ns = paged_ns.get(identifier, now_ns)
                if now_ns - since_ns >= self._desk.settings.doubt_alert_s * 1e9:
                    why = attempt.text or "no answer yet"
                    text = f"{identifier} at {attempt.route} may or may not exist: {why}"
                    step.alerts.append(self._desk.alert("A010", Level.P0, f"doubt-{identifier}", text))
                    since_ns = now_ns
                self._paged_ns[identifier] = since_ns
        self._doubt_since_ns = {each: at for each, at in self._doubt_since_ns.items() if each in self._paged_ns}

    def _obey_latch(self, step: Step) -> None:
        """A latched stop cancels every opening that still works; a tripped breaker, or a cut size, those it stops."""
        tally = self._desk.book.tally
        is_latched, broken, sizes = self._desk.latch() is not None, tally.breakers.stops, tally.sizes
        if not is_latched and not broken and not sizes:
            return
        for life in self._desk.book.live_orders():
            strategy = life.order.strategy
            is_stopped = is_latched or stop_of(strategy, broken) is not None
            is_stopped = is_stopped or too_large(life.order, self._desk.book, sizes.get(strategy))
            if is_stopped and life.order.intent is Intent.OPEN and not life.cancel_asked:
                order_id = life.order.cl_ord_id
                step.events.append(happened.CancelAsked(signal=None, cl_ord_id=order_id, at=self._desk.now()))
                self.tell_cancel(life, step)

    def _is_due(self, question: str) -> bool:
        """Whether a question may be asked now; if so, its clock starts again."""
        now_ns = self._desk.now_ns()
        if now_ns - self._asked_ns.get(question, 0) < self._desk.settings.ask_again_s * 1e9:
            return False
        self._asked_ns[question] = now_ns
        return True

    def ask_for_evidence(self, life: OrderLife, identifier: str, step: Step) -> None:
        """Ask the owning route for evidence; the settle window counts from when the doubt was first seen here."""
        attempt = life.attempt(identifier)
        assert attempt is not None
        now_ns = self._desk.now_ns()
        self._asked_ns[identifier] = now_ns
        since_ns = self._doubt_since_ns.setdefault(identifier, now_ns)
        message = Resolve(attempt_id=identifier, order=life.order, since=attempt.started_at, since_ns=since_ns)
        step.tells.append((self._desk.peer(attempt.route), message))
