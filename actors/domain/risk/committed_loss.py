"""What is already at stake: the largest loss at expiry of all that is held or may yet open, in dollars."""

from collections.abc import Sequence
from decimal import Decimal

from actors.domain.orders.order import Intent, Leg
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.structure import Structure
from actors.domain.risk.structure_loss import loss_at_expiry, naked_exposure
from actors.domain.value import ZERO


def committed_loss(book: Book, excluding: str | None = None) -> tuple[Decimal, int]:
    """Return the largest loss at expiry, in dollars, of all that is held or may yet open, and how many structures.

    An order in doubt or unanswered counts as if it had filled; a structure out of ratio as the combos it was meant for,
    at the price they were meant for.
    """
    total, count = ZERO, 0
    for structure in book.structures.values():
        if not structure.is_flat:
            quantity = structure.quantity or structure.order_qty
            total += _exposure(structure.legs, book, _entry_price(structure, book), quantity)
            count += 1
    for life in book.live_orders():
        if life.order.intent is Intent.OPEN and life.leaves_qty and life.order.cl_ord_id != excluding:
            total += _exposure(life.order.legs, book, life.order.net_price or ZERO, life.leaves_qty)
            held = book.structures.get(life.order.structure_id)
            count += held is None or held.is_flat
    return total, count


def _entry_price(structure: Structure, book: Book) -> Decimal:
    """Return the net price per combo opened: what was closed since does not make the rest dearer."""
    if not structure.combos_entered:
        return book.orders[structure.structure_id].order.net_price or ZERO
    return structure.entry_cash / (structure.combos_entered * book.contract(structure.legs[0].symbol).multiplier)


def _exposure(legs: Sequence[Leg], book: Book, net_price: Decimal, quantity: int) -> Decimal:
    contracts = {leg.symbol: book.contract(leg.symbol) for leg in legs}
    loss = loss_at_expiry(legs, contracts, net_price, quantity)
    return loss if loss is not None else naked_exposure(legs, contracts, quantity)
