"""Offsets at the backup what cannot be closed at its own broker: only where the settings ask for it, and only once.

    a close waits, its account unreachable for hedge_after_s --the gate admits it--> one order, in another account

The order is an opening like any other: journaled first, admitted by the gate under all limits, sent once, in doubt if
unanswered. A structure whose hedge stands, or may stand, gets no other. Nothing is unwound here: when the account
returns, its close is sent as ever, and the hedge that outlives it is paged until a person, or a program, signals its
close. The time counts on the boot clock, from when this process first saw the close wait.
"""

from dataclasses import replace
from datetime import datetime

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Refused
from actors.domain.portfolio.hedge import as_signal, hedge_order, is_hedged
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.gate import review
from actors.order_desk import OrderDesk


class Hedge:
    """The structures that cannot be closed, and their hedges."""

    def __init__(self, desk: Desk, orders: OrderDesk) -> None:
        self._desk, self._orders = desk, orders
        self._since_ns: dict[str, int] = {}
        self._paged_ns: dict[str, int] = {}

    def on_tick(self) -> Step:
        """Hedge what has waited too long, and page for hedges that outlive what they hedge."""
        step, now_ns = Step(), self._desk.now_ns()
        after_s = self._desk.settings.hedge_after_s
        if after_s is not None:
            waiting = self._unreachable(now_ns)
            for life in waiting:
                if now_ns - self._since_ns[life.order.structure_id] >= after_s * 1e9:
                    self._hedge(life, step, self._desk.now())
                    break  # one at a time: the next decision sees what this one did
        self._page(step, now_ns)
        return step

    def _unreachable(self, now_ns: int) -> list[OrderLife]:
        """Return the closes that wait for an account nothing can be sent to, and count since when."""
        seen = self._desk.circumstances()
        reachable = seen.writable & seen.reconciled
        waiting = [
            life
            for life in self._desk.book.live_orders()
            if life.waits and not life.cancel_asked and life.order.account_domain not in reachable
        ]
        names = {life.order.structure_id for life in waiting}
        held = {
            name
            for name in self._since_ns
            if (owner := self._desk.book.structures.get(name)) and owner.account_domain not in reachable
        }
        # A close that expired and is asked for again goes on waiting: what counts is the account's absence.
        self._since_ns = {name: self._since_ns.get(name, now_ns) for name in names | held}
        return waiting

    def _hedge(self, life: OrderLife, step: Step, now: datetime) -> None:
        structure_id = life.order.structure_id
        if is_hedged(self._desk.book, structure_id):
            return
        self._since_ns[structure_id] = self._desk.now_ns()  # whatever comes of it, the next try has its time too
        order = hedge_order(life.order, self._desk.book, self._desk.quotes, now)
        verdict = review(as_signal(order), self._elsewhere(life)) if order is not None else None
        if order is None or verdict is None or isinstance(verdict, Refused):
            why = "no price bounds it" if verdict is None else " ".join(getattr(verdict, "codes", ()))
            text = f"{structure_id} cannot be closed, and cannot be hedged elsewhere: {why}"
            step.alerts.append(self._desk.alert("A019", Level.P0, f"hedge-{structure_id}", text))
            return
        step.events.append(happened.OrderPlaced(signal=None, order=order, checks=verdict.checks, at=now))
        self._orders.send(order, step)
        text = f"HEDGE {order.cl_ord_id} is opened elsewhere, for {structure_id} cannot be closed: {life.waits}"
        step.alerts.append(self._desk.alert("A018", Level.P0, f"hedge-{structure_id}", text))

    def _elsewhere(self, life: OrderLife) -> Circumstances:
        """Return what a verdict on the hedge depends on: every account but the one it offsets."""
        seen, away = self._desk.circumstances(), life.order.account_domain
        able = {route.name: route.account_domain for route in self._desk.routes()}
        others = frozenset(able.values()) - {str(away)}
        routes = tuple(name for name in seen.routes if able[name] in others)
        return replace(seen, routes=routes, accounts=others, hedges=True)

    def _page(self, step: Step, now_ns: int) -> None:
        book, paged_ns, self._paged_ns = self._desk.book, self._paged_ns, {}
        for name, structure in book.structures.items():
            hedged = book.orders[name].order.hedges
            owner = book.structures.get(hedged) if hedged else None
            if hedged is None or structure.is_flat or (owner is not None and not owner.is_flat):
                continue
            since_ns = paged_ns.get(name, 0)
            if now_ns - since_ns >= self._desk.settings.queue_alert_s * 1e9:
                text = f"HEDGE {name} outlives {hedged}, which is closed: close it by a signal"
                step.alerts.append(self._desk.alert("A019", Level.P0, f"hedge-{hedged}", text))
                since_ns = now_ns
            self._paged_ns[name] = since_ns
