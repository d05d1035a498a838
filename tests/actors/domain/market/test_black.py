"""The closed form, held against QuantLib over a wide grid and against the examples of Hull's book."""

import math

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 - the name its own documentation uses
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market import black

FORWARD = 5950.0
VOLATILITIES = (0.05, 0.12, 0.2, 0.35, 0.6, 0.9)
YEARS = (1e-4, 0.002, 0.02, 0.1, 0.5, 2.0)
AWAY = np.linspace(-4, 4, 33)
EXACT = 1e-9


def chain() -> tuple[np.ndarray, ...]:
    """Calls and puts from four deviations in to four out, in every volatility and time: 2,376 options."""
    call, volatility, years, away = (
        each.ravel() for each in np.meshgrid([True, False], VOLATILITIES, YEARS, AWAY, indexing="ij")
    )
    return call, FORWARD * np.exp(away * volatility * np.sqrt(years)), volatility, years


def by_quantlib(call, strikes, volatility, years) -> np.ndarray:
    rows = []
    for is_call, strike, sigma, left in zip(call, strikes, volatility, years, strict=True):
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if is_call else ql.Option.Put, float(strike))
        one = ql.BlackCalculator(payoff, FORWARD, float(sigma * math.sqrt(left)), 1.0)
        rows.append(
            (
                one.value(),
                one.deltaForward(),
                one.gammaForward(),
                one.vega(float(left)),
                one.theta(FORWARD, float(left)),
            )
        )
    return np.array(rows).T


def test_price_and_every_greek_are_quantlibs_to_a_billionth():
    call, strikes, volatility, years = chain()
    ours = black.greeks(call, strikes, FORWARD, volatility, years)
    price, delta, gamma, vega, theta = by_quantlib(call, strikes, volatility, years)
    np.testing.assert_allclose(ours.price, price, rtol=0, atol=EXACT)
    np.testing.assert_allclose(ours.delta, delta, rtol=0, atol=EXACT)
    np.testing.assert_allclose(ours.gamma, gamma, rtol=EXACT, atol=EXACT)
    np.testing.assert_allclose(ours.vega, vega, rtol=EXACT, atol=EXACT)
    np.testing.assert_allclose(ours.theta, theta, rtol=EXACT, atol=EXACT)
    np.testing.assert_allclose(
        black.prices(call, strikes, FORWARD, volatility * np.sqrt(years)), price, rtol=0, atol=EXACT
    )


def test_the_volatility_of_options_out_of_the_money_is_found_to_a_billionth():
    call, strikes, volatility, years = chain()
    out = (call & (strikes >= FORWARD)) | (~call & (strikes <= FORWARD))
    call, strikes, std_dev = call[out], strikes[out], (volatility * np.sqrt(years))[out]
    price = np.array(
        [
            ql.blackFormula(ql.Option.Call if is_call else ql.Option.Put, float(strike), FORWARD, float(deviation))
            for is_call, strike, deviation in zip(call, strikes, std_dev, strict=True)
        ]
    )
    np.testing.assert_allclose(black.implied_std_devs(call, strikes, FORWARD, price), std_dev, rtol=EXACT)


@pytest.mark.parametrize(
    ("spot", "strike", "rate", "volatility", "years", "call", "put"),
    [
        (42.0, 40.0, 0.10, 0.20, 0.5, 4.76, 0.81),  # Hull, Options, Futures and Other Derivatives, example 15.6
        (49.0, 50.0, 0.05, 0.20, 20 / 52, 2.40, 2.45),  # the example all of his chapter on greeks hedges
    ],
)
def test_published_prices_are_met(spot, strike, rate, volatility, years, call, put):
    forward, discount = spot * math.exp(rate * years), math.exp(-rate * years)
    found = black.prices(np.array([True, False]), strike, forward, volatility * math.sqrt(years)) * discount
    assert found == pytest.approx([call, put], abs=0.005)


def test_published_greeks_are_met():
    """Hull's short call of chapter 19: delta 0.522, gamma 0.066, vega 12.1, theta -4.31 a year."""
    spot, strike, rate, volatility, years = 49.0, 50.0, 0.05, 0.20, 20 / 52
    grown, discount = math.exp(rate * years), math.exp(-rate * years)
    found = black.greeks(np.array([True]), np.array([strike]), spot * grown, volatility, years)
    delta = float(found.delta[0])  # discounted, times what the forward moves with the spot
    price = float(found.price[0]) * discount
    theta = float(found.theta[0]) * discount + rate * (price - spot * delta)
    assert delta == pytest.approx(0.522, abs=5e-4)
    assert float(found.gamma[0]) * grown == pytest.approx(0.066, abs=5e-4)
    assert float(found.vega[0]) * discount == pytest.approx(12.1, abs=0.05)
    assert theta == pytest.approx(-4.31, abs=0.005)


@given(away=st.floats(-4, 4), volatility=st.floats(0.05, 1.5), years=st.floats(0.001, 2), forward=st.floats(1, 10_000))
def test_call_less_put_is_forward_less_strike(away, volatility, years, forward):
    strike = forward * math.exp(away * volatility * math.sqrt(years))
    call, put = black.prices(np.array([True, False]), strike, forward, volatility * math.sqrt(years))
    assert call - put == pytest.approx(forward - strike, abs=1e-9 * forward)


def test_at_its_end_an_option_is_worth_what_it_pays():
    call = np.array([True, True, False, False])
    found = black.greeks(call, np.array([90.0, 110.0, 90.0, 110.0]), 100.0, 0.2, 0.0)
    assert found.price.tolist() == pytest.approx([10, 0, 0, 10])
    assert found.delta.tolist() == pytest.approx([1, 0, 0, -1])
    assert found.vega.tolist() == [0, 0, 0, 0]
    assert np.isfinite(found.theta).all()


def test_what_is_not_known_stays_with_its_own_element():
    found = black.greeks(np.array([True, True]), np.array([100.0, 100.0]), 100.0, np.array([math.nan, 0.2]), 1.0)
    assert np.isnan(found.price).tolist() == [True, False]


@pytest.mark.parametrize("price", [math.nan, -1.0, 0.0, 10.0, 100.0, math.inf])
def test_a_price_no_volatility_gives_has_none(price):
    """A call struck at 90 on 100 is worth more than 10 and less than 100."""
    found = black.implied_std_devs(np.array([True]), np.array([90.0]), 100.0, np.array([price]))
    assert np.isnan(found).all()
