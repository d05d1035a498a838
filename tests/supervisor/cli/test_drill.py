"""The verb `drill`: which drills there are, what is refused, and how cards are told. Real runs are the tree tests'."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from actors.config import SHIPPED, load
from actors.config_sections import Mode
from actors.places import places
from supervisor import directory as directories
from supervisor.app import plan as plans
from supervisor.app.drills import ground
from supervisor.app.drills.card import Losses, judge
from supervisor.cli.drill_lines import card_lines, table_lines
from supervisor.cli.main import main
from supervisor.directory import Directory, Entry
from supervisor.process import identify
from supervisor.tree import ChildState

NOW = datetime.now(UTC)
NAMED_BY_THE_ISSUE = (
    "kill-executor",
    "hang",
    "crash-loop",
    "gcs-death",
    "primary-down",
    "answer-lost",
    "mute-stream",
    "three-legs",
    "frozen-quotes",
    "disk-full",
    "clock-jump",
    "half-day",
)


@pytest.fixture
def where(tmp_path):
    where = places(tmp_path / "state")
    yield where
    for file in where.run.iterdir():
        file.unlink()
    where.run.rmdir()


@pytest.fixture
def living():
    program = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield identify(program.pid)
    program.communicate()


def call(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["drill", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_every_drill_is_listed_with_what_it_does_and_proves(where):
    code, told = call("list", "--state", where.state)
    assert code == 0
    assert all(f"{name} " in told for name in NAMED_BY_THE_ISSUE)
    assert told.count("proves ") == len(ground.known())


def test_every_child_of_the_tree_has_a_drill_that_kills_it():
    children = ("venue", "notifier", "data_feed", "connection.tastytrade", "executor", "risk", "condor", "analyst")
    assert {f"kill-{name}" for name in children} <= set(ground.known())


def test_the_list_as_json_is_the_drills_whole(where):
    listed = json.loads(call("list", "--state", where.state, "--json")[1])["drills"]
    assert [each["name"] for each in listed] == list(ground.known())
    assert all(each["limits"]["recovered_s"] > 0 for each in listed)


def test_an_unknown_drill_is_refused_with_the_nearest_name(where):
    code, told = call("kill-executer", "--state", where.state)
    assert (code, "did you mean kill-executor" in told) == (2, True)


@pytest.mark.parametrize(("mode", "code"), [("sandbox", 6), ("live", 6), ("paper", 2)])
def test_nothing_but_paper_is_drilled(where, living, mode, code):
    config = load(SHIPPED / "holdfast.toml")
    runtime = config.runtime.model_copy(update={"mode": Mode(mode)})
    where.config.write_text(config.model_copy(update={"runtime": runtime}).model_dump_json())
    (where.state / "plan.json").write_text(plans.plan(config).model_dump_json())
    entry = Entry(state=ChildState.RUNNING, since=NOW, process=living, incarnation=1)
    seen = Directory(supervisor=living, since=NOW, written_at=NOW, children={"executor": entry})
    directories.write(where.directory, seen)
    assert call("no-such-drill", "--state", where.state)[0] == code


def test_a_card_and_a_table_say_pass_or_fail_with_the_misses():
    drill = ground.known()["hang"]
    card = judge(drill, [], Losses(doubled=("drill-7",)))
    told = "\n".join(card_lines(card))
    assert "FAIL" in told
    assert "doubled: drill-7" in told
    assert "never (limit" in told
    rows = table_lines([card, card.model_copy(update={"misses": ()})])
    assert [row.split()[-1] for row in rows[2:4]] == ["FAIL", "PASS"]
    assert rows[-1] == "1 of 2 passed"
