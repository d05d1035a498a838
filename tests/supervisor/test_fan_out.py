"""Research on two nodes of one Ray: every node works, nothing goes before trading, and what fails is one answer."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervisor.app.nodes import FAR, TwoNodes
from tests.supervisor.app.trees import ROOT

pytestmark = [pytest.mark.tree, pytest.mark.timeout(300)]
CORES = 4
MONTH = ROOT / "scripts" / "paper_month.py"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    nodes = TwoNodes(tmp_path_factory.mktemp("nodes"))
    try:
        nodes.start_home()
        nodes.start_far()
        yield nodes
    finally:
        nodes.close()


def answers(nodes: TwoNodes, *jobs: str, resource: str = "") -> list[dict]:
    """Run the jobs from a driver of their own; return what it printed."""
    code = f"from tests.supervisor.research_jobs import drive; drive(*{(nodes.ray, *jobs)!r}, resource={resource!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=nodes.environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def meeting(folder: Path, count: int) -> list[str]:
    folder.mkdir()
    return ["meet=" + json.dumps({"folder": str(folder), "count": count})] * count


def test_every_node_works_at_the_lowest_priority_and_only_the_named_ones_where_some_are_named(nodes, tmp_path):
    everywhere = [json.loads(each["text"]) for each in answers(nodes, *meeting(tmp_path / "all", CORES))]
    assert len({each["node"] for each in everywhere}) == 2
    assert {each["nice"] for each in everywhere} == {19}
    far = [json.loads(each["text"]) for each in answers(nodes, *meeting(tmp_path / "far", 2), resource=FAR)]
    assert len({each["node"] for each in far}) == 1


def test_a_job_that_was_killed_is_tried_again_and_one_that_raises_is_its_own_answer(nodes, tmp_path):
    told = answers(nodes, f"die_once={tmp_path}", "refuse=yes", "refuse=no thanks", "refuse=also")
    assert [each["text"] for each in told if each["job"] == "die_once"] == ["tried again"]
    refused = {each["place"]: (each["text"], each["why"]) for each in told if each["job"] == "refuse"}
    assert refused == {0: ("yes", ""), 1: ("", "ValueError: no thanks: not this one"), 2: ("also", "")}


def test_a_month_is_played_on_the_ray(nodes):
    done = subprocess.run(
        [sys.executable, str(MONTH), "--days", "1", "--json", "--seed", "3", "--ray-address", nodes.ray],
        env=nodes.environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["seed"] == 3
    assert told["orders"] > 0


def test_a_ray_that_is_not_there_is_said_at_once():
    done = subprocess.run(
        [sys.executable, str(MONTH), "--ray-address", "127.0.0.1:1"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("nobody listens at 127.0.0.1:1")
