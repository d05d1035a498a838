"""Who runs, here and on other nodes, as the directory says."""

from datetime import UTC, datetime

import pytest

from supervisor.directory import Directory, Entry, NodeEntry, NodeState, elsewhere, running
from supervisor.tree import ChildState

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def entry(state: ChildState) -> Entry:
    return Entry(state=state, since=NOW)


def directory(node: NodeState, there: ChildState, here: ChildState = ChildState.AWAY) -> Directory:
    children = {"executor": entry(here), "risk": entry(ChildState.RUNNING)}
    far = NodeEntry(state=node, since=NOW, children={"executor": entry(there), "gate": entry(ChildState.RUNNING)})
    return Directory(supervisor=None, since=NOW, written_at=NOW, children=children, nodes={"far": far})


@pytest.mark.parametrize(
    ("seen", "runs"),
    [
        (directory(NodeState.PRESENT, ChildState.RUNNING), {"risk", "executor"}),
        (directory(NodeState.PRESENT, ChildState.STARTING), {"risk"}),
        (directory(NodeState.LOST, ChildState.RUNNING), {"risk"}),
        (directory(NodeState.LOST, ChildState.RUNNING, ChildState.LOST), {"risk"}),
        (directory(NodeState.LOST, ChildState.RUNNING, ChildState.RUNNING), {"risk", "executor"}),
    ],
)
def test_a_child_of_another_node_runs_as_long_as_that_node_says_so_and_is_heard(seen, runs):
    assert running(seen) == runs


def test_what_a_node_keeps_is_found_with_its_node_and_nothing_of_one_that_is_not_heard():
    node, found = elsewhere(directory(NodeState.PRESENT, ChildState.STARTING), "executor")
    assert (node, found.state) == ("far", ChildState.STARTING)
    assert elsewhere(directory(NodeState.LOST, ChildState.RUNNING), "executor") is None
