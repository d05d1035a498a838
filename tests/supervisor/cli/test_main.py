import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from actors.latch import Latch, StopLevel, tighten
from actors.places import places
from actors.watermark import LAYOUT
from supervisor import directory as directories
from supervisor import runtime
from supervisor.child_spec import ChildSpec, Group, Plan
from supervisor.cli import snapshot
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.main import VERBS, main
from supervisor.cli.screen import new_york, painted
from supervisor.directory import Directory, Entry
from supervisor.ownership import Ownership
from supervisor.process import Process, identify
from supervisor.tree import ChildState
from tests.builders import open_signal
from tests.filed_rig import FiledRig

ROOT = Path(__file__).parents[3]
NOW = datetime.now(UTC)
FAST = """
import json, sys, time
began = time.perf_counter()
from click.testing import CliRunner
from supervisor.cli.main import main
result = CliRunner().invoke(main, sys.argv[1:])
heavy = {"ray", "pandas", "numpy", "QuantLib"} & set(sys.modules)
print(json.dumps({"code": result.exit_code, "heavy": sorted(heavy), "seconds": time.perf_counter() - began}))
"""
ALL = """
import json, sys, time
began = time.perf_counter()
from click.testing import CliRunner
from supervisor.cli.main import main
codes = [CliRunner().invoke(main, call).exit_code for call in json.loads(sys.argv[1])]
heavy = {"ray", "pandas", "numpy", "QuantLib", "diskcache"} & set(sys.modules)
print(json.dumps({"codes": codes, "heavy": sorted(heavy), "seconds": time.perf_counter() - began}))
"""


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


@pytest.fixture
def running(where, living):
    """Return a function that makes the folder look like a running tree with one child in `state`."""
    held = Ownership.take(where.state / "keeper.lock", NOW)

    def write(state: ChildState, process: Process | None = living, **fields: object) -> None:
        entry = Entry(state=state, since=NOW, process=process, host=1, incarnation=3, **fields)
        seen = Directory(supervisor=living, since=NOW, written_at=NOW, children={"executor": entry})
        directories.write(where.directory, seen)

    yield write
    held.release()


def passed(where, **ago_s: float) -> None:
    """Have each work loop's last pass lie so many seconds back."""
    for name, seconds in ago_s.items():
        at_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - int(seconds * 1e9)
        where.watermark(name).write_bytes(LAYOUT.pack(3, 7, at_ns, 0, 0))


def test_a_tree_that_is_stopped_whole_is_not_told_from_its_processes_which_all_live(where, running):
    running(ChildState.RUNNING)
    passed(where, executor=1, supervisor=2)
    assert (check(where), "NO PROGRESS" in call("status", "--state", where.state)[1]) == (0, False)
    passed(where, executor=40, supervisor=41)
    assert "NO PROGRESS of executor 40 s, supervisor 4" in call("status", "--state", where.state)[1]
    assert check(where) == ExitCode.DEGRADED
    assert snapshot.SUPERVISOR == runtime.NAME


