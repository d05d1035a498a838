"""Routes in a trader's words."""

import json
from decimal import Decimal

import pytest

from actors.brokers.coverages import COVERAGES
from actors.config import load
from actors.domain.market.quote_gaps import GapCount
from actors.domain.orders.attempt import NotSent
from actors.messages import FeedState
from actors.route_board import DayView
from supervisor.app.preflight import backings
from supervisor.cli.route_lines import backing_lines, route_lines
from tests.builders import close_signal, open_signal
from tests.rig import ROUTES, Rig


def told(rig: Rig, age_s: float = 0.2) -> list[str]:
    board = json.loads(rig.executor._board.view().model_dump_json())
    board.pop("at_ns")
    return route_lines({"age_s": age_s, **board})


def test_the_days_result_is_told_first_with_what_had_to_be_left_out_of_it():
    rig = Rig()
    for route in ROUTES:
        rig.connect(route)
        rig.read(route, positions={"GOOG": 5} if route == "primary" else None)
    rig.opened(open_signal(1))
    rig.after(2)
    assert told(rig)[:2] == [
        "P&L day  -210.00      of baseline 200,000.00 (-0.10%), marked where one could close",
        " " * 22 + "without GOOG: not ours, and nobody quotes them",
    ]


def test_a_result_without_a_mark_is_unknown_and_before_a_baseline_there_is_none():
    assert not any(line.startswith("P&L") for line in told(Rig()))
    lines = route_lines({"age_s": 0, "routes": [], "feed": None, "waiting": {}, "day": unknown()})
    assert lines == ["P&L day  UNKNOWN      something held has no mark; baseline 100.00"]


def unknown() -> dict[str, object]:
    return DayView(pnl=None, baseline=Decimal(100), without=()).model_dump(mode="json")


def test_a_route_says_its_account_its_health_and_what_it_carries():
    lines = [line for line in told(Rig().ready()) if not line.startswith("P&L")]
    assert lines[0] == "Route    primary      account primary-account (broker); reads ok, writes ok, stream ok"
    assert (
        "carries equity option, index option; single legs limit/market DAY; combos of up to 4 legs limit DAY"
        in (lines[1])
    )


def test_what_a_route_has_and_is_not_used_for_is_told_with_the_reason():
    rig = Rig().ready()
    board = json.loads(rig.executor._board.view().model_dump_json())
    board["routes"][0]["coverage"] = COVERAGES["tastytrade"].model_dump(mode="json")
    (line,) = [line.strip() for line in route_lines({"age_s": 0, **board}) if "not traded" in line]
    assert line.startswith("not traded: futures themselves are not opened (R100)")


def test_what_is_wrong_is_told_below_it():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.ask(open_signal(2))
    rig.outcome("condor-20260105-2-r1", NotSent(cause="refused"))
    rig.connect(writes=False)
    rig.ask(close_signal(3, "condor-20260105-1"))
    text = "\n".join(told(rig))
    assert "writes SICK" in text
    assert "no openings: failed over to backup: refused" in text
    assert "Waits    condor-20260105-3: primary: cannot send" in text


def test_a_board_nobody_writes_any_more_says_so_first():
    assert told(Rig().ready(), age_s=40)[0] == "Routes   as the executor last knew them, 40 s ago"
    assert route_lines(None) == []


@pytest.mark.parametrize(
    ("lacks", "line"),
    [
        (None, []),
        ("", ["Copy     journal      every event is on the follower's disk too"]),
        ("silent for 2 s", ["Copy     journal      AWAY, nothing is opened: silent for 2 s"]),
    ],
)
def test_the_journals_copy_is_told_where_there_is_to_be_one(lacks, line):
    assert route_lines({"age_s": 0, "routes": [], "feed": None, "waiting": {}, "follower": lacks}) == line


def test_preflight_names_the_backup_of_each_strategy_and_who_has_none():
    config = load(None)
    (line,) = backing_lines([each.model_dump() for each in backings(config)])
    assert line == ("Backup   condor       alpaca, for openings: what is open at tastytrade waits for tastytrade")
    alone = config.model_copy(update={"routes": config.routes[:1]})
    (line,) = backing_lines([each.model_dump() for each in backings(alone)])
    assert line == "Backup   condor       NONE: there is one route only"


def test_preflight_says_that_nobody_stands_behind_options_on_a_future():
    config = load(None)
    es = config.strategies[0].model_copy(update={"name": "es", "underlying": "/ESZ26"})
    (line,) = backing_lines([each.model_dump() for each in backings(config.model_copy(update={"strategies": (es,)}))])
    assert line == "Backup   es           NONE: alpaca carries no future option"


def test_quotes_that_broke_off_are_told_with_what_was_not_quoted_since():
    rig = Rig().ready()
    assert not any("sessions" in line for line in told(rig))
    counts = GapCount(sessions=2, gaps=4, unmended=3, unmended_of=("SPX", "GOOG"))
    rig.hear("data_feed", feed_state(counts))
    (line,) = [line.strip() for line in told(rig) if "sessions" in line]
    assert line == "2 sessions, 4 gaps of contracts; NOT QUOTED SINCE (R110): 3: SPX, GOOG, ..."
    rig.hear("data_feed", feed_state(GapCount(sessions=2, gaps=4)))
    assert any(line.endswith("4 gaps of contracts; all quoted again") for line in told(rig))


def test_what_openings_wait_for_after_a_start_is_told():
    board = {"age_s": 0, "routes": [], "feed": None, "waiting": {}, "open": {"waits": "no permit of risk's yet"}}
    assert route_lines(board) == ["Opens    WAIT         no permit of risk's yet; exits go on"]


def feed_state(gaps: GapCount) -> FeedState:
    about = {"incarnation": 1, "received": 0, "accepted": 0, "rejected": {}, "last_frame_ns": 0, "at_ns": 0}
    return FeedState(connected=True, gaps=gaps, **about)
