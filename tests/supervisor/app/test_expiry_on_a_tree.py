"""The last hour of an expiry on a real tree: whoever is killed on the way, the shorts are gone in time, closed once."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from actors.domain.orders.event import OrderPlaced, ReportTaken
from actors.domain.orders.order import Intent
from actors.places import Places, places
from actors.streams import LocalStream
from supervisor.app.drill import JournalTail, jump_clock, strike
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.workplace import Workplace
from supervisor.cli.expiring import Board, expiry_board
from tests.expiries import at
from tests.supervisor.app.test_breaker_on_a_tree import admitted, hasten, turned
from tests.supervisor.app.trees import down, events, holdfast, until, up

pytestmark = [pytest.mark.tree, pytest.mark.timeout(300)]
STARTS, ENDS = at("2026-11-24T15:20"), at("2026-11-24T16:00")
SPEED, WIDTH = 20, 40
SETTINGS = {
    "market.start": STARTS.isoformat(),
    "market.length_s": (ENDS - STARTS).total_seconds(),
    "market.interval_s": 5,
    "risk.structure_loss_max": 15_000,
    "risk.account_loss_max": 30_000,
    "risk.spread_max": 2.0,
    "risk.spread_floor": 5.0,
    "risk.quote_age_max_s": 240,
    "risk.leg_skew_max_s": 240,
}


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    where = places(tmp_path / "state")
    try:
        up(where, settings=SETTINGS)
        yield where
    finally:
        down(where)


@pytest.fixture
def trader(where) -> Iterator[FaultTrader]:
    place = Workplace.visitor(where)
    stream = LocalStream(where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED)
    yield FaultTrader(stream, place.clock, JournalTail(where, place.products), 0, "SPX")
    stream.close()


def opened(trader: FaultTrader) -> str:
    """Return the structure that was let in, or say what it failed."""
    deadline = time.monotonic() + 90
    while not admitted(trader, WIDTH):
        said = [answer.checks for answer in trader.answers.values()][-1:]
        assert time.monotonic() < deadline, [check for checks in said for check in checks if not check.passed]
    return next(answer.cl_ord_id for answer in trader.answers.values() if answer.admitted)


def closes(where: Places) -> list[OrderPlaced]:
    return [each for each in events(where, OrderPlaced) if each.order.intent is Intent.CLOSE]


def plans(board: Board | None) -> list[str]:
    return [each["plan"] for each in (board or {"concerns": []})["concerns"] if each["danger"] == "EXPIRY"]


def test_killed_on_every_step_of_the_ladder_the_shorts_are_still_gone_in_time_and_once(where, trader):
    name = opened(trader)
    held = trader.tail.book.structures
    until(lambda: turned(trader, lambda: name in held and held[name].quantity), 30)
    clock = Workplace.visitor(where).clock

    until(lambda: turned(trader, lambda: plans(expiry_board(where))), 30)
    board = json.loads(holdfast("expiring", "--state", where.state, "--json").stdout)
    assert plans(board) == ["close at any price from 15:50 ET"]

    jump_clock(where, (ENDS - timedelta(minutes=11) - clock.market_now()).total_seconds())
    hasten(where, SPEED)
    until(lambda: turned(trader, lambda: closes(where)), 60)
    strike(where, "risk")
    strike(where, "executor")
    until(lambda: turned(trader, lambda: clock.market_now() >= ENDS - timedelta(minutes=6)), 60)
    strike(where, "risk")
    until(lambda: turned(trader, lambda: held[name].is_flat or clock.market_now() >= ENDS), 60)

    assert held[name].is_flat, closes(where)
    ours = {each.order.cl_ord_id for each in closes(where)}
    reports = [each.report for each in events(where, ReportTaken) if each.cl_ord_id in ours]
    assert all(fill.at < ENDS for told in reports for fill in told.fills)
    assert all(each.order.created_at >= ENDS - timedelta(minutes=10, seconds=1) for each in closes(where))
    assert trader.tail.book.positions[held[name].account_domain] == {}, "closed once: nothing turned over"
