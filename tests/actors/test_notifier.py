import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from loguru import logger
from pydantic import SecretStr

from actors.channels import AppriseChannel, LogChannel, channels
from actors.credentials import CredentialMissing
from actors.domain.alerts.alert import Level
from actors.domain.alerts.record import Raised
from actors.outbox import Outbox
from actors.redaction import Redactor
from tests.notifier_rig import QUICK, SETTINGS, WAIT_S, Receiver, alert, running, service, serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving() as server:
        yield server


def left(folder: Path, way: AppriseChannel, name: str, at: datetime) -> None:
    """Leave an alert in the outbox as a notifier that died before it could send."""
    outbox = Outbox(folder / "outbox.jsonl", {Level.P0: ((way.name,),)})
    outbox.append([Raised(alert=alert(name), at=at, ways=((way.name,),))])
    outbox.close()


def test_an_alert_reaches_its_services_and_the_log(tmp_path: Path, receiver: Receiver):
    log = LogChannel(tmp_path / "alerts.log")
    with running(tmp_path, (log, service(receiver.url, Level.P0))) as each:
        each.inbox.tell(alert("a"))
        message = receiver.messages.get(timeout=WAIT_S)
        each.passes.wait(3)
    assert message["title"] == "PAPER P0 SPX"
    assert message["message"].startswith("text of a\nA1 ")
    assert message["type"] == "failure"
    assert (tmp_path / "alerts.log").read_text("utf-8").startswith("PAPER P0 SPX: text of a | A1 · ")
    assert (tmp_path / "alerts.log").stat().st_mode & 0o777 == 0o600
    assert each.owed == []


def test_a_level_goes_only_where_it_is_named(tmp_path: Path, receiver: Receiver):
    with running(tmp_path, (service(receiver.url, Level.P0),)) as each:
        each.inbox.tell(alert("info", Level.P2))
        each.inbox.tell(alert("page", subject="other"))
        assert receiver.messages.get(timeout=WAIT_S)["title"] == "PAPER P0 other"
    assert receiver.messages.empty()


def test_a_page_does_not_wait_behind_a_target_that_hangs(tmp_path: Path, receiver: Receiver):
    settings = SETTINGS.model_copy(update={"stop_grace_s": 0.01})
    with serving() as slow:
        slow.gate.clear()
        with running(tmp_path, (service(slow.url, Level.P2), service(receiver.url, Level.P0)), settings) as each:
            each.inbox.tell(alert("info", Level.P2))
            assert slow.arrived.acquire(timeout=WAIT_S)
            each.inbox.tell(alert("page", subject="other"))
            assert receiver.messages.get(timeout=WAIT_S)["title"] == "PAPER P0 other"
            each.passes.wait(5)


def test_the_same_again_is_counted_and_told_once_at_the_end(tmp_path: Path, receiver: Receiver):
    policy = QUICK.model_copy(update={"repeat_window_s": 0.5})
    with running(tmp_path, (service(receiver.url),), policy=policy) as each:
        for number in range(5):
            each.inbox.tell(alert(f"a{number}"))
        first = receiver.messages.get(timeout=WAIT_S)
        summary = receiver.messages.get(timeout=WAIT_S)
    assert first["message"].startswith("text of a0")
    assert "text of a4 (x4 more since 10:00:00 ET)" in summary["message"]
    assert receiver.messages.empty()


def test_the_same_alert_told_twice_is_sent_once_even_after_a_restart(tmp_path: Path, receiver: Receiver):
    for _ in range(2):
        with running(tmp_path, (service(receiver.url),)) as each:
            each.inbox.tell(alert("a"))
            each.inbox.tell(alert(f"marker{os.urandom(2).hex()}", subject=os.urandom(2).hex()))
            while "marker" not in receiver.messages.get(timeout=WAIT_S)["message"]:
                pass
    assert receiver.messages.empty()


