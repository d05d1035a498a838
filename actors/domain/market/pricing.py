"""Implied volatility and delta, from quotes alone.

Decided here: the forward an expiry implies (put-call parity near the money), the volatility a price implies, and the
delta that follows. Everything is on the forward, undiscounted, in the Black model: no rate, no dividend and no carry is
asked for, because parity already holds them. Volatility is kept as a standard deviation to expiry (volatility times the
root of time), so no day count is needed either, and the last minutes of a 0DTE option need no special clock.

Assumed: prices are of options out of the money, where early exercise is worth next to nothing and the discount of 60
days moves a delta by less than a hundredth. Left out: greeks that no rule asks for yet.

Figures are floats in points; NaN means "the quotes do not say".
"""

import math

import numpy as np
import QuantLib as ql  # noqa: N813 - the name its own documentation uses

from actors.domain.market.contract import Right
from actors.domain.market.quote import Floats

_PARITY_STRIKES = 5
_TYPES = {Right.CALL: ql.Option.Call, Right.PUT: ql.Option.Put}
_PRICE_TINY = 1e-6
"""Below this a price says nothing about volatility, only about the tick."""
_HALF_STRADDLE = math.sqrt(2 * math.pi) / 2
"""Standard deviation in points, per point of an at-the-money straddle."""


def parity_forward(strikes: Floats, calls: Floats, puts: Floats) -> float:
    """Return the forward implied by the mids of calls and puts at the same strikes; NaN where no strike has both.

    The strikes nearest the money are asked, and their median taken, so that one stale quote moves nothing.
    """
    both = ~(np.isnan(calls) | np.isnan(puts))
    if not both.any():
        return math.nan
    difference = calls[both] - puts[both]
    nearest = np.argsort(np.abs(difference), kind="stable")[:_PARITY_STRIKES]
    return float(np.median(strikes[both][nearest] + difference[nearest]))


def straddle_std_dev(strikes: Floats, calls: Floats, puts: Floats, forward: float) -> float:
    """Return the standard deviation to expiry, as a share of `forward`, that the straddle nearest it implies."""
    both = ~(np.isnan(calls) | np.isnan(puts))
    if not both.any() or not forward > 0:
        return math.nan
    at = int(np.argmin(np.where(both, np.abs(strikes - forward), np.inf)))
    # A straddle struck beside the forward holds intrinsic value that is no volatility.
    straddle = float(calls[at] + puts[at]) - abs(float(strikes[at]) - forward)
    return max(straddle, 0.0) * _HALF_STRADDLE / forward


def implied_std_dev(right: Right, strike: float, forward: float, price: float) -> float:
    """Return the standard deviation to expiry (of the logarithm) that `price` implies; NaN where none does."""
    if not (price > _PRICE_TINY and strike > 0 and forward > 0):
        return math.nan
    try:
        return float(ql.blackFormulaImpliedStdDev(_TYPES[right], strike, forward, price, 1.0, 0.0))
    except RuntimeError:  # QuantLib's only error: the price is outside what any volatility gives
        return math.nan


def delta(right: Right, strike: float, forward: float, std_dev: float) -> float:
    """Return the forward delta: 0 to 1 for a call, -1 to 0 for a put; NaN without a positive `std_dev`."""
    if not std_dev > 0:
        return math.nan
    d1 = math.log(forward / strike) / std_dev + std_dev / 2
    call = 0.5 * math.erfc(-d1 / math.sqrt(2))
    return call if right is Right.CALL else call - 1


def deltas(right: Right, strikes: Floats, prices: Floats, forward: float, std_dev_else: float) -> Floats:
    """Return the delta of each strike from its own price; from `std_dev_else` where its price implies none."""
    result = np.empty(len(strikes))
    for at, (strike, price) in enumerate(zip(strikes.tolist(), prices.tolist(), strict=True)):
        own = implied_std_dev(right, strike, forward, price)
        result[at] = delta(right, strike, forward, std_dev_else if math.isnan(own) else own)
    return result
