"""What the executor decides about orders it holds back: their stops, their siblings, and the orders they become.

Rules of this file:
* Steps come one by one, each committed before the next is decided: no decision stands on a hope.
* A stop that is reached cancels its siblings in the same journal transaction, and every order that works on its
  structure; it is sent once those have ended, for what is left then. While one of them is in doubt it is not sent, and
  paged. So of two sides at most one can trade, unless a broker reports a fill after the end of its order.
* That race is found and undone: more closed than was there is `Unwind`'s, two openings instead of one are closed here
  down to one, never beyond what the account holds.
* What is sent passes the gate like any other order: openings whole, closes as closes. A latched stop ends openings that
  rest; a close rests and fires in every state of trading.
* A close is pursued: unfilled at the market it follows the market; unsent, expired for the day or rejected it is sent
  again, the last a few times only. Somebody else's cancel is obeyed.
* What a broker can hold, it holds (`BrokerHeld`), and it rests here again when it ends there unfilled. What rests here
  is said to rest here.
"""

from collections.abc import Iterator

from actors.broker_held import BrokerHeld
from actors.chase import Chase
from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import AttemptState
from actors.domain.orders.order import Intent, Leg
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Open
from actors.domain.orders.trigger import Trigger, TriggerState, first_state
from actors.domain.orders.trigger_event import TriggerTrailed
from actors.domain.orders.watch import Memory, Sight, judge, look, stamp_of
from actors.domain.pace import Pace
from actors.domain.portfolio.replaced import chain
from actors.domain.portfolio.structure import Structure
from actors.domain.risk.triggered import Blocked, Sendable, excess_openings, order_of
from actors.order_desk import OrderDesk

_S = TriggerState


