"""Whether executions fit the order they are reported for: leg, quantity, price, time.

Rules of this file:
* A fill is booked whatever is found here (law 6). What does not fit is a `Fault` with its numbers, journaled and paged.
* A fault that `undermines` the position (no such leg, another action, more than ordered, an execution told in two ways,
  a Filled that does not add up) keeps new risk out of the underlying until the account was read and agrees.
* The net price of a combo is judged where all its legs are in ratio, over all completed combos: legs are told one after
  the other, and which fill of one belongs to which of another is not told. A market order has no limit to judge by.
* A fill is held against the quote at arrival only where that quote is fresh and two-sided, and the fill is: one that a
  later reading recovered has no quote of its own.
* An order is complete when every leg is filled to its last contract. What a broker calls Filled before (tastytrade
  does, at the first leg) has a grace, which is the caller's to count, to become so.
* The same execution again is no fault: every push and every reading repeats all there are.

Left out: executions a broker takes back, and the fills of orders that are not ours or were given up.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from actors.domain.orders.order import Fill, Leg
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import ExecutionReport, Status
from actors.domain.value import ZERO, Value


class FillCode(StrEnum):
    """What is wrong with an execution. A code never changes its meaning."""

    F001_NO_LEG = "F001"
    F002_ACTION = "F002"
    F003_QUANTITY = "F003"
    F004_CHANGED = "F004"
    F005_INCOMPLETE = "F005"
    F010_LIMIT = "F010"
    F011_BAND = "F011"
    F020_LATE = "F020"
    F021_OUT_OF_ORDER = "F021"
    F022_BEFORE_ORDER = "F022"

    @property
    def undermines(self) -> bool:
        """Whether the position can no longer be trusted until the account was read again."""
        return self in _UNDERMINING


_UNDERMINING = {
    FillCode.F001_NO_LEG,
    FillCode.F002_ACTION,
    FillCode.F003_QUANTITY,
    FillCode.F004_CHANGED,
    FillCode.F005_INCOMPLETE,
}


class Fault(Value):
    """One thing that does not fit. `exec_id` is empty where it is about the order as a whole."""

    code: FillCode
    exec_id: str = ""
    subject: str = ""
    value: str = ""
    limit: str = ""

    @property
    def text(self) -> str:
        """Say it in one line, with its numbers."""
        name = self.code.name.partition("_")[2].replace("_", " ").lower()
        told = " ".join(part for part in (self.subject, self.value) if part)
        return f"{self.code.value} {name}: {told}" + (f" (limit {self.limit})" if self.limit else "")


Quoted = Mapping[str, tuple[Decimal, Decimal]]
"""Bid and ask at arrival, by symbol, of the legs whose quote is fresh and two-sided."""


class FillLimits(Value):
    """What is still held to fit."""

    band_share: Decimal = Field(default=Decimal("0.50"), ge=0)
    """How far beyond the quote at arrival a fill may be, as a share of its mid ..."""
    band_floor: Decimal = Field(default=Decimal("0.50"), ge=0)
    """... or in points, whichever is more: a cheap option moves by its own price in a second."""
    quote_age_max_s: float = Field(default=5.0, gt=0)
    """Market seconds: an older quote, or an older fill, is not held against the other."""
    clock_skew_max_s: float = Field(default=5.0, gt=0)
    """How far a broker's clock may be from ours before a time is called wrong."""
    incomplete_grace_s: float = Field(default=2.0, gt=0)
    """How long an order called Filled may lack legs before that is a fault."""


def check(
    life: OrderLife, told: ExecutionReport, quoted: Quoted, now: datetime, limits: FillLimits
) -> tuple[Fault, ...]:
    """Return what does not fit in a report, before it is applied to `life`."""
    known, gone = {fill.exec_id: fill for fill in life.fills}, {*life.busted, *told.busted}
    faults: list[Fault] = []
    new: dict[str, Fill] = {}
    for fill in (each for each in told.fills if each.exec_id not in gone):
        before = known.get(fill.exec_id) or new.get(fill.exec_id)
        if before is None:
            new[fill.exec_id] = fill
        elif _traded(before) != _traded(fill):
            faults.append(_fault(FillCode.F004_CHANGED, fill, _words(fill), _words(before)))
    legs = {leg.symbol: leg for leg in life.order.legs}
    for fill in new.values():
        faults += _against_leg(fill, legs.get(fill.symbol))
        faults += _against_time(fill, life, limits)
        if abs((now - fill.at).total_seconds()) <= limits.quote_age_max_s:
            faults += _against_quote(fill, quoted.get(fill.symbol), limits)
    stands = (fill for fill in life.fills if fill.exec_id not in gone)
    after = life.model_copy(update={"fills": (*stands, *new.values())})
    faults += _beyond_quantity(after, new)
    faults += _worse_than_limit(after) if new else ()
    return tuple(faults)


