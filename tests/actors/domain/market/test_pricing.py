"""Volatility and delta, held against QuantLib's own prices."""

import math

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 - the name its own documentation uses
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Right
from actors.domain.market.pricing import delta, deltas, implied_std_dev, parity_forward, straddle_std_dev

RIGHTS = {Right.CALL: ql.Option.Call, Right.PUT: ql.Option.Put}
forwards = st.floats(50, 7000)
std_devs = st.floats(0.003, 0.6)
moneyness = st.floats(-2.5, 2.5)


@given(forward=forwards, std_dev=std_devs, away=moneyness, right=st.sampled_from(Right))
def test_the_volatility_that_made_a_price_is_found_again(forward: float, std_dev: float, away: float, right: Right):
    strike = forward * math.exp(away * std_dev)
    price = ql.blackFormula(RIGHTS[right], strike, forward, std_dev)
    assert implied_std_dev(right, strike, forward, price) == pytest.approx(std_dev, rel=1e-2)


@given(forward=forwards, std_dev=std_devs, away=moneyness)
def test_delta_is_the_slope_of_the_price(forward: float, std_dev: float, away: float):
    strike, bump = forward * math.exp(away * std_dev), forward * 1e-5
    for right, kind in RIGHTS.items():
        up, down = (ql.blackFormula(kind, strike, forward + sign * bump, std_dev) for sign in (1, -1))
        assert delta(right, strike, forward, std_dev) == pytest.approx((up - down) / (2 * bump), abs=2e-3)


@given(forward=forwards, std_dev=std_devs, away=moneyness)
def test_deltas_of_call_and_put_differ_by_one(forward: float, std_dev: float, away: float):
    strike = forward * math.exp(away * std_dev)
    call, put = (delta(right, strike, forward, std_dev) for right in (Right.CALL, Right.PUT))
    assert call - put == pytest.approx(1)


@pytest.mark.parametrize(
    ("price", "why"),
    [(math.nan, "no quote"), (0.0, "no value"), (-0.05, "negative"), (120.0, "above the forward"), (5.0, "intrinsic")],
)
def test_a_price_no_volatility_gives_has_none(price: float, why: str):
    assert math.isnan(implied_std_dev(Right.CALL, 90.0, 100.0, price)), why


def test_parity_finds_the_forward_and_one_stale_quote_does_not_move_it():
    strikes = np.array([90.0, 95.0, 100.0, 105.0, 110.0])
    calls = np.array([ql.blackFormula(ql.Option.Call, k, 101.3, 0.05) for k in strikes])
    puts = np.array([ql.blackFormula(ql.Option.Put, k, 101.3, 0.05) for k in strikes])
    assert parity_forward(strikes, calls, puts) == pytest.approx(101.3)
    calls[2] += 4
    assert parity_forward(strikes, calls, puts) == pytest.approx(101.3)


def test_parity_needs_one_strike_with_both_rights():
    nan = math.nan
    assert math.isnan(parity_forward(np.array([90.0, 95.0]), np.array([1.0, nan]), np.array([nan, 1.0])))


@given(forward=forwards, std_dev=st.floats(0.003, 0.2), away=st.floats(-0.1, 0.1))
def test_a_straddle_near_the_forward_gives_about_the_volatility(forward: float, std_dev: float, away: float):
    strike = np.array([forward * math.exp(away * std_dev)])
    call, put = (np.array([ql.blackFormula(kind, strike[0], forward, std_dev)]) for kind in RIGHTS.values())
    assert straddle_std_dev(strike, call, put, forward) == pytest.approx(std_dev, rel=0.15)


def test_a_price_without_volatility_takes_the_one_given_instead():
    strikes, prices = np.array([105.0, 110.0]), np.array([math.nan, 0.4])
    found = deltas(Right.CALL, strikes, prices, 100.0, 0.05)
    assert found[0] == delta(Right.CALL, 105.0, 100.0, 0.05)
    assert found[1] == pytest.approx(delta(Right.CALL, 110.0, 100.0, implied_std_dev(Right.CALL, 110.0, 100.0, 0.4)))


def test_where_the_quotes_say_nothing_the_delta_is_unknown():
    assert np.isnan(deltas(Right.PUT, np.array([90.0]), np.array([math.nan]), 100.0, math.nan)).all()
