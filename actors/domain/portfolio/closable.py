"""What a close may take, leg by leg: never more than the account holds (law 7).

Accounts net, and people trade in them by hand: what a structure believes it holds may be less, or against, what the
account has. Brokers make an opening of whatever is closed beyond the position, silently; so it is cut off here. What
working and doubtful closes of other structures may still take counts as gone; those of the structure itself are the
gate's to refuse. A close that waits for a route takes nothing: it is bounded again before it is sent. One that goes leg
by leg counts once, with what its legs have not closed yet.
"""

from collections import Counter
from collections.abc import Mapping

from actors.domain.orders.order import Intent
from actors.domain.orders.order_state import OrderLife
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.legging import combo_of
from actors.domain.portfolio.structure import Structure


def closable(book: Book, structure: Structure, holdings: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return `holdings` (signed contracts by symbol; the structure's unless given), cut to what may be closed."""
    taken = _taken_by_others(book, structure)
    positions = book.positions.get(structure.account_domain, {})
    cut = {}
    for symbol, held in (structure.holdings if holdings is None else holdings).items():
        sign = 1 if held > 0 else -1
        free = max(0, sign * positions.get(symbol, 0) - taken[symbol, sign])
        if quantity := min(abs(held), free):
            cut[symbol] = sign * quantity
    return cut


def _taken_by_others(book: Book, structure: Structure) -> Counter[tuple[str, int]]:
    """Return contracts by symbol and the sign of the position they would take from."""
    taken: Counter[tuple[str, int]] = Counter()
    gone_singly = _gone_singly(book)
    for life in book.live_orders():
        order = life.order
        is_close = order.intent is Intent.CLOSE and order.account_domain == structure.account_domain
        is_other = order.structure_id != structure.structure_id and combo_of(order) not in gone_singly
        if is_close and is_other and not life.waits:
            for leg in order.legs:
                filled = sum(each.filled(leg.symbol) for each in gone_singly.get(order.cl_ord_id, [life]))
                taken[leg.symbol, -leg.action.sign] += leg.ratio * order.order_qty - filled
    return taken


def _gone_singly(book: Book) -> dict[str, list[OrderLife]]:
    """Return the combos that go leg by leg, each with the orders of its legs."""
    found: dict[str, list[OrderLife]] = {name: [] for name in book.found.legging}
    for life in book.orders.values() if found else ():
        if (combo := combo_of(life.order)) in found:
            found[combo].append(life)
    return found
