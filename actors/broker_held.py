"""What the executor lets a broker hold for it: fixed stops that close one leg, and a stop with the limit beside it.

A stop alone goes as one, where the broker takes its type; with a limit beside it the two go as one OCO, where the
broker holds that, and the stop never goes there alone: brokers would let both fill. What ends there unfilled rests here
again (`TriggerDesk`), and is offered anew only after a day's end.
"""

from actors.desk import Desk, Step
from actors.domain.orders import event as happened
from actors.domain.orders.order import Contingency
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Close
from actors.domain.orders.trigger import Trigger, TriggerState
from actors.domain.orders.trigger_event import TriggerMoved
from actors.domain.risk.triggered import Sendable, order_at_broker, order_of
from actors.order_desk import OrderDesk


class BrokerHeld:
    """Offers to a broker."""

    def __init__(self, desk: Desk, orders: OrderDesk) -> None:
        self._desk, self._orders = desk, orders

    def hold(self, trigger: Trigger, step: Step) -> bool:
        """Send a trigger's order to rest at its broker, with its sibling's where it has one; return whether it went."""
        siblings = self._desk.book.triggers.siblings(trigger)
        if not self._may_rest(trigger) or not all(self._may_rest(each) for each in siblings):
            return False
        if not siblings:
            return trigger.request.stop is not None and self._stop(trigger, step)
        is_limit = trigger.request.stop is None and len(siblings) == 1
        return is_limit and siblings[0].state is TriggerState.ARMED and self._pair(trigger, siblings[0], step)

    def move(self, trigger: Trigger, state: TriggerState, text: str, step: Step, order_id: str | None = None) -> None:
        """Add a trigger's move to a step."""
        step.events.append(
            TriggerMoved(
                trigger_id=trigger.trigger_id,
                state=state,
                order_id=order_id,
                text=text,
                epoch=self._desk.book.epoch,
                at=self._desk.now(),
            )
        )

    def place(self, trigger: Trigger, made: Sendable, text: str, step: Step) -> None:
        """Add a trigger's order, durable before it is sent, to a step."""
        now, order = self._desk.now(), made.order
        step.events.append(happened.OrderPlaced(signal=None, order=order, checks=made.checks, at=now))
        self.move(trigger, TriggerState.PLACED, text, step, order.cl_ord_id)

    def _may_rest(self, trigger: Trigger) -> bool:
        """Whether it is a close of one leg, at a fixed price, that was not offered yet, or only to an earlier day."""
        structure, request = self._desk.book.structures.get(trigger.structure_id), trigger.request
        if structure is None or len(structure.legs) > 1 or not isinstance(request, Close) or request.work is not None:
            return False
        last = trigger.last_order
        if last is not None and self._desk.book.orders[last].status is not Status.EXPIRED:
            return False
        if request.stop is None:
            return True
        order_type = request.stop.order_type(request.net_price)
        return request.stop.trail is None and self._desk.seats.takes(structure.account_domain, order_type)

    def _stop(self, trigger: Trigger, step: Step) -> bool:
        made = order_at_broker(trigger, self._desk.circumstances())
        if not isinstance(made, Sendable):
            return False
        self.place(trigger, made, "its broker holds it", step)
        self._orders.send(made.order, step)
        return True

    def _pair(self, limit: Trigger, stop: Trigger, step: Step) -> bool:
        domain = self._desk.book.structures[limit.structure_id].account_domain
        if not self._desk.seats.holds(domain, Contingency.OCO):
            return False
        seen = self._desk.circumstances()
        sides = {limit.trigger_id: order_of(limit, seen), stop.trigger_id: order_at_broker(stop, seen)}
        sendable = {name: made for name, made in sides.items() if isinstance(made, Sendable)}
        if len(sendable) < len(sides):
            return False
        orders = []
        for trigger in (limit, stop):
            made = sendable[trigger.trigger_id]
            orders.append(made.order.model_copy(update={"contingency": Contingency.OCO}))
            self.place(trigger, Sendable(orders[-1], made.checks), "its broker holds it, as one of two", step)
        self._orders.send_complex(Contingency.OCO, orders, step)
        return True
