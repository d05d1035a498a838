"""The order that takes another's place, through the gate; and what too many fills of both have opened."""

from collections.abc import Iterator

from actors.domain.orders.order import Intent
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Code, Refused
from actors.domain.orders.report import Status
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.intent import replacement, signal_again
from actors.domain.portfolio.structure import Structure
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.gate import review
from actors.domain.risk.triggered import Blocked, Sendable, words

_PASSING = {
    Code.R010_HALTED,
    Code.R011_NO_PERMIT,
    Code.R030_NO_QUOTE,
    Code.R031_QUOTE_STALE,
    Code.R046_BUYING_POWER,
    Code.R060_NO_ROUTE,
    Code.R063_ORDER_RATE,
}
"""What a start, a lost connection, or an account not read since brings with it, and takes away again."""


def replacement_of(life: OrderLife, seen: Circumstances) -> Sendable | Blocked:
    """Return what takes the place of an order that has ended, or why nothing does."""
    if life.status is not Status.CANCELED:
        return Blocked(f"it ended {life.status}", is_final=True)
    if not life.leaves_qty or life.is_imbalanced:
        return Blocked("nothing is left" if not life.leaves_qty else "its legs are out of ratio", is_final=True)
    order = replacement(life, seen.now)
    signal = signal_again(order)
    if order.intent is Intent.CLOSE:
        free = closable(seen.book, seen.book.structures[order.structure_id])
        quantity = min(abs(free.get(leg.symbol, 0)) // leg.ratio for leg in order.legs)
        if not quantity:
            return Blocked("the account holds nothing more to close", is_final=True)
        order = order.model_copy(update={"order_qty": min(quantity, order.order_qty)})
    verdict = review(signal, seen)
    if isinstance(verdict, Refused):
        return Blocked(words(verdict), is_final=not set(verdict.codes) <= _PASSING)
    return Sendable(order, verdict.checks)


def excess_opened(book: Book) -> Iterator[tuple[Structure, int]]:
    """Yield structures that hold, or may come to hold, more combos than were ordered, with how many too many."""
    for structure in list(book.structures.values()):
        if not structure.holdings or not structure.quantity:
            continue
        ordered = book.orders[structure.structure_id].order.order_qty
        live = [life for life in book.live_orders(structure.structure_id) if life.order.intent is Intent.OPEN]
        coming = sum(life.leaves_qty for life in live if not life.status.is_terminal)
        if (too_many := structure.quantity + coming - ordered) > 0:
            yield structure, min(too_many, structure.quantity)
