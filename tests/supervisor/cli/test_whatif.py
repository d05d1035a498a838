"""`holdfast whatif`: from the boards, the configuration and the tables on disk; nothing runs, nothing is sent."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.calendars import load_sessions
from actors.config import load, with_overrides
from actors.exposure_watch import ExposurePorts, ExposureSettings, ExposureWatch
from actors.quote_board import QuoteBoard, write_quotes
from actors.route_board import write_board
from supervisor.app import warmth
from supervisor.app.plan import TABLES, store
from supervisor.cli.main import main
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, sessions
from tests.fakes import FakeClock
from tests.surfaces import table, view

ROOT = Path(__file__).parents[3]
HELD = dict(zip(CONDOR_SYMBOLS, (1, -1, -1, 1), strict=True))
HEAVY = """
import sys
from click.testing import CliRunner
from supervisor.cli.main import main
result = CliRunner().invoke(main, sys.argv[1:])
print(result.exit_code, sorted({"ray", "pandas"} & set(sys.modules)))
"""


@pytest.fixture
def measured(where):
    """A state folder as a tree leaves it: settled configuration, calendar, universe, quotes, risk's board."""
    store(with_overrides(load(None), {"runtime.state": where.state}), where)
    load_sessions(TABLES / "sessions.toml", where.state / "exchange-days.json")
    quotes, clock = table(), FakeClock()
    warmth.keep_universe(where.universe, quotes.universe)
    write_quotes(where.quotes, clock, quotes)
    board = QuoteBoard(where.quotes, lambda: quotes.universe)
    ports = ExposurePorts(board.read, PRODUCTS, sessions(), partial(write_board, where.exposure))
    ExposureWatch(ExposureSettings(), ports).look(view(HELD), clock.ns, clock.now)
    return where


def run(where, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["whatif", *arguments, "--state", str(where.state)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_crash_is_told_with_its_cost_its_rules_and_its_orders(measured):
    code, text = run(measured, "--spot", "-3%", "--iv", "+6")
    assert code == 0
    lines = text.splitlines()
    assert lines[0].startswith("Book     -4,")
    assert "at spot -3.0%, volatility +6 points, 0 days on; from quotes of 10:00:00 ET" in lines[0]
    assert any(line.startswith("         condor-1 (condor, SPX)  -4,") for line in lines)
    assert any(line.startswith("ORDER    condor asks to close condor-1 at -4") for line in lines)
    assert lines[-1] == "Nothing was sent."


def test_json_holds_the_same(measured):
    told = json.loads(run(measured, "--spot", "-3", "--iv", "6", "--days", "0.1", "--json")[1])
    assert told["schema"] == "holdfast.whatif/1"
    assert told["shock"] == {"spot": -0.03, "volatility": 0.06, "days": 0.1}
    assert told["sent"] == 0
    assert float(told["change"]) < -4_000
    assert told["structures"][0]["structure_id"] == "condor-1"
    assert told["wanted"][0]["kind"] == "close"
    assert told["quotes_age_s"] > 0


def test_it_needs_neither_ray_nor_pandas_and_writes_nothing(measured):
    before = {path: path.stat().st_mtime_ns for path in measured.state.rglob("*")}
    command = [sys.executable, "-c", HEAVY, "whatif", "--spot", "-3%", "--state", str(measured.state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["0", "[]"]
    assert {path: path.stat().st_mtime_ns for path in measured.state.rglob("*")} == before


@pytest.mark.parametrize("wrong", [("--spot", "down"), ("--spot", "-100%"), ("--days", "-1"), ("--iv", "nan")])
def test_a_move_that_is_none_is_bad_usage(measured, wrong):
    assert run(measured, *wrong)[0] == 2


def test_where_nothing_was_measured_it_says_so(where):
    assert run(where, "--spot", "-3%")[0] == 3
