import os
import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.record import Raised, Sent
from actors.outbox import HISTORY_ALERTS, Outbox

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TARGETS = {Level.P0: (("log",),)}
ROOT = Path(__file__).resolve().parents[2]


def raised(name: str) -> Raised:
    return Raised(alert=Alert(alert_id=name, code="A1", level=Level.P0, subject="s", text="t", at=AT), at=AT)


def owed(outbox: Outbox) -> list[str]:
    return [each.alert.alert_id for each, _ in outbox.state.owed(TARGETS)]


def test_what_was_written_is_owed_after_a_restart_and_what_was_sent_is_not(tmp_path: Path):
    outbox = Outbox(tmp_path / "outbox.jsonl", TARGETS)
    outbox.append([raised("a"), raised("b")])
    outbox.append([Sent(alert_id="a", target="log", at=AT)])
    outbox.close()
    again = Outbox(tmp_path / "outbox.jsonl", TARGETS)
    assert owed(again) == ["b"]
    assert "a" in again.state.raised


def test_the_file_is_for_its_owner_alone(tmp_path: Path):
    Outbox(tmp_path / "outbox.jsonl", TARGETS).append([raised("a")])
    assert (tmp_path / "outbox.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_line_cut_short_is_counted_and_costs_no_other(tmp_path: Path):
    path = tmp_path / "outbox.jsonl"
    Outbox(path, TARGETS).append([raised("a"), raised("b")])
    os.truncate(path, path.stat().st_size - 5)
    outbox = Outbox(path, TARGETS)
    assert (outbox.damaged, owed(outbox)) == (1, ["a"])
    outbox.append([raised("c")])
    assert owed(Outbox(path, TARGETS)) == ["a", "c"]


def test_the_file_stays_bounded_over_restarts(tmp_path: Path):
    path = tmp_path / "outbox.jsonl"
    for life in range(3):
        outbox = Outbox(path, TARGETS)
        for number in range(HISTORY_ALERTS):
            name = f"{life}-{number}"
            outbox.append([raised(name), Sent(alert_id=name, target="log", at=AT)])
    assert len(path.read_bytes().splitlines()) == 4 * HISTORY_ALERTS + 1
    Outbox(path, TARGETS)
    assert len(path.read_bytes().splitlines()) == 2 * HISTORY_ALERTS + 1


def test_an_acknowledged_record_survives_kill_9(tmp_path: Path):
    program = (
        "import sys; from pathlib import Path\n"
        "from tests_helper import raised, TARGETS, Outbox\n"
        "outbox = Outbox(Path(sys.argv[1]), TARGETS)\n"
        "number = 0\n"
        "while True:\n"
        "    outbox.append([raised(str(number))]); print(number, flush=True); number += 1\n"
    )
    (tmp_path / "tests_helper.py").write_text(Path(__file__).read_text("utf-8"), "utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    command = [sys.executable, "-c", program, str(tmp_path / "outbox.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        for _ in range(20):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, process.stdout.read().split())])
    names = owed(Outbox(tmp_path / "outbox.jsonl", TARGETS))
    assert names[: acknowledged + 1] == [str(number) for number in range(acknowledged + 1)]


def test_a_full_disk_is_an_error_and_the_alert_is_remembered(tmp_path: Path):
    outbox = Outbox(tmp_path / "outbox.jsonl", TARGETS)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match=r"cut short|too large"):
            outbox.append([raised("a")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert owed(outbox) == ["a"]
