"""Recorded days on whole trees: what is short is closed in time, through quotes on which nothing could be opened."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

import pytest

from actors.domain.market.session import NEW_YORK
from actors.domain.orders.event import OrderPlaced, ReportTaken
from actors.domain.orders.order import Fill, Intent
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
SHORT_CALL = "SPXW  210104C03700000"


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


def fills(where: Places) -> dict[str, tuple[Intent, Fill]]:
    """Return every execution once, with what its order was for."""
    orders = {each.order.cl_ord_id: each.order for each in events(where, OrderPlaced)}
    reports = [each for each in events(where, ReportTaken) if each.cl_ord_id in orders]
    return {fill.exec_id: (orders[each.cl_ord_id].intent, fill) for each in reports for fill in each.report.fills}


def held(where: Places) -> dict[str, int]:
    """Return what all executions together leave, by symbol."""
    found = Counter()
    for _, fill in fills(where).values():
        found[fill.symbol] += fill.action.sign * fill.last_qty
    return {symbol: quantity for symbol, quantity in found.items() if quantity}


def shorts(where: Places) -> set[str]:
    return {symbol for symbol, quantity in held(where).items() if quantity < 0}


def closed_at(where: Places) -> list[datetime]:
    """Return when each closing execution was, in New York."""
    return [fill.at.astimezone(NEW_YORK) for intent, fill in fills(where).values() if intent is Intent.CLOSE]


def test_goog_is_short_of_nothing_before_its_half_day_ends_at_one(where, shared):
    """What may be left is a long that nobody bids for."""
    play(where, shared / "data" / "market" / "lean", date(2015, 12, 24), "GOOG", "goog_condor", quote_age_max_s=600)
    until(lambda: len(shorts(where)) == 2, 120)
    until(lambda: not shorts(where), 120)
    assert closed_at(where)
    assert all(at.date() == date(2015, 12, 24) and at.time() < time(13, 0) for at in closed_at(where))


def test_spxw_pinned_and_locked_in_its_last_hour_closes_its_short_in_time(where, shared):
    """The short call is at the money to the last minute; its wing is locked at a nickel, and hours old."""
    lean = shared / "data" / "market" / "lean"
    play(where, lean, date(2021, 1, 4), "SPXW", "spx_spread", quote_age_max_s=600, exit_at="close-30")
    until(lambda: shorts(where) == {SHORT_CALL}, 120)
    until(lambda: not shorts(where), 150)
    assert closed_at(where)
    assert all(time(15, 30) <= at.time() < time(16, 0) for at in closed_at(where))
