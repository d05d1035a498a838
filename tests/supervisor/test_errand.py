import os
import signal
import threading
from collections.abc import Iterator

import pytest

from supervisor.directory import RayEntry
from supervisor.errand import ANSWERS_MAX, Errands, StoppedWaiting
from supervisor.private_ray import GCS, RayUnavailable
from supervisor.process import alive
from supervisor.ray_keeper import RayKeeper
from supervisor.watcher import StopAsked, Watcher
from tests.supervisor.test_ray_keeper import Servers, until_stopped

SOON_S = 0.3


class Office:
    """Errands over real processes that stand for Ray's servers, and what came of them."""

    def __init__(self, *, private: bool = True) -> None:
        self.servers, self.watcher = Servers(), Watcher()
        entry = self.servers.entry.model_copy(update={"private": private})
        self.keeper = RayKeeper(entry, self.watcher, None, self.servers.revive)
        if private:
            self.keeper.watch()
        self.passes, self.stood_on, self.told = 0, [], []
        self.moved = threading.Event()
        self.errands = Errands(self.watcher, self.keeper, self._progress, self._stand_on, self._tell, SOON_S)

    def _progress(self) -> None:
        self.passes += 1
        if self.passes > 3:
            self.moved.set()

    def _stand_on(self, entry: RayEntry) -> None:
        self.stood_on.append(entry)

    def _tell(self, event: str, name: str, text: str) -> None:
        self.told.append(event)
        self.watcher.post(StopAsked("enough"))

    def close(self) -> None:
        self.servers.close()
        self.watcher.close()


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.close()


def test_progress_goes_on_while_a_question_is_open(office):
    assert office.errands.ask(lambda: office.moved.wait(10)) is True
    assert office.passes > 3


def test_what_a_question_raises_is_raised_here(office):
    def refuse() -> None:
        raise RayUnavailable("nothing there")

    with pytest.raises(RayUnavailable, match="nothing there"):
        office.errands.ask(refuse)


def test_a_gcs_that_dies_while_it_is_asked_is_brought_back_written_down_and_the_question_goes_on(office):
    back = threading.Event()
    gcs = office.keeper.entry.processes[GCS]
    office.errands._stand_on = lambda entry: (office.stood_on.append(entry), back.set())

    def question() -> str:
        office.servers.kill(gcs)
        assert back.wait(10)
        return "answered"

    assert office.errands.ask(question) == "answered"
    assert [entry.processes[GCS] for entry in office.stood_on] == [office.keeper.entry.processes[GCS]]
    assert office.keeper.entry.processes[GCS] != gcs


def test_a_gcs_that_leaves_a_question_open_is_killed_and_one_that_never_answers_is_given_up(office):
    gcs, release = office.keeper.entry.processes[GCS], threading.Event()
    with pytest.raises(RayUnavailable, match=f"no answer, {ANSWERS_MAX} times"):
        office.errands.ask(lambda: release.wait(30))
    assert not alive(gcs)
    assert len(office.stood_on) == ANSWERS_MAX - 1
    release.set()


def test_nothing_is_asked_while_a_server_is_held_by_a_stop_signal(office):
    gcs = office.keeper.entry.processes[GCS]
    os.kill(gcs.pid, signal.SIGSTOP)
    until_stopped(gcs)
    before: list[int] = []
    held = threading.Thread(target=lambda: (office.moved.wait(10), before.append(office.passes), _continue(gcs.pid)))
    held.start()
    assert office.errands.ask(lambda: office.passes) >= before[0] > 3
    held.join()


def _continue(pid: int) -> None:
    os.kill(pid, signal.SIGCONT)


def test_a_stop_is_kept_for_the_loop(office):
    office.watcher.post(StopAsked("SIGTERM"))
    assert office.errands.ask(lambda: office.moved.wait(10))
    assert office.watcher.wait(1) == [StopAsked("SIGTERM")]


def test_a_joined_ray_that_does_not_answer_is_told_of_and_left_alone_and_a_stop_ends_the_wait():
    office, release = Office(private=False), threading.Event()
    with pytest.raises(StoppedWaiting):
        office.errands.ask(lambda: release.wait(30))
    release.set()
    assert office.told == ["ray_awaited"]
    assert all(map(alive, office.keeper.entry.processes))
    office.close()
