"""Prices of a synthetic index's options: one volatility surface that moves with the index, and Black's formula on it.

The surface is SSVI (Gatheral and Jacquier): total variance as a function of log-moneyness, with a skew that flattens
with time, and parameters inside the bounds that rule out butterfly and calendar arbitrage. The at-the-money term
structure reverts from today's volatility to a long-run one. All is vectorised over steps and contracts, and checked
against QuantLib by a test; QuantLib itself prices one option at a time, which is too slow for a market.

Time is variance time, in years of 252 trading days, of which the night takes a fifth.
"""

import math

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.quote import Floats

TRADING_DAYS = 252
NIGHT_SHARE = 0.2
"""Share of a day's variance that falls between sessions."""

_SKEW = -0.6
_CURVATURE = 0.9
"""Curvature times (1 + |skew|) stays below 2: no butterfly arbitrage."""
_REVERSION = 6.0
"""Per year: half of a shock to volatility is gone from the term structure after six weeks."""

_CDF_SPAN = 9
_CDF_STEPS = 256
_CDF_X = np.arange(-_CDF_SPAN * _CDF_STEPS, _CDF_SPAN * _CDF_STEPS + 1) / _CDF_STEPS
_CDF = np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in _CDF_X])
_PDF = np.exp(-0.5 * _CDF_X**2) / math.sqrt(2.0 * math.pi)


def normal_cdf(x: Floats) -> Floats:
    """Return the standard normal distribution function, to 1e-12: a table, and three Taylor terms from its points."""
    x = np.clip(x, -_CDF_SPAN, _CDF_SPAN)
    place = np.rint(x * _CDF_STEPS).astype(np.intp) + _CDF_SPAN * _CDF_STEPS
    at = _CDF_X[place]
    step = x - at
    series: Floats = _CDF[place] + _PDF[place] * step * (1.0 + step * (-0.5 * at + step * (at * at - 1.0) / 6.0))
    return series


def atm_variance(volatility: Floats, long_run: float, years: Floats) -> Floats:
    """Return the total at-the-money variance to `years`; volatility is `volatility` now and reverts to `long_run`."""
    decayed = (1.0 - np.exp(-_REVERSION * years)) / _REVERSION
    total: Floats = long_run**2 * years + (volatility**2 - long_run**2) * decayed
    return total


def smile_variance(log_moneyness: Floats, theta: Floats) -> Floats:
    """Return the total variance at ln(strike / forward), given the at-the-money total variance `theta` > 0."""
    slope = _CURVATURE / np.sqrt(theta * (1.0 + theta))
    tilt = slope * log_moneyness
    total: Floats = 0.5 * theta * (1.0 + _SKEW * tilt + np.sqrt((tilt + _SKEW) ** 2 + 1.0 - _SKEW**2))
    return total


def black_call(forward: Floats, strike: NDArray[np.float64], variance: Floats) -> Floats:
    """Return the undiscounted value of a call, in points; the put is it less forward plus strike."""
    deviation = np.sqrt(variance)
    d1 = np.log(forward / strike) / deviation + 0.5 * deviation
    value: Floats = forward * normal_cdf(d1) - strike * normal_cdf(d1 - deviation)
    return np.maximum(value, np.maximum(forward - strike, 0.0))
