"""Carries a combo leg by leg where no route takes it whole. What to send and when to stop is `portfolio.legging`'s.

Each leg is an order like any other: journaled first, sent once, in doubt if unanswered, under an id of its own derived
from the combo's, and in the combo's structure. The combo's own order is never sent: it lives until its legs have ended,
and counts meanwhile as what may yet open. A latched stop, a permit that ran out or an account that is not read keeps
the next leg of an opening in; nothing keeps a leg that closes. What is left beyond whole combos at the end is unwound.
"""

from decimal import Decimal

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders.leg_event import LegsEnded
from actors.domain.orders.order import Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.portfolio import legging
from actors.domain.portfolio.legging import LEG_MARK, Course
from actors.domain.portfolio.structure import excess
from actors.domain.risk.permit import TradingState
from actors.order_desk import OrderDesk
from actors.unwind import Unwind


class LegDesk:
    """The combos under way leg by leg."""

    def __init__(self, desk: Desk, orders: OrderDesk, unwind: Unwind) -> None:
        self._desk, self._orders, self._unwind = desk, orders, unwind
        self._seen_ns: dict[str, int] = {}
        self._stopped = {life.order.structure_id for life in desk.book.orders.values() if _was_stopped(life)}
        """Structures whose combo was stopped on the way: what they hold beyond whole ones is to be sold."""

    def on_tick(self) -> Step:
        """Bring each combo on by what is due, and sell what a stopped one left: at most one order of those a pass."""
        step = Step()
        for name in self._desk.book.found.legging:
            self._bring_on(self._desk.book.orders[name], step)
        for name in tuple(self._stopped):
            structure = self._desk.book.structures.get(name)
            if structure is None or not excess(structure):
                self._stopped.discard(name)
            elif not self._desk.book.live_orders(name) and self._unwind.sell_off(structure, step):
                self._stopped.discard(name)
                break
        return step

    def _bring_on(self, combo: OrderLife, step: Step) -> None:
        name = combo.order.cl_ord_id
        legs = [life for order_id, life in self._desk.book.orders.items() if order_id.startswith(name + LEG_MARK)]
        now_ns, since_ns = self._desk.now_ns(), self._desk.book.found.legging[name][1]
        seen_ns = self._seen_ns.setdefault(name, now_ns)  # a journaled time above it is of before a reboot
        deadline_s = self._desk.settings.imbalance_deadline_s
        elapsed_s = (now_ns - min(since_ns, seen_ns)) / 1e9
        course, why = legging.course(combo, legs, elapsed_s, deadline_s)
        if course is Course.SEND and self._may_go_on(combo.order):
            self._send_due(combo.order, legs, step)
        elif course in {Course.STOP, Course.DONE}:
            self._stop(combo, legs, why, step)

    def _may_go_on(self, order: Order) -> bool:
        seen = self._desk.circumstances(order.cl_ord_id)
        if order.intent is Intent.CLOSE:
            return True
        allowed = seen.permit is not None and seen.permit.state is TradingState.ACTIVE
        return allowed and seen.latch is None and seen.ready and order.underlying not in seen.book.quarantined

    def _send_due(self, order: Order, legs: list[OrderLife], step: Step) -> None:
        due, quotes = legging.next_legs(order, legs), self._desk.quotes
        if not due or quotes is None:
            return
        limits = legging.prices(order, legs, due, quotes, self._desk.settings.completion_slippage)
        if limits is None:
            return
        for number, (leg, quantity) in enumerate(due, start=len(legs) + 1):
            placed = self._order(order, number, leg, quantity, limits[leg.symbol])
            step.events.append(happened.OrderPlaced(signal=None, order=placed, checks=(), at=placed.created_at))
            self._orders.send(placed, step)

    def _order(self, combo: Order, number: int, leg: Leg, quantity: int, price: Decimal) -> Order:
        name = f"{combo.cl_ord_id}{LEG_MARK}{number}"
        update = {
            "cl_ord_id": name,
            "signal_id": name,
            "legs": (leg.model_copy(update={"ratio": 1}),),
            "order_qty": quantity,
            "net_price": price,
            "account_domain": self._desk.book.found.legging[combo.cl_ord_id][0],
            "created_at": self._desk.now(),
        }
        return combo.model_copy(update=update)

    def _stop(self, combo: OrderLife, legs: list[OrderLife], why: str, step: Step) -> None:
        """Cancel what works; once nothing does, end the combo and unwind what is left beyond whole ones."""
        now, name = self._desk.now(), combo.order.cl_ord_id
        live = [life for life in legs if life.is_live]
        for life in live:
            if not life.cancel_asked:
                step.events.append(happened.CancelAsked(signal=None, cl_ord_id=life.order.cl_ord_id, at=now))
        if live:
            return
        status = Status.CANCELED if why else Status.FILLED
        step.events.append(LegsEnded(cl_ord_id=name, status=status, text=why, at=now))
        if why:
            step.alerts.append(self._desk.alert("A041", Level.P1, f"legs-{name}", f"{name}, leg by leg: {why}"))
        if why and combo.order.intent is Intent.OPEN:
            self._stopped.add(combo.order.structure_id)


def _was_stopped(life: OrderLife) -> bool:
    return not life.attempts and life.status is Status.CANCELED and life.order.intent is Intent.OPEN
