"""The largest loss a structure can make, from its legs alone.

What covers what, and when it is valued, is `portfolio.cover`'s: a long counts for the shorts that end no later, so a
calendar is measured when its near side expires. Shares and futures are not structures: a leg that is no option makes
the loss unbounded.

Left out: early assignment, dividends. Where the loss has no bound, `naked_exposure` is the stand-in: a fifth of the
uncovered strikes' notional, the exchange's own rough measure.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from actors.domain.market.contract import Contract, Right
from actors.domain.orders.order import Leg
from actors.domain.portfolio.cover import Parts, bounds, parts_of
from actors.domain.value import ZERO

NAKED_SHARE = Decimal("0.20")


def parts_of_legs(legs: Sequence[Leg], contracts: Mapping[str, Contract]) -> Parts:
    """Return the options of one combo, netted."""
    return parts_of((contracts[leg.symbol], leg.action.sign * leg.ratio) for leg in legs)


def loss_at_expiry(
    legs: Sequence[Leg], contracts: Mapping[str, Contract], net_price: Decimal, order_qty: int, lots: int = 0
) -> Decimal | None:
    """Return the largest loss in dollars (>= 0) after the credit or debit paid; None where it has no bound.

    `lots` of shares stand beside all of it: what they may lose themselves does not count.
    """
    if not all(contracts[leg.symbol].is_option for leg in legs):
        return None
    worst = bounds(parts_of_legs(legs, contracts), int(lots / order_qty)).worst
    multiplier = contracts[legs[0].symbol].multiplier
    return None if worst is None else max(ZERO, -(worst + net_price) * multiplier * order_qty)


def naked_exposure(legs: Sequence[Leg], contracts: Mapping[str, Contract], order_qty: int) -> Decimal:
    """Return the stand-in for an unbounded loss, in dollars: the larger side's uncovered notional, a fifth of it."""
    sides: dict[Right | None, Decimal] = defaultdict(lambda: ZERO)
    for leg in legs:
        if not leg.action.is_buy:
            contract = contracts[leg.symbol]
            sides[contract.right] += (contract.strike or ZERO) * contract.multiplier * leg.ratio
    return NAKED_SHARE * max(sides.values(), default=ZERO) * order_qty
