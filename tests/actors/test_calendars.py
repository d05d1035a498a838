"""The tables we ship agree with the library, with the exchange's own lists, and survive on disk."""

import csv
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from actors.calendars import FIRST_ON, LAST_ON, exchange_table, load_sessions
from actors.domain.market.session import NEW_YORK, Closed, Sessions
from actors.products import BadTable

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