def missing(life: OrderLife) -> dict[str, int]:
    """Return the contracts each leg still lacks of the whole order; nothing where it is complete."""
    wanted = {leg.symbol: leg.ratio * life.order.order_qty - life.filled(leg.symbol) for leg in life.order.legs}
    return {symbol: quantity for symbol, quantity in wanted.items() if quantity > 0}


def incomplete(life: OrderLife) -> Fault | None:
    """Return the fault of an order that its broker calls Filled, and whose fills do not add up.

    An order that was never sent has none: its legs went singly. Nor has one whose broker took executions back.
    """
    lacking = missing(life) if life.attempts and life.status is Status.FILLED and not life.busted else {}
    if not lacking:
        return None
    return Fault(code=FillCode.F005_INCOMPLETE, subject=life.order.cl_ord_id, value=f"Filled, and lacks {lacking}")


def net_price(life: OrderLife) -> Decimal | None:
    """Return the average net price of the completed combos (credit > 0); None while legs are out of ratio, or none."""
    combos = life.cum_qty
    if not combos or life.is_imbalanced:
        return None
    return sum((fill.cash(1) for fill in life.fills), ZERO) / combos


def _against_leg(fill: Fill, leg: Leg | None) -> Iterator[Fault]:
    if leg is None:
        yield _fault(FillCode.F001_NO_LEG, fill, _words(fill))
        return
    has_effect = not fill.symbol.startswith("/")  # an outright future is bought or sold, and no more is told of it
    if fill.action is not leg.action and (has_effect or fill.action.sign != leg.action.sign):
        yield _fault(FillCode.F002_ACTION, fill, fill.action.value, leg.action.value)


def _against_time(fill: Fill, life: OrderLife, limits: FillLimits) -> Iterator[Fault]:
    skew = timedelta(seconds=limits.clock_skew_max_s)
    if life.status.is_terminal and life.status is not Status.FILLED:
        yield _fault(FillCode.F020_LATE, fill, f"{_words(fill)} after {life.status}")
    if fill.at < life.order.created_at - skew:
        yield _fault(FillCode.F022_BEFORE_ORDER, fill, f"{fill.at:%H:%M:%S.%f}", f"{life.order.created_at:%H:%M:%S.%f}")
    newest = max((each.at for each in life.fills if each.symbol == fill.symbol), default=fill.at)
    if fill.at < newest - skew:
        yield _fault(FillCode.F021_OUT_OF_ORDER, fill, f"{fill.at:%H:%M:%S.%f}", f"{newest:%H:%M:%S.%f}")


def _against_quote(fill: Fill, quote: tuple[Decimal, Decimal] | None, limits: FillLimits) -> Iterator[Fault]:
    if quote is None:
        return
    bid, ask = quote
    slack = max(limits.band_floor, limits.band_share * (bid + ask) / 2)
    if not bid - slack <= fill.last_px <= ask + slack:
        limit = f"{bid:f} / {ask:f}, {slack:.2f} beyond"
        yield _fault(FillCode.F011_BAND, fill, f"{fill.action} at {fill.last_px:f}", limit)


def _beyond_quantity(after: OrderLife, new: Mapping[str, Fill]) -> Iterator[Fault]:
    touched = {fill.symbol for fill in new.values()}
    for leg in after.order.legs:
        filled, wanted = after.filled(leg.symbol), leg.ratio * after.order.order_qty
        if leg.symbol in touched and filled > wanted:
            last = next(fill for fill in reversed(after.fills) if fill.symbol == leg.symbol)
            yield _fault(FillCode.F003_QUANTITY, last, f"{filled} contracts filled", str(wanted))


def _worse_than_limit(after: OrderLife) -> Iterator[Fault]:
    price, limit = net_price(after), after.order.net_price
    if price is not None and limit is not None and price < limit:
        last = after.fills[-1].exec_id
        yield Fault(code=FillCode.F010_LIMIT, exec_id=last, value=f"{price:+.4f} per combo", limit=f"{limit:+f}")


def _fault(code: FillCode, fill: Fill, value: str = "", limit: str = "") -> Fault:
    return Fault(code=code, exec_id=fill.exec_id, subject=fill.symbol, value=value, limit=limit)


def _traded(fill: Fill) -> tuple[object, ...]:
    return fill.symbol, fill.action, fill.last_qty, fill.last_px


def _words(fill: Fill) -> str:
    return f"{fill.action} {fill.last_qty} at {fill.last_px:f}"
