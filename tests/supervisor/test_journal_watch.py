"""The whole chain is verified in the background, in slices, and damage is found wherever it lies."""

from pathlib import Path

import apsw
import pytest

from supervisor.journal import JournalWriter
from supervisor.journal_file import EventSchema
from supervisor.journal_watch import JournalWatch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def writer(path: Path):
    writer = JournalWriter(path, epoch=1, clock=lambda: 0, fence=lambda: None)
    writer.append([("noted", f"order-{number}", b"x" * 50) for number in range(100)])
    yield writer
    writer.close()


class Clock:
    ns = 0

    def boot_ns(self) -> int:
        return self.ns


def watch(path: Path, clock: Clock | None = None, pace_s: float = 0) -> JournalWatch:
    return JournalWatch(path, events_max=30, pace_s=pace_s, again_s=10, boot_ns=(clock or Clock()).boot_ns)


def walked(watch: JournalWatch, passes: int) -> list[str]:
    return [found for _ in range(passes) if (found := watch.look()) is not None]


def damage(path: Path, statement: str) -> None:
    db = apsw.Connection(str(path))
    db.execute(statement)
    db.close()


def test_a_sound_chain_is_walked_slice_by_slice_and_then_followed(path, writer):
    each = watch(path)
    assert each.look() is None
    assert each.verified == 30
    assert walked(each, 5) == []
    assert each.verified == 100
    writer.append([("noted", "late", b"y")])
    assert each.look() is None
    assert each.verified == 101


def test_it_takes_its_time_between_two_slices(path, writer):
    clock = Clock()
    clock.ns = 10**9
    each = watch(path, clock, pace_s=0.2)
    walked(each, 5)
    assert each.verified == 30
    clock.ns += 200_000_000
    walked(each, 5)
    assert each.verified == 60


def test_an_event_changed_before_the_walk_is_named_once(path, writer):
    damage(path, "UPDATE event SET body = x'79' WHERE sequence = 64")
    found = walked(watch(path), 20)
    assert len(found) == 1
    assert "event 64" in found[0]


def test_an_event_changed_behind_the_walk_is_found_by_the_next(path, writer):
    clock = Clock()
    each = watch(path, clock)
    assert walked(each, 6) == []
    damage(path, "UPDATE event SET body = x'79' WHERE sequence = 3")
    assert walked(each, 6) == []
    clock.ns = 11 * 10**9
    assert len(walked(each, 3)) == 1


def test_events_that_vanish_from_the_end_are_missed(path, writer):
    each = watch(path)
    walked(each, 6)
    damage(path, "DELETE FROM event WHERE sequence > 90")
    (found,) = walked(each, 3)
    assert "event 100, which was acknowledged, is missing" in found


def test_a_newer_writer_that_takes_the_journal_over_is_no_damage(path):
    first = JournalWriter(path, epoch=1, clock=lambda: 0, fence=lambda: None)
    first.append([("noted", f"order-{number}", b"x") for number in range(100)])
    each = watch(path)
    walked(each, 6)
    first.close()
    newer = EventSchema(7, lambda _kind, _version, body: body)
    second = JournalWriter(path, epoch=2, clock=lambda: 0, fence=lambda: None, schema=newer)
    second.append([("noted", "late", b"y")])
    assert walked(each, 3) == []
    assert each.verified == 101
    second.close()


def test_a_journal_that_is_not_there_yet_is_waited_for(path):
    each = watch(path)
    assert walked(each, 2) == []
    writer = JournalWriter(path, epoch=1, clock=lambda: 0, fence=lambda: None)
    writer.append([("noted", "x", b"1")])
    assert walked(each, 2) == []
    assert each.verified == 1
    writer.close()
