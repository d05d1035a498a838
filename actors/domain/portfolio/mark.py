"""What a position is worth: the price at which one could close it, or nothing.

A long is marked at the bid, a short at the ask; an index or share without sizes at its last print. A missing ask
leaves a short without a mark, and whoever needs one must take that for the worst; a missing bid is worth zero.

European options settled in cash need not be closed: held together they pay at their end what lies within their bounds.
So they are marked no lower than the least and no higher than the most that they can come to be worth, however wide they
are quoted. A bound beyond zero is not used: interest until then is taken off it, and how much is not known here.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from actors.domain.market.contract import Contract, Settlement, Style
from actors.domain.market.quoted import Quoted, Sides
from actors.domain.orders.order import Leg
from actors.domain.portfolio.cover import bounds, parts_of
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


def worth(
    holdings: Mapping[str, int],
    quotes: Quoted,
    contracts: Mapping[str, Contract],
    price_of: Callable[[Sides | None, int], Decimal | None] | None = None,
) -> Decimal | None:
    """Return what closing `holdings` (signed contracts by symbol) would bring in dollars; None without a mark.

    What is not among `contracts` is no option, and a dollar a point. `price_of` says what closing one costs, where it
    is not `closing_price`.
    """
    total, bound = ZERO, dict[tuple[str, int], list[tuple[Contract, int, Decimal]]]()
    for symbol, quantity in holdings.items():
        price = (price_of or closing_price)(quotes.quote(symbol), quantity)
        if price is None:
            return None
        contract = contracts.get(symbol)
        if contract is not None and quantity and _pays_at_its_end(contract):
            together = bound.setdefault((contract.underlying, contract.multiplier), [])
            together.append((contract, quantity, quantity * price))
        else:
            total += quantity * price * (1 if contract is None else contract.multiplier)
    return total + sum((_within(held) * multiplier for (_, multiplier), held in bound.items()), ZERO)


def _pays_at_its_end(contract: Contract) -> bool:
    product = contract.product
    return contract.is_option and product.style is Style.EUROPEAN and product.settlement is Settlement.CASH


def _within(held: Iterable[tuple[Contract, int, Decimal]]) -> Decimal:
    """Return the marks of options of one underlying together, in points, within what they can be worth."""
    told = tuple(held)
    marked = sum((points for _, _, points in told), ZERO)
    least, most = bounds(parts_of((contract, quantity) for contract, quantity, _ in told))
    if most is not None:
        marked = min(marked, max(most, ZERO))
    return marked if least is None else max(marked, min(least, ZERO))
