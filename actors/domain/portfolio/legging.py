"""A combo leg by leg, where no route takes it whole: what to send next, at which price, and when to stop.

Rules of this file:
* What is bought goes first, all of it; what is sold follows only as far as whole combos were bought. So a short is
  never opened before what covers it, nor a cover sold before its short is bought back. A combo that only sells waits
  for nothing.
* A leg that ends short of its quantity, refused or otherwise, stops the rest; so do a cancel of the combo and its
  deadline. What works then is cancelled; while a leg is in doubt nothing more is sent, and nothing ends.
* All legs together may cost no more than a stated slippage beyond the combo's limit. What that leaves beyond the market
  is the room of the legs that are sent now; without room nothing is sent, and the deadline decides.

The legs' orders carry the combo's id and a number. Left out: what becomes of legs beyond whole combos (`imbalance`).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum, auto
from typing import Final

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Leg, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.portfolio.intent import marketable_within
from actors.domain.portfolio.mark import natural_price
from actors.domain.value import ZERO

LEG_MARK: Final = "-leg-"


class Course(Enum):
    """How a combo goes on."""

    SEND = auto()
    WAIT = auto()
    STOP = auto()
    DONE = auto()


def combo_of(order: Order) -> str:
    """Return the id of the combo that an order is a leg of, by its own; empty where it is none."""
    combo, mark, number = order.cl_ord_id.rpartition(LEG_MARK)
    return combo if mark and number.isdigit() else ""


def course(combo: OrderLife, legs: Sequence[OrderLife], elapsed_s: float, deadline_s: float) -> tuple[Course, str]:
    """Return how a combo goes on, given the orders of its legs, and why where it stops."""
    order = combo.order
    if all(filled(legs, leg.symbol) >= leg.ratio * order.order_qty for leg in order.legs):
        return Course.DONE, ""
    short = [life for life in legs if not life.is_live and life.cum_qty < life.order.order_qty]
    if short:
        text = f"{short[0].order.cl_ord_id} ended {short[0].status} with {short[0].cum_qty} filled {short[0].text}"
        return Course.STOP, text.rstrip()
    if combo.cancel_asked:
        return Course.STOP, "cancelled"
    if elapsed_s >= deadline_s:
        return Course.STOP, f"not all legs were filled within {deadline_s:.0f} s"
    return (Course.WAIT if any(life.in_doubt for life in legs) else Course.SEND), ""


def filled(legs: Sequence[OrderLife], symbol: str) -> int:
    """Return the contracts of one leg that its orders filled."""
    return sum(life.filled(symbol) for life in legs)


def next_legs(order: Order, legs: Sequence[OrderLife]) -> list[tuple[Leg, int]]:
    """Return each leg to send now, with its contracts."""
    sent = {leg.symbol: filled(legs, leg.symbol) + _working(legs, leg.symbol) for leg in order.legs}
    bought = [filled(legs, leg.symbol) // leg.ratio for leg in order.legs if leg.action.is_buy]
    combos = min(bought, default=order.order_qty)
    due = []
    for leg in order.legs:
        allowed = order.order_qty if leg.action.is_buy else min(combos, order.order_qty)
        if (quantity := allowed * leg.ratio - sent[leg.symbol]) > 0:
            due.append((leg, quantity))
    return due


def prices(
    order: Order, legs: Sequence[OrderLife], due: Sequence[tuple[Leg, int]], quotes: QuoteTable, slippage: Decimal
) -> Mapping[str, Decimal] | None:
    """Return the limit of each leg in `due`, by symbol; None where the market leaves no room, or is not there."""
    if order.net_price is None:
        return None
    whole = sum((fill.cash(1) for life in legs for fill in life.fills), ZERO)
    natural: dict[str, Decimal] = {}
    for leg in order.legs:
        single = natural_price((_single(leg),), quotes)
        if single is None:
            return None
        natural[leg.symbol] = single
        whole += single * (leg.ratio * order.order_qty - filled(legs, leg.symbol))
    room = whole - (order.net_price - slippage) * order.order_qty
    if room < 0:
        return None
    each = room / sum(quantity for _, quantity in due)
    found = {leg.symbol: marketable_within((_single(leg),), quotes, natural[leg.symbol] - each) for leg, _ in due}
    limits = {symbol: price for symbol, price in found.items() if price is not None}
    return limits if len(limits) == len(due) else None


def _single(leg: Leg) -> Leg:
    return leg.model_copy(update={"ratio": 1})


def _working(legs: Sequence[OrderLife], symbol: str) -> int:
    return sum(life.leaves_qty for life in legs if life.order.legs[0].symbol == symbol)
