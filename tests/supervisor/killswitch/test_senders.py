"""Who may send is ended, stopped or not, and its end confirmed; who cannot be confirmed dead is named."""

from datetime import UTC, datetime

import pytest

from actors.places import Places, places
from supervisor import directory as directories
from supervisor import keeper
from supervisor.directory import Directory, Entry, NodeEntry, NodeState
from supervisor.killswitch.senders import end_senders
from supervisor.ownership import AlreadyOwned, Ownership
from supervisor.process import Process, alive
from supervisor.runtime import lock_path
from supervisor.tree import ChildState

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def where(tmp_path) -> Places:
    return places(tmp_path / "state")


def tree(where: Places, children: dict[str, Process], **more: object) -> None:
    entries = {
        name: Entry(state=ChildState.RUNNING, since=NOW, process=process, incarnation=1)
        for name, process in children.items()
    }
    entries |= more.pop("entries", {})
    directories.write(where.directory, Directory(supervisor=None, since=NOW, written_at=NOW, children=entries, **more))


def test_stopped_masters_die_and_their_locks_are_held_until_all_is_done(where, stopped_process):
    master = stopped_process(keeper.lock(where.state), lock_path(where.state))
    ended = end_senders(where)
    assert not alive(master)
    assert (len(ended.confirmed), ended.unconfirmed) == (1, [])
    with pytest.raises(AlreadyOwned):
        Ownership.take(keeper.lock(where.state), NOW)
    ended.release()
    Ownership.take(keeper.lock(where.state), NOW).release()


def test_stopped_executor_connections_and_spares_die_and_nobody_else_does(where, stopped_process):
    names = ("executor", "connection.tastytrade", "notifier", "venue")
    found = {name: stopped_process() for name in names}
    spare = stopped_process()
    tree(where, found, spares={3: spare})
    ended = end_senders(where)
    assert {name for name in names if not alive(found[name])} == {"executor", "connection.tastytrade"}
    assert not alive(spare)
    assert ended.unconfirmed == []


def test_a_reused_number_is_nobody_of_ours(where, stopped_process):
    stranger = stopped_process()
    tree(where, {"executor": Process(stranger.pid, stranger.started - 1)})
    assert end_senders(where).confirmed == []
    assert alive(stranger)


@pytest.mark.parametrize("state", [NodeState.PRESENT, NodeState.LOST])
def test_an_executor_on_another_node_may_live(where, state):
    there = Entry(state=ChildState.RUNNING, since=NOW, process=Process(1, 1))
    node = NodeEntry(state=state, since=NOW, children={"executor": there})
    tree(where, {}, nodes={"far": node}, entries={"executor": Entry(state=ChildState.AWAY, since=NOW)})
    assert end_senders(where).unconfirmed == ["executor on node far"]


def test_an_executor_on_a_node_that_is_confirmed_dead_does_not_live(where):
    there = Entry(state=ChildState.RUNNING, since=NOW, process=Process(1, 1))
    tree(where, {}, nodes={"far": NodeEntry(state=NodeState.DEAD, since=NOW, children={"executor": there})})
    assert end_senders(where).unconfirmed == []


def test_one_that_may_not_be_killed_may_live(where, stopped_process):
    process = stopped_process()
    tree(where, {"executor": process})

    def forbidden(_: Process, __: float) -> bool:
        raise PermissionError

    assert end_senders(where, forbidden).unconfirmed == [f"executor {process.pid}"]


def test_a_directory_that_cannot_be_read_names_nobody_dead(where):
    where.directory.write_text("{")
    assert end_senders(where).unconfirmed == ["the directory of processes is unreadable: DirectoryDamaged"]
