"""A structure: what one opening order built, held and closed as a whole.

`holdings` is what is truly held, signed contracts by symbol; `quantity` the whole combos in it. `cash` is everything it
moved, fees included: when nothing is held any more, `cash` is its profit.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import gcd

from pydantic import Field

from actors.domain.market.contract import names_option
from actors.domain.market.quoted import Quoted
from actors.domain.orders.order import Action, Leg, Order
from actors.domain.value import CENT, ZERO, Instant, Money, Value


class Structure(Value):
    """One structure, from its first fill on."""

    structure_id: str
    strategy: str
    underlying: str
    account_domain: str
    legs: tuple[Leg, ...]
    order_qty: int
    holdings: Mapping[str, int]
    entered: Mapping[str, int] = Field(default_factory=dict)
    """Signed contracts by symbol that opening orders brought: the first, and one that completed it."""
    entry_cash: Money = ZERO
    """Cash the opening fills moved, before fees."""
    cash: Money = ZERO
    fees: Money = ZERO
    opened_at: Instant
    delivered: bool = False
    """Whether an exercise or an assignment brought it shares: what it is left with is no structure anybody meant."""

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

    @property
    def reversed(self) -> Mapping[str, int]:
        """Signed contracts held against the legs: more was closed than was there."""
        return {leg.symbol: self.holdings[leg.symbol] for leg in self.legs if self._held(leg) < 0}

    def _held(self, leg: Leg) -> int:
        return self.holdings.get(leg.symbol, 0) * leg.action.sign

    @property
    def combos_entered(self) -> int:
        """Whole combos that were ever opened."""
        return max(0, min(self.entered.get(leg.symbol, 0) * leg.action.sign // leg.ratio for leg in self.legs))

    def moved(self, symbol: str, quantity: int, *, entry: bool = False) -> "Structure":
        """Return it with `quantity` signed contracts more of `symbol`, of an opening where said so."""
        holdings = {**self.holdings, symbol: self.holdings.get(symbol, 0) + quantity}
        update: dict[str, object] = {"holdings": {each: held for each, held in holdings.items() if held}}
        if entry:
            update["entered"] = {**self.entered, symbol: self.entered.get(symbol, 0) + quantity}
        return self.model_copy(update=update)

    def paid(self, cash: Decimal, *, entry: bool = False, fee: bool = False) -> "Structure":
        """Return it with `cash` moved (in > 0), of the opening or as a fee where said so."""
        update = {"cash": self.cash + cash}
        if entry:
            update["entry_cash"] = self.entry_cash + cash
        if fee:
            update["fees"] = self.fees - cash
        return self.model_copy(update=update)


def founded(order: Order, domain: str, at: Instant) -> Structure:
    """Return the structure that an opening order founds with its first fill, nothing held yet."""
    return Structure(
        structure_id=order.structure_id,
        strategy=order.strategy,
        underlying=order.underlying,
        account_domain=domain,
        legs=order.legs,
        order_qty=order.order_qty,
        holdings={},
        opened_at=at,
    )


def closing(holdings: Mapping[str, int], quotes: Quoted | None = None) -> tuple[tuple[Leg, ...], int]:
    """Return the legs and the quantity that undo `holdings`, shorts first; nothing to undo gives no legs and 0.

    Shares that an assignment brought go in an order of their own, for brokers take no order of both: before the
    options, which may cover them, but after them where the shares cover an option that is short.

    Given quotes, a long that nobody bids for is left where it is: it costs nothing to keep, would keep the whole order
    from filling, and no short is uncovered by keeping it.
    """
    wanted = {symbol: n for symbol, n in holdings.items() if n < 0 or (n > 0 and _is_wanted(symbol, quotes))}
    held = sorted(_first(wanted).items(), key=lambda each: each[1])
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


def _first(wanted: Mapping[str, int]) -> Mapping[str, int]:
    """Return what goes first of options and shares: nothing that covers a short goes before it."""
    options = {symbol: n for symbol, n in wanted.items() if names_option(symbol)}
    shares = {symbol: n for symbol, n in wanted.items() if symbol not in options}
    shares_cover = all(n > 0 for n in shares.values()) and any(n < 0 for n in options.values())
    return options if options and (shares_cover or not shares) else shares


def _is_wanted(symbol: str, quotes: Quoted | None) -> bool:
    quote = quotes.quote(symbol) if quotes is not None else None
    return quote is None or quote.bid is not None


def excess(structure: Structure) -> dict[str, int]:
    """Return the signed contracts held beyond whole combos: what an unwinding must undo."""
    whole = structure.quantity
    beyond = dict(structure.holdings)
    for leg in structure.legs:
        beyond[leg.symbol] = beyond.get(leg.symbol, 0) - whole * leg.ratio * leg.action.sign
    return {symbol: quantity for symbol, quantity in beyond.items() if quantity}


def settled(
    structures: Sequence[Structure], symbol: str, quantity: int, amount: Decimal, *, is_whole: bool
) -> list[Structure]:
    """Give a settlement to the structures of its account that hold the symbol, each its share, to the cent.

    `quantity` is the signed change in contracts, `amount` the cash in > 0. One that empties the account's position
    (`is_whole`) ends every holding, a long that stood against a short included.
    """
    changed, left, paid = [], quantity, ZERO
    for owner in structures:
        held = owner.holdings.get(symbol, 0)
        if not held or not quantity:
            continue
        share = -held if is_whole else _towards_flat(held, left)
        if share:
            left -= share
            even = (amount * share / quantity).quantize(CENT)
            cash = amount - paid if left == 0 else even
            paid += cash
            changed.append(owner.moved(symbol, share).paid(cash))
    return changed


def _towards_flat(held: int, left: int) -> int:
    """Return the part of `left` signed contracts that takes `held` towards zero."""
    if held * left >= 0:
        return 0
    return -held if abs(held) <= abs(left) else left
