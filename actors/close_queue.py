"""Closes that wait for their account domain, and cancels that their route does not take: never elsewhere, never unseen.

A close whose domain cannot take it now waits, durably (the journal says so), until its own expiry. As soon as a route
of that domain can send, and its account was read and agreed since, the gate is asked again, the book bounds it again,
the quotes price it again (`portfolio.late_close`); the revision is journaled with the new attempt, in one step, and
somebody is told. Where no route of its domain takes it whole, it goes leg by leg from then on (`leg_desk`). One is sent
each tick, so the next one is bounded by what this one may take. It waits on where the gate, the quotes or a failed
attempt moments ago say so; it ends where it expired, was cancelled, or nothing is left.

Openings never wait: without a route they are refused, and their strategy looks again. Cancels are asked for again and
again by `chase`; those that last are paged here.
"""

from datetime import datetime

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders import order_state
from actors.domain.orders.lease import Route, carrying, legs_domain, next_route
from actors.domain.orders.order import Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Refused
from actors.domain.orders.report import Status
from actors.domain.orders.route_event import OrderRevised
from actors.domain.orders.signal import Close, Signal
from actors.domain.portfolio.late_close import NoPrice, NothingToClose, late_close
from actors.domain.portfolio.legging import combo_of
from actors.domain.risk.gate import review
from actors.order_desk import OrderDesk


class CloseQueue:
    """The closes and cancels under way to a domain that does not take them."""

    def __init__(self, desk: Desk, orders: OrderDesk) -> None:
        self._desk, self._orders = desk, orders
        self._paged_ns: dict[str, int] = {}
        self._held_by: dict[str, str] = {}
        """What keeps each waiting close, as last found."""

    def on_tick(self) -> Step:
        """End what need not wait any more, send what can be sent, page for the rest."""
        step, now = Step(), self._desk.now()
        for life in self._desk.book.live_orders():
            if life.waits and (life.cancel_asked or now >= life.order.expires_at):
                self._end(life, "cancelled" if life.cancel_asked else "expired", step, now)
        if not step.events:
            self._send_first(step, now)
        self._page(step)
        return step

    def _end(self, life: OrderLife, how: str, step: Step, now: datetime) -> None:
        order_id = life.order.cl_ord_id
        text = f"{how} while it waited: {life.waits}"
        step.events.append(happened.OrderAbandoned(cl_ord_id=order_id, text=text, at=now))
        if how != "cancelled":
            text = f"the close {order_id} {text}; what it was to close is still held"
            step.alerts.append(self._desk.alert("A014", Level.P0, f"queued-{life.order.structure_id}", text))

    def _send_first(self, step: Step, now: datetime) -> None:
        for life in self._desk.book.live_orders():
            if life.waits and self._way(life) is not None and self._send(life, step, now):
                return

    def _way(self, life: OrderLife) -> Route | str | None:
        """Return the route that takes a waiting close whole, or else the domain where its legs may go singly.

        Either was read since it came back.
        """
        load, routes = self._desk.load(life.order), self._desk.routes()
        whole = carrying(load, routes)
        fresh = [route for route in whole if route.fresh]
        if (route := next_route(life, fresh, self._desk.settings.close_attempts_max)) is not None:
            is_again = life.last is not None and life.last.route == route.name
            return None if is_again and not self._orders.may_retry(life) else route
        if life.last is not None and not life.last.lets_lease_move:
            return None
        return legs_domain(life.order, load, [route for route in routes if route.fresh or route in whole])

    def _send(self, life: OrderLife, step: Step, now: datetime) -> bool:
        """Send a waiting close late; return whether it waits no more."""
        order = life.order
        verdict = review(_signal_again(order), self._desk.circumstances(order.cl_ord_id, *self._family(order)))
        try:
            fresh = late_close(order, self._desk.book, self._desk.quotes)
        except NoPrice as missing:
            self._held_by[order.cl_ord_id] = str(missing)
            return False
        except NothingToClose as gone:
            step.events.append(happened.OrderAbandoned(cl_ord_id=order.cl_ord_id, text=str(gone), at=now))
            return True
        if isinstance(verdict, Refused):
            self._held_by[order.cl_ord_id] = ", ".join(verdict.codes)
            return False
        revised = order_state.revise(life, fresh)
        way = self._way(revised)  # what is left of it may be one leg, that needs no combo
        if way is None:
            return False
        self._start(life, revised, way, step, now)
        return True

    def _family(self, order: Order) -> list[str]:
        """Return the combo that a leg belongs to and its other legs: what they close is not what this one does.

        While one of them is in doubt it counts: then nothing more of the combo is sent.
        """
        if not (combo := combo_of(order)):
            return []
        lives = self._desk.book.live_orders(order.structure_id)
        kin = (life for life in lives if combo in {life.order.cl_ord_id, combo_of(life.order)} and not life.in_doubt)
        return [life.order.cl_ord_id for life in kin]

    def _start(self, life: OrderLife, revised: OrderLife, way: Route | str, step: Step, now: datetime) -> None:
        order, fresh = life.order, revised.order
        waited_s = (now - order.created_at).total_seconds()
        text = (
            f"{waited_s:.0f} s after it was asked for, {fresh.order_qty} combos at {fresh.net_price} "
            f"(were {order.order_qty} at {order.net_price})"
        )
        step.events.append(OrderRevised(cl_ord_id=order.cl_ord_id, order=fresh, text=text, at=now))
        where = way.name if isinstance(way, Route) else f"{way}, leg by leg"
        told = f"the close {order.cl_ord_id} is sent late to {where}: {text}"
        step.alerts.append(self._desk.alert("A016", Level.P1, f"late-{order.cl_ord_id}", told))
        if isinstance(way, Route):
            self._orders.start(revised, way, step)
        else:
            self._orders.start_legs(fresh, way, step)

    def _page(self, step: Step) -> None:
        """Page for what goes on waiting, again and again."""
        now_ns, paged_ns, self._paged_ns = self._desk.now_ns(), self._paged_ns, {}
        waiting = {}
        for life in self._desk.book.live_orders():
            order_id = life.order.cl_ord_id
            if life.waits:
                why = self._held_by.get(order_id, life.waits)
                until = f"until {life.order.expires_at:%H:%M:%S} UTC"
                waiting[order_id] = ("A017", f"the close {order_id} waits {until}: {why}")
            elif life.cancel_asked and life.last is not None and life.status is not Status.PENDING_CANCEL:
                waiting[order_id] = ("A015", f"the cancel of {order_id} waits for {life.last.route}")
        for order_id, (code, text) in waiting.items():
            since_ns = paged_ns.get(order_id, now_ns)
            if now_ns - since_ns >= self._desk.settings.queue_alert_s * 1e9:
                subject = f"waits-{self._desk.book.orders[order_id].order.structure_id}"
                step.alerts.append(self._desk.alert(code, Level.P0, subject, text))
                since_ns = now_ns
            self._paged_ns[order_id] = since_ns
        self._held_by = {order_id: why for order_id, why in self._held_by.items() if order_id in waiting}


def _signal_again(order: Order) -> Signal:
    """Return the close the gate is asked about once more; it is never journaled, the revision is."""
    return Signal(
        signal_id=order.signal_id,
        strategy=order.strategy,
        request=Close(structure_id=order.structure_id),
        reason="admitted again",
        created_at=order.created_at,
        expires_at=order.expires_at,
    )