def call(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def check(where) -> int:
    return call("status", "--state", where.state, "--check")[0]


def test_nothing_running_is_told_and_coded(where):
    assert check(where) == 3
    assert call("status", "--state", where.state)[0] == 0
    assert call("tree", "--state", where.state)[0] == 3
    assert call("down", "--state", where.state)[0] == 3


def test_a_whole_tree_is_healthy(where, running):
    running(ChildState.RUNNING)
    assert check(where) == 0


@pytest.mark.parametrize("state", [ChildState.DOWN, ChildState.STARTING, ChildState.STOPPING, ChildState.KILLED])
def test_a_child_that_does_not_run_degrades_the_tree(where, running, state):
    running(state)
    assert check(where) == 4


def test_a_child_that_finished_for_good_does_not_degrade_the_tree(where, running):
    running(ChildState.DOWN, process=None, wanted=False)
    assert check(where) == 0


def test_a_process_the_directory_calls_running_but_is_dead_degrades_the_tree(where, running, living):
    running(ChildState.RUNNING, process=Process(living.pid, living.started - 1))
    assert check(where) == 4
    assert "DEAD" in call("tree", "--state", where.state)[1]


def test_a_latched_halt_is_told_before_all_else(where, running):
    running(ChildState.RUNNING)
    tighten(where.latch, Latch(level=StopLevel.HALT, reason="daily loss", by="risk", at=NOW))
    assert check(where) == 5
    assert "daily loss" in call("status", "--state", where.state)[1]


def test_json_is_one_object_with_a_schema(where, running):
    running(ChildState.RUNNING, restarts=2, last_reason="killed")
    seen = json.loads(call("status", "--state", where.state, "--json")[1])
    assert seen["schema"] == "holdfast.status/1"
    assert seen["children"]["executor"]["restarts"] == 2


def test_the_tree_names_each_child_with_its_last_reason(where, running):
    running(ChildState.RUNNING, last_reason="hung: no pass of its work loop for 2 s", escalated=True)
    text = call("tree", "--state", where.state)[1]
    assert "executor" in text
    assert "hung" in text
    assert "ESCALATED" in text


def test_a_second_up_is_refused_with_the_first_ones_number(where, running, living, tmp_path):
    running(ChildState.RUNNING)
    plan = Plan(groups=(Group(name="g", children=(ChildSpec(name="feed", factory="m:f"),)),))
    (tmp_path / "plan.json").write_text(plan.model_dump_json())
    code, said = call("up", "--state", where.state, "--plan", tmp_path / "plan.json")
    assert code == 2
    assert f"process {os.getpid()}" in said


@pytest.mark.parametrize("options", [["--ray-address", "somewhere"], ["--ray-address", "host:port"]])
def test_an_impossible_ray_address_starts_nothing(where, tmp_path, options):
    plan = Plan(groups=(Group(name="g", children=(ChildSpec(name="feed", factory="m:f"),)),))
    (tmp_path / "plan.json").write_text(plan.model_dump_json())
    code, said = call("up", "--state", where.state, "--plan", tmp_path / "plan.json", *options)
    assert code == 9
    assert "Nothing was started" in said
    assert not (where.state / "plan.json").exists()


def test_up_names_who_has_no_backup_before_it_starts_anything(where, tmp_path):
    shipped = (ROOT / "config" / "holdfast.toml").read_text()
    first, _, rest = shipped.partition("[[routes]]                    # where openings go")
    alone = first + rest[rest.index("[risk]") :]
    (tmp_path / "alone.toml").write_text(alone)
    replay = ("--replay", tmp_path / "nowhere", "--date", "2015-12-24")
    code, said = call("up", "--state", where.state, "--config", tmp_path / "alone.toml", *replay)
    assert code == 9
    assert "Backup   condor       NONE: there is one route only" in said
    assert not (where.state / "plan.json").exists()


def test_a_plan_that_does_not_parse_is_refused_with_its_field(where, tmp_path):
    (tmp_path / "plan.json").write_text('{"groups": [], "spare": 1}')
    code, said = call("up", "--state", where.state, "--plan", tmp_path / "plan.json")
    assert code == 9
    assert "spare" in said


def test_an_unknown_verb_is_bad_usage():
    assert call("upp")[0] == 2


@pytest.mark.parametrize("verb", list(VERBS))
def test_each_verb_explains_itself(verb):
    code, said = call(verb, "--help")
    assert code == 0
    assert "--state" in said


def test_a_verb_that_is_none_is_answered_with_the_nearest():
    code, said = call("positons")
    assert code == 2
    assert "Did you mean positions" in said
    assert call("status", "--jsn")[1].count("--json") == 1


def test_verbs_are_completed_without_importing_one():
    found = [item.value for item in main.shell_complete(click.Context(main), "po")]
    assert found == ["positions"]
    assert "_HOLDFAST_COMPLETE=bash_complete" in call("completion", "bash")[1]


def test_nothing_that_is_no_terminal_gets_colour(where, running):
    running(ChildState.RUNNING, process=None)
    assert "\x1b[" not in call("status", "--state", where.state)[1]


def test_colour_yields_to_no_color_and_to_the_option(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert painted(["State HALTED"]) != "State HALTED"
    monkeypatch.setenv("NO_COLOR", "1")
    assert painted(["State HALTED"]) == "State HALTED"


def test_times_are_new_yorks_first():
    assert new_york("2026-11-30T21:00:00+00:00").startswith("Mon 30 Nov 16:00:00 ET")


@pytest.mark.alone
def test_telling_the_truth_needs_no_ray_no_numbers_library_and_little_time(where):
    """With nothing running at all, in one process: `halt` latches, everything else reads."""
    rig = FiledRig(where.journal).ready()
    rig.opened(open_signal(1))
    rig.writer.close()
    verbs = ("status", "tree", "risk", "positions", "orders", "pnl", "order NAME", "why NAME", "logs --order NAME")
    verbs += ("top --count 1", "explain R010", "halt --wait 0")
    calls = [
        [
            *verb.replace("NAME", "condor-20260105-1").split(),
            *(["--state", str(where.state)] * (verb[:7] != "explain")),
        ]
        for verb in verbs
    ]
    command = [sys.executable, "-c", ALL, json.dumps(calls)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["heavy"] == []
    assert set(told["codes"]) <= {0, 3, 8}, dict(zip(verbs, told["codes"], strict=True))
    assert told["seconds"] < 6.0  # 0.6 s on a quiet machine; the bound leaves room for a busy one
