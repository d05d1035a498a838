"""A disk that fills up under a trading executor: openings stop, exits go on while one record fits, nothing is lost.

On a real file system of a few megabytes, with the real journal, checkpoints and reserve.
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from actors.domain.orders.refusal import Code
from actors.domain.portfolio.book_state import dump
from actors.messages import Release, SendOrder
from actors.places import Places, places
from supervisor.journal import JournalReader, JournalWriter
from supervisor.journal_file import JournalFullError, JournalUnwritableError
from supervisor.state_disk import RESERVE, DiskLimits, StateDisk
from tests.builders import close_signal, open_signal
from tests.state_rig import StateRig
from tests.supervisor.test_state_disk import fill, small

__all__ = ["small"]

LIMITS = DiskLimits(reserve_bytes=1_000_000, free_min_bytes=1_200_000, slow_append_s=5, calm_s=10)


class DiskRig(StateRig):
    """A rig whose state folder lies on a small disk that is watched."""

    def __init__(self, where: Places) -> None:
        self.watched = StateDisk(where.state, LIMITS)
        self.watched.look()
        super().__init__(where, checkpoint_events=10_000)

    def open_journal(self) -> JournalWriter:
        return self.writer(make_room=self.watched.release, note=self.watched.note_append)

    def look(self) -> None:
        self.disk = self.watched.look()


@pytest.fixture
def where(small: Path) -> Iterator[Places]:
    where = places(small / "state")
    yield where
    shutil.rmtree(where.run, ignore_errors=True)


@pytest.fixture
def rig(where: Places) -> DiskRig:
    return DiskRig(where).ready()


def test_openings_stop_before_the_disk_is_full_with_a_code_and_an_alert_and_exits_go_on(where, rig):
    held = rig.opened(open_signal(1))
    fill(where.state.parent, leave=1_000_000)
    rig.look()
    rig.after(2)
    refused = rig.ask(open_signal(2))
    assert [check.code for check in refused.checks if not check.passed] == [Code.R016_DISK]
    assert "1.0 MB free, 1.2 MB must be" in rig.alerts("A081")[0]
    assert rig.ask(close_signal(3, held)).admitted
    assert len(rig.told(SendOrder)) == 1
    (where.state.parent / "filler").unlink()
    rig.look()
    rig.after(2)
    assert len(rig.alerts("A082")) == 1


def test_on_a_full_disk_an_exit_is_journaled_out_of_the_reserve(where, rig):
    held = rig.opened(open_signal(1))
    fill(where.state.parent, leave=0)
    answer = rig.ask(close_signal(2, held))
    assert answer.admitted
    assert len(rig.told(SendOrder)) == 1
    assert not (where.state / RESERVE).exists()
    reader = JournalReader(where.journal)
    assert reader.verify() == rig.book.sequence


def test_once_the_reserve_is_spent_too_the_intent_never_leaves_and_a_successor_with_room_knows_all_that_was_told(
    where, rig
):
    held = rig.opened(open_signal(1))
    fill(where.state.parent, leave=0)
    rig.watched.release()
    fill(where.state.parent, leave=0)
    before, journaled = dump(rig.book), rig.book.sequence
    rig.told(Release)
    with pytest.raises(JournalFullError):
        for number in range(2, 500):
            rig.ask(close_signal(number, held))
            before, journaled = dump(rig.book), rig.book.sequence
            rig.told(Release)
    assert rig.told(Release) == []
    (where.state.parent / "filler").unlink()
    rig.start()
    assert rig.book.sequence == journaled + 1
    again = dump(rig.book).model_copy(update={"sequence": journaled, "epoch": before.epoch})
    assert again == before


def test_after_a_slow_append_nothing_is_opened_for_a_while(where, rig):
    rig.watched = StateDisk(where.state, replace(LIMITS, slow_append_s=0.05))
    fast, rig.journal._fence = rig.journal._fence, lambda: Event().wait(0.06)
    rig.journal._note = rig.watched.note_append
    held = rig.opened(open_signal(1))
    rig.journal._fence = fast
    rig.look()
    refused = rig.ask(open_signal(2))
    assert [(check.code, "took 0.0" in check.value) for check in refused.checks if not check.passed] == [
        (Code.R016_DISK, True)
    ]
    assert rig.ask(close_signal(3, held)).admitted


def test_a_checkpoint_that_finds_no_room_stops_nothing(where, rig):
    rig.opened(open_signal(1))
    said = []
    rig.checkpoints._tell = said.append
    fill(where.state.parent, leave=0)
    rig.executor._checkpoint()
    assert "not kept" in said[0]
    assert rig.ask(open_signal(2)).admitted is True


def test_on_a_read_only_disk_the_journal_says_so_by_name(where, rig):
    rig.close()
    subprocess.run(["mount", "-o", "remount,ro", str(where.state.parent)], check=True)
    with pytest.raises(JournalUnwritableError, match="Read-only"):
        JournalWriter(where.journal, epoch=9, clock=lambda: 0, fence=lambda: None)
