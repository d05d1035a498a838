"""The dead-man timer: what it calls silence, and what it does about it at a real venue."""

from collections.abc import Iterator
from threading import Event, Thread

import pytest

from actors.watermark import MappedWatermark
from supervisor import directory as directories
from supervisor import keeper
from supervisor.directory import Directory, Entry
from supervisor.health import Mark
from supervisor.killswitch.dead_man import LOOK_MAX_S, DeadMan, watched_names
from supervisor.killswitch.watching import Watching, held
from supervisor.runtime import NAME
from supervisor.tree import ChildState
from tests.actors.venue.conftest import eventually
from tests.supervisor.killswitch.kill_rig import RESTING, KillRig
from tests.supervisor.killswitch.test_senders import NOW

NAMES = (NAME, "executor", "connection.tastytrade")


def entry(state: ChildState = ChildState.RUNNING) -> Entry:
    return Entry(state=state, since=NOW)


def tree(*names: str, away: tuple[str, ...] = ()) -> Directory:
    children = {name: entry() for name in names} | {name: entry(ChildState.AWAY) for name in away}
    return Directory(supervisor=None, since=NOW, written_at=NOW, children=children)


def test_watched_is_who_an_exit_needs_and_runs_here():
    assert watched_names(tree("venue", "notifier", "risk", "executor", "connection.alpaca")) == [
        NAME,
        "executor",
        "connection.alpaca",
    ]
    assert watched_names(tree("connection.alpaca", away=("executor",))) == [NAME, "connection.alpaca"]
    assert watched_names(None) == []


def looked(
    dead_man: DeadMan, seconds: float, passes: dict[str, int], *, gap_s: float = 0.5, start_s: float = 0
) -> float:
    """Look at a pace for so long; those named in `passes` move with each look."""
    now_s = start_s
    while now_s < start_s + seconds:
        now_s += gap_s
        for name in passes:
            passes[name] += 1
        dead_man.look(NAMES, {name: Mark(1, passes.get(name, 7), 0) for name in NAMES}, now_s)
    return now_s


def test_silence_is_counted_from_the_last_progress_of_each():
    dead_man = DeadMan(0)
    now_s = looked(dead_man, 5, dict.fromkeys(NAMES, 0))
    assert dead_man.silent(3) == {}
    looked(dead_man, 4, {NAME: 10, "connection.tastytrade": 10}, start_s=now_s)
    assert set(dead_man.silent(3)) == {"executor"}


def test_what_was_never_seen_to_move_is_never_silent():
    dead_man = DeadMan(0)
    looked(dead_man, 60, {})
    assert dead_man.silent(1) == {}
    assert not dead_man.has_seen_progress


def test_a_machine_that_was_suspended_for_an_hour_adds_one_look():
    dead_man = DeadMan(0)
    now_s = looked(dead_man, 5, dict.fromkeys(NAMES, 0))
    looked(dead_man, 1, {}, gap_s=3_600, start_s=now_s)
    assert dead_man.silent(LOOK_MAX_S + 1) == {}


def test_who_left_the_directory_is_not_missed():
    dead_man = DeadMan(0)
    now_s = looked(dead_man, 5, dict.fromkeys(NAMES, 0))
    dead_man.look((), {}, now_s + 100)
    assert dead_man.silent(0) == {}


class Pulse:
    """The work loops of all, as their marks tell of them."""

    def __init__(self, rig: KillRig) -> None:
        self._marks = [MappedWatermark(rig.where.watermark(name), 1) for name in NAMES]
        self._stop = Event()
        self._thread = Thread(target=self._beat, daemon=True)
        directories.write(rig.where.directory, tree(*NAMES[1:]))
        self._thread.start()

    def _beat(self) -> None:
        while not self._stop.wait(0.02):
            for mark in self._marks:
                mark.advance()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def pulse(rig) -> Iterator[Pulse]:
    found = Pulse(rig)
    yield found
    found.end()


class Daemon:
    """The timer on a thread; `result` once it ended."""

    def __init__(self, rig: KillRig, silence_s: float = 1.5) -> None:
        self.said: list[str] = []
        self.result: list[object] = []
        watching = Watching(rig.where, silence_s, 20.0, self.said.append)
        self.thread = Thread(target=lambda: self.result.append(watching.run()), daemon=True)
        self.thread.start()
        eventually(lambda: self.says("LOGIN"))

    def says(self, word: str) -> list[str]:
        return [line for line in self.said if line.startswith(word)]


def test_when_all_is_silent_with_something_held_it_fires_and_everything_is_flat(rig, pulse):
    rig.open("held")
    rig.open("rests", route="alpaca", price=RESTING)
    daemon = Daemon(rig)
    assert daemon.says("LOGIN") == ["LOGIN    every account was read; it fires after 1.5 s of silence"]
    pulse.end()
    daemon.thread.join(30)
    (verdict,) = daemon.result
    assert verdict.is_flat, daemon.said
    assert rig.positions() == {}


def test_a_planned_end_fires_nothing(rig, pulse):
    rig.open("held")
    daemon = Daemon(rig)
    pulse.end()
    rig.where.directory.unlink()
    daemon.thread.join(30)
    assert daemon.result == [None]
    assert len(rig.positions()) == 4


def test_a_tree_that_its_keeper_does_not_bring_back_is_missed(rig, pulse, stopped_process):
    rig.open("held")
    stopped_process(keeper.lock(rig.where.state))
    daemon = Daemon(rig)
    pulse.end()
    rig.where.directory.unlink()
    daemon.thread.join(30)
    (verdict,) = daemon.result
    assert verdict.is_flat, daemon.said


def test_silence_with_nothing_held_fires_nothing(rig, pulse):
    daemon = Daemon(rig)
    pulse.end()
    eventually(lambda: daemon.says("SILENT"))
    rig.where.directory.unlink()
    daemon.thread.join(30)
    assert (daemon.result, daemon.says("FIRES")) == ([None], [])


def test_what_cannot_be_read_may_be_held_and_is_told_as_a_login_that_fails(rig):
    assert held(rig.where) == []
    rig.venue.fault(route="alpaca", kind="refuse")
    (told,) = held(rig.where)
    assert told.startswith("NOT READ alpaca")
