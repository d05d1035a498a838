"""What a close that waited may still ask for: bounded again by what is held, priced again from the quotes (law 7).

The position may have shrunk while it waited: expired, settled, closed by hand. Of each leg no more is closed than was
asked for, than the structure still holds, and than the account has free. A price that came from the quotes is taken
from them anew. A limit its asker gave stays what it is, for it bounds what may be paid; but it was meant for those legs
in that ratio, and says nothing of others. What has no limit (a market order, a stop at its broker) gets none.
"""

from collections.abc import Mapping

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Leg, Order, OrderType
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.intent import marketable_price
from actors.domain.portfolio.structure import Structure, closing


class NothingToClose(Exception):
    """Nothing is left of what was to be closed: the order has no reason any more."""


class NoPrice(Exception):
    """Nobody quotes the legs, or the limit was meant for others; says which."""


def late_close(order: Order, book: Book, quotes: QuoteTable | None) -> Order:
    """Return a waiting close as it may be sent now. Raises `NothingToClose`, `NoPrice`."""
    structure = book.structures[order.structure_id]
    free = closable(book, structure, _still_held(order, structure))
    if order.follows_quotes and order.order_type is OrderType.LIMIT:
        legs, quantity = closing(free, quotes)
        price = marketable_price(legs, quotes) if legs and quotes is not None else None
        if legs and price is None:
            raise NoPrice("nobody quotes its legs")
    else:
        legs, quantity = closing(free)
        price = order.net_price
        if legs and _ratios(legs) != _ratios(order.legs):
            raise NoPrice(f"the limit {order.net_price} was meant for {_words(order.legs)}, not for {_words(legs)}")
    if not legs:
        raise NothingToClose(f"{dict(structure.holdings)} held, nothing of it free to close")
    return order.model_copy(update={"legs": legs, "order_qty": quantity, "net_price": price})


def _still_held(order: Order, structure: Structure) -> Mapping[str, int]:
    """Return the signed contracts that the order asks to close and the structure still holds."""
    held = {}
    for leg in order.legs:
        sign = -leg.action.sign
        quantity = min(leg.ratio * order.order_qty, sign * structure.holdings.get(leg.symbol, 0))
        if quantity > 0:
            held[leg.symbol] = sign * quantity
    return held


def _ratios(legs: tuple[Leg, ...]) -> Mapping[str, int]:
    return {leg.symbol: leg.action.sign * leg.ratio for leg in legs}


def _words(legs: tuple[Leg, ...]) -> str:
    return " ".join(f"{leg.action.sign * leg.ratio:+d} {leg.symbol}" for leg in legs)
