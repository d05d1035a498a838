"""`holdfast risk`: from risk's own board on disk."""

import json
from functools import partial

import pytest
from click.testing import CliRunner

from actors.domain.risk.exposure_limits import ExposureLimits, GreekLimits
from actors.exposure_watch import ExposurePorts, ExposureSettings, ExposureWatch
from actors.quote_board import QuoteBoard, write_quotes
from actors.route_board import write_board
from supervisor.cli.main import main
from tests.builders import PRODUCTS, sessions, spxw
from tests.fakes import FakeClock
from tests.surfaces import table, view

LIMITS = ExposureLimits(underlying=GreekLimits(delta_max=1_000), whole=GreekLimits(vega_max=1), stress_loss_max=10_000)
HELD = {spxw(5900, "P"): -1, spxw(5850, "P"): 1}


@pytest.fixture
def measured(where):
    """Return a function that has risk measure a book in the state folder."""

    def measure(holdings=None, foreign=None, **settings) -> None:
        quotes, clock = table(), FakeClock()
        write_quotes(where.quotes, clock, quotes)
        board = QuoteBoard(where.quotes, lambda: quotes.universe)
        ports = ExposurePorts(board.read, PRODUCTS, sessions(), partial(write_board, where.exposure))
        watch = ExposureWatch(ExposureSettings(limits=LIMITS, **settings), ports)
        watch.look(view(holdings or HELD, foreign), clock.ns, clock.now)

    return measure


def run(where, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["risk", *arguments, "--state", str(where.state)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_greeks_limits_stress_and_moves_are_told_with_their_age(where, measured):
    measured()
    code, text = run(where)
    assert code == 0
    lines = text.splitlines()
    assert lines[0].startswith("Greeks   dollars of all that is held, on quotes ")
    assert [line.split()[0] for line in lines if line.startswith("         ")][1:] == ["SPX", "whole"]
    assert any(line.startswith("Limit    SPX delta") and "of 1,000" in line for line in lines)
    assert any(line.startswith("Limit    whole book vega") and line.endswith("BEYOND") for line in lines)
    assert any(line.startswith("Stress   worst cell -") and "of 10,000" in line and "spot -" in line for line in lines)
    (move,) = [line for line in lines if line.startswith("Move ")]
    assert "SPXW   Mon 05 Jan 16:00  forward 5,950.0" in move


def test_old_figures_say_so(where, measured):
    measured()
    assert "STALE" in run(where)[1].splitlines()[0]


def test_what_is_unknown_or_left_out_is_named(where, measured):
    strange, foreign = "QQQ   260105C00500000", "IWM   260105C00200000"
    measured({strange: 1}, {"primary-account": {foreign: 2}})
    text = run(where)[1]
    assert f"UNKNOWN  QQQ: no volatility now of {strange}" in text
    assert f"Without  foreign and not quoted, in no figure: {foreign}" in text


def test_limits_that_are_not_asked_say_so(where, measured):
    measured(enabled=False)
    assert "greeks.enabled is false" in run(where)[1]


def test_json_holds_figures_limits_grid_and_moves(where, measured):
    measured()
    told = json.loads(run(where, "--json")[1])
    assert told["schema"] == "holdfast.risk/1"
    exposure = told["exposure"]
    assert exposure["underlyings"]["SPX"] == exposure["whole"]
    assert [(each["subject"], each["greek"]) for each in exposure["limits"]] == [
        ("SPX", "delta"),
        ("whole book", "vega"),
    ]
    assert exposure["stress"]["worst"] == min(exposure["whole"]["cells"]) < 0
    assert exposure["moves"][0]["expected_move"] > 0
    assert exposure["age_s"] > 0


def test_where_nothing_was_measured_it_says_so(where):
    assert run(where)[0] == 3
