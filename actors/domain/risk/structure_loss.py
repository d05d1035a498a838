"""The largest loss a structure can make at expiry, from its legs alone.

Legs of one expiry are valued together at the kinks of their payoff (zero, each strike) and by the slope beyond the
last; a leg of another expiry helps nobody but its own group, which errs on the safe side. Shares and futures are not
structures: a leg that is no option makes the loss unbounded.

Left out: margin rules, early assignment, dividends. Where the loss has no bound, `naked_exposure` is the stand-in: a
fifth of the uncovered strikes' notional, the exchange's own rough measure.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from actors.domain.market.contract import Contract, Right
from actors.domain.orders.order import Leg
from actors.domain.value import ZERO

NAKED_SHARE = Decimal("0.20")
_Held = tuple[int, bool, Decimal]
"""Signed contracts per combo, whether they are calls, and the strike."""


def loss_at_expiry(
    legs: Sequence[Leg], contracts: Mapping[str, Contract], net_price: Decimal, order_qty: int
) -> Decimal | None:
    """Return the largest loss in dollars (>= 0) after the credit or debit paid; None where it has no bound."""
    groups: dict[object, list[Leg]] = defaultdict(list)
    for leg in legs:
        if not contracts[leg.symbol].is_option:
            return None
        groups[contracts[leg.symbol].expires_on].append(leg)
    worst = ZERO
    for group in groups.values():
        payoff = _worst_payoff(group, contracts)
        if payoff is None:
            return None
        worst += payoff
    multiplier = contracts[legs[0].symbol].multiplier
    return max(ZERO, -(worst + net_price) * multiplier * order_qty)


def naked_exposure(legs: Sequence[Leg], contracts: Mapping[str, Contract], order_qty: int) -> Decimal:
    """Return the stand-in for an unbounded loss, in dollars: the larger side's uncovered notional, a fifth of it."""
    sides: dict[Right | None, Decimal] = defaultdict(lambda: ZERO)
    for leg in legs:
        if not leg.action.is_buy:
            contract = contracts[leg.symbol]
            sides[contract.right] += (contract.strike or ZERO) * contract.multiplier * leg.ratio
    return NAKED_SHARE * max(sides.values(), default=ZERO) * order_qty


def _worst_payoff(legs: Sequence[Leg], contracts: Mapping[str, Contract]) -> Decimal | None:
    """Return the smallest payoff per combo in points (<= 0); None where it falls for ever as the price rises."""
    return _worst(tuple(_held(leg, contracts[leg.symbol]) for leg in legs))


@lru_cache(maxsize=4096)  # every admission asks for all that is held
def _worst(held: tuple[_Held, ...]) -> Decimal | None:
    if sum(quantity for quantity, is_call, _ in held if is_call) < 0:
        return None
    return min(_payoff(held, spot) for spot in (ZERO, *(strike for _, _, strike in held)))


def _held(leg: Leg, contract: Contract) -> _Held:
    assert contract.strike is not None
    return leg.action.sign * leg.ratio, contract.right is Right.CALL, contract.strike


def _payoff(held: Sequence[_Held], spot: Decimal) -> Decimal:
    total = ZERO
    for quantity, is_call, strike in held:
        if (spot > strike) is is_call and spot != strike:
            total += quantity * abs(spot - strike)
    return total
