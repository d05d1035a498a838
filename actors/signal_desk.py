"""What the executor decides about signals: admitted or refused in one step, then sent, held, cancelled or replaced.

Rules of this file:
* The same id again gets the first answer and moves nothing; one whose order the book has long forgotten is refused.
* What rests (a stop, the later parts of a complex order) is journaled here and watched by `trigger_desk`.
* A close ends the exits at work for the same structure, a stop that its broker holds and the sides of a pair, and waits
  for their end: what has filled of them by then it does not close again. A plain close at work is not one of them.
* A replacement is a cancel first; what is left once the end is known goes on in `work_desk`.
"""

from datetime import datetime

from actors.chase import Chase
from actors.desk import Desk, Step
from actors.domain.orders import event as happened
from actors.domain.orders.order import Intent, Order
from actors.domain.orders.refusal import Admitted, Check, Code
from actors.domain.orders.replace_event import ReplaceAsked
from actors.domain.orders.signal import Cancel, Close, Complex, Open, Replace, Signal
from actors.domain.orders.trigger import Trigger, TriggerState, at_once, held_back
from actors.domain.orders.trigger_event import TriggerMoved, TriggersPlaced
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.intent import closing_order, opening_order
from actors.domain.portfolio.replaced import chain
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.edge import order_estimate
from actors.domain.risk.gate import review
from actors.domain.value import Value
from actors.messages import SignalAnswered, SubmitSignal
from actors.order_desk import OrderDesk


