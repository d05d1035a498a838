"""The largest loss a structure can make, from its legs alone.

What covers what, and when it is valued, is `portfolio.cover`'s: a long counts for the shorts that end no later, so a
calendar is measured when its near side expires. Shares and futures are not structures: a leg that is no option makes
the loss unbounded.

Left out: early assignment, dividends. Where the loss has no bound, `naked_exposure` is the stand-in: a fifth of the
uncovered strikes' notional, the exchange's own rough measure. With shares among the legs what is traded counts whole:
they may become worth nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from actors.domain.market.contract import Contract, Right
from actors.domain.orders.order import Leg
from actors.domain.portfolio.cover import Combo, combo_of
from actors.domain.value import ZERO

NAKED_SHARE = Decimal("0.20")


def loss_at_expiry(
    legs: Sequence[Leg], contracts: Mapping[str, Contract], net_price: Decimal, order_qty: int
) -> Decimal | None:
    """Return the largest loss in dollars (>= 0) after the credit or debit paid; None where it has no bound."""
    return combo_of(legs, contracts.__getitem__).loss(net_price, order_qty)


def exposure(
    combo: Combo, legs: Sequence[Leg], contract_of: Callable[[str], Contract], net_price: Decimal, quantity: int
) -> Decimal:
    """Return the most that combos can lose at a net price, in dollars, or its stand-in where that has no bound."""
    loss = combo.loss(net_price, quantity)
    if loss is not None:
        return loss
    return max(naked_exposure(legs, contract_of, quantity), _of_shares(legs, contract_of, net_price) * quantity)


def naked_exposure(legs: Sequence[Leg], contract_of: Callable[[str], Contract], order_qty: int) -> Decimal:
    """Return the stand-in for an unbounded loss, in dollars: the larger side's uncovered notional, a fifth of it."""
    sides: dict[Right | None, Decimal] = defaultdict(lambda: ZERO)
    for leg in legs:
        if not leg.action.is_buy:
            contract = contract_of(leg.symbol)
            sides[contract.right] += (contract.strike or ZERO) * contract.multiplier * leg.ratio
    return NAKED_SHARE * max(sides.values(), default=ZERO) * order_qty


def _of_shares(legs: Sequence[Leg], contract_of: Callable[[str], Contract], net_price: Decimal) -> Decimal:
    """Return the dollars that one combo is traded at, where shares are among its legs; else 0."""
    contracts = [contract_of(leg.symbol) for leg in legs]
    if all(contract.is_option for contract in contracts):
        return ZERO
    return abs(net_price) * max(contract.multiplier for contract in contracts)
