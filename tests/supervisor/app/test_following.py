"""A follower within a tree, whose copy is the journal of the folder that the tree runs on."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.epoch import read_epoch
from actors.places import Places
from supervisor.app.copy_folder import is_copy, read_leader
from supervisor.app.follower import Follower
from supervisor.app.following import Following
from tests.supervisor.followers import TOKEN, Led, rows, until


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

        def work() -> None:
            follower = Follower(self.where, door, TOKEN.encode(), lambda _: None, self.notes)
            Following(follower, self.passes).run(self._stop)

        self._thread = threading.Thread(target=work)
        self._thread.start()

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
