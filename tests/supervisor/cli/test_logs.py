"""`holdfast logs`: every process's lines as one stream, and one order's thread through all of them."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.places import Places
from supervisor.cli.log_lines import Tail, parsed, process_of, since
from supervisor.cli.main import main
from supervisor.event_log import EventLog
from tests.builders import open_signal
from tests.filed_rig import FiledRig

ORDER = "condor-20260105-1"
NOW = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


def told(where: Places, *arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(main, ["logs", "--state", str(where.state), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output.splitlines()


def write(path: Path, *entries: dict) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.writelines(json.dumps(each) + "\n" for each in entries)


def entry(second: int, text: str, level: str = "INFO", **more: object) -> dict:
    return {"at": (NOW + timedelta(seconds=second)).isoformat(), "level": level, "text": text, **more}


@pytest.fixture
def logged(where) -> Places:
    write(where.logs / "executor.jsonl", entry(2, "second"), entry(4, f"about {ORDER}-r1", "WARNING"))
    write(where.logs / "executor.2026-11-30_10-00-00_000001.jsonl", entry(0, "before the rotation"))
    write(where.logs / "risk.jsonl", entry(3, "third", bound={"order": ORDER}), entry(1, f"{ORDER}0 is another"))
    return where


def test_lines_of_all_processes_come_in_the_order_of_time_new_york_first(logged):
    code, lines = told(logged)
    assert code == 0
    assert [line.split()[5] for line in lines] == ["before", f"{ORDER}0", "second", "third", "WARNING:"]
    assert lines[0].startswith("30 Nov 11:00:00.000 ET  executor ")


def test_they_are_chosen_by_process_level_time_and_number(logged):
    assert len(told(logged, "--actor", "risk")[1]) == 2
    assert len(told(logged, "--level", "warning")[1]) == 1
    assert len(told(logged, "-n", "2")[1]) == 2
    assert len(told(logged, "--since", (NOW + timedelta(seconds=3)).isoformat())[1]) == 2


def test_one_orders_lines_are_its_own_its_attempts_and_no_others(logged):
    assert len(told(logged, "--order", ORDER)[1]) == 2
    assert told(logged, "--order", f"{ORDER}-r1") == told(logged, "--order", ORDER)


def test_an_order_is_followed_from_its_signal_to_its_last_fill_by_one_id(where, rig: FiledRig):
    rig.ready().opened(open_signal(1))
    write(where.logs / "connection.primary.jsonl", entry(0, f"sent {ORDER}-r1"))
    code, lines = told(where, "--order", ORDER, "--json")
    entries = [json.loads(line) for line in lines]
    assert code == 0
    kinds = [each["written"]["kind"] for each in entries if each["process"] == "journal"]
    assert (kinds[0], "report_taken" in kinds) == ("order_placed", True)
    assert {each["correlation"] for each in entries if each["process"] == "journal"} == {ORDER}
    assert {each["schema"] for each in entries} == {"holdfast.log-line/1"}
    assert "connection.primary" in {each["process"] for each in entries}


def test_what_no_log_knows_is_a_wrong_use(logged):
    assert told(logged, "--order", "condor-19990101-1")[0] == 2
    assert told(logged, "--since", "yesterday-ish")[0] == 2


def test_where_nothing_ran_there_is_nothing(where):
    assert told(where)[0] == 3


def test_the_supervisors_own_log_is_one_of_them(where):
    log = EventLog(where.state / "supervisor.log.jsonl")
    log.note("died", "executor", reason="killed")
    log.close()
    code, (line,) = told(where)
    assert code == 0
    assert "supervisor" in line
    assert "WARNING: died executor  reason killed" in line


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("10m", NOW - timedelta(minutes=10)),
        ("1.5h", NOW - timedelta(minutes=90)),
        ("09:30", datetime(2026, 11, 30, 14, 30, tzinfo=UTC)),
        ("2026-11-27T12:00", datetime(2026, 11, 27, 17, 0, tzinfo=UTC)),
    ],
)
def test_times_are_said_as_one_says_them(words, at):
    assert since(words, NOW) == at


def test_a_file_is_read_through_its_rotation_and_a_torn_line_is_passed_over(tmp_path):
    path = tmp_path / "risk.jsonl"
    write(path, entry(0, "one"))
    tail = Tail(path)
    assert [line.text for line in tail.lines()] == ["one"]
    with path.open("a") as file:
        file.write('{"torn')
    assert list(tail.lines()) == []
    with path.open("a") as file:
        file.write("\n")
    write(path, entry(1, "two"))
    path.rename(tmp_path / "risk.2026-11-30_10-00-00_1.jsonl")
    write(path, entry(2, "three"))
    assert [line.text for line in tail.lines()] == ["two", "three"]
    assert tail.damaged == 1
    tail.close()


def test_only_the_end_of_a_long_log_is_read_for_its_last_lines(tmp_path):
    path = tmp_path / "risk.jsonl"
    write(path, *(entry(number, f"line {number}") for number in range(100)))
    tail = Tail(path, bytes_max=300)
    texts = [line.text for line in tail.lines()]
    assert (texts[-1], 1 <= len(texts) < 10, tail.damaged) == ("line 99", True, 0)
    tail.close()
    few = Tail(path, bytes_max=10**6, needle="line 42")
    assert [line.text for line in few.lines()] == ["line 42"]
    few.close()


def test_a_line_that_does_not_read_is_none():
    assert parsed("{}", "risk") is None
    assert process_of(Path("connection.primary.2026-11-30_10-00-00_1.jsonl")) == "connection.primary"


def test_following_shows_what_comes_until_it_is_stopped(logged):
    command = [sys.executable, "-m", "supervisor.cli.main", "logs", "-f", "-n", "1", "--state", str(logged.state)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as following:
        assert "about" in following.stdout.readline()
        write(logged.logs / "executor.jsonl", entry(9, "just now"))
        assert "just now" in following.stdout.readline()
        write(logged.logs / "notifier.jsonl", entry(10, "a process that is new"))
        assert "a process that is new" in following.stdout.readline()
        following.kill()