class TriggerDesk:
    """The orders Holdfast holds."""

    def __init__(self, desk: Desk, chase: Chase, orders: OrderDesk) -> None:
        self._desk, self._chase, self._orders = desk, chase, orders
        self._held = BrokerHeld(desk, orders)
        self._memories: dict[str, Memory] = {}
        self._legs: dict[str, tuple[Leg, ...]] = {}
        self._both, self._pace = Pace(), Pace()
        """On the market's clock, but for "retry"; lost with the process, and nothing but time with it."""

    def on_quotes(self) -> Iterator[Step]:
        """Compare every armed stop with the quotes as they are now."""
        for trigger in self._desk.book.triggers.live():
            step = Step()
            if self._desk.book.triggers.known[trigger.trigger_id].state is _S.ARMED:
                self._look(trigger, step)
            if step.events or step.alerts:
                yield step

    def on_tick(self) -> Iterator[Step]:
        """Move on whatever is due."""
        for trigger in self._desk.book.triggers.live():
            step = Step()
            self._advance(self._desk.book.triggers.known[trigger.trigger_id], step)
            if step.events or step.alerts:
                yield step
        for structure, quantity in excess_openings(self._desk.book):
            step = Step()
            self._undo(structure, quantity, step)
            yield step
        self._forget()

    def _look(self, trigger: Trigger, step: Step) -> None:
        name, quotes, rules = trigger.trigger_id, self._desk.quotes, self._desk.settings.watch
        legs, memory = self._legs_of(trigger), self._memories.setdefault(name, Memory())
        if quotes is None or not legs or (stamp := stamp_of(legs, quotes)) <= memory.stamp:
            return
        now = self._desk.now()
        px = look(legs, quotes, now, self._desk.now_ns(), rules)
        if px is None:
            return
        memory, sight = judge(trigger, memory, px, stamp, now, self._desk.book.epoch, rules)
        self._memories[name] = memory
        words = f"{rules.watched} {px}, stop {trigger.level}"
        if sight is Sight.TRAILED and memory.trail_px is not None:
            step.events.append(TriggerTrailed(trigger_id=name, high_px=memory.trail_px, at=now))
        elif sight is Sight.MISSED:
            text = f"{name} was crossed while nobody looked ({words}); it keeps still until the price has come back"
            step.alerts.append(self._desk.alert("A061", Level.P0, f"trigger-{name}", text))
        elif sight is Sight.REACHED:
            self._fire(trigger, f"{words}, crossed while nobody looked" if memory.was_missed else words, step)

    def _fire(self, trigger: Trigger, words: str, step: Step) -> None:
        self._held.move(trigger, _S.TRIGGERED, f"reached: {words}", step)
        self._cancel_siblings(trigger, f"{trigger.trigger_id} was triggered", step)
        step.alerts.append(
            self._desk.alert(
                "A060", Level.P1, f"trigger-{trigger.trigger_id}", f"{trigger.trigger_id} reached: {words}"
            )
        )

    def _advance(self, trigger: Trigger, step: Step) -> None:
        if self._gives_up(trigger, step):
            return
        if trigger.state is _S.WAITING:
            structure = self._structure(trigger)
            if structure is not None and structure.quantity:
                self._held.move(trigger, first_state(trigger.request), "its trigger order has filled", step)
        elif trigger.state is _S.ARMED:
            if not self._held.hold(trigger, step):
                self._look(trigger, step)
            self._tell_blind(trigger, step)
        elif trigger.state is _S.TRIGGERED:
            self._place(trigger, step)
        else:
            self._follow(trigger, step)

    def _gives_up(self, trigger: Trigger, step: Step) -> bool:
        """End what can come to nothing any more."""
        if trigger.state is _S.PLACED:
            return False
        is_close, fired = trigger.intent is Intent.CLOSE, trigger.state is _S.TRIGGERED and trigger.level is not None
        structure = self._structure(trigger)
        if is_close and not self._is_opening(trigger) and (structure is None or structure.is_flat):
            self._held.move(trigger, _S.CANCELED, "there is nothing left to close", step)
        elif not is_close and self._desk.latch() is not None:
            self._held.move(trigger, _S.CANCELED, f"latched: {self._desk.latch()}", step)
        elif self._desk.now() >= trigger.expires_at and not (is_close and fired):
            self._held.move(trigger, _S.EXPIRED, f"expired at {trigger.expires_at.isoformat()}", step)
            if is_close:
                self._alert(trigger, "A062", Level.P1, "has expired, and what it guarded is still held", step)
        else:
            return False
        return True

    def _place(self, trigger: Trigger, step: Step) -> None:
        if self._pace.waits(trigger.trigger_id, "retry", self._desk.now_ns() / 1e9) or self._held.hold(trigger, step):
            return
        if trigger.intent is Intent.CLOSE and trigger.request.stop is not None:
            for life in self._desk.book.live_orders(trigger.structure_id):
                self._ask_cancel(life, step)
        made = order_of(trigger, self._desk.circumstances())
        match made:
            case Sendable():
                self._held.place(trigger, made, f"sent as {made.order.cl_ord_id}", step)
                self._orders.send(made.order, step)
            case Blocked(text=text, is_final=True):
                self._held.move(trigger, _S.REJECTED, text, step)
                self._alert(trigger, "A063", Level.P1, f"was triggered and refused: {text}", step)
            case Blocked(text=text):
                is_stop = trigger.request.stop is not None
                if is_stop and self._comes_round(trigger, "page", self._desk.settings.watch.patience_s):
                    self._alert(trigger, "A063", Level.P0, f"is triggered and cannot be sent: {text}", step)

    def _follow(self, trigger: Trigger, step: Step) -> None:
        lives = chain(self._desk.book, trigger.last_order or "")
        life = lives[-1]
        if any(each.fills for each in lives) and trigger.intent is Intent.OPEN:
            self._cancel_siblings(trigger, f"{trigger.trigger_id} has filled", step)
        if life.is_live:
            if life.order.stop_px is not None:
                return
            follows = trigger.intent is Intent.CLOSE and trigger.request.net_price is None and not life.order.working
            if follows and self._comes_round(trigger, life.order.cl_ord_id, self._desk.settings.watch.patience_s):
                self._ask_cancel(life, step)
            return
        self._after_end(trigger, life, step)

    def _after_end(self, trigger: Trigger, life: OrderLife, step: Step) -> None:
        """Decide what becomes of a trigger whose order has ended: done, given up, or sent or held once more."""
        structure = self._structure(trigger)
        is_done = structure is None or not (structure.quantity or structure.naked)
        if trigger.intent is Intent.OPEN or is_done:
            self._held.move(trigger, _S.DONE, f"{life.order.cl_ord_id} {life.status}", step)
        elif life.status is Status.CANCELED and not life.cancel_asked:
            self._cancelled_elsewhere(trigger, life, step)
        elif life.order.stop_px is not None:
            self._held.move(
                trigger, _S.ARMED, f"{life.order.cl_ord_id} {life.status}: {life.text}; it rests here", step
            )
            self._alert(trigger, "A066", Level.P2, f"is no longer held by its broker: {life.status} {life.text}", step)
        elif self._rejections(trigger) >= self._desk.settings.watch.rejects_max:
            self._held.move(trigger, _S.REJECTED, f"rejected again and again: {life.text}", step)
            self._alert(trigger, "A063", Level.P0, f"is given up, its orders are rejected: {life.text}", step)
        else:
            if life.status is Status.REJECTED:
                self._pace.wait(
                    trigger.trigger_id, "retry", self._desk.now_ns() / 1e9 + self._desk.settings.watch.retry_s
                )
            self._held.move(trigger, _S.TRIGGERED, f"{life.order.cl_ord_id} {life.status}: {life.text}", step)

    def _cancelled_elsewhere(self, trigger: Trigger, life: OrderLife, step: Step) -> None:
        """Obey somebody else's cancel. That of one of two at a broker may be told before the fill of the other."""
        is_one_of_two, name = life.order.contingency is not None, life.order.cl_ord_id
        if is_one_of_two and not self._comes_round(trigger, "other side", self._desk.settings.watch.patience_s):
            return
        self._held.move(trigger, _S.CANCELED, f"{name} was cancelled by somebody else", step)
        self._alert(trigger, "A062", Level.P1, "was cancelled by somebody else, what it guarded is still held", step)

    def _rejections(self, trigger: Trigger) -> int:
        """Count the orders a broker said no to; one that never reached a broker is none of them."""
        lives = (self._desk.book.orders[name] for name in trigger.order_ids)
        heard = {AttemptState.REJECTED, AttemptState.ACCEPTED}
        return sum(
            life.status is Status.REJECTED and any(each.state in heard for each in life.attempts) for life in lives
        )

    def _cancel_siblings(self, trigger: Trigger, why: str, step: Step) -> None:
        """End the other sides, their orders too: in this step, so before this one can be sent."""
        for sibling in self._desk.book.triggers.siblings(trigger):
            self._held.move(sibling, _S.CANCELED, why, step)
            if (name := sibling.last_order) is not None:
                self._ask_cancel(chain(self._desk.book, name)[-1], step)

    def _ask_cancel(self, life: OrderLife, step: Step) -> None:
        if life.is_live and not life.cancel_asked:
            name = life.order.cl_ord_id
            step.events.append(happened.CancelAsked(signal=None, cl_ord_id=name, at=self._desk.now()))
            self._chase.tell_cancel(life, step)

    def _undo(self, structure: Structure, quantity: int, step: Step) -> None:
        text = f"{structure.structure_id}: both sides of one order have filled, {quantity} combos too many"
        name = f"both-{structure.structure_id}"
        patience_s = self._desk.settings.watch.patience_s
        if self._both.comes_round(name, "page", self._now_s(), patience_s, at_once=True):
            step.alerts.append(self._desk.alert("A064", Level.P0, name, text))
        self._orders.undo(structure, quantity, step)

    def _tell_blind(self, trigger: Trigger, step: Step) -> None:
        memory = self._memories.get(trigger.trigger_id, Memory())
        limit_s = self._desk.settings.watch.blind_alert_s
        if self._comes_round(trigger, f"blind {memory.stamp}", limit_s):
            self._alert(trigger, "A065", Level.P1, f"cannot be watched: no sound quotes for {limit_s:g} s", step)

    def _alert(self, trigger: Trigger, code: str, level: Level, text: str, step: Step) -> None:
        name = trigger.trigger_id
        step.alerts.append(self._desk.alert(code, level, f"trigger-{name}", f"{name} {text}"))

    def _structure(self, trigger: Trigger) -> Structure | None:
        return self._desk.book.structures.get(trigger.structure_id)

    def _is_opening(self, trigger: Trigger) -> bool:
        live = self._desk.book.live_orders(trigger.structure_id)
        return any(life.order.intent is Intent.OPEN for life in live)

    def _legs_of(self, trigger: Trigger) -> tuple[Leg, ...]:
        """Return the legs of one combo of what would be sent."""
        if trigger.trigger_id not in self._legs:
            structure = self._structure(trigger)
            if isinstance(trigger.request, Open):
                self._legs[trigger.trigger_id] = trigger.request.legs
            elif structure is not None:
                legs = (leg.model_copy(update={"action": leg.action.closing}) for leg in structure.legs)
                self._legs[trigger.trigger_id] = tuple(legs)
        return self._legs.get(trigger.trigger_id, ())

    def _comes_round(self, trigger: Trigger, what: str, every_s: float, *, at_once: bool = False) -> bool:
        return self._pace.comes_round(trigger.trigger_id, what, self._now_s(), every_s, at_once=at_once)

    def _now_s(self) -> float:
        return self._desk.now().timestamp()

    def _forget(self) -> None:
        names = {trigger.trigger_id for trigger in self._desk.book.triggers.live()}
        if self._memories.keys() - names:
            self._memories = {name: memory for name, memory in self._memories.items() if name in names}
            self._legs = {name: legs for name, legs in self._legs.items() if name in names}
            self._pace.keep(names)
