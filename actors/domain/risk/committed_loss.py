"""What is already at stake: the largest loss at expiry of all that is held or may yet open, in dollars.

Counted structure by structure, each combo once: those held whole, at the price they were opened at; those an opening
may yet bring, at its limit; and those begun beyond both, a leg that stands alone and its like, at the limit they were
meant for. So a combo that goes leg by leg counts as itself, whatever its legs have done so far, and an order that
completes a structure brings nothing that is not counted already.

What is held is summed as it changes (`portfolio.stakes`); only what works is looked at each time.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial

from actors.domain.orders.order import Intent, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.imbalance import is_mending
from actors.domain.portfolio.legging import combo_of
from actors.domain.portfolio.stakes import ACCOUNT, Scope, Stakes, scopes
from actors.domain.portfolio.structure import Structure
from actors.domain.risk.structure_loss import exposure
from actors.domain.value import CENT, ZERO

_Coming = tuple[Order, Decimal, int]
"""An opening, its limit, and the combos it may yet bring."""


class Committed:
    """What is at stake, and how many structures stand for it, by scope."""

    def __init__(self, held: Stakes) -> None:
        self._held = held
        self._losses: dict[Scope, Decimal] = defaultdict(lambda: ZERO)
        self._counts: Counter[Scope] = Counter()

    def loss(self, scope: Scope) -> Decimal:
        """Return the dollars at stake."""
        return self._held.losses.get(scope, ZERO) + self._losses.get(scope, ZERO)

    def count(self, scope: Scope) -> int:
        """Return the structures held or coming."""
        return self._held.counts.get(scope, 0) + self._counts[scope]

    def add(self, counted_in: Sequence[Scope], loss: Decimal, count: int) -> None:
        """Count something that is not held, or not as it is held alone."""
        for scope in counted_in:
            self._losses[scope] += loss
            self._counts[scope] += count


def committed(book: Book, excluding: Collection[str] = ()) -> Committed:
    """Return what is at stake of all that is held or may yet open.

    An order in doubt or unanswered counts as if it had filled; `excluding` names those that do not count.
    """
    book.stakes.look(book.structures, partial(_alone, book=book))
    total = Committed(book.stakes)
    for name, coming in _coming(book, excluding).items():
        order, structure = coming[0][0], book.structures.get(name)
        is_held = structure is not None and not structure.is_flat
        loss = sum((_exposure(order, book, px, count) for order, px, count in coming), ZERO)
        if structure is not None and is_held:
            loss += _held_stake(structure, coming, book) - book.stakes.of(name)
        total.add(scopes_of_order(order, book), loss.quantize(CENT), 0 if is_held else 1)
    return total


def committed_loss(book: Book, excluding: Collection[str] = ()) -> tuple[Decimal, int]:
    """Return what is at stake in all, in dollars, and of how many structures."""
    total = committed(book, excluding)
    return total.loss(ACCOUNT), total.count(ACCOUNT)


def scopes_of_order(order: Order, book: Book) -> tuple[Scope, ...]:
    """Return the sums that an opening's structure counts in."""
    return scopes(order.underlying, order.strategy, book.stakes.combo(order, book.contract).first_on)


def _alone(structure: Structure, book: Book) -> tuple[Decimal, tuple[Scope, ...]]:
    opening = book.orders[structure.structure_id].order
    return _held_stake(structure, (), book), scopes_of_order(opening, book)


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
    opening = book.orders[structure.structure_id].order
    stake = _exposure(opening, book, _entry_price(structure, book), whole)
    return stake + _exposure(opening, book, _limit(structure, book), max(0, alone))


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


def _exposure(order: Order, book: Book, net_price: Decimal, quantity: int) -> Decimal:
    if not quantity:
        return ZERO
    return exposure(book.stakes.combo(order, book.contract), order.legs, book.contract, net_price, quantity)
