"""Recorded days on whole trees: what is short is closed in time, through quotes on which nothing could be opened."""

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

import pytest

from actors.domain.market.session import NEW_YORK
from actors.domain.orders.event import OrderPlaced, ReportTaken
from actors.domain.orders.order import Action, Intent
from actors.places import Places, places
from tests.supervisor.app.trees import NO_SPARES, down, events, holdfast, until

pytestmark = [pytest.mark.tree, pytest.mark.reference, pytest.mark.timeout(300)]
SPEED = 240
PATIENT = {
    **NO_SPARES,
    "risk.quote_age_max_s": 600,  # of the market's: two and a half of the machine's
    "risk.leg_skew_max_s": 600,
    "risk.feed_frame_max_s": 20,
}
SHORT_CALL, LONG_CALL = "SPXW  210104C03700000", "SPXW  210104C03800000"


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    where = places(tmp_path / "state")
    try:
        yield where
    finally:
        down(where)


def play(where: Places, lean: Path, on: date, underlying: str, strategy: str, **settings: object) -> None:
    """Start a tree on a recorded day; settings of its one strategy by the name of the parameter."""
    own = {f"strategies.{strategy}.parameters.{name}": value for name, value in settings.items()}
    words = [f"{key}={value}" for key, value in (PATIENT | own).items()]
    day = ("--replay", lean, "--date", on, "--underlying", underlying, "--speed", SPEED)
    told = [word for setting in words for word in ("--set", setting)]
    done = holdfast("up", "--state", where.state, *day, *told, "--detach")
    assert done.returncode == 0, done.stderr


def held(where: Places) -> dict[str, int]:
    """Return what all fills together leave, by symbol."""
    found: dict[str, int] = {}
    for event in events(where, ReportTaken):
        for fill in event.report.fills:
            sign = 1 if fill.action in {Action.BUY_TO_OPEN, Action.BUY_TO_CLOSE} else -1
            found[fill.symbol] = found.get(fill.symbol, 0) + sign * fill.last_qty
    return {symbol: quantity for symbol, quantity in found.items() if quantity}


def filled_at(where: Places, intent: Intent) -> list[datetime]:
    """Return when each execution of one intent was, in New York."""
    orders = {each.order.cl_ord_id: each.order for each in events(where, OrderPlaced)}
    reports = [
        each for each in events(where, ReportTaken) if each.cl_ord_id and orders[each.cl_ord_id].intent is intent
    ]
    return [fill.at.astimezone(NEW_YORK) for each in reports for fill in each.report.fills]


def test_goog_is_flat_before_its_half_day_ends_at_one(where, shared):
    lean = shared / "data" / "market" / "lean"
    play(where, lean, date(2015, 12, 24), "GOOG", "goog_condor", quote_age_max_s=600)
    until(lambda: filled_at(where, Intent.OPEN), 120)
    until(lambda: not held(where), 120)
    assert max(filled_at(where, Intent.CLOSE)).time() < time(13, 0)
    assert {at.date() for at in filled_at(where, Intent.CLOSE)} == {date(2015, 12, 24)}


def test_spxw_pinned_and_locked_in_its_last_hour_closes_its_short_in_time(where, shared):
    """The short call is at the money to the last minute; its wing is locked at a nickel, and hours old."""
    lean = shared / "data" / "market" / "lean"
    play(where, lean, date(2021, 1, 4), "SPXW", "spx_spread", quote_age_max_s=600, exit_at="close-30")
    until(lambda: held(where).get(SHORT_CALL), 120)
    until(lambda: not held(where).get(SHORT_CALL), 150)
    closed = max(filled_at(where, Intent.CLOSE))
    assert time(15, 30) <= closed.time() < time(16, 0)
    assert held(where).get(LONG_CALL, 0) >= 0
    closing = next(each for each in events(where, OrderPlaced) if each.order.intent is Intent.CLOSE)
    assert {leg.symbol for leg in closing.order.legs} >= {SHORT_CALL}
