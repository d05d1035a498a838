"""A disk that takes no writes any more under a real tree: it is supervised all the same, and nobody is started anew."""

import os
import signal
from collections.abc import Iterator

import pytest

from supervisor.process import alive, wait_gone
from supervisor.tree import ChildState
from tests.supervisor.test_read_only_disk import Disk, disk_in
from tests.supervisor.test_supervised_tree import SMALL, Runtime, until

pytestmark = [pytest.mark.tree, pytest.mark.timeout(180)]


@pytest.fixture
def disk(tmp_path) -> Iterator[Disk]:
    yield from disk_in(tmp_path)


def test_supervisor_and_keeper_outlive_it_a_dead_child_waits_the_others_are_kept_and_adopted_and_down_ends_it(disk):
    tree = Runtime(disk.folder, SMALL)
    tree.up()
    until(tree.settled)
    before = tree.directory()
    disk.fail()
    os.kill(before.supervisor.pid, signal.SIGKILL)
    assert wait_gone(before.supervisor, 10)
    until(lambda: tree.directory().supervisor != before.supervisor and tree.stands())
    after = tree.directory()
    assert {name: each.process for name, each in after.children.items()} == {
        name: each.process for name, each in before.children.items()
    }
    os.kill(before.children["feed"].process.pid, signal.SIGKILL)
    until(lambda: tree.child("feed").state is ChildState.DOWN)
    os.kill(before.children["executor"].process.pid, signal.SIGKILL)
    until(lambda: tree.child("executor").state is ChildState.DOWN)
    assert alive(after.supervisor)
    assert tree.directory().supervisor == after.supervisor
    assert alive(before.children["broker"].process)
    tree.down()
    assert not tree.where.directory.exists()
