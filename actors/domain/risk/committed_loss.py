"""What is already at stake: the largest loss at expiry of all that is held or may yet open, in dollars.

Counted structure by structure, each combo once: those held whole, at the price they were opened at; those an opening
may yet bring, at its limit; and those begun beyond both, a leg that stands alone and its like, at the limit they were
meant for. So a combo that goes leg by leg counts as itself, whatever its legs have done so far, and an order that
completes a structure brings nothing that is not counted already.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial

from actors.domain.orders.order import Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.imbalance import is_mending
from actors.domain.portfolio.legging import combo_of
from actors.domain.portfolio.structure import Structure
from actors.domain.risk.structure_loss import loss_at_expiry, naked_exposure
from actors.domain.value import ZERO

_Coming = tuple[Order, Decimal, int]
"""An opening, its limit, and the combos it may yet bring."""


def committed_loss(book: Book, excluding: Collection[str] = ()) -> tuple[Decimal, int]:
    """Return the largest loss at expiry, in dollars, of all that is held or may yet open, and how many structures.

    An order in doubt or unanswered counts as if it had filled; `excluding` names those that do not count.
    """
    coming = _coming(book, excluding)
    held = {name: each for name, each in book.structures.items() if not each.is_flat}
    alone = partial(_held_stake, coming=(), book=book)
    total = sum(
        (
            _held_stake(each, coming[name], book) if name in coming else book.stakes.of(each, alone)
            for name, each in held.items()
        ),
        ZERO,
    )
    total += sum(_exposure(order.legs, book, px, count) for each in coming.values() for order, px, count in each)
    return total, len(held.keys() | coming.keys())


def _coming(book: Book, excluding: Collection[str]) -> Mapping[str, Sequence[_Coming]]:
    """Return the openings that may yet bring combos, by structure."""
    found: dict[str, list[_Coming]] = defaultdict(list)
    for life in book.live_orders():
        order = life.order
        if order.intent is Intent.OPEN and order.cl_ord_id not in excluding and (count := _count(life, book)):
            price = life.replace_px if life.replace_px is not None else order.net_price
            found[order.structure_id].append((order, price or ZERO, count))
    return found


def _count(life: OrderLife, book: Book) -> int:
    """Return the combos of its own that an opening may yet bring."""
    order, structure = life.order, book.structures.get(life.order.structure_id)
    if combo_of(order) in book.found.legging:
        return 0
    if order.cl_ord_id in book.found.legging:
        return max(0, order.order_qty - (structure.combos_entered if structure is not None else 0))
    if is_mending(order) and structure is not None and not structure.is_flat:
        return 0
    return life.leaves_qty


def _held_stake(structure: Structure, coming: Sequence[_Coming], book: Book) -> Decimal:
    """Return what is at stake of what a structure holds, beyond what its openings may yet bring."""
    whole = structure.quantity
    begun = max(-(-structure.holdings.get(leg.symbol, 0) * leg.action.sign // leg.ratio) for leg in structure.legs)
    alone = begun - whole - sum(count for _, _, count in coming)
    stake = _exposure(structure.legs, book, _entry_price(structure, book), whole)
    return stake + _exposure(structure.legs, book, _limit(structure, book), max(0, alone))


def _entry_price(structure: Structure, book: Book) -> Decimal:
    """Return the net price per combo opened: what was closed since does not make the rest dearer.

    Where legs were opened out of ratio it is the limit: what a short alone brought in makes no combo safer.
    """
    combos = structure.combos_entered
    in_ratio = {leg.symbol: combos * leg.ratio * leg.action.sign for leg in structure.legs}
    if not combos or dict(structure.entered) != in_ratio:
        return _limit(structure, book)
    return structure.entry_cash / (combos * book.contract(structure.legs[0].symbol).multiplier)


def _limit(structure: Structure, book: Book) -> Decimal:
    return book.orders[structure.structure_id].order.net_price or ZERO


def _exposure(legs: Sequence[Leg], book: Book, net_price: Decimal, quantity: int) -> Decimal:
    if not quantity:
        return ZERO
    contracts = {leg.symbol: book.contract(leg.symbol) for leg in legs}
    loss = loss_at_expiry(legs, contracts, net_price, quantity)
    return loss if loss is not None else naked_exposure(legs, contracts, quantity)
