"""Everybody reads the venue's time, and never half of one."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.clock import SPEED_MAX, ClockNotStarted, MarketClockWriter, SharedMarketClock, WallClock

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2015, 12, 24, 17, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2013, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
SPEEDS = st.floats(0, SPEED_MAX, exclude_min=True)


class RecordingWords:
    """Memory that remembers what it held after each single store: what a crash there would leave behind."""

    def __init__(self, words: memoryview) -> None:
        self.words = words
        self.moments: list[bytes] = []

    def __getitem__(self, place):
        return self.words[place]

    def __setitem__(self, place, value) -> None:
        self.words[place] = value
        self.moments.append(bytes(self.words))


def words(content: bytes = bytes(72)) -> memoryview:
    return memoryview(bytearray(content)).cast("q")


@given(st.lists(st.tuples(INSTANTS, st.none() | SPEEDS), min_size=2, max_size=5))
def test_a_writer_that_dies_at_any_store_leaves_the_time_before_or_the_time_after(times) -> None:
    memory = words()
    recording = RecordingWords(memory)
    writer = MarketClockWriter(recording)
    for number, (at, speed) in enumerate(times):
        before = SharedMarketClock(memory)._anchor if number else None
        recording.moments.clear()
        if speed is None:
            writer.step_to(at)
        else:
            writer.start(at, speed)
        after = SharedMarketClock(memory)._anchor
        for moment in recording.moments:
            try:
                seen = SharedMarketClock(words(moment))._anchor
            except ClockNotStarted:
                seen = None
            assert seen in (before, after)


@given(st.binary(min_size=72, max_size=72))
def test_bytes_nobody_wrote_are_not_read_as_a_time(content) -> None:
    with pytest.raises(ClockNotStarted):
        SharedMarketClock(words(content))


@given(INSTANTS)
def test_a_stepped_clock_shows_exactly_the_time_it_was_set_to(at) -> None:
    memory = words()
    MarketClockWriter(memory).step_to(at)
    clock = SharedMarketClock(memory)
    assert clock.market_now() == at
    assert clock.market_now() == at
    assert clock.speed == 0.0


@given(INSTANTS, SPEEDS)
def test_a_running_clock_follows_the_boot_clock_at_its_speed(at, speed) -> None:
    memory = words()
    began_ns = WallClock().boot_ns()
    MarketClockWriter(memory).start(at, speed)
    clock = SharedMarketClock(memory)
    shown = (clock.market_now() - at).total_seconds()
    passed = (clock.boot_ns() - began_ns) / 1e9
    assert 0.0 <= shown <= speed * passed + 1e-5


def test_holding_keeps_the_time_and_readers_that_were_there_see_it(tmp_path) -> None:
    writer = MarketClockWriter.create(tmp_path / "clock")
    writer.start(NOON, 60.0)
    clock = SharedMarketClock.open(tmp_path / "clock")
    assert clock.speed == 60.0
    writer.hold()
    held = clock.market_now()
    assert held >= NOON
    assert clock.market_now() == held
    writer.start(held, 1.0)
    assert clock.market_now() >= held


def test_a_reader_in_another_process_sees_the_same_time(tmp_path) -> None:
    path = tmp_path / "clock"
    writer = MarketClockWriter.create(path)
    writer.step_to(NOON)
    program = (
        "import sys; from pathlib import Path; from actors.clock import SharedMarketClock\n"
        f"clock = SharedMarketClock.open(Path({str(path)!r})); print(clock.market_now().isoformat(), flush=True)\n"
        "sys.stdin.readline(); print(clock.market_now().isoformat())"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout.readline().strip() == NOON.isoformat()
    writer.step_to(NOON + timedelta(hours=1))
    said, _ = reader.communicate("on\n", timeout=30)
    assert said.strip() == (NOON + timedelta(hours=1)).isoformat()


def test_a_venue_that_comes_back_takes_the_clock_over_and_its_readers_stay(tmp_path) -> None:
    path = tmp_path / "clock"
    MarketClockWriter.create(path).step_to(NOON)
    clock = SharedMarketClock.open(path)
    again = MarketClockWriter.create(path)
    assert SharedMarketClock.open(path).market_now() == NOON
    again.step_to(NOON + timedelta(minutes=5))
    assert clock.market_now() == NOON + timedelta(minutes=5)


def test_a_clock_that_was_never_started_shows_no_time(tmp_path) -> None:
    writer = MarketClockWriter.create(tmp_path / "clock")
    with pytest.raises(ClockNotStarted):
        SharedMarketClock.open(tmp_path / "clock")
    with pytest.raises(ClockNotStarted):
        writer.hold()


def test_a_clock_set_before_this_boot_shows_no_time() -> None:
    memory = words()
    writer = MarketClockWriter(memory)
    ahead_ns = WallClock().boot_ns() + 3_600_000_000_000
    writer.step_to(NOON)
    writer._write(SharedMarketClock(memory)._anchor._replace(boot_ns=ahead_ns))
    with pytest.raises(ClockNotStarted, match="before this machine started"):
        SharedMarketClock(memory)


def test_a_file_of_the_wrong_size_is_replaced(tmp_path) -> None:
    path = tmp_path / "clock"
    path.write_bytes(b"short")
    MarketClockWriter.create(path).step_to(NOON)
    assert SharedMarketClock.open(path).market_now() == NOON


@pytest.mark.parametrize("speed", [0.0, -1.0, SPEED_MAX * 1.01, float("nan"), float("inf")])
def test_an_impossible_speed_is_refused(tmp_path, speed) -> None:
    with pytest.raises(ValueError, match="speed"):
        MarketClockWriter.create(tmp_path / "clock").start(NOON, speed)


def test_the_wall_clock_is_aware_and_the_boot_clock_never_goes_back() -> None:
    clock = WallClock()
    assert clock.market_now().utcoffset() == timedelta(0)
    assert abs(clock.market_now() - datetime.now(UTC)) < timedelta(seconds=5)
    readings = [clock.boot_ns() for _ in range(100)]
    assert readings == sorted(readings)


@pytest.mark.alone
def test_reading_the_market_costs_little_more_than_reading_a_clock() -> None:
    memory = words()
    MarketClockWriter(memory).start(NOON, 1.0)
    clock = SharedMarketClock(memory)

    def best_ns(read) -> float:
        rounds = []
        for _ in range(20):
            began = time.perf_counter_ns()
            for _ in range(1_000):
                read()
            rounds.append(time.perf_counter_ns() - began)
        return min(rounds) / 1_000

    assert best_ns(clock.market_ns) < 12 * best_ns(clock.boot_ns)
