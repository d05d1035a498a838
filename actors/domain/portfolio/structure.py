"""A structure: what one opening order built, held and closed as a whole.

`holdings` is what is truly held, signed contracts by symbol; `quantity` the whole combos in it. `cash` is everything it
moved, fees included: when nothing is held any more, `cash` is its profit.
"""

from collections.abc import Mapping
from decimal import Decimal
from math import gcd

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Action, Leg
from actors.domain.value import ZERO, Instant, Money, Value


class Structure(Value):
    """One structure, from its first fill on."""

    structure_id: str
    strategy: str
    underlying: str
    account_domain: str
    legs: tuple[Leg, ...]
    order_qty: int
    holdings: Mapping[str, int]
    entry_cash: Money = ZERO
    """Cash the opening fills moved, before fees."""
    cash: Money = ZERO
    fees: Money = ZERO
    opened_at: Instant

    @property
    def quantity(self) -> int:
        """Whole combos held."""
        return max(0, min(self._held(leg) // leg.ratio for leg in self.legs))

    @property
    def is_flat(self) -> bool:
        """Whether nothing is held."""
        return not any(self.holdings.values())

    @property
    def naked(self) -> Mapping[str, int]:
        """Short contracts held beyond whole combos: nothing of this structure covers them."""
        return {symbol: held for symbol, held in excess(self).items() if held < 0}

    def _held(self, leg: Leg) -> int:
        return self.holdings.get(leg.symbol, 0) * leg.action.sign

    def moved(self, symbol: str, quantity: int) -> "Structure":
        """Return it with `quantity` signed contracts more of `symbol`."""
        holdings = {**self.holdings, symbol: self.holdings.get(symbol, 0) + quantity}
        return self.model_copy(update={"holdings": {each: held for each, held in holdings.items() if held}})

    def paid(self, cash: Decimal, *, entry: bool = False, fee: bool = False) -> "Structure":
        """Return it with `cash` moved (in > 0), of the opening or as a fee where said so."""
        update = {"cash": self.cash + cash}
        if entry:
            update["entry_cash"] = self.entry_cash + cash
        if fee:
            update["fees"] = self.fees - cash
        return self.model_copy(update=update)


def closing(holdings: Mapping[str, int], quotes: QuoteTable | None = None) -> tuple[tuple[Leg, ...], int]:
    """Return the legs and the quantity that undo `holdings`, shorts first; nothing to undo gives no legs and 0.

    Given quotes, a long that nobody bids for is left where it is: it costs nothing to keep, would keep the whole order
    from filling, and no short is uncovered by keeping it.
    """
    held = sorted(
        ((symbol, held) for symbol, held in holdings.items() if held < 0 or (held > 0 and _is_wanted(symbol, quotes))),
        key=lambda each: each[1],
    )
    if not held:
        return (), 0
    order_qty = gcd(*(quantity for _, quantity in held))
    legs = tuple(
        Leg(
            symbol=symbol,
            action=Action.SELL_TO_CLOSE if quantity > 0 else Action.BUY_TO_CLOSE,
            ratio=abs(quantity) // order_qty,
        )
        for symbol, quantity in held
    )
    return legs, order_qty


def _is_wanted(symbol: str, quotes: QuoteTable | None) -> bool:
    quote = quotes.quote(symbol) if quotes is not None else None
    return quote is None or quote.bid is not None


def excess(structure: Structure) -> dict[str, int]:
    """Return the signed contracts held beyond whole combos: what an unwinding must undo."""
    whole = structure.quantity
    beyond = dict(structure.holdings)
    for leg in structure.legs:
        beyond[leg.symbol] = beyond.get(leg.symbol, 0) - whole * leg.ratio * leg.action.sign
    return {symbol: quantity for symbol, quantity in beyond.items() if quantity}
