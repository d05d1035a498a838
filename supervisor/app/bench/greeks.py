"""Times the greeks of a whole chain by the closed form against QuantLib pricing the same contracts one by one.

Twenty thousand European options of one index: strikes from four deviations in to four out, a dozen expiries, a smile.
QuantLib's loop is its leanest way to the same five figures: one `BlackCalculator` a contract, its payoff made before
the clock starts. Both are the best of several passes in one process, and are compared figure by figure.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import QuantLib as ql  # noqa: N813 - the name its own documentation uses

from actors.domain.market import black
from actors.domain.market.quote import Floats

FORWARD = 5_950.0
_REACH = 4.0


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of one pass over the chain, and how far the figures lie apart at most, relative where above one."""

    contracts: int
    closed_form_s: float
    quantlib_s: float
    implied_s: float
    difference: float


def measure(contracts: int, passes: int) -> Timed:
    """Return both times for `contracts` options."""
    is_call, strikes, volatility, years = _chain(contracts)
    payoffs = [
        ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, strike)
        for call, strike in zip(is_call.tolist(), strikes.tolist(), strict=True)
    ]
    std_devs, left = (volatility * np.sqrt(years)).tolist(), years.tolist()

    def one_by_one() -> Floats:
        found = np.empty((contracts, 5))
        for place, (payoff, std_dev, remaining) in enumerate(zip(payoffs, std_devs, left, strict=True)):
            one = ql.BlackCalculator(payoff, FORWARD, std_dev, 1.0)
            found[place] = (
                one.value(),
                one.deltaForward(),
                one.gammaForward(),
                one.vega(remaining),
                one.theta(FORWARD, remaining),
            )
        return found

    def at_once() -> Floats:
        found = black.greeks(is_call, strikes, FORWARD, volatility, years)
        return np.stack([found.price, found.delta, found.gamma, found.vega, found.theta], axis=1)

    theirs, quantlib_s = _best(one_by_one, max(1, passes // 10))
    ours, closed_form_s = _best(at_once, passes)
    price = np.ascontiguousarray(ours[:, 0])
    _, implied_s = _best(lambda: black.implied_std_devs(is_call, strikes, FORWARD, price), max(1, passes // 10))
    difference = np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1.0)
    return Timed(contracts, closed_form_s, quantlib_s, implied_s, float(difference.max()))


def _chain(contracts: int) -> tuple[black.Mask, Floats, Floats, Floats]:
    place = np.arange(contracts)
    expiries = np.array([0.0007, 0.003, 0.006, 0.012, 0.02, 0.04, 0.08, 0.12, 0.16, 0.25, 0.5, 1.0])
    years = expiries[place % len(expiries)]
    away = np.linspace(-_REACH, _REACH, contracts)
    volatility = 0.14 - 0.03 * away + 0.01 * away**2
    strikes = FORWARD * np.exp(away * 0.14 * np.sqrt(years))
    return strikes >= FORWARD, strikes, volatility, years


def _best(work: Callable[[], Floats], passes: int) -> tuple[Floats, float]:
    best = math.inf
    for _ in range(passes):
        began = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - began)
    return found, best


def section(contracts: int, passes: int) -> dict[str, float]:
    """Time the full-chain greeks as a multiple of QuantLib's own time for the same contracts."""
    timed = measure(contracts, passes)
    return {
        "over_quantlib": round(timed.quantlib_s / timed.closed_form_s, 1),
        "closed_form_ms": round(timed.closed_form_s * 1e3, 3),
        "quantlib_ms": round(timed.quantlib_s * 1e3, 1),
        "implied_ms": round(timed.implied_s * 1e3, 2),
        "difference_max": timed.difference,
        "contracts": timed.contracts,
    }
