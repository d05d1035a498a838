"""American options, held against a published table, against the closed form, and against their own bounds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.domain.market import black
from actors.domain.market.american import AmericanPricer

ENGINE = AmericanPricer()


@pytest.mark.parametrize(
    ("strike", "volatility", "months", "put"),
    [  # Geske and Johnson's options of 1984, true values as in Ju 1999, exhibit 3: spot 40, rate 4.88 %, no dividend
        (35, 0.2, 1, 0.006),
        (35, 0.2, 7, 0.433),
        (40, 0.2, 1, 0.852),
        (40, 0.2, 4, 1.580),
        (40, 0.2, 7, 1.990),
        (45, 0.2, 1, 5.000),
        (45, 0.2, 7, 5.267),
        (35, 0.4, 7, 2.155),
        (40, 0.4, 4, 3.387),
        (45, 0.4, 7, 7.383),
    ],
)
def test_published_prices_are_met(strike, volatility, months, put):
    years = months / 12
    growth = 0.0488 * years
    told = {"forward": 40 * math.exp(growth), "std_dev": volatility * math.sqrt(years), "growth": growth}
    assert ENGINE.price(40, strike, **told, is_call=False) == pytest.approx(put, abs=0.001)


def test_its_early_exercise_premium_is_the_published_one():
    """Andersen, Lake and Offengenden: put of a year at the money, rate and dividend 5 %, volatility 25 %."""
    european = float(black.prices(np.array([False]), 100.0, 100.0, 0.25)[0]) * math.exp(-0.05)
    assert ENGINE.price(100, 100, 100, 0.25, 0.05, is_call=False) - european == pytest.approx(0.106953, abs=2e-5)


def test_a_call_and_the_put_that_mirrors_it_are_worth_the_same():
    call = ENGINE.price(100, 110, 100 * math.exp(-0.02), 0.3, 0.01, is_call=True)
    put = ENGINE.price(110, 100, 110 * math.exp(0.02), 0.3, 0.03, is_call=False)
    assert call == pytest.approx(put, abs=0.001)


@pytest.mark.parametrize("hours", [0.1, 2.4, 24, 120])
@pytest.mark.parametrize("volatility", [0.01, 0.08, 0.2])
@pytest.mark.parametrize("dividend", [0.3, 1.0, 3.0])
def test_before_a_dividend_a_call_has_a_price_however_little_time_is_left(hours, volatility, dividend):
    """Where carry outweighs all volatility other approximations find no critical price, and raise."""
    std_dev, growth = volatility * math.sqrt(hours / 8760), 0.04 * hours / 8760
    found = ENGINE.price(100, 90, 100 * math.exp(growth) - dividend, std_dev, growth, is_call=True)
    assert 10 <= found <= 10.2


@given(
    strike=st.floats(0.1, 100_000),
    forward=st.floats(1, 10_000),
    std_dev=st.floats(1e-8, 12),
    growth=st.floats(-0.2, 2),
    is_call=st.booleans(),
)
@settings(deadline=None, max_examples=300)
def test_whatever_it_is_asked_it_answers_within_what_is_sure(strike, forward, std_dev, growth, is_call):
    found = ENGINE.price(100, strike, forward, std_dev, growth, is_call=is_call)
    waiting = float(black.prices(np.array([is_call]), strike, forward, std_dev)[0])
    best = max(100, forward) if is_call else min(100, forward)
    most = max(float(black.prices(np.array([is_call]), strike, best, std_dev)[0]), waiting * math.exp(-growth))
    least = max(100 - strike if is_call else strike - 100, waiting * math.exp(-growth))
    assert least - 1e-6 * strike <= found <= most + 1e-6 * max(strike, forward)


@given(away=st.floats(-2, 2), std_dev=st.floats(0.01, 0.5), growth=st.floats(0, 0.05), is_call=st.booleans())
@settings(deadline=None, max_examples=200)
def test_it_is_worth_no_less_than_exercise_now_nor_than_the_european(away, std_dev, growth, is_call):
    spot, strike = 100.0, 100.0 * math.exp(away * std_dev)
    forward = spot * math.exp(growth)
    found = ENGINE.price(spot, strike, forward, std_dev, growth, is_call=is_call)
    european = float(black.prices(np.array([is_call]), strike, forward, std_dev)[0]) * math.exp(-growth)
    assert found >= max(spot - strike if is_call else strike - spot, 0.0)
    assert found >= european - 1e-9


def test_without_rate_and_carry_it_is_the_european():
    for is_call in (True, False):
        european = float(black.prices(np.array([is_call]), 105.0, 100.0, 0.2)[0])
        assert ENGINE.price(100, 105, 100, 0.2, 0.0, is_call=is_call) == pytest.approx(european, abs=1e-6)


@pytest.mark.parametrize(("is_call", "worth"), [(True, 0.0), (False, 10.0)])
def test_at_its_end_it_is_worth_what_it_pays(is_call, worth):
    assert ENGINE.price(100, 110, 100, 0.0, 0.0, is_call=is_call) == worth
