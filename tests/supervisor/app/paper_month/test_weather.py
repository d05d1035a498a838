"""What a seed draws."""

from datetime import date

import pytest

from actors.venue.synthetic import SyntheticSettings
from supervisor.app.paper_month.day_market import crash_market
from supervisor.app.paper_month.shells import Tables
from supervisor.app.paper_month.weather import draw_month
from tests.builders import MARGINS
from tests.expiries import PRODUCTS, SESSIONS, TABLE

NOVEMBER = date(2026, 11, 2)
TABLES = Tables(products=PRODUCTS, sessions=SESSIONS, expiry=TABLE, margins=MARGINS)


def test_a_seed_is_one_month_of_the_exchanges_own_days_with_one_crash_on_it():
    month = draw_month(7, NOVEMBER, 20, SESSIONS)
    assert month == draw_month(7, NOVEMBER, 20, SESSIONS)
    assert month != draw_month(8, NOVEMBER, 20, SESSIONS)
    assert [plan.is_crash for plan in month].count(True) == 1
    assert date(2026, 11, 26) not in [plan.session for plan in month]
    assert next(plan.length_s for plan in month if plan.session == date(2026, 11, 27)) == 3.5 * 3600
    assert any(plan.gaps for plan in month if not plan.is_crash)
    assert any(abs(plan.overnight) > 0.01 for plan in month if not plan.is_crash)


@pytest.mark.parametrize("seed", range(1, 11))
def test_a_crash_ends_its_day_seven_percent_down_whatever_else_the_index_does(seed):
    (plan,) = draw_month(seed, NOVEMBER, 1, SESSIONS)
    settings = SyntheticSettings(
        spot=5_000 * (1 + plan.overnight),
        volatility=plan.volatility,
        contracts_max=200,
        interval_s=60,
        gaps=plan.gaps,
        halts=plan.halts,
    )
    market = crash_market(plan, settings, TABLES, 5_000)
    assert market.settlement_price("SPX") == pytest.approx(4_650, abs=15)


def test_deaths_fall_on_a_crash_above_all():
    month = draw_month(7, NOVEMBER, 20, SESSIONS)
    (crash,) = (plan for plan in month if plan.is_crash)
    assert len(crash.deaths) > max(len(plan.deaths) for plan in month if not plan.is_crash)
    assert any(death.steps for death in crash.deaths)
