"""A person's word that the node is dead which a tree was run from, told where its executor's folder is."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.config import SHIPPED, load
from actors.config_journal import JournalSection
from actors.config_model import RuntimeConfig
from actors.config_nodes import NodeSection, NodesSection
from actors.epoch import read_epoch, take_epoch
from actors.latch import StopLevel, read_latch
from actors.places import Places
from supervisor import keeper
from supervisor.app.copy_folder import is_outpost, mark_outpost
from supervisor.app.takeover import TakeoverRefused, take_over
from supervisor.journal import JournalWriter
from supervisor.ownership import Ownership

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def joined(config: RuntimeConfig, nodes: NodesSection, journal: JournalSection) -> RuntimeConfig:
    """Return the configuration placed over two nodes of a Ray that was joined."""
    runtime = config.runtime.model_copy(update={"ray_address": "head:6379"})
    return config.model_copy(update={"runtime": runtime, "nodes": nodes, "journal": journal})


@pytest.fixture
def home() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door


@pytest.fixture
def folder(tmp_path: Path, home: socket.socket) -> Places:
    where = Places(state=tmp_path / "far", run=tmp_path / "run")
    where.state.mkdir()
    away = NodeSection(name="far", resource="far", state=where.state, gate="127.0.0.1:2")
    nodes = NodesSection(gate=f"127.0.0.1:{home.getsockname()[1]}", token="NODES", executor="far", away=(away,))
    journal = JournalSection(durability="replicated", node="desk", follower="127.0.0.1:3", token="JOURNAL")
    config = joined(load(SHIPPED / "holdfast.toml"), nodes, journal)
    where.config.write_text(config.model_dump_json())
    mark_outpost(where.state)
    take_epoch(where.epoch, above=6)
    writer = JournalWriter(where.journal, epoch=7, clock=lambda: 0, fence=lambda: None)
    writer.append([("noted", "order-1", b"x")])
    writer.close()
    return where


def said(where: Places, node: str = "desk") -> None:
    take_over(where, node, "alice", "its power is off", lambda: NOW, silence_s=0.2)


def test_once_home_is_silent_its_executors_folder_is_one_to_trade_from_openings_off(folder, home):
    home.close()
    said(folder)
    assert not is_outpost(folder.state)
    assert read_epoch(folder.epoch) > 1_000
    assert read_latch(folder.latch).level is StopLevel.REDUCE


def test_a_home_that_answers_lives(folder):
    with pytest.raises(TakeoverRefused, match="desk still answers"):
        said(folder)
    assert is_outpost(folder.state)
    assert read_epoch(folder.epoch) == 7


def test_another_name_is_not_the_node_that_was_served(folder, home):
    home.close()
    with pytest.raises(TakeoverRefused, match="serves desk, not far"):
        said(folder, "far")


def test_an_executor_that_still_runs_here_is_ended_first(folder, home):
    home.close()
    held = Ownership.take(keeper.lock(folder.state), NOW)
    with pytest.raises(TakeoverRefused, match="still runs here"):
        said(folder)
    held.release()
