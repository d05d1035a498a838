"""Children of a node that is lost, taken in here: never before the loss, never beside whom they replace."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from supervisor.child import Child
from supervisor.child_spec import ChildSpec
from supervisor.chronicle import Chronicle, Hooks, Paths
from supervisor.directory import Entry, NodeEntry, NodeState
from supervisor.ownership import Incarnations
from supervisor.shelter import STEP, away, makes_room, turned
from supervisor.tree import ChildState
from supervisor.watcher import NodeTurned

NOW = datetime(2026, 11, 30, tzinfo=UTC)


class Home:
    """The children of a tree with its executor on another node, as the loop has them."""

    def __init__(self, folder: Path) -> None:
        specs = (
            ChildSpec(name="follower", factory="a:b", yields_to="executor"),
            ChildSpec(name="executor", factory="a:b", node="far"),
            ChildSpec(name="risk", factory="a:b"),
            ChildSpec(name="connection", factory="a:b", node="far", sends=True),
        )
        self.children = {spec.name: Child(spec) for spec in specs}
        away(self.children)
        for name in ("follower", "risk"):
            self.children[name].state = ChildState.RUNNING
        self.told: list[tuple[str, str]] = []
        paths = Paths(state=folder, run=folder, directory=folder / "directory.json")
        self.chronicle = Chronicle(paths, lambda event, name, _: self.told.append((event, name)))
        self.incarnations, self.safe = Incarnations(folder / "incarnations"), []
        self.hooks = Hooks(
            mark=lambda _: None,
            make_safe=self.safe.append,
            tell=lambda *_: None,
            jitter=lambda: 0.0,
            fence=lambda: self.safe.append("fenced"),
        )

    def turn(self, state: NodeState, incarnation: int = 7) -> None:
        executor = Entry(state=ChildState.RUNNING, since=NOW, incarnation=incarnation)
        entry = NodeEntry(state=state, since=NOW, children={"executor": executor})
        event = NodeTurned("far", entry, "not heard")
        turned(event, self.children, self.incarnations, self.chronicle, self.hooks)

    def state(self, name: str) -> ChildState:
        return self.children[name].state

    def may_start(self, name: str) -> bool:
        child = self.children[name]
        waits = child.wanted and child.state in (ChildState.DOWN, ChildState.LOST)
        return waits and makes_room(child, self.children)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_while_its_node_is_there_or_awaited_a_child_is_away_and_starts_nowhere_else(home):
    for state in (NodeState.AWAITED, NodeState.PRESENT):
        home.turn(state)
        assert home.state("executor") is ChildState.AWAY
        assert not home.may_start("executor")
    home.children["executor"].begin_anew("asked for", 0.0)
    assert not home.may_start("executor")
    assert (home.safe, home.told) == ([], [])


def test_a_loss_latches_openings_shut_takes_the_epoch_and_is_told(home):
    home.turn(NodeState.PRESENT)
    home.turn(NodeState.LOST)
    assert home.safe == ["node far is lost: not heard", "fenced"]
    assert home.told == [("node_lost", "executor"), ("node_lost", "connection")]
    assert home.state("executor") is ChildState.LOST
    assert home.state("risk") is ChildState.RUNNING
    assert not home.children["risk"].doomed


def test_what_stands_in_starts_only_once_whoever_yields_to_it_is_down_for_good(home):
    home.turn(NodeState.LOST)
    follower = home.children["follower"]
    assert follower.doomed
    assert not home.may_start("executor")
    follower.doomed, follower.state = False, ChildState.DOWN
    assert home.may_start("executor")
    assert not home.may_start("follower")
    follower.begin_anew("asked for", 0.0)
    assert not home.may_start("follower")


def test_what_stands_in_is_numbered_far_above_the_one_that_may_still_run(home):
    home.turn(NodeState.LOST, incarnation=41)
    assert home.incarnations.take() > 41 + STEP


def test_a_loss_is_obeyed_once_and_a_confirmed_end_only_told(home):
    home.turn(NodeState.LOST)
    home.children["executor"].state = ChildState.RUNNING
    home.turn(NodeState.LOST)
    home.turn(NodeState.DEAD)
    assert home.state("executor") is ChildState.RUNNING
    assert len(home.safe) == 2
    assert home.told[2:] == [("node_dead", "far")]


def test_whatever_can_send_is_lost_and_not_taken_in_before_its_end_is_confirmed(home):
    home.turn(NodeState.LOST)
    assert home.state("connection") is ChildState.LOST
    assert not home.may_start("connection")
    home.turn(NodeState.DEAD)
    assert home.may_start("connection")


def test_without_that_rule_it_would_be_started_beside_one_that_may_still_send(home):
    connection = home.children["connection"]
    connection.spec = connection.spec.model_copy(update={"sends": False})
    home.turn(NodeState.LOST)
    assert home.may_start("connection")
