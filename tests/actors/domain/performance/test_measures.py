import math
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.performance.measures import measures
from actors.domain.portfolio.form import Form

dollars = st.integers(-5_000, 5_000).map(Decimal)


@dataclass(frozen=True)
class Ended:
    pnl: Decimal
    sequence: int
    fees: Decimal = Decimal(0)
    expected_fees: Decimal | None = None


def ended(*results: object) -> list[Ended]:
    return [Ended(Decimal(result), place) for place, result in enumerate(results, start=1)]


def test_the_figures_of_a_few_structures_are_what_a_trader_would_reckon():
    found = measures(Form().after(ended(100, -50, 200, -250, 0)))
    assert (found.structures, found.wins, found.losses, found.win_rate) == (5, 2, 2, 0.4)
    assert (found.total, found.expectancy) == (Decimal(0), Decimal("0.00"))
    assert found.profit_factor == pytest.approx(300 / 300)
    assert (found.drawdown, found.drawdown_max) == (Decimal(250), Decimal(250))


def test_nothing_is_made_up_where_there_is_too_little_to_say():
    found = measures(Form())
    assert (found.win_rate, found.expectancy, found.profit_factor, found.sharpe) == (None, None, None, None)
    assert measures(Form().after(ended(10))).profit_factor is None, "no loss yet"


@given(st.lists(dollars, max_size=40))
def test_the_drawdown_is_the_deepest_fall_of_the_results_added_up(results):
    form, total, high, deepest = Form().after(ended(*results)), Decimal(0), Decimal(0), Decimal(0)
    for result in results:
        total += result
        high = max(high, total)
        deepest = max(deepest, high - total)
    assert (form.drawdown_max, form.high - form.total) == (deepest, high - total)


@given(st.lists(dollars, min_size=20, max_size=60).filter(lambda results: len(set(results)) > 1))
def test_the_sharpe_ratio_is_the_sessions_mean_over_their_deviation(results):
    form = Form()
    for result in results:
        form = form.after_session(result)
    expected = mean(map(float, results)) / stdev(map(float, results)) * math.sqrt(252)
    assert measures(form).sharpe == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_fewer_than_twenty_sessions_have_no_sharpe_ratio():
    form = Form()
    for result in range(19):
        form = form.after_session(Decimal(result))
    assert measures(form).sharpe is None
    assert measures(form.after_session(Decimal(5))).sharpe is not None
