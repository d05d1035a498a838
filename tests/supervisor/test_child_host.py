import subprocess
import sys
from pathlib import Path

import pytest

from actors.places import places
from supervisor.child_host import ExitCode, crash_report
from supervisor.child_spec import ChildContext

HERE = Path(__file__).parent
HOST = """
import sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from supervisor.child_host import ChildHost
from supervisor.child_spec import Readying
host = ChildHost(Readying(preload=("dummy_shells",), state=Path("."), run=Path(".")).model_dump_json())
host.start(sys.argv[3])
print("started", flush=True)
input()
host.stop()
input()
"""


@pytest.fixture
def run(tmp_path):
    where = places(tmp_path / "state")
    programs = []

    def begin(factory: str, *orders: str) -> tuple[subprocess.Popen, ChildContext]:
        for order in orders:
            (where.run / f"feed.{order}").touch()
        context = ChildContext(name="feed", incarnation=4, state=where.state, run=where.run, factory=factory)
        command = [sys.executable, "-c", HOST, str(HERE.parents[1]), str(HERE), context.model_dump_json()]
        program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        programs.append(program)
        return program, context

    yield begin
    for program in programs:
        program.kill()
        program.communicate()
    for file in where.run.iterdir():
        file.unlink()
    where.run.rmdir()


def test_a_shell_that_is_asked_to_stop_ends_its_process_well(run):
    program, context = run("dummy_shells:ticker")
    assert program.stdout.readline() == "started\n"
    program.stdin.write("\n")
    program.stdin.flush()
    assert program.wait(10) == ExitCode.STOPPED
    assert crash_report(context.run, "feed", 4) is None


def test_an_exception_ends_the_process_and_leaves_its_reason_without_the_secret(run):
    program, context = run("dummy_shells:ticker", "raise")
    assert program.wait(10) == ExitCode.CRASHED
    report = crash_report(context.run, "feed", 4)
    assert report.reason.startswith("ValueError: the order was malformed")
    assert "abcd1234" not in report.model_dump_json()
    assert any("dummy_shells.py" in frame and "in run" in frame for frame in report.frames)


def test_a_shell_that_cannot_be_built_ends_the_process_with_its_reason(run):
    program, context = run("dummy_shells:unbuildable")
    assert program.wait(10) == ExitCode.CRASHED
    assert crash_report(context.run, "feed", 4).reason == "FileNotFoundError: no settings for feed"


def test_a_factory_that_does_not_exist_is_named(run):
    program, context = run("dummy_shells:nowhere")
    assert program.wait(10) == ExitCode.CRASHED
    assert "nowhere" in crash_report(context.run, "feed", 4).reason


def test_a_shell_that_returns_unasked_has_finished_and_says_so(run):
    program, context = run("dummy_shells:ticker", "finish")
    assert program.wait(10) == ExitCode.FINISHED
    assert crash_report(context.run, "feed", 4).finished


def test_a_predecessors_report_is_not_taken_for_this_ones(run):
    program, context = run("dummy_shells:ticker", "raise")
    program.wait(10)
    assert crash_report(context.run, "feed", 5) is None
