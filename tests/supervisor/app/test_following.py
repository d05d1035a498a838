"""A follower within a tree, whose copy is the journal of the folder that the tree runs on."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.domain.portfolio.book_state import ExecutorRecord, dump
from actors.epoch import read_epoch
from actors.places import Places
from actors.recovery import recover
from supervisor.app.copy_fold import CopyFold
from supervisor.app.copy_folder import is_copy, read_leader
from supervisor.app.event_schema import EVENTS
from supervisor.app.follower import Follower
from supervisor.app.following import Following
from supervisor.checkpoint_record import peek
from supervisor.checkpoints import CheckpointStore
from supervisor.journal import JournalWriter
from tests.builders import PRODUCTS, open_signal
from tests.supervisor.followers import TOKEN, Led, rows, until
from tests.supervisor.test_replicated_executor import ReplicatedRig

EVERY = 10


class Passes:
    """Counts passes of the work loop."""

    count = 0

    def advance(self) -> None:
        self.count += 1


class InTree:
    """A follower at work in a thread of its own, on a folder that a tree runs on."""

    def __init__(self, folder: Path) -> None:
        self.where = Places(state=folder / "home", run=folder / "run")
        self.notes = self.where.run / "following"
        for made in (self.where.state, self.where.run, self.notes):
            made.mkdir()
        self.where.latch.write_text("ours")
        door = socket.create_server(("127.0.0.1", 0))
        self.port, self.passes, self._stop = door.getsockname()[1], Passes(), threading.Event()
        self.said: list[str] = []
        built = threading.Event()

        def work() -> None:
            follower = Follower(self.where, door, TOKEN.encode(), lambda _: None, self.notes)
            kept = CheckpointStore(self.where.checkpoints("executor"))
            self.fold = CopyFold(follower.rows, kept, PRODUCTS, 5, EVERY, self.said.append)
            built.set()
            Following(follower, self.passes, self.fold).run(self._stop)

        self._thread = threading.Thread(target=work)
        self._thread.start()
        assert built.wait(30)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[InTree]:
    tree = InTree(tmp_path)
    yield tree
    tree.close()


def test_the_leaders_epoch_is_the_one_in_force_here_before_it_is_welcome_and_its_journal_is_ours(tree, tmp_path):
    led = Led(tmp_path / "far.sqlite", tree.port, 12)
    assert read_epoch(tree.where.epoch) == 12
    led.append("a", "b")
    assert rows(tree.where.journal) == rows(tmp_path / "far.sqlite")
    led.close()
    until(lambda: tree.passes.count > 3)


def test_the_folder_stays_one_to_trade_from_held_by_its_own_keeper(tree, tmp_path):
    led = Led(tmp_path / "far.sqlite", tree.port, 1)
    led.append("a")
    assert not is_copy(tree.where.state)
    assert not (tree.where.state / "keeper.lock").exists()
    assert read_leader(tree.notes).node == "desk"
    led.close()


def test_what_this_folder_rules_itself_is_not_kept_from_the_leader(tree, tmp_path):
    latch = tmp_path / "latch.json"
    latch.write_text("theirs")
    led = Led(tmp_path / "far.sqlite", tree.port, 1, kept=[latch])
    until(lambda: led.replica.look() is not None)
    assert tree.where.latch.read_text() == "ours"
    led.close()


class Counted:
    """A journal as a start reads it; `folded` counts the events it was given."""

    def __init__(self, journal: Path) -> None:
        self.writer = JournalWriter(journal, epoch=99, clock=lambda: 0, fence=lambda: None, schema=EVENTS)
        self.folded = 0

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        for event in self.writer.read(after):
            self.folded += 1
            yield event

    def hash_of(self, sequence: int) -> bytes | None:
        return self.writer.hash_of(sequence)


def level(tree: InTree, rig: ReplicatedRig) -> None:
    """Wait until the follower knows of all events that they are committed, and has folded them."""
    until(lambda: rig.replica.look() is None and tree.fold.sequence == rig.book.sequence)


def taken_over(tree: InTree) -> tuple[Counted, CheckpointStore]:
    return Counted(tree.where.journal), CheckpointStore(tree.where.checkpoints("executor"))


def test_who_takes_over_on_the_copy_folds_only_what_came_after_the_followers_checkpoint(tree, tmp_path):
    (tmp_path / "far").mkdir()
    rig = ReplicatedRig(tmp_path / "far", tree.port).ready()
    for number in range(1, 4):
        rig.opened(open_signal(number))
    level(tree, rig)
    book, last = dump(rig.book), rig.book.sequence
    rig.end()
    kept = peek(tree.where.checkpoints("executor"), ExecutorRecord)
    assert kept.book.sequence > last - EVERY, "a death of the follower now costs more than one checkpoint's events"
    tree.close()
    journal, checkpoints = taken_over(tree)
    assert dump(recover(checkpoints, journal, PRODUCTS, 5)) == book
    assert journal.folded == 0
    assert last > 2 * EVERY
    journal.writer.close()


def test_what_the_leaders_own_disk_may_not_have_is_not_folded(tree, tmp_path):
    (tmp_path / "far").mkdir()
    rig = ReplicatedRig(tmp_path / "far", tree.port).ready()
    level(tree, rig)
    known = rig.book.sequence
    rig.ask(open_signal(1))  # and dies before it says that its last event is on its own disk
    quiet = tree.passes.count
    until(lambda: tree.passes.count > quiet + 5)
    assert len(rows(tree.where.journal)) == rig.book.sequence
    assert known <= tree.fold.sequence < rig.book.sequence
    rig.end()


def test_an_event_that_is_not_what_was_written_ends_the_folding_and_not_the_following(tree, tmp_path):
    led = Led(tmp_path / "far.sqlite", tree.port, 1)
    led.append("no event of ours", "another")
    led.append("a third")
    until(lambda: tree.said)
    assert "the copy is not folded any more, a start here does that itself" in tree.said[0]
    led.append("a fourth")
    assert rows(tree.where.journal) == rows(tmp_path / "far.sqlite")
    led.close()