def test_what_was_left_unsent_is_sent_after_the_restart_and_marked(tmp_path: Path, receiver: Receiver):
    way = service(receiver.url)
    left(tmp_path, way, "left", datetime.now(UTC))
    with running(tmp_path, (way,)):
        message = receiver.messages.get(timeout=WAIT_S)
    assert message["title"] == "PAPER P0 SPX (repeated)"


def test_a_failed_send_is_tried_again_until_it_is_taken(tmp_path: Path, receiver: Receiver):
    receiver.status = 500
    with running(
        tmp_path, (service(receiver.url, Level.P0),), SETTINGS.model_copy(update={"resend_interval_s": 0.1})
    ) as each:
        each.inbox.tell(alert("a"))
        assert receiver.arrived.acquire(timeout=WAIT_S)
        assert receiver.arrived.acquire(timeout=WAIT_S)
        receiver.status = 200
        assert "text of a" in receiver.messages.get(timeout=WAIT_S)["message"]


def test_what_is_too_old_is_given_up(tmp_path: Path, receiver: Receiver):
    way = service(receiver.url)
    left(tmp_path, way, "old", datetime(2020, 1, 2, tzinfo=UTC))
    with running(tmp_path, (way,), policy=QUICK.model_copy(update={"resend_age_max_s": 1})) as each:
        each.passes.wait(2)
    assert each.owed == []
    assert receiver.messages.empty()


@pytest.mark.parametrize("url", ["nonsense://x/y", "json://127.0.0.1:1/hook", "mailto://"])
def test_a_bad_target_is_told_through_the_others_and_stops_nothing(tmp_path: Path, receiver: Receiver, url: str):
    with running(
        tmp_path,
        (service(url, Level.P0), service(receiver.url, Level.P1)),
        SETTINGS.model_copy(update={"stop_grace_s": 5}),
    ) as each:
        each.inbox.tell(alert("page"))
        message = receiver.messages.get(timeout=WAIT_S)
        each.passes.wait(3)
    assert message["title"].startswith("PAPER P1 alerts to P0-")
    assert "N001" in message["message"]


def test_a_target_without_its_secret_is_told_through_the_others(tmp_path: Path, receiver: Receiver):
    targets = {Level.P0: [[CredentialMissing("PAGE_URL is nowhere")]], Level.P1: [[SecretStr(receiver.url)]]}
    ways_out, ways = channels(tmp_path / "alerts.log", targets, retries=0, wait_s=0)
    with running(tmp_path, ways_out, ways=ways) as each:
        each.inbox.tell(alert("page"))
        message = receiver.messages.get(timeout=WAIT_S)
        each.passes.wait(3)
    assert "P0 has a target without its secret: PAGE_URL is nowhere" in message["message"]


def test_secrets_leave_neither_in_messages_nor_in_names_nor_in_logs(tmp_path: Path, receiver: Receiver):
    secret = "pl4nted/secret"
    url = f"{receiver.url}?+X-Token=pl4nted%2Fsecret"
    written: list[str] = []
    sink = logger.add(written.append, level=0)
    redactor = Redactor((secret, url))
    try:
        targets = {Level.P0: [[SecretStr(url), SecretStr("json://u:pl4nted@127.0.0.1:1")]]}
        ways, chains = channels(tmp_path / "alerts.log", targets, retries=0, wait_s=0)
        with running(tmp_path, ways, ways=chains, clean=redactor.clean) as each:
            each.inbox.tell(alert("a", subject=f"token={secret}"))
            message = receiver.messages.get(timeout=WAIT_S)
            each.passes.wait(5)
    finally:
        logger.remove(sink)
    kept = (tmp_path / "alerts.log").read_text("utf-8")
    assert "pl4nted" not in json.dumps(message) + "".join(map(str, written)) + kept
    assert not any("pl4nted" in way.name for way in ways)


