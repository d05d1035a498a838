"""What the executor decides about prices: orders worked by their plan, and orders that take another's place.

Rules of this file:
* No route's own replacing is used. tastytrade cancels first and routes the replacement when the exchange has confirmed,
  under ids of its own; what Alpaca's does to a combo that fills meanwhile is not established. So a replacement is a
  cancel, whose end is waited for, and then a new order: on every route the same, and never two at work.
* It is for what is left once the end of the first is known: CANCELED, with every fill told so far. What filled, expired
  or was rejected instead gets no replacement; one in doubt, or whose cancel is, waits for evidence.
* It passes the gate: an opening whole, a close as a close, and no further than the account holds (law 7). What a start
  or a lost route brings with it is waited out for a while; any other refusal ends it, and is told.
* A fill told after the end, when the replacement is already out, makes too many: what still works of an opening is then
  cancelled, and what was opened beyond the order is closed. Too much closed is `Unwind`'s.
* A plan moves an order no earlier than its price has stood for a step, whoever runs it: the times are in the order.
"""

from collections.abc import Iterator

from actors.chase import Chase
from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders.order import Intent
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.replace_event import ReplaceAsked, ReplaceEnded
from actors.domain.orders.report import Status
from actors.domain.orders.watch import look
from actors.domain.orders.working import End, Reprice, next_step
from actors.domain.pace import Pace
from actors.domain.portfolio.intent import spread_of
from actors.domain.portfolio.structure import Structure
from actors.domain.risk.edge import order_estimate
from actors.domain.risk.replacing import excess_opened, replacement_of
from actors.domain.risk.triggered import Sendable
from actors.order_desk import OrderDesk


class WorkDesk:
    """Prices that move, and orders that take another's place."""

    def __init__(self, desk: Desk, chase: Chase, orders: OrderDesk) -> None:
        self._desk, self._chase, self._orders = desk, chase, orders
        self._pace = Pace()

    def on_tick(self) -> Iterator[Step]:
        """Move on whatever is due; each step is committed before the next is decided."""
        for life in self._desk.book.live_orders():
            step = Step()
            if life.status.is_terminal:
                self._replace(life, step)
            elif life.order.working is not None and not life.cancel_asked and not life.in_doubt:
                self._work(life, step)
            if step.events:
                yield step
        for structure, quantity in excess_opened(self._desk.book):
            step = Step()
            self._too_many(structure, quantity, step)
            if step.events or step.alerts:
                yield step

    def _work(self, life: OrderLife, step: Step) -> None:
        order, quotes, now = life.order, self._desk.quotes, self._desk.now()
        if order.working is None or order.net_price is None or life.status is Status.PENDING_NEW:
            return
        sound = quotes is not None and look(order.legs, quotes, now, self._desk.now_ns(), self._desk.settings.watch)
        spread = spread_of(order.legs, quotes) if sound is not None else None
        match next_step(order.working, order.net_price, order.created_at, now, spread):
            case Reprice(net_price=price):
                text = f"worked from {order.net_price} to {price}"
                asked = ReplaceAsked(signal=None, cl_ord_id=order.cl_ord_id, net_price=price, text=text, at=now)
                step.events.append(asked)
                self._chase.tell_cancel(life, step)
            case End():
                step.events.append(happened.CancelAsked(signal=None, cl_ord_id=order.cl_ord_id, at=now))
                self._chase.tell_cancel(life, step)

    def _replace(self, life: OrderLife, step: Step) -> None:
        """Send what takes the place of an order that has ended, or say why nothing does."""
        now = self._desk.now()
        seen = self._desk.circumstances(life.order.cl_ord_id)
        made = replacement_of(life, seen)
        if not isinstance(made, Sendable):
            patience_s = self._desk.settings.replace_wait_s
            waits = not self._pace.comes_round(life.order.cl_ord_id, "wait", now.timestamp(), patience_s)
            if waits and not made.is_final:
                return
            ended = ReplaceEnded(cl_ord_id=life.order.cl_ord_id, text=made.text, at=now)
            step.events.append(ended)
            if life.status is Status.CANCELED and life.leaves_qty:
                text = f"{life.order.cl_ord_id} is cancelled and not replaced: {made.text}"
                step.alerts.append(self._desk.alert("A070", Level.P1, f"replace-{life.order.cl_ord_id}", text))
            return
        estimate = order_estimate(made.order, seen)
        placed = happened.OrderPlaced(signal=None, order=made.order, checks=made.checks, estimate=estimate, at=now)
        step.events.append(placed)
        self._orders.send(made.order, step)

    def _too_many(self, structure: Structure, quantity: int, step: Step) -> None:
        """Undo what a late fill opened beyond the order: what works for it first, then what is held."""
        name, now = structure.structure_id, self._desk.now()
        settings = self._desk.settings
        if self._pace.comes_round(name, "page", now.timestamp(), settings.imbalance_deadline_s, at_once=True):
            text = f"{name}: {quantity} combos more than were ordered, held or still at work"
            step.alerts.append(self._desk.alert("A071", Level.P0, f"over-{name}", text))
        live = self._desk.book.live_orders(name)
        for life in live:
            if life.order.intent is Intent.OPEN and not life.cancel_asked:
                step.events.append(happened.CancelAsked(signal=None, cl_ord_id=life.order.cl_ord_id, at=now))
                self._chase.tell_cancel(life, step)
        if not live and structure.quantity:
            self._orders.undo(structure, quantity, step)
