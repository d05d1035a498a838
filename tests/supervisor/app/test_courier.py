"""The small files that the nodes of a tree have in common, and which of the two sides rules."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.clock import MarketClockWriter, SharedMarketClock
from actors.epoch import read_epoch, take_epoch
from actors.latch import Latch, StopLevel, read_latch, resume, tighten
from actors.places import Places
from supervisor.app.copy_folder import is_outpost
from supervisor.app.courier import Courier, exchange, furnish
from supervisor.ownership import Incarnations

NOW = datetime(2026, 11, 30, tzinfo=UTC)


class Both:
    """Home and a node, and the way around."""

    def __init__(self, folder: Path) -> None:
        self.home, self.far = (Places(state=folder / name, run=folder / name) for name in ("home", "far"))
        for where in (self.home, self.far):
            where.state.mkdir()
        self.home.config.write_text("{}")
        self.courier = Courier(self.home)

    def furnish(self) -> None:
        furnish(self.far, self.courier.pack())

    def beat(self) -> None:
        self.courier.take(exchange(self.far, self.courier.pack()))

    def levels(self) -> tuple[StopLevel, StopLevel]:
        return read_latch(self.home.latch).level, read_latch(self.far.latch).level


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return Both(tmp_path)


def stop(level: StopLevel) -> Latch:
    return Latch(level=level, reason="drawdown", by="risk", at=NOW)


def test_a_stop_latched_at_home_is_in_force_on_the_node_with_the_next_beat_and_so_is_its_end(both):
    both.furnish()
    both.beat()
    tighten(both.home.latch, stop(StopLevel.HALT))
    both.beat()
    assert both.levels() == (StopLevel.HALT, StopLevel.HALT)
    resume(both.home.latch, "alice", "looked", NOW)
    both.beat()
    assert both.levels() == (StopLevel.NONE, StopLevel.NONE)


def test_a_stop_latched_on_the_node_tightens_home_and_loosens_nothing_there(both):
    both.furnish()
    both.beat()
    tighten(both.home.latch, stop(StopLevel.HALT))
    tighten(both.far.latch, stop(StopLevel.REDUCE))
    both.beat()
    both.beat()
    assert both.levels() == (StopLevel.HALT, StopLevel.HALT)
    resume(both.home.latch, "alice", "looked", NOW)
    both.beat()
    tighten(both.far.latch, stop(StopLevel.REDUCE))
    both.beat()
    assert both.levels() == (StopLevel.REDUCE, StopLevel.REDUCE)


def test_a_stop_that_trips_on_the_node_while_home_resumes_is_not_written_over(both):
    both.furnish()
    tighten(both.home.latch, stop(StopLevel.REDUCE))
    both.beat()
    both.beat()
    resume(both.home.latch, "alice", "looked", NOW)
    carried = both.courier.pack()
    tighten(both.far.latch, stop(StopLevel.FLATTEN))
    both.courier.take(exchange(both.far, carried))
    assert both.levels() == (StopLevel.FLATTEN, StopLevel.FLATTEN)


def test_a_stop_that_cannot_be_read_on_the_node_is_a_halt_at_home(both):
    both.furnish()
    both.far.latch.write_text("{")
    both.beat()
    assert both.levels()[0] is StopLevel.HALT


def test_an_epoch_taken_at_home_overtakes_the_node_and_never_the_other_way_round(both):
    both.furnish()
    for _ in range(3):
        take_epoch(both.home.epoch)
    both.beat()
    assert read_epoch(both.far.epoch) == 3
    take_epoch(both.far.epoch)
    both.beat()
    assert (read_epoch(both.home.epoch), read_epoch(both.far.epoch)) == (3, 4)


def test_a_node_is_furnished_with_the_settings_and_counts_on_from_home(both):
    counter = Incarnations(both.home.state / "incarnations")
    counter.skip(20)
    counter.close()
    both.furnish()
    assert both.far.config.read_text() == "{}"
    assert is_outpost(both.far.state)
    assert Incarnations(both.far.state / "incarnations").take() == 21


def test_the_papers_clock_jumps_on_the_node_for_those_who_look_at_it_already(both):
    writer = MarketClockWriter.create(both.home.clock)
    writer.step_to(NOW)
    both.beat()
    seen = SharedMarketClock.open(both.far.clock)
    assert seen.market_now() == NOW
    writer.step_to(NOW.replace(hour=3))
    both.beat()
    assert seen.market_now() == NOW.replace(hour=3)
