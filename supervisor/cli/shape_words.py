"""What a structure is called, and what it can win and lose, for a line on a screen: from its symbols alone."""

from collections.abc import Iterable
from decimal import Decimal

from actors.domain.market.contract import Products, UnknownSymbol
from actors.domain.portfolio.shape import Name, Shape, shape_of


def shape_word(held: Iterable[tuple[str, int]]) -> str:
    """Return the name of signed quantities by symbol; empty where nobody has one for it."""
    shape = _shape(held)
    return "" if shape is None or shape.name is Name.CUSTOM else shape.name.value


def bounds_words(held: Iterable[tuple[str, int]], net_price: Decimal) -> str:
    """Return what a combo opened at a net price can lose and win, in points; empty where that is not known."""
    shape = _shape(held)
    if shape is None:
        return ""
    loss, profit = shape.loss_max(net_price), shape.profit_max(net_price)
    words = f"loses {_at_most(loss)}, wins {_at_most(profit)} points a combo"
    even = " and ".join(f"{price:.2f}" for price in shape.break_evens(net_price))
    return f"{words}; even at {even}" if even else words


def _shape(held: Iterable[tuple[str, int]]) -> Shape | None:
    products, pairs = Products(), [(symbol, quantity) for symbol, quantity in held if quantity]
    try:
        contracts = {symbol: products.contract(symbol) for symbol, _ in pairs}
    except UnknownSymbol:
        return None
    return shape_of(pairs, contracts) if pairs else None


def _at_most(points: Decimal | None) -> str:
    return "without bound" if points is None else f"at most {points:.2f}"
