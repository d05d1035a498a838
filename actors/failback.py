"""Brings a route that was failed over from back to openings, when the rule says so (`orders.failback`).

What it waits for is kept for the screens. The failing over itself is the order desk's, with the order it moves.
"""

from collections.abc import Mapping

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders.attempt import AttemptState
from actors.domain.orders.failback import Return, waits_for
from actors.domain.orders.order import attempt_id
from actors.domain.orders.route_event import RouteFailedBack

_UNKNOWN = {AttemptState.SENDING, AttemptState.IN_DOUBT}


class Failback:
    """The routes that were failed over from. `waiting` says what each still waits for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.waiting: Mapping[str, tuple[str, ...]] = {}
        self._since_ns: dict[str, int] = {}
        """When this process first saw each of them failed over."""

    def on_tick(self) -> Step:
        """Let those take openings again that are well."""
        step, now = Step(), self._desk.now()
        after_s, now_ns = self._desk.settings.failback_after_s, self._desk.now_ns()
        self._since_ns = {route: self._since_ns.get(route, now_ns) for route in self._desk.book.failed_over}
        self.waiting = {route: waits_for(self._seen(route), after_s) for route in self._desk.book.failed_over}
        for route, waiting in self.waiting.items():
            if waiting:
                continue
            text = f"healthy for {after_s:g} s, nothing in doubt there, and its account agrees"
            step.events.append(RouteFailedBack(route=route, text=text, at=now))
            told = f"{route} takes openings again: {text}"
            step.alerts.append(self._desk.alert("A012", Level.P2, f"failback-{route}", told))
        return step

    def _seen(self, route: str) -> Return:
        book, seat, now_ns = self._desk.book, self._desk.seats.of(route), self._desk.now_ns()
        writes = seat is not None and self._desk.seats.can_write(seat, now_ns)
        if seat is None or not writes:
            return Return(healthy_s=None, in_doubt=(), agreed=False, broken=())
        back_ns = max(seat.writes_since_ns, self._since_ns[route])
        broken = (each for each in book.quarantined if book.quarantined_in[each] == seat.account_domain)
        return Return(
            healthy_s=(now_ns - back_ns) / 1e9,
            in_doubt=tuple(self._in_doubt(route)),
            agreed=seat.reconciled and seat.agreed_ns >= back_ns,
            broken=tuple(sorted(broken)),
        )

    def _in_doubt(self, route: str) -> list[str]:
        return [
            attempt_id(life.order.cl_ord_id, attempt.number)
            for life in self._desk.book.live_orders()
            for attempt in life.attempts
            if attempt.route == route and attempt.state in _UNKNOWN
        ]
