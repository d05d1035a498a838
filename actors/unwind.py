"""Legs out of ratio: found, given a deadline, and then unwound to whole combos, shorts first: no leg stays naked.

A structure is watched when it holds shorts beyond its whole combos and nothing works for it any more. Longs beyond them
cost nothing to keep and cover nobody: they are sold with the shorts where somebody bids, and otherwise left to expire.
Past the deadline an order of the executor's own closes the excess, at the natural price, in the domain that holds it.
It is an order like any other: journaled first, sent once, in doubt if unanswered, and then nothing more is sent for it.
"""

from datetime import timedelta

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.market.quote import QuoteTable
from actors.domain.orders import event as happened
from actors.domain.orders.order import Intent, Order
from actors.domain.portfolio.intent import marketable_price
from actors.domain.portfolio.structure import Structure, closing, excess
from actors.order_desk import OrderDesk


class Unwind:
    """The imbalances under watch."""

    def __init__(self, desk: Desk, orders: OrderDesk) -> None:
        self._desk, self._orders = desk, orders
        self._since_ns: dict[str, int] = {}

    def on_tick(self) -> Step:
        """Start, end and enforce the deadlines."""
        step, now_ns = Step(), self._desk.now_ns()
        found = {each.structure_id: each for each in self._desk.book.structures.values() if self._is_out(each)}
        self._since_ns = {name: self._since_ns.get(name, now_ns) for name in found}
        for name, structure in found.items():
            if self._since_ns[name] == now_ns:
                text = f"{name}: legs out of ratio, {dict(structure.naked)} uncovered"
                step.alerts.append(self._desk.alert("A040", Level.P0, f"naked-{name}", text))
            deadline_ns = self._since_ns[name] + int(self._desk.settings.imbalance_deadline_s * 1e9)
            order = self._order(structure, self._desk.quotes) if now_ns >= deadline_ns else None
            if order is not None:
                step.events.append(happened.OrderPlaced(signal=None, order=order, checks=(), at=self._desk.now()))
                self._orders.send(order, step)
                break  # one at a time: the next decision sees what this one did
        return step

    def _is_out(self, structure: Structure) -> bool:
        return bool(structure.naked) and not self._desk.book.live_orders(structure.structure_id)

    def _order(self, structure: Structure, quotes: QuoteTable | None) -> Order | None:
        legs, quantity = closing(excess(structure), quotes)
        price = marketable_price(legs, quotes) if quotes is not None else None
        if price is None or structure.account_domain not in self._desk.circumstances().writable:
            return None
        now = self._desk.now()
        number = sum(1 for each in self._desk.book.orders if each.startswith(f"{structure.structure_id}-unwind-")) + 1
        name = f"{structure.structure_id}-unwind-{number}"
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
