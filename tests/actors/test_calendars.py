"""The tables we ship agree with the library, with the exchange's own lists, and survive on disk."""

import csv
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from actors.calendars import FIRST_ON, LAST_ON, exchange_table, load_sessions
from actors.domain.market.last_trade import last_trade
from actors.domain.market.session import NEW_YORK, Closed, Sessions
from actors.products import BadTable, load_products

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "config" / "sessions.toml"

EARLY_CLOSES_SINCE_2025 = {
    date(2025, 7, 3),
    date(2025, 11, 28),
    date(2025, 12, 24),
    date(2026, 11, 27),
    date(2026, 12, 24),
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("calendars") / "xnys.json"


@pytest.fixture(scope="module")
def sessions(cache) -> Sessions:
    return load_sessions(RULES, cache)


def half_days(sessions: Sessions, first: date, last: date) -> set[date]:
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return {on for on in days if (session := sessions.session("equity_option", on)) and session.is_half_day}


def test_the_two_sources_agree_on_every_day_of_fifteen_years(sessions) -> None:
    for ahead in range((LAST_ON - FIRST_ON).days + 1):
        found = sessions.find("equity_option", FIRST_ON + timedelta(days=ahead))
        assert not isinstance(found, Closed) or found.code is Closed.Code.CLOSED, found


def test_every_early_close_since_2015_is_known(sessions, shared) -> None:
    with (shared / "data" / "rules" / "nyse_official_2015_2024.csv").open() as file:
        official = {date.fromisoformat(row["date"]): row for row in csv.DictReader(file)}
    early = {on for on, row in official.items() if row["status"] == "early_1300"} | EARLY_CLOSES_SINCE_2025
    assert len(early) == 25
    assert half_days(sessions, date(2015, 1, 1), date(2026, 12, 31)) == early
    closed = {on for on, row in official.items() if row["status"] == "closed"}
    assert all(sessions.session("equity_option", on) is None for on in closed)


@pytest.mark.parametrize("on", sorted(EARLY_CLOSES_SINCE_2025))
def test_index_options_end_at_a_quarter_past_one_and_expiring_ones_at_one_on_early_closes(sessions, on) -> None:
    usual, expiring = (sessions.session("index_option", on, expiring=last) for last in (False, True))
    assert usual.closes_at.astimezone(NEW_YORK).strftime("%H:%M") == "13:15"
    assert expiring.closes_at.astimezone(NEW_YORK).strftime("%H:%M") == "13:00"


def test_the_session_times_are_those_of_the_rule_table(sessions, shared) -> None:
    with (shared / "data" / "rules" / "session_times.csv").open() as file:
        rows = {row["product"]: (row["open"], row["close"]) for row in csv.DictReader(file)}
    cases = {
        "equity & ETF options (regular day)": ("equity_option", date(2026, 11, 23)),
        "SPX/SPXW/VIX/XSP regular trading hours": ("index_option", date(2026, 11, 23)),
        "equity options half day": ("equity_option", date(2026, 11, 27)),
        "index/eligible options half day": ("index_option", date(2026, 11, 27)),
        "ES/NQ Globex": ("globex", date(2026, 11, 23)),
    }
    for product, (name, on) in cases.items():
        session = sessions.session(name, on)
        times = tuple(at.astimezone(NEW_YORK).strftime("%H:%M") for at in (session.opens_at, session.closes_at))
        assert times == (rows[product][0].split()[0], rows[product][1]), product


def test_a_kept_table_is_read_without_pandas(sessions, cache) -> None:
    program = (
        "import sys; from pathlib import Path; from actors.calendars import load_sessions\n"
        f"load_sessions(Path({str(RULES)!r}), Path({str(cache)!r}))\n"
        "print('pandas' in sys.modules, 'exchange_calendars' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("damage", ["", "{", '{"source": "someone else"}'])
def test_a_kept_table_that_does_not_read_is_built_again(tmp_path, sessions, damage) -> None:
    kept = tmp_path / "xnys.json"
    kept.write_text(damage)
    table = exchange_table(kept, date(2026, 11, 1), date(2026, 11, 30))
    assert set(table.days) == {on for on in sessions.exchange.days if (on.year, on.month) == (2026, 11)}
    assert exchange_table(kept, date(2026, 11, 1), date(2026, 11, 30)) == table


def test_a_kept_table_of_another_version_or_too_short_is_built_again(tmp_path) -> None:
    kept = tmp_path / "xnys.json"
    table = exchange_table(kept, date(2026, 11, 1), date(2026, 11, 30))
    kept.write_text(table.model_copy(update={"source": "exchange_calendars 1.0 XNYS", "days": {}}).model_dump_json())
    assert exchange_table(kept, date(2026, 11, 1), date(2026, 11, 30)) == table
    assert exchange_table(kept, date(2026, 11, 1), date(2026, 12, 31)).last_on == date(2026, 12, 31)


def test_a_rule_file_with_an_unknown_key_is_refused_by_name(tmp_path, cache) -> None:
    rules = tmp_path / "sessions.toml"
    rules.write_text(RULES.read_text() + "\n[rules.odd]\nclose_lagg_min = 3\n")
    with pytest.raises(BadTable, match=r"sessions\.toml(.|\n)*close_lagg_min"):
        load_sessions(rules, cache)


HALTS = {1: "MLK", 2: "Presidents", 5: "Memorial", 6: "Juneteenth", 9: "Labor", 11: "Thanksgiving"}
"""The public table's words, by the month they fall in."""


def test_globex_trades_until_one_on_the_holidays_that_the_rule_table_names_and_on_no_other(sessions, shared) -> None:
    with (shared / "data" / "rules" / "session_times.csv").open() as file:
        (note,) = [row["note"] for row in csv.DictReader(file) if row["product"] == "ES/NQ Globex"]
    said, rest = note.split("holiday mid-day halt ")[1].split(" ET (", 1)
    named = set(rest.split(")", maxsplit=1)[0].split(", "))
    assert sessions.official.halts <= sessions.official.holidays
    for year in range(2022, 2028):
        assert sorted(HALTS[on.month] for on in sessions.official.halts if on.year == year) == sorted(named)
    for on in sessions.official.holidays:
        for name in ("globex", "globex_weekly"):
            found = sessions.session(name, on)
            assert (found is not None) == (on in sessions.official.halts), on
            if found is not None:
                assert (new_york(found.opens_at), new_york(found.closes_at)) == ("18:00", said)


def new_york(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%H:%M}"


@pytest.mark.parametrize("on", [date(2026, 7, 3), date(2026, 4, 3), date(2026, 12, 25), date(2027, 1, 1)])
def test_on_other_holidays_globex_is_closed(sessions, on) -> None:
    assert sessions.find("globex", on).code is Closed.Code.CLOSED


@pytest.mark.parametrize("on", sorted(EARLY_CLOSES_SINCE_2025))
def test_globex_closes_a_quarter_past_one_on_half_days(sessions, on) -> None:
    assert new_york(sessions.session("globex", on).closes_at) == "13:15"


@pytest.mark.parametrize(
    ("monday", "hours_utc"),
    [
        (date(2026, 3, 2), (23, 22)),  # winter time
        (date(2026, 3, 9), (22, 21)),  # the clock went on that Sunday morning
        (date(2026, 10, 26), (22, 21)),
        (date(2026, 11, 2), (23, 22)),  # and back
    ],
)
def test_globex_keeps_new_yorks_hours_through_both_changes_of_the_clock(sessions, monday, hours_utc) -> None:
    session = sessions.session("globex", monday)
    assert (session.opens_at.hour, session.closes_at.hour) == hours_utc
    assert session.opens_at.date() == monday - timedelta(days=1)
    for days in range(4):
        on = monday + timedelta(days=days)
        today, tomorrow = (sessions.session("globex", day) for day in (on, on + timedelta(days=1)))
        assert tomorrow.opens_at - today.closes_at == timedelta(hours=1), "the daily halt"


def test_no_series_ends_on_a_halt(sessions) -> None:
    weekly = load_products(ROOT / "config" / "products.toml").contract("./ESZ26 E4D 261126C06500000")
    last = last_trade(weekly, sessions)
    assert last.settles_on == date(2026, 11, 25)
    assert last.at.astimezone(NEW_YORK).hour == 16
