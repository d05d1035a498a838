"""The exposure of a book: each figure held against QuantLib's prices a moment, a percent, a point apart."""

import math
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 - the name its own documentation uses

from actors.domain.market.contract import Right
from actors.domain.risk import exposure_pricer
from actors.domain.risk.exposure import Exposure, Figures
from actors.domain.risk.exposure_limits import ExposureLimits, GreekLimits, Grid
from actors.domain.risk.exposure_measure import beyond, holdings, measure, whole, worst
from actors.domain.risk.exposure_pricer import Pricer, shocks
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, spxw
from tests.fakes import START
from tests.surfaces import FORWARD, VOLATILITY, curves, sight, table, view

YEARS = timedelta(hours=6) / timedelta(days=365)
SHORT_PUT = spxw(5900, "P")
GRID = Grid(spot=(-0.02, 0.0, 0.01), volatility=(-0.02, 0.0), days=(0.0, 0.1))


def pricer(grid: Grid = GRID) -> Pricer:
    return Pricer(curves(table(), knots_max=100), {"SPX": FORWARD}, START, grid)


def worth(symbol: str, forward: float = FORWARD, volatility: float = VOLATILITY, years: float = YEARS) -> float:
    contract = PRODUCTS.contract(symbol)
    kind = ql.Option.Call if contract.right is Right.CALL else ql.Option.Put
    return 100 * ql.blackFormula(kind, float(contract.strike), forward, volatility * math.sqrt(max(years, 0.0)))


@pytest.mark.parametrize("symbol", [SHORT_PUT, spxw(5950), spxw(6000), spxw(6000, "P")])
def test_each_greek_is_what_its_move_makes_in_dollars(symbol):
    (row,) = pricer().rows([PRODUCTS.contract(symbol)])
    delta, gamma, vega, theta = row[:4]
    step = FORWARD * 1e-4
    up, at, down = (worth(symbol, FORWARD + sign * step) for sign in (1, 0, -1))
    assert delta == pytest.approx((up - down) / 2 * 100, rel=0.02, abs=2)
    assert gamma == pytest.approx((up - 2 * at + down) * 1e4, rel=0.05, abs=20)
    assert vega == pytest.approx((worth(symbol, volatility=VOLATILITY + 0.001) - at) * 10, rel=0.02, abs=0.2)
    soon = (worth(symbol, years=YEARS * 0.999) - at) * 1000
    assert theta == pytest.approx(soon, rel=0.03, abs=2)
    assert theta < 0 < gamma


@pytest.mark.parametrize("symbol", [SHORT_PUT, spxw(6000)])
def test_each_cell_is_the_price_there_less_the_price_here(symbol):
    (row,) = pricer().rows([PRODUCTS.contract(symbol)])
    for cell, (spot, volatility, days) in enumerate(zip(*shocks(GRID), strict=True)):
        there = worth(symbol, FORWARD * (1 + spot), VOLATILITY + volatility, YEARS - days / 365)
        assert row[4 + cell] == pytest.approx(there - worth(symbol), abs=12), GRID.words(cell)


def test_past_its_end_an_option_is_worth_what_it_pays():
    (row,) = pricer(Grid(spot=(-0.05,), volatility=(0.0,), days=(1.0,))).rows([PRODUCTS.contract(SHORT_PUT)])
    assert row[4] == pytest.approx(100 * (5900 - FORWARD * 0.95) - worth(SHORT_PUT), abs=3)


def test_a_share_moves_with_itself_and_has_no_other_greek():
    (row,) = pricer().rows([PRODUCTS.contract("SPX")])
    assert row[:4].tolist() == pytest.approx([FORWARD / 100, 0, 0, 0])
    assert row[4:].tolist() == pytest.approx((shocks(GRID)[0] * FORWARD).tolist())


def test_what_has_no_curve_is_nan_and_nobody_elses_row_is():
    rows = pricer().rows([PRODUCTS.contract(each) for each in (SHORT_PUT, "QQQ   260105C00500000", "SPX")])
    assert np.isnan(rows).any(axis=1).tolist() == [False, True, False]


def test_what_was_asked_for_last_is_priced_on_new_curves_before_it_is_asked_for_again(monkeypatch):
    legs = [PRODUCTS.contract(each) for each in CONDOR_SYMBOLS]
    before, (after, again) = pricer(), (Pricer(curves(table()), {}, START + timedelta(hours=1), GRID) for _ in "12")
    before.rows(legs)
    expected = again.rows(legs)
    after.follow(before)
    monkeypatch.setattr(Pricer, "_priced", None)
    assert np.array_equal(after.rows(legs), expected)
    assert not np.array_equal(after.rows(legs), before.rows(legs))


