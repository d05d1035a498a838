import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from loguru import logger
from pydantic import SecretStr

from actors.channels import AppriseChannel, LogChannel, channels
from actors.credentials import CredentialMissing
from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.message import Origin
from actors.domain.alerts.outbox import Raised
from actors.messages import AlertRaised
from actors.notifier import Notifier, NotifierSettings
from actors.outbox import Outbox
from actors.ports import Arrival, Envelope
from actors.redaction import Redactor

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ORIGIN = Origin(mode="paper", host="desk")
WAIT_S = 20


class Receiver(ThreadingHTTPServer):
    """A service that takes json:// messages; `gate` closed makes it hang, `status` is what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        self.messages: queue.Queue[dict] = queue.Queue()
        self.arrived = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.arrived.release()
                receiver.gate.wait(WAIT_S)
                if receiver.status == 200:
                    receiver.messages.put(body)
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.gate.set()
    server.shutdown()
    thread.join()
    server.server_close()


class Inbox:
    """A stream that a test fills; the notifier only receives."""

    def __init__(self) -> None:
        self._arrivals: queue.Queue[Arrival] = queue.Queue()
        self._sequence = 0

    def tell(self, alert: Alert) -> None:
        self._sequence += 1
        self._arrivals.put(Envelope("executor", 1, self._sequence, AlertRaised(alert=alert)))

    def stay_awake(self, seconds: float) -> None:
        """Sleep as ever."""

    def receive(self, timeout_s: float) -> list[Arrival]:
        try:
            return [self._arrivals.get(timeout=min(timeout_s, 0.02))]
        except queue.Empty:
            return []


class BootClock:
    def market_now(self) -> datetime:
        return AT

    def boot_ns(self) -> int:
        return time.monotonic_ns()


class Passes:
    def __init__(self) -> None:
        self._count = threading.Semaphore(0)

    def advance(self) -> None:
        self._count.release()

    def wait(self, count: int) -> None:
        for _ in range(count):
            assert self._count.acquire(timeout=WAIT_S)


class Running:
    def __init__(self, folder: Path, ways: tuple, settings: NotifierSettings, clean=lambda text: text) -> None:
        targets = {level: [way.name for way in ways if level in way.levels] for level in Level}
        self.inbox, self.passes, self.outbox = Inbox(), Passes(), Outbox(folder / "outbox.jsonl", targets)
        self.notifier = Notifier(
            stream=self.inbox,
            clock=BootClock(),
            watermark=self.passes,
            outbox=self.outbox,
            channels=ways,
            origin=ORIGIN,
            settings=settings,
            clean=clean,
        )


@contextmanager
def running(
    folder: Path, ways: tuple, settings: NotifierSettings | None = None, clean=lambda text: text
) -> Iterator[Running]:
    each = Running(folder, ways, settings or NotifierSettings(), clean)
    stop = threading.Event()
    thread = threading.Thread(target=each.notifier.run, args=(stop,))
    thread.start()
    try:
        yield each
    finally:
        stop.set()
        thread.join(WAIT_S)
    assert not thread.is_alive()


def alert(name: str, level: Level = Level.P0, code: str = "A1", subject: str = "SPX") -> Alert:
    return Alert(alert_id=name, code=code, level=level, subject=subject, text=f"text of {name}", at=AT)


def service(url: str, *levels: Level) -> AppriseChannel:
    return AppriseChannel(SecretStr(url), frozenset(levels or Level), retries=0, wait_s=0)


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
    assert each.outbox.owed() == []


def test_a_level_goes_only_where_it_is_named(tmp_path: Path, receiver: Receiver):
    with running(tmp_path, (service(receiver.url, Level.P0),)) as each:
        each.inbox.tell(alert("info", Level.P2))
        each.inbox.tell(alert("page", subject="other"))
        assert receiver.messages.get(timeout=WAIT_S)["title"] == "PAPER P0 other"
    assert receiver.messages.empty()


def test_a_page_does_not_wait_behind_a_target_that_hangs(tmp_path: Path, receiver: Receiver):
    slow = Receiver()
    slow.gate.clear()
    threading.Thread(target=slow.serve_forever, args=(0.02,), daemon=True).start()
    settings = NotifierSettings(stop_grace_s=0.01)
    with running(tmp_path, (service(slow.url, Level.P2), service(receiver.url, Level.P0)), settings) as each:
        each.inbox.tell(alert("info", Level.P2))
        assert slow.arrived.acquire(timeout=WAIT_S)
        each.inbox.tell(alert("page", subject="other"))
        assert receiver.messages.get(timeout=WAIT_S)["title"] == "PAPER P0 other"
        each.passes.wait(5)
    slow.gate.set()
    slow.shutdown()
    slow.server_close()


def test_the_same_again_is_counted_and_told_once_at_the_end(tmp_path: Path, receiver: Receiver):
    with running(tmp_path, (service(receiver.url),), NotifierSettings(repeat_window_s=0.5)) as each:
        for number in range(5):
            each.inbox.tell(alert(f"a{number}"))
        first = receiver.messages.get(timeout=WAIT_S)
        summary = receiver.messages.get(timeout=WAIT_S)
    assert first["message"].startswith("text of a0")
    assert "text of a4 (x4 more since 15:00:00 UTC)" in summary["message"]
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
    Outbox(tmp_path / "outbox.jsonl", {Level.P0: [way.name]}).append(
        [Raised(alert=alert("left"), at=datetime.now(UTC))]
    )
    with running(tmp_path, (way,)):
        message = receiver.messages.get(timeout=WAIT_S)
    assert message["title"] == "PAPER P0 SPX (repeated)"


def test_a_failed_send_is_tried_again_until_it_is_taken(tmp_path: Path, receiver: Receiver):
    receiver.status = 500
    with running(tmp_path, (service(receiver.url, Level.P0),), NotifierSettings(resend_interval_s=0.1)) as each:
        each.inbox.tell(alert("a"))
        assert receiver.arrived.acquire(timeout=WAIT_S)
        assert receiver.arrived.acquire(timeout=WAIT_S)
        receiver.status = 200
        assert "text of a" in receiver.messages.get(timeout=WAIT_S)["message"]


def test_what_is_too_old_is_given_up(tmp_path: Path, receiver: Receiver):
    way = service(receiver.url)
    Outbox(tmp_path / "outbox.jsonl", {Level.P0: [way.name]}).append(
        [Raised(alert=alert("old"), at=datetime(2020, 1, 2, tzinfo=UTC))]
    )
    with running(tmp_path, (way,), NotifierSettings(resend_age_max_s=1)) as each:
        each.passes.wait(2)
    assert each.outbox.owed() == []
    assert receiver.messages.empty()


@pytest.mark.parametrize("url", ["nonsense://x/y", "json://127.0.0.1:1/hook", "mailto://"])
def test_a_bad_target_is_told_through_the_others_and_stops_nothing(tmp_path: Path, receiver: Receiver, url: str):
    with running(
        tmp_path, (service(url, Level.P0), service(receiver.url, Level.P1)), NotifierSettings(stop_grace_s=5)
    ) as each:
        each.inbox.tell(alert("page"))
        message = receiver.messages.get(timeout=WAIT_S)
        each.passes.wait(3)
    assert message["title"].startswith("PAPER P1 alerts to P0-")
    assert "N001" in message["message"]


def test_a_target_without_its_secret_is_told_through_the_others(tmp_path: Path, receiver: Receiver):
    targets = {Level.P0: [CredentialMissing("PAGE_URL is nowhere")], Level.P1: [SecretStr(receiver.url)]}
    with running(tmp_path, channels(tmp_path / "alerts.log", targets, retries=0, wait_s=0)) as each:
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
        ways = channels(
            tmp_path / "alerts.log",
            {Level.P0: [SecretStr(url), SecretStr("json://u:pl4nted@127.0.0.1:1")]},
            retries=0,
            wait_s=0,
        )
        with running(tmp_path, ways, clean=redactor.clean) as each:
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
        "import tests_helper as t\n"
        "each = t.Running(Path(sys.argv[1]), (t.service(sys.argv[2]),), t.NotifierSettings())\n"
        "for n in range(3): each.inbox.tell(t.alert(f'a{n}', subject=str(n)))\n"
        "each.notifier.run(threading.Event())\n"
    )
    (tmp_path / "tests_helper.py").write_text(Path(__file__).read_text("utf-8"), "utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
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
        again = [receiver.messages.get(timeout=WAIT_S) for _ in range(3)]
        each.passes.wait(3)
    assert [message["title"] for message in again] == [f"PAPER P0 {number} (repeated)" for number in range(3)]
    assert each.outbox.owed() == []