class SignalDesk:
    """The one door of every request."""

    def __init__(self, desk: Desk, chase: Chase, orders: OrderDesk) -> None:
        self._desk, self._chase, self._orders = desk, chase, orders

    def on_signal(self, asked: SubmitSignal) -> Step:
        """Admit or refuse, in one step; the same id again gets the first answer and moves nothing."""
        signal = asked.signal
        known = self._desk.book.signals.get(signal.signal_id)
        if known is None and signal.signal_id in self._desk.book.orders:
            known = (True, signal.signal_id)  # an order the executor owed itself has that id
        if known is not None:
            return Step(tells=[(asked.reply_to, _answer(signal, admitted=known[0], order_id=known[1]))])
        guards = self._guards(signal.request)
        seen = self._desk.circumstances(*guards)
        verdict = review(signal, seen)
        taken = self._taken(signal)
        checks, admitted = (*verdict.checks, *taken), isinstance(verdict, Admitted) and not taken
        if admitted and isinstance(signal.request, Cancel):
            return self._cancel(asked, signal.request.cl_ord_id, seen.now)
        if admitted and isinstance(signal.request, Replace):
            return self._replace(asked, signal.request, seen.now)
        if admitted and guards:
            return self._supersede(asked, guards, checks, seen.now)
        if admitted and (resting := held_back(signal, self._desk.book.epoch)):
            return self._rest(asked, resting, checks, seen)
        order = self._order(signal, seen.now) if admitted else None
        if admitted and order is None:
            checks = (*checks, Check(code=Code.R030_NO_QUOTE, passed=False, value="no price bounds the close"))
        if order is None:
            refused = happened.SignalRefused(signal=signal, checks=checks, at=seen.now)
            return Step(events=[refused], tells=[(asked.reply_to, _answer(signal, admitted=False, checks=checks))])
        estimate = order_estimate(order, seen)
        placed = happened.OrderPlaced(signal=signal, order=order, checks=checks, estimate=estimate, at=seen.now)
        step = Step(events=[placed])
        self._orders.send(order, step)
        step.tells.append((asked.reply_to, _answer(signal, admitted=True, order_id=order.cl_ord_id, checks=checks)))
        return step

    def _taken(self, signal: Signal) -> tuple[Check, ...]:
        is_taken = self._desk.is_taken(signal.signal_id)
        return (Check(code=Code.R002_ID_TAKEN, passed=False, subject=signal.signal_id),) if is_taken else ()

    def _order(self, signal: Signal, now: datetime) -> Order | None:
        match signal.request:
            case Open() as request:
                return opening_order(signal, request, now, self._desk.quotes)
            case Close() as request:
                structure = self._desk.book.structures[request.structure_id]
                bounded = structure.model_copy(update={"holdings": closable(self._desk.book, structure)})
                return closing_order(signal, request, bounded, self._desk.quotes, now)
        return None

    def _rest(
        self, asked: SubmitSignal, resting: tuple[Trigger, ...], checks: tuple[Check, ...], seen: Circumstances
    ) -> Step:
        """Hold an order, or all but the first of several, until its time; `TriggerDesk` takes it from there."""
        signal, step, now = asked.signal, Step(), seen.now
        step.events.append(TriggersPlaced(signal=signal, triggers=resting, checks=checks, at=now))
        if isinstance(signal.request, Complex) and signal.request.trigger_order is not None:
            order = opening_order(signal, signal.request.trigger_order, now, self._desk.quotes)
            estimate = order_estimate(order, seen)
            placed = happened.OrderPlaced(signal=signal, order=order, checks=checks, estimate=estimate, at=now)
            step.events.append(placed)
            self._orders.send(order, step)
        step.tells.append((asked.reply_to, _answer(signal, admitted=True, order_id=signal.signal_id, checks=checks)))
        return step

    def _guards(self, request: Value) -> list[str]:
        """Return the exits at work for a structure somebody wants to close now: resting stops, sides of a pair."""
        if not isinstance(request, Close) or request.stop is not None:
            return []
        book = self._desk.book
        sides = [each for each in book.triggers.live() if each.is_side and each.request.stop is None]
        live = (life.order for life in book.live_orders(request.structure_id) if life.order.intent is Intent.CLOSE)
        return [
            order.cl_ord_id
            for order in live
            if order.stop_px is not None or any(self._ends_in(side, [order.cl_ord_id]) for side in sides)
        ]

    def _supersede(self, asked: SubmitSignal, guards: list[str], checks: tuple[Check, ...], now: datetime) -> Step:
        """Let a close wait for the end of the exits whose work it does: brokers let both fill, or refuse the second."""
        book, signal = self._desk.book, asked.signal
        close = at_once(signal, book.epoch)
        step = Step(events=[TriggersPlaced(signal=signal, triggers=(close,), checks=checks, at=now)])
        text = f"{signal.signal_id} closes what it guarded"
        held = [each for each in book.triggers.live() if self._ends_in(each, guards)]
        ended = {each.trigger_id: each for owner in held for each in (owner, *book.triggers.siblings(owner))}
        step.events += [_ended(trigger, text, None, book.epoch, now) for trigger in ended.values()]
        for guard in guards:
            if not book.orders[guard].cancel_asked or book.orders[guard].replace_px is not None:
                step.events.append(happened.CancelAsked(signal=None, cl_ord_id=guard, at=now))
            self._chase.tell_cancel(book.orders[guard], step)
        step.tells.append((asked.reply_to, _answer(signal, admitted=True, order_id=close.trigger_id, checks=checks)))
        return step

    def _ends_in(self, trigger: Trigger, names: list[str]) -> bool:
        """Whether the order a trigger was last sent as, or what took its place, is one of those named."""
        last = trigger.last_order
        return last is not None and chain(self._desk.book, last)[-1].order.cl_ord_id in names

    def _replace(self, asked: SubmitSignal, request: Replace, now: datetime) -> Step:
        """Ask for the cancel whose end lets the replacement go; `WorkDesk` takes it from there."""
        life, signal = chain(self._desk.book, request.cl_ord_id)[-1], asked.signal
        order_id = life.order.cl_ord_id
        event = ReplaceAsked(signal=signal, cl_ord_id=order_id, net_price=request.net_price, text=signal.reason, at=now)
        step = Step(events=[event])
        self._chase.tell_cancel(life, step)
        step.tells.append((asked.reply_to, _answer(signal, admitted=True, order_id=order_id)))
        return step

    def _cancel(self, asked: SubmitSignal, name: str, now: datetime) -> Step:
        """End an order, or what rests under a name; what waits for a live order is not ended with it."""
        book, signal, step = self._desk.book, asked.signal, Step()
        own = chain(book, name)[-1] if name in book.orders else None
        ending = [own] if own is not None and own.is_live else []
        is_order = bool(ending)
        for trigger in book.triggers.of(name):
            if is_order and trigger.last_order != name:
                continue
            text = f"{signal.strategy} asked: {signal.reason}"
            step.events.append(_ended(trigger, text, signal, book.epoch, now))
            last = chain(book, trigger.last_order)[-1] if trigger.last_order else None
            if last is not None and last.is_live and last not in ending:
                ending.append(last)
        for life in ending:
            order_id = life.order.cl_ord_id
            step.events.append(happened.CancelAsked(signal=signal, cl_ord_id=order_id, at=now))
            if not life.cancel_asked:  # else the chase is on: it asks again at its own pace
                self._chase.tell_cancel(life, step)
        step.tells.append((asked.reply_to, _answer(signal, admitted=True, order_id=name)))
        return step


def _answer(
    signal: Signal, *, admitted: bool, order_id: str | None = None, checks: tuple[Check, ...] = ()
) -> SignalAnswered:
    return SignalAnswered(signal_id=signal.signal_id, admitted=admitted, cl_ord_id=order_id, checks=checks)


def _ended(trigger: Trigger, text: str, signal: Signal | None, epoch: int, now: datetime) -> TriggerMoved:
    return TriggerMoved(
        trigger_id=trigger.trigger_id, state=TriggerState.CANCELED, signal=signal, text=text, epoch=epoch, at=now
    )
