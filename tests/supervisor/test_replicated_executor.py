"""An executor whose journal is followed: openings need the follower, exits never do, and each rule has its switch.

The follower is the real one, in a thread of this process, so that its rules can be switched off.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from actors.desk import Desk
from actors.domain.orders.attempt import AttemptState
from actors.domain.orders.refusal import Code
from actors.messages import Release, SendOrder
from actors.places import Places
from supervisor.app import follower as followers
from supervisor.app.follower import Follower
from supervisor.cli.follow import _door
from supervisor.journal import JournalWriter
from supervisor.replica_dial import TakenOver
from tests.builders import close_signal, open_signal
from tests.ports import free_port
from tests.state_rig import StateRig
from tests.supervisor.followers import TOKEN, Led, replica, rows, until


class Following:
    """A follower that turns in a thread until it is left; `port` is its own for good."""

    def __init__(self, folder: Path) -> None:
        self.where = Places(state=folder / "copy", run=folder / "run")
        self.where.state.mkdir()
        self.port = free_port()

    @contextmanager
    def __call__(self) -> Iterator["Following"]:
        follower = Follower(self.where, _door(f"127.0.0.1:{self.port}"), TOKEN.encode(), lambda _: None)
        stop = threading.Event()

        def turn() -> None:
            while not stop.is_set():
                follower.turn(0.01)

        thread = threading.Thread(target=turn)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()
            follower.close()


class ReplicatedRig(StateRig):
    """A rig whose journal is led to a follower at a port."""

    def __init__(self, folder: Path, port: int) -> None:
        (folder / "state").mkdir()
        self._port = port
        super().__init__(Places(state=folder / "state", run=folder))

    def start(self) -> None:
        self.replica = replica(self._where.journal, self._port, self.epoch + 1)
        self.replica.join()
        super().start()

    def open_journal(self) -> JournalWriter:
        return self.writer(follower=self.replica)

    def end(self) -> None:
        self.replica.close()
        self.close()


def openings_stop_without_the_follower_and_exits_go_on(folder: Path) -> None:
    follower = Following(folder)
    with follower():
        rig = ReplicatedRig(folder, follower.port).ready()
        held = rig.opened(open_signal(1))
    until(lambda: rig.replica.look() is not None)
    rig.after(1)
    refused = rig.ask(open_signal(2))
    assert [check.code for check in refused.checks if not check.passed] == [Code.R017_REPLICA]
    assert "nothing is opened, exits go on: the journal's follower at 127.0.0.1" in rig.alerts("A084")[0]
    assert rig.ask(close_signal(3, held)).admitted
    assert len(rig.told(SendOrder)) == 1
    assert "the journal's follower at" in rig.executor._board.view().follower
    with follower():
        until(lambda: rig.replica.look() is None)
        rig.after(1)
        assert len(rig.alerts("A085")) == 1
        assert rig.executor._board.view().follower == ""
        assert rows(follower.where.journal) == rows(rig._where.journal)
    rig.end()


def nobody_asks_about_the_follower(off: pytest.MonkeyPatch) -> None:
    gather = Desk.circumstances
    off.setattr(Desk, "circumstances", lambda self, *but: replace(gather(self, *but), replica=None))


def an_opening_that_was_not_acknowledged_does_not_leave(folder: Path) -> None:
    follower = Following(folder)
    with follower():
        rig = ReplicatedRig(folder, follower.port).ready()
        rig.told(Release)
        settle = rig.replica.settle

        def lost_on_the_way(sequence: int) -> None:
            rig.replica._lose("cut off at this very moment")
            settle(sequence)

        rig.replica.settle = lost_on_the_way
        answer = rig.ask(open_signal(1))
        assert rig.told(Release) == []
        life = rig.book.orders[answer.cl_ord_id]
        assert life.attempts[0].state is AttemptState.NOT_SENT
        assert "cut off" in life.attempts[0].text
    rig.end()


def what_is_journaled_leaves(off: pytest.MonkeyPatch) -> None:
    off.setattr(Desk, "withheld", lambda self, message: "")


def an_old_leader_makes_nothing_durable(folder: Path) -> None:
    follower = Following(folder)
    with follower():
        old = Led(folder / "old.sqlite", follower.port, 1)
        old.append("a")
        new = Led(folder / "new.sqlite", follower.port, 2)
        new.append("b")
        kept = rows(follower.where.journal)
        is_told = False
        with suppress(TakenOver):
            for _ in range(50):
                old.append("c")
                old.replica.look()
                time.sleep(0.02)
            is_told = True
        assert (is_told, rows(follower.where.journal) == kept) == (False, True)
        old.close()
        new.close()


def any_epoch_is_welcome(off: pytest.MonkeyPatch) -> None:
    judge = followers.judge
    off.setattr(followers, "judge", lambda hello, *rest: judge(_of_the_newest(hello), *rest))
    off.setattr(Follower, "_fence", lambda self, guest: None)


def _of_the_newest(hello: object) -> object:
    return type(hello)(*(10**6 if name == "epoch" else getattr(hello, name) for name in hello.__struct_fields__))


SWITCHES = (
    (openings_stop_without_the_follower_and_exits_go_on, nobody_asks_about_the_follower),
    (an_opening_that_was_not_acknowledged_does_not_leave, what_is_journaled_leaves),
    (an_old_leader_makes_nothing_durable, any_epoch_is_welcome),
)
named = pytest.mark.parametrize(("check", "off"), SWITCHES, ids=[check.__name__ for check, _ in SWITCHES])


@named
def test_the_rule_holds(check, off, tmp_path):
    check(tmp_path)


@named
def test_without_the_rule_its_check_fails(check: Callable[[Path], None], off, tmp_path, monkeypatch):
    off(monkeypatch)
    with pytest.raises(AssertionError, match="assert"):
        check(tmp_path)
