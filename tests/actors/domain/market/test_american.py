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
    ("future", "volatility", "call", "put"),
    [  # Haug, The Complete Guide to Option Pricing Formulas: on a future, strike 100, rate 10 %, a tenth of a year
        (90, 0.15, 0.0206, 10.0000),
        (90, 0.25, 0.3159, 10.2533),
        (90, 0.35, 0.9495, 10.8787),
        (100, 0.15, 1.8771, 1.8770),
        (100, 0.25, 3.1280, 3.1277),
        (100, 0.35, 4.3777, 4.3777),
        (110, 0.15, 10.0089, 0.0410),
        (110, 0.25, 10.3919, 0.4562),
        (110, 0.35, 11.1679, 1.2402),
    ],
)
def test_published_prices_are_met(future, volatility, call, put):
    told = {"spot": future, "strike": 100, "forward": future, "std_dev": volatility * math.sqrt(0.1), "growth": 0.01}
    assert ENGINE.price(**told, is_call=True) == pytest.approx(call, abs=0.004)
    assert ENGINE.price(**told, is_call=False) == pytest.approx(put, abs=0.004)


@given(away=st.floats(-2, 2), std_dev=st.floats(0.01, 0.5), growth=st.floats(0, 0.05), is_call=st.booleans())
@settings(deadline=None, max_examples=200)
def test_it_is_worth_no_less_than_exercise_now_nor_than_the_european(away, std_dev, growth, is_call):
    spot, strike = 100.0, 100.0 * math.exp(away * std_dev)
    forward = spot * math.exp(growth)
    found = ENGINE.price(spot, strike, forward, std_dev, growth, is_call=is_call)
    european = float(black.prices(np.array([is_call]), strike, forward, std_dev)[0]) * math.exp(-growth)
    assert found >= max(spot - strike if is_call else strike - spot, 0.0)
    assert found >= european - 0.02


def test_without_rate_and_carry_it_is_the_european():
    for is_call in (True, False):
        european = float(black.prices(np.array([is_call]), 105.0, 100.0, 0.2)[0])
        assert ENGINE.price(100, 105, 100, 0.2, 0.0, is_call=is_call) == pytest.approx(european, abs=1e-6)


@pytest.mark.parametrize(("is_call", "worth"), [(True, 0.0), (False, 10.0)])
def test_at_its_end_it_is_worth_what_it_pays(is_call, worth):
    assert ENGINE.price(100, 110, 100, 0.0, 0.0, is_call=is_call) == worth
