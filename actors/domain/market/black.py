"""Black's closed form for whole chains: price, delta, gamma, vega, theta, and the volatility a price implies.

European options on a forward, undiscounted (as in `pricing`: parity already holds rate and carry). What every figure
is, per one unit of the underlying and one long option:

    price   points
    delta   points per point of the forward: 0 to 1 for a call, -1 to 0 for a put
    gamma   delta per point of the forward, never negative
    vega    points per 1.00 of volatility, never negative; a volatility point is a hundredth of it
    theta   points per year that passes, at the same forward: never positive; a day is 1/365 of it

Arrays broadcast against each other, so one call prices a chain, a grid of shocks, or both. A volatility is a year's
(0.16); a standard deviation is that times the root of the years left. At no time or no volatility an option is worth
what it pays now. NaN in, NaN out, for its own element alone.

The normal distribution is J. F. Hart's rational one in G. West's form, good to 1e-15, since numpy has none. Held
against QuantLib to 1e-9 in the tests; American exercise is QuantLib's own (`american`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.quote import Floats

Mask = NDArray[np.bool_]
Numbers = Floats | float

_ROOT_TWO_PI: Final = math.sqrt(2 * math.pi)
_STD_DEV_TINY: Final = 1e-12
"""Stands for none: d1 stays finite, and every figure is that of an option at its end."""
_ABOVE: Final = (
    3.52624965998911e-02,
    0.700383064443688,
    6.37396220353165,
    33.912866078383,
    112.079291497871,
    221.213596169931,
    220.206867912376,
)
_BELOW: Final = (
    8.83883476483184e-02,
    1.75566716318264,
    16.064177579207,
    86.7807322029461,
    296.564248779674,
    637.333633378831,
    793.826512519948,
    440.413735824752,
)
_STEPS_MAX: Final = 40
"""Of the root finder; Newton needs four to seven, and bisection under it never more than this."""
_CLOSE: Final = 1e-13
"""Relative step at which a standard deviation is found."""
_STD_DEV_MAX: Final = 8.0
_PRICE_TINY: Final = 1e-12
"""Time value below this part of the forward is noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Greeks:
    """The figures of many options; units at the head of this file."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats


def normal_cdf(x: Floats) -> Floats:
    """Return the standard normal distribution at each `x`."""
    return _cdf(x, np.exp(-0.5 * x * x))


def prices(is_call: Mask, strikes: Numbers, forward: Numbers, std_dev: Numbers) -> Floats:
    """Return prices in points; `std_dev` is to expiry."""
    both = np.stack(_d1_d2(strikes, forward, std_dev))
    above, below = _cdf(both, np.exp(-0.5 * both * both))
    less = np.where(is_call, 0.0, 1.0)  # by parity: a put is the call less a forward over the strike
    worth: Floats = forward * (above - less) - strikes * (below - less)
    return worth


def greeks(is_call: Mask, strikes: Numbers, forward: Numbers, volatility: Numbers, years: Numbers) -> Greeks:
    """Return every figure; the shape is what the arguments broadcast to."""
    root = np.sqrt(years)
    std_dev = np.maximum(volatility * root, _STD_DEV_TINY)
    both = np.stack(_d1_d2(strikes, forward, std_dev))
    bells = np.exp(-0.5 * both * both)
    above, below = _cdf(both, bells)
    less = np.where(is_call, 0.0, 1.0)
    delta = above - less
    density = bells[0] * (forward / _ROOT_TWO_PI)
    return Greeks(
        price=forward * delta - strikes * (below - less),
        delta=delta,
        gamma=density / (forward * forward * std_dev),
        vega=density * root,
        theta=-0.5 * volatility * density / np.maximum(root, _STD_DEV_TINY),
    )


def implied_std_devs(is_call: Mask, strikes: Floats, forward: Numbers, price: Floats) -> Floats:
    """Return the standard deviation to expiry each price implies; NaN where none does, or nothing but noise would.

    Newton on the logarithm of the time value of the option out of the money at that strike, bisected where it leaves
    the bracket: it converges from any start, tails included.
    """
    is_call, strikes, forward, price = np.broadcast_arrays(is_call, strikes, forward, price)
    with np.errstate(invalid="ignore", divide="ignore"):
        sound = (strikes > 0) & (forward > 0)
        intrinsic = np.maximum(np.where(is_call, forward - strikes, strikes - forward), 0.0)
        value = (price - intrinsic) / forward
        sound &= (value > _PRICE_TINY) & (value < np.minimum(strikes / forward, 1.0))
    found = np.full(price.shape, np.nan)
    if sound.any():
        moneyness = np.abs(np.log(strikes[sound] / forward[sound]))
        # By symmetry the option out of the money at either side is a call on the lesser of the two.
        scale = np.minimum(strikes[sound] / forward[sound], 1.0)
        found[sound] = _solve(moneyness, value[sound] / scale)
    return found


def _solve(away: Floats, value: Floats) -> Floats:
    """Return the standard deviation of calls out of the money by `away` of the logarithm, worth `value` forwards."""
    low, high = np.full(away.shape, _STD_DEV_TINY), np.full(away.shape, _STD_DEV_MAX)
    at = np.clip(np.maximum(np.sqrt(2 * away), _ROOT_TWO_PI * value), 1e-6, 4.0)
    strike, target = np.exp(away), np.log(value)
    for _ in range(_STEPS_MAX):
        d1 = at / 2 - away / at
        bell = np.exp(-0.5 * d1 * d1)
        d2 = d1 - at
        worth = _cdf(d1, bell) - strike * _cdf(d2, np.exp(-0.5 * d2 * d2))
        worth = np.maximum(worth, 1e-300)
        miss = np.log(worth) - target
        low, high = np.where(miss < 0, at, low), np.where(miss > 0, at, high)
        step = miss * worth / np.maximum(bell / _ROOT_TWO_PI, 1e-300)
        after = at - step
        after = np.where((after > low) & (after < high), after, (low + high) / 2)
        moved = np.abs(after - at)
        at = after
        if (moved <= _CLOSE * at).all():
            break
    return np.where(at < _STD_DEV_MAX * 0.999, at, np.nan)


def _d1_d2(strikes: Numbers, forward: Numbers, std_dev: Numbers) -> tuple[Floats, Floats]:
    std_dev = np.maximum(std_dev, _STD_DEV_TINY)
    d1 = np.log(forward / np.asarray(strikes)) / std_dev + 0.5 * std_dev
    return d1, d1 - std_dev


def _cdf(x: Floats, bell: Floats) -> Floats:
    """Return the distribution at `x`, given exp(-x**2 / 2)."""
    away = np.abs(x)
    tail = bell * _polynomial(_ABOVE, away) / _polynomial(_BELOW, away)
    return np.where(x > 0, 1.0 - tail, tail)


def _polynomial(factors: Sequence[float], x: Floats) -> Floats:
    found = factors[0] * x
    for factor in factors[1:-1]:
        found += factor
        found *= x
    found += factors[-1]
    return found
