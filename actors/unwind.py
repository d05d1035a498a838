"""Legs out of ratio: found, timed, completed within a cap or unwound, shorts first: no leg stays naked.

A structure is watched while it holds shorts beyond its whole combos, or more was closed of it than was there. Longs
beyond whole combos cost nothing to keep and cover nobody: they are sold with the shorts where somebody bids, and
otherwise left to expire. What to do, and when, is `domain.portfolio.imbalance`'s; here it is asked of the gate, and
becomes an order of the executor's own: journaled first, sent once, bounded by what the account holds, in the domain
that holds it, in doubt if unanswered, and then nothing more is sent for it. What the account does not hold, because
another structure of it stands against that, no order can mend: the two are netted in the books (`portfolio.netting`).

The seconds of each structure are measured from the pass that first saw it uncovered to the one that saw it covered, on
the boot clock, and journaled once they outlast the grace; a successor goes on with its predecessor's start. What lasts,
or cannot be mended, is paged at once and at each deadline.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders.finding import CoverHeldBack, LegCovered, LegUncovered
from actors.domain.orders.order import Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Check, Refused
from actors.domain.orders.signal import Close, Open, Signal
from actors.domain.portfolio import imbalance
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.imbalance import COMPLETE_MARK, UNWIND_MARK, Remedy
from actors.domain.portfolio.intent import marketable_price, marketable_within, told_apart
from actors.domain.portfolio.netting import nettings
from actors.domain.portfolio.structure import Structure, closing, excess
from actors.domain.risk.gate import review
from actors.domain.risk.no_market import no_market
from actors.order_desk import OrderDesk

_EXPIRES_S = 600.0
"""On the market's clock; the pace replaces the order long before, on the machine's."""


class Unwind:
    """The imbalances under watch."""

    def __init__(self, desk: Desk, orders: OrderDesk) -> None:
        self._desk, self._orders = desk, orders
        self._limits = desk.settings.imbalance
        self._since_ns: dict[str, int] = {}
        self._working_ns: dict[str, int] = {}
        self._tried_ns: dict[str, int] = {}
        self._paged_ns: dict[str, int] = {}
        self._held_back: dict[str, str] = {}
        """Why nothing could be sent for a structure the last time it was due."""

    def on_tick(self) -> Step:
        """Start and end the clocks, and do what is due: at most one order, for the next decision must see it."""
        step, now_ns = Step(), self._desk.now_ns()
        out = {name: each for name, each in self._desk.book.structures.items() if each.naked or each.reversed}
        if not out:
            self._working_ns.clear()
        self._since_ns = {name: self._since_ns.get(name) or self._start_ns(name, now_ns) for name in out}
        self._end_clocks([name for name, each in out.items() if each.naked], now_ns, step)
        for name, structure in out.items():
            elapsed_s = (now_ns - self._since_ns[name]) / 1e9
            if elapsed_s >= self._limits.grace_s and self._mend(structure, elapsed_s, now_ns, step):
                break
        return step

    def sell_off(self, structure: Structure, step: Step) -> bool:
        """Unwind what a structure holds beyond whole combos, covered or not; return whether an order was placed."""
        if not self._is_due(structure.structure_id, self._desk.now_ns(), self._limits.pace_s):
            return False
        self._tried_ns[structure.structure_id] = self._desk.now_ns()
        return self._place(structure, Remedy.UNWIND, step)[0]

    def _start_ns(self, name: str, now_ns: int) -> int:
        """Return when the clock of a structure started; what a rebooted machine's journal says of it is long over."""
        started_ns = self._desk.book.found.uncovered_ns.get(name, now_ns)
        return started_ns if started_ns <= now_ns else now_ns - int(self._limits.deadline_s * 1e9)

    def _end_clocks(self, naked: Collection[str], now_ns: int, step: Step) -> None:
        found, now = self._desk.book.found, self._desk.now()
        for name, since_ns in found.uncovered_ns.items():
            if name not in naked:
                was_rebooted = since_ns > now_ns
                seconds = (
                    (now - found.uncovered_at[name]).total_seconds() if was_rebooted else (now_ns - since_ns) / 1e9
                )
                step.events.append(LegCovered(structure_id=name, seconds=round(max(0.0, seconds), 3), at=now))
                self._tried_ns.pop(name, None)
                self._paged_ns.pop(name, None)
                self._held_back.pop(name, None)

    def _mend(self, structure: Structure, elapsed_s: float, now_ns: int, step: Step) -> bool:
        """Do what is due for one structure; return whether an order was placed."""
        name = structure.structure_id
        if structure.naked and name not in self._desk.book.found.uncovered_ns:
            step.events.append(
                LegUncovered(
                    structure_id=name,
                    uncovered=dict(structure.naked),
                    since_ns=self._since_ns[name],
                    at=self._desk.now(),
                )
            )
        lives = [life for life in self._desk.book.orders.values() if life.order.structure_id == name]
        self._cancel_working(lives, elapsed_s, now_ns, step)
        remedy = imbalance.remedy(lives, elapsed_s, self._limits)
        why, placed = "legs out of ratio", False
        if remedy is not Remedy.WAIT and self._net(structure, step):
            return True
        if remedy is Remedy.GIVE_UP:
            why = f"refused {self._limits.rejections_max} times in a row, nothing more is tried"
        elif remedy is not Remedy.WAIT and self._is_due(name, now_ns, imbalance.pace_of(lives, self._limits)):
            self._tried_ns[name] = now_ns
            placed, why = self._place(structure, remedy, step)
            self._tell_held_back(structure, "" if placed else why, step)
        if name not in self._paged_ns or now_ns - self._paged_ns[name] >= self._limits.deadline_s * 1e9:
            self._paged_ns[name] = now_ns
            text = f"{name}: {why}, {dict(structure.naked) or dict(structure.reversed)} uncovered for {elapsed_s:.1f} s"
            step.alerts.append(self._desk.alert("A040", Level.P0, f"naked-{name}", text))
        return placed

    def _tell_held_back(self, structure: Structure, why: str, step: Step) -> None:
        """Journal why nothing could be sent to cover what stands naked, when that is news; empty: something was."""
        desk, name, shut = self._desk, structure.structure_id, ""
        if why and structure.naked:
            shut = no_market(structure.naked, desk.circumstances(), desk.settings.watch.quote_age_max_s)
        told = f"{why}: {shut}" if shut else why
        if why and structure.naked and told != self._held_back.get(name):
            held_back = CoverHeldBack(structure_id=name, by_market=bool(shut), text=told, at=desk.now())
            step.events.append(held_back)
        self._held_back[name] = told

    def _net(self, structure: Structure, step: Step) -> bool:
        """Move what the account nets between structures, once it was read; return whether anything moved."""
        desk, name = self._desk, structure.structure_id
        if structure.account_domain not in desk.seats.reconciled_domains():
            return False
        events = nettings(desk.book, structure, desk.quotes, desk.now())
        for event in events:
            text = f"{name}: {event.words(name)}"
            step.alerts.append(desk.alert("A042", Level.P1, f"netted-{name}-{event.counterpart}", text))
        step.events += events
        return bool(events)

    def _is_due(self, name: str, now_ns: int, pace_s: float) -> bool:
        return name not in self._tried_ns or now_ns - self._tried_ns[name] >= pace_s * 1e9

    def _cancel_working(self, lives: Sequence[OrderLife], elapsed_s: float, now_ns: int, step: Step) -> None:
        """Ask for the cancel of what works and leaves the shorts uncovered; `Chase` tells its route."""
        names = [life.order.cl_ord_id for life in lives if life.is_live]
        for name in names:
            self._working_ns.setdefault(name, now_ns)
        worked_s = {name: (now_ns - self._working_ns[name]) / 1e9 for name in names}
        for name in imbalance.to_cancel(lives, elapsed_s, worked_s, self._limits):
            step.events.append(happened.CancelAsked(signal=None, cl_ord_id=name, at=self._desk.now()))

    def _place(self, structure: Structure, remedy: Remedy, step: Step) -> tuple[bool, str]:
        """Place the order that completes or unwinds; return whether there was one, and what is said of it."""
        if remedy is Remedy.COMPLETE:
            if self._complete(structure, step):
                return True, "its missing legs are being bought"
            remedy = Remedy.UNWIND
        now, seen = self._desk.now(), self._desk.circumstances()
        verdict = review(self._signal(structure, Close(structure_id=structure.structure_id), now), seen)
        if isinstance(verdict, Refused):
            return False, f"cannot be unwound ({' '.join(verdict.codes)})"
        if structure.account_domain not in seen.writable & seen.reconciled:  # it never waits: the next pass asks again
            return False, f"cannot be unwound ({structure.account_domain} cannot be reached, or is not read yet)"
        order = self._unwinding(structure, shorts_only=remedy is Remedy.UNWIND_SHORTS, now=now)
        if order is None:
            return False, "cannot be unwound (nobody quotes the legs, or they are closed already)"
        self._send(order, verdict.checks, step)
        return True, "it is being unwound"

    def _complete(self, structure: Structure, step: Step) -> bool:
        opening, quotes, now = self._desk.book.orders[structure.structure_id].order, self._desk.quotes, self._desk.now()
        legs, order_qty, combos = imbalance.missing_legs(structure)
        if not legs or opening.net_price is None or quotes is None:
            return False
        multiplier = self._desk.book.multiplier(legs[0].symbol)
        worst = imbalance.worst_price(structure, opening.net_price, multiplier, order_qty, combos, self._limits)
        price = marketable_within(legs, quotes, worst)
        if price is None:
            return False
        request = Open(underlying=structure.underlying, legs=legs, order_qty=order_qty, net_price=price)
        verdict = review(self._signal(structure, request, now), replace(self._desk.circumstances(), completes=True))
        if isinstance(verdict, Refused):
            return False
        order = self._order(structure, COMPLETE_MARK, Intent.OPEN, legs, order_qty, price, now)
        self._send(order, verdict.checks, step)
        return True

    def _unwinding(self, structure: Structure, *, shorts_only: bool, now: datetime) -> Order | None:
        quotes, beyond = self._desk.quotes, excess(structure)
        if shorts_only:
            beyond = {symbol: held for symbol, held in beyond.items() if held < 0}
        legs, order_qty = closing(closable(self._desk.book, structure, beyond), quotes)
        price = marketable_price(legs, quotes) if quotes is not None and legs else None
        if price is None or quotes is None:
            return None
        unsure = (life.order for life in self._desk.book.live_orders() if life.in_doubt or life.is_unanswered)
        price = told_apart(legs, order_qty, price, unsure, quotes)
        return self._order(structure, UNWIND_MARK, Intent.CLOSE, legs, order_qty, price, now)

    def _order(
        self,
        structure: Structure,
        mark: str,
        intent: Intent,
        legs: tuple[Leg, ...],
        order_qty: int,
        price: Decimal,
        now: datetime,
    ) -> Order:
        first = f"{structure.structure_id}{mark}"
        name = f"{first}{sum(each.startswith(first) for each in self._desk.book.orders) + 1}"
        return Order(
            cl_ord_id=name,
            signal_id=name,
            strategy=structure.strategy,
            structure_id=structure.structure_id,
            intent=intent,
            underlying=structure.underlying,
            legs=legs,
            order_qty=order_qty,
            net_price=price,
            account_domain=structure.account_domain,
            follows_quotes=True,
            created_at=now,
            expires_at=now + timedelta(seconds=_EXPIRES_S),
        )

    def _send(self, order: Order, checks: tuple[Check, ...], step: Step) -> None:
        step.events.append(happened.OrderPlaced(signal=None, order=order, checks=checks, at=order.created_at))
        self._orders.send(order, step)

    def _signal(self, structure: Structure, request: Open | Close, now: datetime) -> Signal:
        """Return what the gate is asked about; it is never journaled, the order that follows is."""
        return Signal(
            signal_id=structure.structure_id,
            strategy=structure.strategy,
            request=request,
            reason="legs out of ratio",
            created_at=now,
            expires_at=now + timedelta(seconds=_EXPIRES_S),
        )
