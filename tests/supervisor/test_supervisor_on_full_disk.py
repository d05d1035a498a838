"""A disk without room under the supervisor: it goes on supervising, and makes good what it could not write.

A real tree whose state folder is a real file system of a few megabytes.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.latch import StopLevel, read_latch
from supervisor.event_log import read_events
from supervisor.process import wait_gone
from supervisor.state_disk import RESERVE
from tests.supervisor.test_supervised_tree import SMALL, Runtime, until

pytestmark = [pytest.mark.tree, pytest.mark.timeout(180)]
RESERVE_BYTES = 200_000


class Full(Runtime):
    """A tree whose disk can be filled, and freed."""

    @property
    def _filler(self) -> Path:
        return self.where.state / "filler"

    def fill(self) -> None:
        """Leave no byte, not even in the log's last block."""
        with (self.where.state / "supervisor.log.jsonl").open("ab") as log:
            log.write(b"\n" * (-log.tell() % 4096))
        with self._filler.open("ab", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def logged(self, event: str) -> list[dict]:
        return [line for line in read_events(self.where.state / "supervisor.log.jsonl") if line["event"] == event]


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Full]:
    folder = tmp_path_factory.mktemp("full")
    small = folder / "state"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small file system here")
    tree = Full(folder, SMALL)
    try:
        (small / RESERVE).write_bytes(bytes(RESERVE_BYTES))
        tree.up()
        yield tree
    finally:
        tree.free()
        tree.down()
        subprocess.run(["umount", "--lazy", str(small)], check=True)
        shutil.rmtree(tree.where.run, ignore_errors=True)


@pytest.fixture
def tree(shared) -> Iterator[Full]:
    until(shared.settled)
    yield shared
    shared.free()


def test_a_killed_child_is_replaced_though_nothing_can_be_logged_and_is_logged_once_there_is_room(tree):
    before = tree.directory()
    tree.fill()
    os.kill(before.children["feed"].process.pid, signal.SIGKILL)
    after = tree.replaced("feed", before.children["feed"])
    assert tree.directory().supervisor == before.supervisor
    assert not [line for line in tree.logged("running") if line["incarnation"] == after.incarnation]
    tree.free()
    until(lambda: [line for line in tree.logged("running") if line["incarnation"] == after.incarnation])
    died = [line for line in tree.logged("died") if line["incarnation"] == before.children["feed"].incarnation]
    assert len(died) == 1
    (tree.where.state / RESERVE).write_bytes(bytes(RESERVE_BYTES))


def test_a_supervisor_that_dies_on_a_full_disk_is_replaced_and_its_children_adopted(tree):
    before = tree.directory()
    tree.fill()
    os.kill(before.supervisor.pid, signal.SIGKILL)
    assert wait_gone(before.supervisor, 10)
    until(lambda: tree.directory().supervisor != before.supervisor and tree.stands())
    after = tree.directory()
    assert {name: each.process for name, each in after.children.items()} == {
        name: each.process for name, each in before.children.items()
    }


def test_a_stop_is_latched_out_of_the_reserve(tree):
    before = tree.directory()
    tree.order("feed", "broken")
    tree.fill()
    os.kill(before.children["feed"].process.pid, signal.SIGKILL)
    until(lambda: tree.child("feed").escalated)
    assert read_latch(tree.where.latch).level is StopLevel.REDUCE
    assert not (tree.where.state / RESERVE).exists()
    assert tree.directory().supervisor == before.supervisor
    (tree.where.run / "feed.broken").unlink()