def test_only_so_many_are_priced_ahead_and_they_are_the_last_asked_for(monkeypatch):
    monkeypatch.setattr(exposure_pricer, "_FOLLOWED_MAX", 2)
    first, second, third = (PRODUCTS.contract(each) for each in CONDOR_SYMBOLS[:3])
    before, after, priced = pricer(), pricer(), []
    for each in (first, second, third, first):
        before.rows([each])
    monkeypatch.setattr(Pricer, "_found", lambda self, contracts: priced.extend(contracts) or np.zeros((2, self.width)))
    after.follow(before)
    assert priced == [third, first]


def test_the_book_is_the_sum_of_what_is_held_signed():
    quantities = dict(zip(CONDOR_SYMBOLS, (2, -2, -2, 2), strict=True))
    found = measure(view(quantities), sight(), GRID)
    rows = Pricer(curves(table()), {}, START, GRID).rows([PRODUCTS.contract(each) for each in quantities])
    expected = (rows.T * np.array(list(quantities.values()))).sum(axis=1)
    spx = found.underlyings["SPX"]
    assert [spx.delta, spx.gamma, spx.vega, spx.theta, *spx.cells] == pytest.approx(expected.tolist(), abs=0.01)
    assert spx.vega < 0 < spx.theta
    assert whole(found) == spx
    assert found.counted == quantities
    assert (found.age_s, found.without) == (0.5, ())


def test_what_we_hold_and_cannot_price_is_unknown_by_name():
    strange = "QQQ   260105C00500000"
    found = measure(view({SHORT_PUT: -1, strange: 1}), sight(), GRID)
    assert found.underlyings["QQQ"].unknown == (strange,)
    assert whole(found).unknown == (strange,)
    assert found.underlyings["SPX"].unknown == ()


def test_a_foreign_position_counts_where_it_can_be_priced_and_is_left_out_by_name_where_not():
    strange = "QQQ   260105C00500000"
    book = view({SHORT_PUT: -1}, {"primary-account": {SHORT_PUT: 3, strange: 1}})
    assert holdings(book) == ({SHORT_PUT: -1}, {SHORT_PUT: 3, strange: 1})
    found = measure(book, sight(), GRID)
    assert found.without == (strange,)
    assert found.counted == {SHORT_PUT: 2}
    assert whole(found).unknown == ()
    assert whole(found).delta < 0  # two puts long


def test_a_foreign_symbol_that_nobody_can_read_is_left_out_by_name():
    found = measure(view({SHORT_PUT: -1}, {"primary-account": {"BTC/USD": 3}}), sight(), GRID)
    assert found.without == ("BTC/USD",)
    assert found.counted == {SHORT_PUT: -1}


def test_what_is_over_weighs_nothing_and_is_not_unknown():
    found = measure(view({SHORT_PUT: -1}), sight(curves=(), is_over=lambda contract: True), GRID)
    assert found.underlyings["SPX"] == Figures(cells=(0.0,) * 12)
    assert found.counted == {SHORT_PUT: -1}


def exposure(**figures: object) -> Exposure:
    return Exposure(at=START, age_s=0, underlyings={"SPX": Figures(**figures)})


@pytest.mark.parametrize(("value", "is_beyond"), [(999.99, False), (1_000.0, False), (1_000.01, True), (-1_001, True)])
def test_a_greek_is_beyond_its_limit_from_the_next_cent_on(value, is_beyond):
    limits = ExposureLimits(underlying=GreekLimits(delta_max=1_000), whole=GreekLimits())
    assert bool(beyond(exposure(delta=value), limits)) is is_beyond


def test_the_worst_cell_is_named_with_its_place_and_limit():
    limits = ExposureLimits(
        underlying=GreekLimits(),
        whole=GreekLimits(),
        stress_loss_max=Decimal(500),
        grid=Grid(spot=(-0.05, 0.05), volatility=(0.0,), days=(0.0,)),
    )
    found = exposure(cells=(-500.01, 20.0))
    assert worst(whole(found)) == (0, -500.01)
    assert beyond(found, limits) == {
        "whole book stress": "-500 dollars at spot -5.0%, volatility +0 points, day +0, limit 500"
    }
    assert beyond(exposure(cells=(-500.0, 20.0)), limits) == {}
    assert worst(Figures()) is None
