"""What a close may take, leg by leg: never more than the account holds (law 7).

Accounts net, and people trade in them by hand: what a structure believes it holds may be less, or against, what the
account has. Brokers make an opening of whatever is closed beyond the position, silently; so it is cut off here. What
working and doubtful closes of other structures may still take counts as gone; those of the structure itself are the
gate's to refuse. A close that waits for a route takes nothing: it is bounded again before it is sent.
"""

from collections import Counter
from collections.abc import Mapping

from actors.domain.orders.order import Intent
from actors.domain.portfolio.book import Book
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
    for life in book.live_orders():
        order = life.order
        is_close = order.intent is Intent.CLOSE and order.account_domain == structure.account_domain
        if is_close and not life.waits and order.structure_id != structure.structure_id:
            for leg in order.legs:
                taken[leg.symbol, -leg.action.sign] += leg.ratio * order.order_qty - life.filled(leg.symbol)
    return taken