def test_alerts_taken_before_kill_9_are_sent_by_the_next_one(tmp_path: Path, receiver: Receiver):
    receiver.gate.clear()
    program = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from tests import notifier_rig as t\n"
        "each = t.Running(Path(sys.argv[1]), (t.service(sys.argv[2]),))\n"
        "for n in range(3): each.inbox.tell(t.alert(f'a{n}', subject=str(n)))\n"
        "each.notifier.run(threading.Event())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, str(tmp_path), receiver.url]
    with subprocess.Popen(command, env=environment) as process:
        assert receiver.arrived.acquire(timeout=WAIT_S)
        deadline = time.monotonic() + WAIT_S
        while (tmp_path / "outbox.jsonl").read_bytes().count(b"raised") < 3:
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGKILL)
    receiver.gate.set()
    receiver.messages.get(timeout=WAIT_S)  # the one that was under way: the service took it, nobody recorded it
    with running(tmp_path, (service(receiver.url),)) as each:
        again = receiver.messages.get(timeout=WAIT_S)
        each.passes.wait(3)
    assert again["title"] == "PAPER P0 3 alerts, not delivered before (repeated)"
    assert all(f"P0 A1 10:00 {number}: text of a{number}" in again["message"] for number in range(3))
    assert each.owed == []


def chained(folder: Path, *urls: str) -> tuple[tuple, dict]:
    return channels(folder / "alerts.log", {Level.P0: [[SecretStr(url) for url in urls]]}, retries=2, wait_s=1)


def test_where_the_first_of_a_chain_refuses_the_next_one_is_told_and_it_is_said(tmp_path: Path, receiver: Receiver):
    ways_out, ways = chained(tmp_path, "json://127.0.0.1:1/dead", receiver.url)
    with running(tmp_path, ways_out, ways=ways) as each:
        each.inbox.tell(alert("page"))
        assert receiver.messages.get(timeout=WAIT_S)["title"] == "PAPER P0 SPX"
        each.passes.wait(5)
    assert each.owed == []
    assert "N001" in (tmp_path / "alerts.log").read_text("utf-8")
    assert receiver.messages.empty()


def test_where_the_first_of_a_chain_hangs_the_next_one_is_told_and_later_pages_go_there_first(
    tmp_path: Path, receiver: Receiver
):
    with serving() as hanging:
        hanging.gate.clear()
        ways_out, ways = chained(tmp_path, hanging.url, receiver.url)
        settings = SETTINGS.model_copy(update={"stop_grace_s": 0.01, "fallback_after_s": dict.fromkeys(Level, 0.2)})
        with running(tmp_path, ways_out, settings, ways=ways) as each:
            each.inbox.tell(alert("page"))
            assert receiver.messages.get(timeout=WAIT_S)["title"] == "PAPER P0 SPX"
            each.inbox.tell(alert("other", code="A2"))
            assert receiver.messages.get(timeout=WAIT_S)["message"].startswith("text of other")
        assert hanging.arrived.acquire(timeout=WAIT_S)
        assert not hanging.arrived.acquire(blocking=False), "it was asked once"


def test_what_waits_at_a_slow_target_is_one_message(tmp_path: Path, receiver: Receiver):
    receiver.gate.clear()
    with running(tmp_path, (service(receiver.url, Level.P0),)) as each:
        each.inbox.tell(alert("first"))
        assert receiver.arrived.acquire(timeout=WAIT_S)
        for number in range(5):
            each.inbox.tell(alert(f"a{number}", code=f"A{number}", subject=f"subject-{number}"))
        each.passes.wait(10)
        receiver.gate.set()
        receiver.messages.get(timeout=WAIT_S)
        rest = receiver.messages.get(timeout=WAIT_S)
        each.passes.wait(3)
    assert rest["title"] == "PAPER P0 subject-0 and 4 more"
    assert all(f"text of a{number}" in rest["message"] for number in range(5))
    assert each.owed == []


def test_damaged_lines_of_the_outbox_are_told(tmp_path: Path, receiver: Receiver):
    (tmp_path / "outbox.jsonl").write_text("{}\nnonsense\n")
    with running(tmp_path, (service(receiver.url, Level.P1),)):
        message = receiver.messages.get(timeout=WAIT_S)
    assert message["title"] == "PAPER P1 outbox"
    assert message["message"].startswith("2 lines of the notifier's outbox were damaged")
