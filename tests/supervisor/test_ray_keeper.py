import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from supervisor.directory import RayEntry
from supervisor.private_ray import RayUnavailable
from supervisor.process import Process, identify, stopped
from supervisor.ray_keeper import HANG_S, KEY, SPEC, RayKeeper, RayLost
from supervisor.watcher import Gone, Watcher


class Servers:
    """Real processes that stand for a Ray's servers; each revival starts another GCS."""

    def __init__(self) -> None:
        self._programs: list[subprocess.Popen] = []
        self.entry = RayEntry(address="here:1", private=True, processes=(self.start(), self.start()))

    def start(self) -> Process:
        self._programs.append(subprocess.Popen(["sleep", "60"]))
        return identify(self._programs[-1].pid)

    def kill(self, process: Process) -> None:
        program = next(each for each in self._programs if each.pid == process.pid)
        program.kill()
        program.wait()

    def revive(self, entry: RayEntry, environment: object) -> RayEntry:
        return entry.model_copy(update={"processes": (self.start(), entry.processes[1])})

    def close(self) -> None:
        for program in self._programs:
            program.kill()
            program.wait()


@pytest.fixture
def servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.close()


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    watcher = Watcher()
    yield watcher
    watcher.close()


def until_stopped(process: Process) -> None:
    deadline = time.monotonic() + 5
    while not stopped(process):
        assert time.monotonic() < deadline
        time.sleep(0.001)


def next_end(watcher: Watcher) -> str:
    (event,) = watcher.wait(5)
    assert isinstance(event, Gone)
    return event.key


def test_a_dead_gcs_is_started_again_and_its_own_end_is_seen_too(servers, watcher):
    keeper = RayKeeper(servers.entry, watcher, lambda: None, servers.revive)
    keeper.watch()
    gcs, raylet = servers.entry.processes
    servers.kill(gcs)
    after = keeper.gone(next_end(watcher))
    assert after.processes[0] != gcs
    assert after.processes[1] == raylet
    servers.kill(after.processes[0])
    assert next_end(watcher) == f"{KEY}{after.processes[0].pid}"


def test_a_gcs_that_dies_too_often_is_the_loss_of_ray(servers, watcher):
    keeper = RayKeeper(servers.entry, watcher, lambda: None, servers.revive)
    keeper.watch()
    for _ in range(SPEC.restarts_max):
        servers.kill(keeper.entry.processes[0])
        keeper.gone(next_end(watcher))
    servers.kill(keeper.entry.processes[0])
    with pytest.raises(RayLost, match="more than 3 times"):
        keeper.gone(next_end(watcher))


def test_a_gcs_that_does_not_answer_is_killed_after_a_while_and_not_before(servers, watcher):
    answer = threading.Event()
    keeper = RayKeeper(servers.entry, watcher, answer.wait, servers.revive)
    keeper.watch()
    keeper.look(100.0)
    keeper.look(100.0 + HANG_S - 0.1)
    assert watcher.wait(0.1) == []
    keeper.look(100.0 + HANG_S)
    assert next_end(watcher) == f"{KEY}{servers.entry.processes[0].pid}"
    answer.set()


def test_a_gcs_that_answers_or_refuses_is_asked_again_and_left_alone(servers, watcher):
    asked: queue.SimpleQueue[None] = queue.SimpleQueue()

    def refuse() -> None:
        asked.put(None)
        raise RayUnavailable("refused")

    keeper = RayKeeper(servers.entry, watcher, refuse, servers.revive)
    keeper.watch()
    for now in (100.0, 120.0, 140.0):
        keeper.look(now)
        asked.get(timeout=5)
        while any(thread.name == "gcs-question" for thread in threading.enumerate()):
            time.sleep(0.001)
    assert watcher.wait(0.1) == []


def test_a_raylet_that_is_stopped_is_killed_after_a_while(servers, watcher):
    keeper = RayKeeper(servers.entry, watcher, lambda: None, servers.revive)
    keeper.watch()
    raylet = servers.entry.processes[1]
    os.kill(raylet.pid, signal.SIGSTOP)
    until_stopped(raylet)
    for now in (100.0, 100.0 + HANG_S, 101.0 + HANG_S):
        keeper.look(now)
        while any(thread.name == "gcs-question" for thread in threading.enumerate()):
            time.sleep(0.001)
    assert next_end(watcher) == f"{KEY}{raylet.pid}"


def test_the_death_of_the_raylet_is_the_loss_of_ray(servers, watcher):
    keeper = RayKeeper(servers.entry, watcher, lambda: None, servers.revive)
    keeper.watch()
    servers.kill(servers.entry.processes[1])
    with pytest.raises(RayLost):
        keeper.gone(next_end(watcher))


def test_a_gcs_that_cannot_be_started_is_the_loss_of_ray(servers, watcher):
    def refuse(*_: object) -> RayEntry:
        raise RayUnavailable("no")

    keeper = RayKeeper(servers.entry, watcher, lambda: None, refuse)
    keeper.watch()
    servers.kill(servers.entry.processes[0])
    with pytest.raises(RayLost, match="no"):
        keeper.gone(next_end(watcher))


def test_the_death_of_a_joined_ray_s_server_is_the_loss_of_ray(servers, watcher):
    keeper = RayKeeper(servers.entry.model_copy(update={"private": False}), watcher, lambda: None, servers.revive)
    with pytest.raises(RayLost):
        keeper.gone(f"{KEY}{os.getpid()}")
