"""What of a configuration runs here, and what another node's supervisor keeps."""

from pathlib import Path

import pytest

from actors.config import SHIPPED, load
from actors.config_journal import JournalSection
from actors.config_model import RuntimeConfig, contradictions
from actors.config_nodes import NodeSection, NodesSection
from supervisor.app.outposts import plan_there
from supervisor.app.plan import plan

FAR = NodeSection(name="far", resource="far", state=Path("/there"), gate="b:2")
PLACED = NodesSection(gate="a:1", token="NODES", executor="far", away=(FAR,))
REPLICATED = JournalSection(durability="replicated", follower="a:3", token="JOURNAL")


@pytest.fixture
def placed() -> RuntimeConfig:
    shipped = load(SHIPPED / "holdfast.toml")
    joined = shipped.runtime.model_copy(update={"ray_address": "head:6379"})
    return shipped.model_copy(update={"runtime": joined, "nodes": PLACED, "journal": REPLICATED})


def test_unplaced_everything_runs_here_and_nothing_is_added():
    whole = plan(load(SHIPPED / "holdfast.toml"))
    assert whole.outposts == ()
    assert {child.node for child in whole.children()} == {""}
    assert not {"gate", "follower"} & {child.name for child in whole.children()}


def test_the_executor_is_placed_on_the_other_node_and_its_follower_here_yields_to_it(placed):
    whole = plan(placed)
    here = {child.name: child for child in whole.children()}
    assert {name for name, child in here.items() if child.node} == {"executor"}
    assert {name: child.yields_to for name, child in here.items() if child.yields_to} == {"follower": "executor"}
    (outpost,) = whole.outposts
    there = plan_there(whole, outpost, "head:6379")
    assert [child.name for child in there.children()] == ["gate", "executor"]
    assert {child.arguments["node"] for child in there.children()} == {"far"}
    assert (there.ray.address, there.outposts) == ("head:6379", ())


def test_every_connection_stays_here_so_that_all_obey_one_epoch(placed):
    (outpost,) = plan(placed).outposts
    elsewhere = {child.name for group in outpost.groups for child in group.children}
    assert not [name for name in elsewhere if name.startswith("connection.")]
    assert {child.name for child in plan(placed).children() if child.sends} == {
        f"connection.{route.name}" for route in placed.routes
    }


@pytest.mark.parametrize(
    ("nodes", "journal", "key"),
    [
        ({"executor": "near"}, {}, ("nodes", "executor")),
        ({"token": None}, {}, ("nodes", "token")),
        ({"gate": None}, {}, ("nodes", "gate")),
        ({}, {"durability": "local"}, ("journal", "durability")),
    ],
)
def test_a_placement_that_could_not_be_taken_over_is_a_contradiction(placed, nodes, journal, key):
    changed = {
        "nodes": PLACED.model_copy(update=nodes),
        "journal": REPLICATED.model_copy(update=journal),
    }
    assert [path for path, _ in contradictions(placed.model_copy(update=changed))] == [key]
    assert list(contradictions(placed)) == []


def test_a_private_ray_has_no_other_node(placed):
    alone = placed.model_copy(update={"runtime": placed.runtime.model_copy(update={"ray_address": "private"})})
    assert [path for path, _ in contradictions(alone)] == [("runtime", "ray_address")]
