"""What is asked for is never priced below its exercise: held against QuantLib's American prices."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.domain.market.contract import Kind, Product, Products, Right, Style, occ_symbol
from actors.domain.market.curve import Curve
from actors.domain.risk.exposure import Exposure
from actors.domain.risk.exposure_american import american_row
from actors.domain.risk.exposure_limits import Grid
from actors.domain.risk.exposure_pricer import Pricer, pricer_of
from tests.fakes import START

GRID = Grid(spot=(-0.08, -0.02, 0.0, 0.02, 0.06), volatility=(-0.05, 0.0, 0.10), days=(0.0, 1.0))
EXPIRES = date(2026, 4, 6)
SPOT, RATE = 100.0, 0.04
EUROPEAN = Products((Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION, style=Style.EUROPEAN),))


def curve(forward: float, days: float, volatility: float, root: str = "AAPL", underlying: str = "AAPL") -> Curve:
    return Curve(
        root=root,
        underlying=underlying,
        expires_on=EXPIRES,
        ends_at=START + timedelta(days=days),
        forward=forward,
        expected_move=5,
        strikes=(80.0, 120.0),
        volatilities=(volatility, volatility),
    )


def option(strike: float, right: Right):
    return Products().contract(occ_symbol("AAPL", EXPIRES, right, strike))


def row(found: Curve, contract, spot: float | None = SPOT):
    spots = {} if spot is None else {found.underlying: spot}
    return Pricer((found,), spots, START, GRID, rate=RATE).rows([contract])[0]


@settings(max_examples=60, deadline=None)
@given(
    strike=st.integers(80, 125),
    right=st.sampled_from(list(Right)),
    days=st.floats(1.5, 60),
    volatility=st.floats(0.1, 0.6),
    dividend=st.floats(0.0, 1.2),
)
@example(strike=90, right=Right.CALL, days=32.0, volatility=0.35, dividend=0.9)
def test_every_cell_is_quantlibs_but_for_the_right_to_choose_later(strike, right, days, volatility, dividend):
    years = days / 365
    found, contract = curve(SPOT * math.exp(RATE * years) - dividend, days, volatility), option(strike, right)
    priced, pricer = row(found, contract), Pricer((found,), {}, START, GRID)
    exact = american_row(pricer.facts(contract), SPOT, RATE, GRID)
    lost = dividend if right is Right.CALL else strike * (math.exp(RATE * years) - 1)
    assert np.abs(priced[4:] - exact[4:]).max() <= 100 * (0.6 * lost + 0.002)


@pytest.mark.parametrize(("strike", "right", "sign"), [(135, Right.PUT, -1), (75, Right.CALL, 1)])
def test_deep_in_the_money_it_is_shares(strike, right, sign):
    forward = 101.5 if right is Right.PUT else 98.0  # interest weighs on the put, a dividend of 2 on the call
    priced = row(curve(forward, 30, 0.2), option(strike, right))
    assert priced[:4].tolist() == [sign * 100.0, 0, 0, 0]
    assert (priced[-1], priced[4]) == (pytest.approx(sign * 600), pytest.approx(-sign * 800))


def test_the_day_before_a_dividend_a_call_moves_as_shares_and_not_as_the_forward_does():
    """A dividend of 3 lies between spot and forward; a fall of 2 % costs the call its 2 points."""
    contract, found = option(85, Right.CALL), curve(97.0, 3, 0.25)
    priced, blind = row(found, contract), row(found, contract, spot=None)
    at = next(cell for cell in range(GRID.size) if GRID.point(cell) == (-0.02, 0.0, 0.0))
    assert (priced[0], priced[4 + at]) == (pytest.approx(100), pytest.approx(-200))
    assert (blind[0], blind[4 + at]) == (pytest.approx(97, abs=1), pytest.approx(-194, abs=1)), "the closed form stands"


def test_a_european_option_may_be_worth_less_than_its_exercise():
    found = curve(101.5, 30, 0.2, "SPXW", "SPX")
    contract = EUROPEAN.contract(occ_symbol("SPXW", EXPIRES, Right.PUT, 135))
    assert np.array_equal(row(found, contract), row(found, contract, spot=None))


def test_beside_an_american_option_a_european_one_is_priced_as_alone():
    curves = (curve(101.5, 30, 0.2), curve(101.5, 30, 0.2, "SPXW", "SPX"))
    american, european = option(135, Right.PUT), EUROPEAN.contract(occ_symbol("SPXW", EXPIRES, Right.PUT, 135))
    pricer = Pricer(curves, {"AAPL": SPOT, "SPX": SPOT}, START, GRID, rate=RATE)
    both = pricer.rows([american, european])
    assert both[0].tolist() == pytest.approx(row(curves[0], american).tolist())
    assert both[1].tolist() == pytest.approx(row(curves[1], european).tolist())


def test_the_gate_prices_with_the_rate_that_risk_told():
    found, contract = curve(101.5, 30, 0.2), option(105, Right.PUT)
    told = Exposure(at=START, age_s=0, curves=(found,), spots={"AAPL": SPOT}, rate=RATE)
    assert pricer_of(told, GRID).rows([contract])[0].tolist() == row(found, contract).tolist()


def test_past_its_end_it_is_worth_what_it_pays():
    priced = row(curve(SPOT, 0, 0.2), option(110, Right.PUT))
    assert np.isfinite(priced).all()
    assert priced[4] == pytest.approx(800)
