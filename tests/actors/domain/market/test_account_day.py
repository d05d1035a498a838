"""Sunday evening and a holiday's morning are the next day's, for an account that trades then, and nobody's else."""

from datetime import date, datetime

import pytest

from actors.calendars import load_sessions
from actors.config import SHIPPED
from actors.domain.market.account_day import account_day
from actors.domain.market.session import NEW_YORK, Closure, Sessions

STOCKS, FUTURES = ("equity_option", "index_option"), ("index_option", "globex")


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> Sessions:
    return load_sessions(SHIPPED / "sessions.toml", tmp_path_factory.mktemp("tables") / "xnys.json")


@pytest.mark.parametrize(
    ("now", "of_stocks", "of_futures"),
    [
        ("2026-11-27T12:00", "2026-11-27", "2026-11-27"),
        ("2026-11-25T20:00", "2026-11-25", "2026-11-25"),  # a weekday's evening is still its own
        ("2026-11-27T20:00", "2026-11-27", "2026-11-27"),
        ("2026-11-28T12:00", None, None),
        ("2026-11-29T17:59", None, None),
        ("2026-11-29T18:00", None, "2026-11-30"),
        ("2026-11-30T09:30", "2026-11-30", "2026-11-30"),
        ("2026-11-26T12:00", None, "2026-11-27"),  # Thanksgiving, until the halt
        ("2026-11-26T13:00", None, None),
        ("2026-11-26T18:00", None, "2026-11-27"),
        ("2026-01-18T18:00", None, "2026-01-20"),  # the Sunday before Martin Luther King's Monday
        ("2026-03-08T18:00", None, "2026-03-09"),  # the Sundays that the clock is changed on
        ("2026-11-01T18:00", None, "2026-11-02"),
        ("2027-01-01T12:00", None, None),
    ],
)
def test_the_day_that_results_belong_to(tables, now, of_stocks, of_futures):
    at = datetime.fromisoformat(now).replace(tzinfo=NEW_YORK)
    expected = [date.fromisoformat(day) if day else None for day in (of_stocks, of_futures)]
    assert [account_day(at, tables, traded) for traded in (STOCKS, FUTURES)] == expected


def test_a_day_a_person_declared_closed_is_passed_over_and_one_the_tables_do_not_know_is_not(tables):
    sunday = datetime(2026, 11, 29, 19, tzinfo=NEW_YORK)
    closed = tables.without([Closure(on=date(2026, 11, 30))])
    assert account_day(sunday, closed, FUTURES) is None, "Globex is closed then too"
    last = datetime(2027, 12, 31, 12, tzinfo=NEW_YORK)
    assert account_day(last, tables, FUTURES) == date(2027, 12, 31)
    assert account_day(last.replace(year=2028), tables, FUTURES) is None
