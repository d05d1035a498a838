"""A supervisor that lives and makes no progress: real keeper, real supervisor, a real local Ray."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor import directory as directories
from supervisor.child_spec import Plan
from supervisor.event_log import read_events
from supervisor.ownership import owner
from supervisor.private_ray import GCS, intact
from supervisor.process import Process, alive, wait_gone
from supervisor.runtime import lock_path
from tests.supervisor.test_supervised_tree import ENVIRONMENT, ROOT, SMALL, Runtime, holdfast, until

pytestmark = [pytest.mark.tree, pytest.mark.timeout(180)]
DEADLINE_S = 2.0
IMPATIENT: Plan = SMALL.model_copy(update={"supervisor_hang_after_s": DEADLINE_S})


class Kept(Runtime):
    """A tree whose keeper is impatient."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, IMPATIENT)
        self.folder = folder

    @property
    def keeper(self) -> Process:
        held = owner(self.where.state / "keeper.lock")
        assert held is not None
        return held.process

    def kept(self) -> str:
        return (self.where.logs / "keeper.log").read_text()

    def events_of(self, name: str) -> list[dict]:
        return [line for line in read_events(self.where.state / "supervisor.log.jsonl") if line["event"] == name]

    def is_taken_over_from(self, before: directories.Directory) -> bool:
        now = self.directory()
        return now.supervisor != before.supervisor and self.stands()

    def has_the_children_of(self, before: directories.Directory) -> bool:
        now = self.directory().children
        same = {name: (each.process, each.incarnation) for name, each in now.items()}
        return same == {name: (each.process, each.incarnation) for name, each in before.children.items()}


@pytest.fixture(scope="module")
def cold(tmp_path_factory) -> Iterator[Kept]:
    """A tree whose Ray took longer to start than its supervisor may be without progress."""
    tree = Kept(tmp_path_factory.mktemp("kept"))
    command = [sys.executable, "-m", "supervisor.cli.main", *map(str, tree._arguments)]
    up = subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT)

    def starting() -> int:
        directory = directories.read(tree.where.directory)
        return directory.ray.session if directory and directory.ray else 0

    until(starting)
    os.kill(starting(), signal.SIGSTOP)
    tree.began = owner(lock_path(tree.where.state)).process
    time.sleep(3 * DEADLINE_S + 2)  # the time that counts against it, with every excuse
    os.kill(starting(), signal.SIGCONT)
    assert up.wait(120) == 0, tree.log()
    yield tree
    tree.down()
    shutil.rmtree(tree.where.run, ignore_errors=True)


@pytest.fixture
def tree(cold) -> Kept:
    until(cold.stands)
    return cold


def test_a_start_that_takes_longer_than_the_deadline_is_left_alone(tree):
    assert tree.directory().supervisor == tree.began
    assert "supervisor" not in tree.kept()


def test_a_stopped_supervisor_is_replaced_and_its_children_are_adopted_untouched(tree):
    before = tree.directory()
    os.kill(before.supervisor.pid, signal.SIGSTOP)
    assert wait_gone(before.supervisor, 30)
    until(lambda: tree.is_taken_over_from(before))
    assert tree.has_the_children_of(before)
    assert f"supervisor {before.supervisor.pid} is killed: hung: no pass of its work loop for" in tree.kept()
    assert "supervisor: replaced: hung: no pass of its work loop for" in tree.log()
    assert not tree.events_of("restarting")


def test_a_supervisor_that_is_stuck_in_a_call_is_replaced(tree):
    before = tree.directory()
    never_written = tree.where.run / "asked" / "feed-0"
    never_written.parent.mkdir(exist_ok=True)
    os.mkfifo(never_written)  # whoever reads it waits for a writer
    until(lambda: f"supervisor {before.supervisor.pid} is killed: hung" in tree.kept())
    never_written.unlink()
    until(lambda: tree.is_taken_over_from(before))
    assert tree.has_the_children_of(before)


def test_a_keeper_that_was_stopped_counts_none_of_that_time(tree):
    keeper, before = tree.keeper, tree.directory()
    os.kill(keeper.pid, signal.SIGSTOP)
    os.kill(before.supervisor.pid, signal.SIGSTOP)  # as when the machine sleeps
    time.sleep(2 * DEADLINE_S)
    os.kill(keeper.pid, signal.SIGCONT)
    time.sleep(DEADLINE_S / 3)  # it has looked, and found no progress
    os.kill(before.supervisor.pid, signal.SIGCONT)
    os.kill(before.children["feed"].process.pid, signal.SIGKILL)
    tree.replaced("feed", before.children["feed"])
    assert tree.directory().supervisor == before.supervisor
    assert tree.keeper == keeper


def test_a_supervisor_started_while_the_gcs_hangs_brings_that_back_and_then_adopts(tree):
    before = tree.directory()
    os.kill(before.ray.processes[GCS].pid, signal.SIGSTOP)
    os.kill(before.supervisor.pid, signal.SIGKILL)
    assert wait_gone(before.supervisor, 10)
    until(lambda: (held := owner(lock_path(tree.where.state))) and held.process != before.supervisor)
    began = owner(lock_path(tree.where.state)).process
    status = holdfast("status", "--state", tree.where.state)
    assert (status.returncode, "Tree" in status.stdout) == (0, True)
    assert alive(before.ray.processes[GCS])  # it was asked while that still hung
    until(lambda: tree.is_taken_over_from(before))
    after = tree.directory()
    assert after.supervisor == began
    assert intact(after.ray)
    assert after.ray.processes[GCS] != before.ray.processes[GCS]
    assert tree.has_the_children_of(before)


def test_an_orderly_stop_reaches_a_supervisor_that_hangs(tree):
    named = [process for process in tree.processes() if process is not None]
    os.kill(tree.directory().supervisor.pid, signal.SIGSTOP)
    down = threading.Thread(target=tree.down)
    down.start()
    down.join(60)
    assert not [process for process in named if alive(process)]
