"""Which follower an executor has: none, one it must meet first, or none that could be."""

from pathlib import Path

import pytest

from actors.config import SHIPPED, load
from actors.config_journal import JournalSection
from actors.config_nodes import NodeSection, NodesSection
from actors.places import Places
from supervisor.app import replication
from supervisor.app.copy_folder import read_leader
from supervisor.app.replication import FollowerAway, Forsaken
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext
from tests.ports import free_port
from tests.supervisor.app.test_following import InTree
from tests.supervisor.app.test_takeover import joined
from tests.supervisor.followers import TOKEN


def executor(folder: Path, port: int, **arguments: str) -> Workplace:
    """Return an executor's surroundings in a folder of its own, its follower at this port."""
    where = Places(state=folder / "far", run=folder / "far-run")
    where.state.mkdir()
    away = NodeSection(name="far", resource="far", state=where.state, gate="127.0.0.1:2")
    nodes = NodesSection(gate="127.0.0.1:1", token="TEST_TOKEN", executor="far", away=(away,))
    journal = JournalSection(durability="replicated", follower=f"127.0.0.1:{port}", token="TEST_TOKEN")
    config = joined(load(SHIPPED / "holdfast.toml"), nodes, journal)
    where.config.write_text(config.model_dump_json())
    context = ChildContext(
        name="executor", incarnation=1, state=where.state, run=where.run, factory="a:b", arguments=arguments
    )
    return Workplace(context)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", TOKEN)
    monkeypatch.setattr(replication, "MEET_WAIT_S", 0.3)


def test_an_executor_away_from_home_does_not_start_before_its_follower_welcomed_it(tmp_path):
    place = executor(tmp_path, free_port(), node="far")
    with pytest.raises(FollowerAway, match="Connection refused"):
        replication.replica(place, 1)


def test_one_that_meets_its_follower_is_known_there_by_the_name_of_its_node(tmp_path):
    tree = InTree(tmp_path)
    made = replication.replica(executor(tmp_path, tree.port, node="far"), 5)
    assert made.look() is None
    assert read_leader(tree.notes).node == "far"
    made.close()
    tree.close()


def test_one_that_was_taken_in_at_home_says_for_good_that_nobody_has_its_journal(tmp_path):
    made = replication.replica(executor(tmp_path, free_port()), 1)
    assert isinstance(made, Forsaken)
    assert made.look() == made.fault == "node far, whose journal this is the copy of, is lost"
