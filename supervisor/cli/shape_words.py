"""What a structure is called, for a line on a screen: from the symbols alone, without the journal or a market."""

from collections.abc import Iterable

from actors.domain.market.contract import Contract, Products, UnknownSymbol
from actors.domain.portfolio.shape import Name, shape_of


def shape_word(held: Iterable[tuple[str, int]]) -> str:
    """Return the name of signed quantities by symbol; empty where nobody has one for it."""
    products, pairs = Products(), [(symbol, quantity) for symbol, quantity in held if quantity]
    try:
        contracts: dict[str, Contract] = {symbol: products.contract(symbol) for symbol, _ in pairs}
    except UnknownSymbol:
        return ""
    name = shape_of(pairs, contracts).name if pairs else Name.CUSTOM
    return "" if name is Name.CUSTOM else name.value
