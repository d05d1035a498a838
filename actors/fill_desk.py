"""What the executor does about fills that do not fit: books them, says so, and keeps new risk out meanwhile.

Rules of this file:
* Each fault is journaled and paged once, whoever repeats the report; the fill itself is booked by the report's event.
* One that undermines the position is a P0 and quarantines its underlying; the next reading that agrees lifts it.
* An order called Filled whose legs are not all in gets a grace on the boot clock; then it is a fault, and the account
  is read at once.
* A late fill is journaled here and paged as the contradiction it is (A022, `account_desk`).

Strays and strangers are `account_desk`'s: their fills are none of an order's.
"""

from decimal import Decimal

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders import fill_check
from actors.domain.orders.fill_check import Fault, FillCode
from actors.domain.orders.finding import FillFaulted
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import ExecutionReport, Status


class FillDesk:
    """Fills held against their orders."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        filled = (name for name, life in desk.book.orders.items() if life.status is Status.FILLED)
        self._filled_ns: dict[str, int] = dict.fromkeys(filled, desk.now_ns())
        """Orders called Filled, and since when: watched until their fills add up."""

    def judge(self, told: ExecutionReport, step: Step) -> None:
        """Hold a report's fills against the order, as it was before the report."""
        order_id = self._desk.book.order_of(told)
        if order_id is None or self._desk.book.orders[order_id].is_stray(told):
            return
        life, limits = self._desk.book.orders[order_id], self._desk.settings.fills
        if told.status is Status.FILLED:
            self._filled_ns.setdefault(order_id, self._desk.now_ns())
        if not told.fills:
            return
        faults = fill_check.check(life, told, self._quoted(life, told), self._desk.now(), limits)
        self._tell(life, told.route, told.account_domain, told.broker_order_id, faults, step)

    def on_tick(self) -> Step:
        """End the graces."""
        step, now_ns = Step(), self._desk.now_ns()
        for order_id, since_ns in tuple(self._filled_ns.items()):
            life = self._desk.book.orders.get(order_id)
            fault = (
                fill_check.incomplete(life) if life is not None else None
            )  # an account may tell of what is forgotten
            if life is None or fault is None or life.last is None or life.last.broker_order_id is None:
                del self._filled_ns[order_id]
            elif now_ns - since_ns >= self._desk.settings.fills.incomplete_grace_s * 1e9:
                del self._filled_ns[order_id]
                last = life.last
                assert last.broker_order_id is not None
                self._tell(life, last.route, last.account_domain, last.broker_order_id, (fault,), step)
                if (seat := self._desk.seats.of(last.route)) is not None:
                    seat.read_due_ns = 0
        return step

    def _quoted(self, life: OrderLife, told: ExecutionReport) -> fill_check.Quoted:
        """Return the quotes that a new fill may be held against: sound, two-sided, and fresh on both clocks."""
        table, found = self._desk.quotes, dict[str, tuple[Decimal, Decimal]]()
        known = {fill.exec_id for fill in life.fills} | {*life.busted, *told.busted}
        for symbol in {fill.symbol for fill in told.fills if fill.exec_id not in known}:
            quote = table.quote(symbol) if table is not None else None
            if quote is None or quote.code or quote.bid is None or quote.ask is None:
                continue
            if quote.age_s(self._desk.now(), self._desk.now_ns()) <= self._desk.settings.fills.quote_age_max_s:
                found[symbol] = quote.bid, quote.ask
        return found

    def _tell(
        self, life: OrderLife, route: str, domain: str, theirs: str, faults: tuple[Fault, ...], step: Step
    ) -> None:
        book, order = self._desk.book, life.order
        fresh = tuple(fault for fault in faults if not book.found.is_told(order.cl_ord_id, fault))
        if not fresh:
            return
        now = self._desk.now()
        event = FillFaulted(cl_ord_id=order.cl_ord_id, route=route, broker_order_id=theirs, faults=fresh, at=now)
        step.events.append(event)
        undermined = any(fault.code.undermines for fault in fresh)
        paged = [fault.text for fault in fresh if fault.code is not FillCode.F020_LATE]
        text = f"{order.cl_ord_id} at {route}: {'; '.join(fault.text for fault in fresh)}"
        if paged:
            level = Level.P0 if undermined else Level.P1
            step.alerts.append(self._desk.alert("A026", level, f"fill-{order.cl_ord_id}", text))
        if undermined and order.underlying not in book.quarantined:
            quarantined = happened.Quarantined(underlying=order.underlying, account_domain=domain, text=text, at=now)
            step.events.append(quarantined)
