"""Two whole trees, each with a state folder of its own, on one account of one paper venue."""

from collections.abc import Iterator

import pytest

from actors.domain.orders.event import AccountAgreed
from actors.domain.orders.finding import AccountContested
from actors.latch import StopLevel, read_latch
from actors.places import Places, places
from actors.runtime_tag import runtime_tag
from tests.supervisor.app.trees import down, events, rest_an_order, until, up

pytestmark = [pytest.mark.tree, pytest.mark.timeout(300)]


def agreed(where: Places) -> bool:
    return len({event.account_domain for event in events(where, AccountAgreed)}) == 2


@pytest.fixture
def two(tmp_path) -> Iterator[tuple[Places, Places]]:
    both = places(tmp_path / "one"), places(tmp_path / "two")
    try:
        up(both[0], settings={"executor.account_interval_s": 1})  # how soon it sees what the other did
        until(lambda: agreed(both[0]))
        up(both[1], venue_of=both[0])
        until(lambda: agreed(both[1]))
        yield both
    finally:
        for where in reversed(both):
            down(where)


def test_an_order_of_one_runtime_stops_the_openings_of_the_other(two):
    one, other = two
    assert runtime_tag(one.state) != runtime_tag(other.state)
    assert read_latch(one.latch).level is StopLevel.NONE
    rest_an_order(other)
    until(lambda: read_latch(one.latch).level is StopLevel.REDUCE)
    assert read_latch(one.latch).reason.startswith("A033 ")
    until(lambda: events(one, AccountContested))
    assert {event.runtime for event in events(one, AccountContested)} == {runtime_tag(other.state)}
    until(lambda: "A033" in (one.state / "alerts.log").read_text())
    assert read_latch(other.latch).level is StopLevel.NONE  # its own order is no stranger to it
    assert events(other, AccountContested) == []
