"""A watch over a node whose warden answers, is silent, dies, and comes back."""

import json
import queue
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from supervisor.child_spec import ChildSpec, Group, Outpost, Plan
from supervisor.directory import NodeState
from supervisor.node import Beat, Report
from supervisor.node_watch import NodeWatch
from supervisor.watcher import NodeTurned

CHILD = Group(name="trading", children=(ChildSpec(name="executor", factory="module:function"),))
OUTPOST = Outpost(name="far", resource="far", state=Path("/far"), groups=(CHILD,), lost_after_s=0.6, join_within_s=0.6)
PLAN = Plan(groups=(CHILD,))


class Far:
    """Another node as `Placing` shows it: `line` says whether it answers."""

    def __init__(self, line: str = "well") -> None:
        self.line, self.left = line, ""
        self.placed, self.beats, self.ended = 0, [], []
        self._open: list[Future[str]] = []

    def place(self, name: str, resource: str, factory: str, argument: str) -> None:
        self.placed += 1

    def call(self, name: str, method: str, argument: str) -> "Future[str]":
        answer: Future[str] = Future()
        if method == "beat":
            self.beats.append(Beat.model_validate_json(argument))
        else:
            self.ended.append(argument)
        if self.line == "well":
            answer.set_result(Report(told="told").model_dump_json() if method == "beat" else json.dumps([]))
        elif self.line == "dead":
            answer.set_exception(RuntimeError("the actor died"))
        else:
            self._open.append(answer)
        return answer

    def heal(self) -> None:
        self.line = "well"
        for answer in self._open:
            answer.set_result(Report(told="told").model_dump_json())
        self._open.clear()


class Carrying:
    def __init__(self) -> None:
        self.taken: list[str] = []
        self.breaks = False

    def pack(self) -> str:
        return "carried"

    def take(self, told: str) -> None:
        if self.breaks:
            raise ValueError(told)
        self.taken.append(told)


class Watched:
    """A watch, and what it says."""

    def __init__(self, far: Far, state: NodeState = NodeState.AWAITED) -> None:
        self.far, self.courier, self.told = far, Carrying(), queue.SimpleQueue()
        self.watch = NodeWatch(OUTPOST, PLAN, far, self.courier, self.told.put, state)
        self.watch.start()
        self.turns()  # how it was when the watch began

    def turns(self) -> NodeState:
        event: NodeTurned = self.told.get(timeout=10)
        return event.entry.state

    def end(self) -> NodeState:
        return self.watch.end(lambda: None)


@pytest.fixture
def far() -> Far:
    return Far()


@pytest.fixture
def watched(far: Far) -> Iterator[Watched]:
    watched = Watched(far)
    yield watched
    watched.end()


def test_a_node_that_answers_is_present_and_is_told_what_is_to_run_there(watched, far):
    assert watched.turns() is NodeState.PRESENT
    assert far.beats[0] == Beat(plan=PLAN, carried="carried")
    assert watched.courier.taken[0] == "told"


@pytest.mark.parametrize("line", ["silent", "dead"])
def test_a_node_that_does_not_answer_is_lost_and_when_it_is_heard_again_it_is_ended(watched, far, line):
    assert watched.turns() is NodeState.PRESENT
    far.line = line
    assert watched.turns() is NodeState.LOST
    assert far.ended == []
    far.heal()
    assert watched.turns() is NodeState.DEAD
    assert far.ended == ["at once"]


def test_a_node_that_never_came_is_lost_too(far):
    far.line = "silent"
    watched = Watched(far)
    assert watched.turns() is NodeState.LOST
    watched.end()


def test_a_silent_node_is_asked_once_and_a_dead_warden_is_replaced(watched, far):
    assert watched.turns() is NodeState.PRESENT
    far.line = "silent"
    assert watched.turns() is NodeState.LOST
    asked = len(far.beats)
    assert not watched.watch._closing.wait(0.6)
    assert len(far.beats) == asked
    placed = far.placed
    far.heal()
    assert watched.turns() is NodeState.DEAD
    assert far.placed == placed


def test_nothing_is_started_on_a_node_that_was_lost_when_the_supervisor_before_this_one_left_it(far):
    watched = Watched(far, NodeState.LOST)
    assert watched.turns() is NodeState.DEAD
    assert {beat.plan for beat in far.beats} == {None}
    assert watched.courier.taken == []
    watched.end()


def test_the_end_of_the_tree_is_the_end_in_order_of_a_node_that_is_there(far):
    watched = Watched(far)
    assert watched.turns() is NodeState.PRESENT
    assert watched.end() is NodeState.DEAD
    assert far.ended == ["in order"]


def test_a_node_whose_answers_cannot_be_understood_is_as_good_as_silent(watched):
    assert watched.turns() is NodeState.PRESENT
    watched.courier.breaks = True
    assert watched.turns() is NodeState.LOST
