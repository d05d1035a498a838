"""The surface prices as QuantLib does, and admits no arbitrage."""

import math

import numpy as np
import QuantLib
from hypothesis import given
from hypothesis import strategies as st

from actors.venue.surface import atm_variance, black_call, normal_cdf, smile_variance

SPOT = 5_000.0
STRIKES = np.arange(2_500.0, 8_000.0, 5.0)
YEARS = st.floats(1e-7, 0.5)
VOLATILITIES = st.floats(0.05, 1.0)


def calls(strikes: np.ndarray, years: float, volatility: float, long_run: float = 0.16) -> np.ndarray:
    theta = atm_variance(np.array([volatility]), long_run, np.array([years]))
    return black_call(np.array([SPOT]), strikes, smile_variance(np.log(strikes / SPOT), theta))


@given(st.floats(-12, 12))
def test_the_normal_distribution_is_exact_to_a_billionth(x) -> None:
    assert abs(normal_cdf(np.array([x]))[0] - 0.5 * math.erfc(-x / math.sqrt(2))) < 1e-11


@given(st.floats(1_000, 9_000), st.floats(1_000, 9_000), st.floats(1e-4, 2.0))
def test_a_call_costs_what_quantlib_says(forward, strike, deviation) -> None:
    ours = black_call(np.array([forward]), np.array([strike]), np.array([deviation**2]))[0]
    theirs = QuantLib.blackFormula(QuantLib.Option.Call, strike, forward, deviation)
    assert abs(ours - theirs) < 1e-6


@given(YEARS, VOLATILITIES)
def test_calls_fall_with_the_strike_and_are_convex_in_it(years, volatility) -> None:
    values = calls(STRIKES, years, volatility)
    slopes = np.diff(values) / np.diff(STRIKES)
    assert (slopes <= 1e-9).all()
    assert (slopes >= -1 - 1e-9).all()
    assert (np.diff(slopes) >= -1e-7).all()


@given(YEARS, YEARS, VOLATILITIES)
def test_a_longer_option_costs_at_least_as_much(years, more, volatility) -> None:
    assert (calls(STRIKES, years + more, volatility) - calls(STRIKES, years, volatility) >= -1e-6).all()


@given(VOLATILITIES)
def test_puts_are_dearer_than_calls_as_far_from_the_money(volatility) -> None:
    years = 30 / 365
    theta = atm_variance(np.array([volatility]), 0.16, np.array([years]))
    down, up = (smile_variance(np.array([side * np.sqrt(theta[0])]), theta)[0] for side in (-1, 1))
    assert down > up


def test_volatility_reverts_so_that_a_shock_moves_near_expiries_more_than_far_ones() -> None:
    years = np.array([1 / 252, 60 / 252])
    calm, shocked = (np.sqrt(atm_variance(np.array([level]), 0.16, years) / years) for level in (0.16, 0.32))
    assert np.allclose(calm, 0.16)
    assert shocked[0] > 0.31
    assert 0.2 < shocked[1] < 0.28
