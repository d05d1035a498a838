"""An executor that dies too often, with an order at work: the safe state is reached without it, on a real tree."""

from collections.abc import Iterator

import pytest

from actors.domain.orders.event import ReportTaken
from actors.domain.orders.report import Status
from actors.latch import StopLevel, read_latch
from actors.places import Places, places
from supervisor import directory as directories
from supervisor.app.drill import child, strike
from supervisor.app.statement import statements
from supervisor.app.workplace import Workplace
from supervisor.tree import ChildState
from tests.supervisor.app.trees import down, events, holdfast, rest_an_order, until, up

pytestmark = [pytest.mark.tree, pytest.mark.timeout(240)]


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    where = places(tmp_path / "state")
    try:
        up(where, settings={"supervisor.restarts_max": 1})
        yield where
    finally:
        down(where)


def at_venue(where: Places) -> list[Status]:
    return [order.status for each in statements(Workplace.visitor(where)) for order in each.orders if order.attempt_id]


def escalated(where: Places) -> bool:
    entry = directories.read(where.directory).children["executor"]
    return entry.escalated or (strike(where, "executor") and False)


def test_the_openings_of_an_executor_that_died_too_often_are_cancelled_while_it_is_down(where):
    rest_an_order(where)
    until(lambda: at_venue(where) == [Status.NEW])
    until(lambda: escalated(where))
    latch = read_latch(where.latch)
    assert (latch.level, latch.by) == (StopLevel.REDUCE, "supervisor")
    assert "executor died 2 times in 60 s; allowed are 1" in latch.reason
    until(lambda: at_venue(where) == [Status.CANCELED], 25)
    assert child(where, "executor").state is ChildState.DOWN
    until(lambda: "S010" in (where.state / "alerts.log").read_text(), 25)
    (alert,) = [line for line in (where.state / "alerts.log").read_text().splitlines() if "S010" in line]
    assert "P0" in alert
    assert holdfast("restart", "executor", "--state", where.state).returncode == 0
    until(lambda: [each for each in events(where, ReportTaken) if each.report.status is Status.CANCELED])
    assert read_latch(where.latch).level is StopLevel.REDUCE  # only a person's resume loosens it
