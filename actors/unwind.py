"""Legs out of ratio: found, given a deadline, and then unwound to whole combos, shorts first: no leg stays naked.

A structure is watched when it holds shorts beyond its whole combos and nothing works for it any more. Longs beyond them
cost nothing to keep and cover nobody: they are sold with the shorts where somebody bids, and otherwise left to expire.
Past the deadline an order of the executor's own closes the excess, bounded, in the domain that holds it, if the gate
would admit a close of that structure. It is an order like any other: journaled first, sent once, in doubt if
unanswered, and then nothing more is sent for it. One that works past another deadline is cancelled, for the market has
left it, and the next one follows the market. So is an opening that filled shorts without their longs and goes on
working: its end makes the structure one to watch. What keeps the excess from being closed is paged at each deadline.

Deadlines count on the boot clock, from when this process first saw the imbalance, or the order at work.
"""

from datetime import datetime, timedelta
from typing import Final

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.market.quote import QuoteTable
from actors.domain.orders import event as happened
from actors.domain.orders.order import Intent, Order
from actors.domain.orders.refusal import Admitted, Refused
from actors.domain.orders.signal import Close, Signal
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.intent import marketable_price
from actors.domain.portfolio.structure import Structure, closing, excess
from actors.domain.risk.gate import review
from actors.order_desk import OrderDesk

_MARK: Final = "-unwind-"


class Unwind:
    """The imbalances under watch."""

    def __init__(self, desk: Desk, orders: OrderDesk) -> None:
        self._desk, self._orders = desk, orders
        self._since_ns: dict[str, int] = {}
        self._working_ns: dict[str, int] = {}

    def on_tick(self) -> Step:
        """Start, end and enforce the deadlines."""
        step, now_ns = Step(), self._desk.now_ns()
        self._cancel_left_behind(step, now_ns)
        found = {each.structure_id: each for each in self._desk.book.structures.values() if self._is_out(each)}
        fresh = found.keys() - self._since_ns
        self._since_ns = {name: self._since_ns.get(name, now_ns) for name in found}
        for name, structure in found.items():
            if name in fresh:
                self._page(structure, "legs out of ratio", step)
            elif self._is_over(self._since_ns[name], now_ns):
                self._since_ns[name] = now_ns
                self._unwind(structure, step)
                break  # one at a time: the next decision sees what this one did
        return step

    def _is_over(self, since_ns: int, now_ns: int) -> bool:
        return now_ns - since_ns >= self._desk.settings.imbalance_deadline_s * 1e9

    def _page(self, structure: Structure, why: str, step: Step) -> None:
        text = f"{structure.structure_id}: {why}, {dict(structure.naked)} uncovered"
        step.alerts.append(self._desk.alert("A040", Level.P0, f"naked-{structure.structure_id}", text))

    def _cancel_left_behind(self, step: Step, now_ns: int) -> None:
        """Ask for the cancel of what has kept a leg naked for too long; `Chase` tells its route.

        That is an unwinding the market has left, and an opening that filled its shorts and still works for the rest.
        """
        working = [
            life
            for life in self._desk.book.live_orders()
            if _MARK in life.order.cl_ord_id or self._leaves_naked(life.order)
        ]
        self._working_ns = {
            life.order.cl_ord_id: self._working_ns.get(life.order.cl_ord_id, now_ns) for life in working
        }
        for life in working:
            name = life.order.cl_ord_id
            if not life.cancel_asked and self._is_over(self._working_ns[name], now_ns):
                step.events.append(happened.CancelAsked(signal=None, cl_ord_id=name, at=self._desk.now()))

    def _unwind(self, structure: Structure, step: Step) -> None:
        seen = self._desk.circumstances()
        verdict = review(_as_close(structure, seen.now), seen)
        order = self._order(structure, self._desk.quotes) if isinstance(verdict, Admitted) else None
        if order is None:
            why = " ".join(verdict.codes) if isinstance(verdict, Refused) else "nobody quotes the legs"
            self._page(structure, f"cannot be unwound ({why})", step)
            return
        step.events.append(happened.OrderPlaced(signal=None, order=order, checks=verdict.checks, at=seen.now))
        self._orders.send(order, step)

    def _leaves_naked(self, order: Order) -> bool:
        structure = self._desk.book.structures.get(order.structure_id)
        return order.intent is Intent.OPEN and structure is not None and bool(structure.naked)

    def _is_out(self, structure: Structure) -> bool:
        return bool(structure.naked) and not self._desk.book.live_orders(structure.structure_id)

    def _order(self, structure: Structure, quotes: QuoteTable | None) -> Order | None:
        legs, quantity = closing(closable(self._desk.book, structure, excess(structure)), quotes)
        price = marketable_price(legs, quotes) if quotes is not None else None
        if price is None or not legs:
            return None
        now = self._desk.now()
        first = f"{structure.structure_id}{_MARK}"
        name = f"{first}{sum(each.startswith(first) for each in self._desk.book.orders) + 1}"
        return Order(
            cl_ord_id=name,
            signal_id=name,
            strategy=structure.strategy,
            structure_id=structure.structure_id,
            intent=Intent.CLOSE,
            underlying=structure.underlying,
            legs=legs,
            order_qty=quantity,
            net_price=price,
            account_domain=structure.account_domain,
            created_at=now,
            expires_at=now + timedelta(seconds=self._desk.settings.imbalance_deadline_s),
        )


def _as_close(structure: Structure, now: datetime) -> Signal:
    """Return the close the gate is asked about; it is never journaled, the order that follows is."""
    return Signal(
        signal_id=structure.structure_id,
        strategy=structure.strategy,
        request=Close(structure_id=structure.structure_id),
        reason="legs out of ratio",
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
