"""What a position is worth: the price at which one could close it, or nothing.

A long is marked at the bid, a short at the ask; an index or share without sizes at its last print. A missing ask
leaves a short without a mark, and whoever needs one must take that for the worst; a missing bid is worth zero.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from actors.domain.market.quoted import Quoted, Sides
from actors.domain.orders.order import Leg
from actors.domain.value import ZERO


def closing_price(quote: Sides | None, quantity: int) -> Decimal | None:
    """Return the price in points at which `quantity` signed contracts could be closed; None where nobody offers."""
    if quote is None:
        return None
    if quantity > 0:
        return quote.bid if quote.bid is not None else ZERO
    return quote.ask


def natural_price(legs: Iterable[Leg], quotes: Quoted) -> Decimal | None:
    """Return the net price per combo at which all legs trade at once (credit > 0); None where a leg cannot."""
    total = ZERO
    for leg in legs:
        price = closing_price(quotes.quote(leg.symbol), -leg.action.sign)
        if price is None:
            return None
        total -= leg.action.sign * leg.ratio * price
    return total


def mid_price(legs: Iterable[Leg], quotes: Quoted) -> Decimal | None:
    """Return the net price per combo at the mids (credit > 0); None where a leg is not quoted on both sides."""
    total = ZERO
    for leg in legs:
        quote = quotes.quote(leg.symbol)
        if quote is None or quote.mid is None:
            return None
        total -= leg.action.sign * leg.ratio * quote.mid
    return total


def worth(holdings: Mapping[str, int], quotes: Quoted, multipliers: Mapping[str, int]) -> Decimal | None:
    """Return what closing `holdings` (signed contracts by symbol) would bring in dollars; None without a mark."""
    total = ZERO
    for symbol, quantity in holdings.items():
        price = closing_price(quotes.quote(symbol), quantity)
        if price is None:
            return None
        total += quantity * price * multipliers[symbol]
    return total
