"""What a new supervisor makes of the children of another node that the one before it knew."""

from datetime import UTC, datetime

import pytest

from supervisor.adoption import Taken, take_over
from supervisor.child import Child
from supervisor.child_spec import ChildSpec
from supervisor.directory import Directory, Entry
from supervisor.host_pool import Found
from supervisor.process import Process
from supervisor.shelter import away
from supervisor.tree import ChildState

NOW = datetime(2026, 11, 30, tzinfo=UTC)
GONE = Process(2**22 + 1, 1)
"""No process has this number."""


def taken(entry: Entry) -> tuple[Taken, Child]:
    children = {"executor": Child(ChildSpec(name="executor", factory="a:b", node="far"))}
    away(children)
    before = Directory(supervisor=None, since=NOW, written_at=NOW, children={"executor": entry})
    return take_over(before, children, None, Found(frozenset(), ()), lambda _: None), children["executor"]


def test_a_child_that_another_node_keeps_stays_there():
    found, executor = taken(Entry(state=ChildState.AWAY, since=NOW, wanted=False))
    assert (found.adopted, found.lost) == ((), ())
    assert (executor.state, executor.wanted) == (ChildState.AWAY, False)


@pytest.mark.parametrize(
    ("entry", "state"),
    [
        (Entry(state=ChildState.LOST, since=NOW), ChildState.LOST),
        (Entry(state=ChildState.RUNNING, since=NOW, host=5, process=GONE, incarnation=1_008), ChildState.DOWN),
    ],
)
def test_one_that_was_taken_in_here_starts_here(entry, state):
    _, executor = taken(entry)
    assert (executor.state, executor.wanted) == (state, True)
