from datetime import date

import pytest

from actors.calendars import load_sessions
from actors.expiry_tables import load_expiry
from supervisor.app.doctor.calendars import examine, examine_expiries
from supervisor.app.doctor.finding import Verdict
from supervisor.app.plan import TABLES

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    sessions = load_sessions(TABLES / "sessions.toml", tmp_path_factory.mktemp("days") / "days.json")
    return sessions.exchange, sessions.official


def test_the_shipped_tables_agree(tables):
    assert [found.verdict for found in examine(*tables, TODAY)] == [Verdict.OK, Verdict.OK]


def test_a_holiday_and_a_half_day_that_only_one_table_knows_are_named(tables):
    exchange, official = tables
    ours = official.model_copy(
        update={
            "holidays": official.holidays | {date(2026, 12, 1)},
            "half_days": official.half_days - {date(2026, 12, 24)},
        }
    )
    found = next(examine(exchange, ours, TODAY))
    assert found.verdict is Verdict.FAIL
    assert found.text == ("2 days differ: 2026-12-01 is closed by ours alone, 2026-12-24 is a half day by theirs alone")


def test_a_table_that_ends_soon_is_told_before_it_does(tables):
    assert [found.verdict for found in examine(*tables, date(2027, 12, 1))] == [Verdict.OK, Verdict.WARN]


@pytest.mark.parametrize(
    ("today", "verdict"),
    [(TODAY, Verdict.OK), (date(2027, 12, 1), Verdict.WARN), (date(2028, 1, 1), Verdict.FAIL)],
)
def test_the_expiry_table_is_told_before_it_ends_and_forbids_trading_after(today, verdict):
    assert examine_expiries(load_expiry(TABLES / "expiry.toml"), today).verdict is verdict
