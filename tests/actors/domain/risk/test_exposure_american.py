"""American options in the money: between the closed form and shares."""

from datetime import date, timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from actors.domain.market.contract import Products, Right, occ_symbol
from actors.domain.market.curve import Curve
from actors.domain.risk.exposure_american import american_row, is_early
from actors.domain.risk.exposure_limits import Grid
from actors.domain.risk.exposure_measure import measure
from actors.domain.risk.exposure_pricer import Pricer
from tests.fakes import START
from tests.surfaces import sight, view

GRID = Grid(spot=(-0.05, 0.0, 0.05), volatility=(0.0,), days=(0.0,))
EXPIRES = date(2026, 4, 6)
CURVE = Curve(
    root="AAPL",
    underlying="AAPL",
    expires_on=EXPIRES,
    ends_at=START.replace(month=4, day=6),
    forward=101.0,
    expected_move=10,
    strikes=(80.0, 150.0),
    volatilities=(0.25, 0.25),
)
PRODUCTS = Products()


def option(strike: int, right: Right = Right.PUT):
    return PRODUCTS.contract(occ_symbol("AAPL", EXPIRES, right, strike))


def facts(contract):
    return Pricer((CURVE,), {}, START, GRID).facts(contract)


@pytest.mark.parametrize(
    ("strike", "right", "early"),
    [(140, Right.PUT, True), (90, Right.PUT, False), (90, Right.CALL, True), (140, Right.CALL, False)],
)
def test_early_exercise_weighs_in_the_money_alone(strike, right, early):
    contract = option(strike, right)
    assert is_early(contract, facts(contract)) is early


def test_a_put_deep_in_the_money_is_shares_sold_short():
    row = american_row(facts(option(150)), 100.0, 0.05, GRID)
    assert row[0] == pytest.approx(-100, abs=0.5)  # a hundred shares of 100 dollars lose 100 when they rise by 1 %
    assert row[4:].tolist() == pytest.approx([500, 0, -500], abs=5)


def test_near_the_money_it_is_close_to_the_closed_form():
    contract = option(103)
    (european,) = Pricer((CURVE,), {}, START, GRID).rows([contract])
    row = american_row(facts(contract), 100.0, 0.04, GRID)
    assert row[:3].tolist() == pytest.approx(european[:3].tolist(), rel=0.12, abs=0.3)
    assert row[0] < european[0]
    assert 0 > row[3] > european[3]  # the strike comes in sooner, and earns its interest


@pytest.mark.parametrize("days", [0.05, 1, 3])
def test_the_day_before_a_dividend_no_cell_of_the_shipped_grid_is_without_a_price(days):
    """The risk actor measures this each second: what raises here ends it, again and again."""
    ends = START + timedelta(days=days)
    calm = CURVE.model_copy(update={"forward": 98.5, "ends_at": ends, "volatilities": (0.07, 0.07)})
    contract = option(90, Right.CALL)
    row = american_row(Pricer((calm,), {}, START, Grid()).facts(contract), 100.0, 0.04, Grid())
    assert np.isfinite(row).all()
    assert row[0] == pytest.approx(100, abs=1)


@pytest.mark.parametrize("move", [-1.0, -1.5, float("nan"), float("inf")])
def test_a_grid_cannot_take_all_of_an_underlying_away(move):
    with pytest.raises(ValidationError):
        Grid(spot=(move,))


def test_the_book_holds_it_so():
    contract = option(150)
    seen = sight(curves=(CURVE,), spots={"AAPL": 100.0}, contract=PRODUCTS.contract, rate=0.05)
    found = measure(view({contract.symbol: -2}), seen, GRID)
    assert found.underlyings["AAPL"].delta == pytest.approx(200, abs=1)
    without_spot = measure(view({contract.symbol: -2}), sight(curves=(CURVE,), contract=PRODUCTS.contract), GRID)
    assert without_spot.underlyings["AAPL"].delta == pytest.approx(200, abs=15)
