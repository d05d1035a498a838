"""A notifier without Ray: a stream that a test fills, real files and channels, services on loopback."""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pydantic import SecretStr

from actors.channels import AppriseChannel, Channel
from actors.config_notifier import FALLBACK_AFTER
from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.group import Pace
from actors.domain.alerts.message import Origin
from actors.domain.alerts.outbox import Way
from actors.domain.alerts.policy import AlertPolicy
from actors.messages import AlertRaised
from actors.notifier import Notifier, NotifierSettings
from actors.outbox import Outbox
from actors.ports import Arrival, Envelope

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ORIGIN = Origin(mode="paper", host="desk")
WAIT_S = 20
SETTINGS = NotifierSettings(fallback_after_s=FALLBACK_AFTER, look_every_s=0.05)
QUICK = AlertPolicy(paces=dict.fromkeys(Level, Pace(first_s=0.01, longest_s=0.01)), child_wait_s=0)
"""Nothing waits for its pace."""


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


def ways_of(channels: tuple[Channel, ...]) -> dict[Level, tuple[Way, ...]]:
    """Each channel is a way of its own."""
    return {level: tuple((each.name,) for each in channels if level in each.levels) for level in Level}


class Running:
    def __init__(
        self,
        folder: Path,
        channels: tuple[Channel, ...],
        settings: NotifierSettings = SETTINGS,
        *,
        policy: AlertPolicy = QUICK,
        ways: Mapping[Level, tuple[Way, ...]] | None = None,
        clean: Callable[[str], str] = lambda text: text,
    ) -> None:
        ways = ways_of(channels) if ways is None else ways
        self.inbox, self.passes, self.outbox = Inbox(), Passes(), Outbox(folder / "outbox.jsonl", ways)
        self.requests, self.ways = folder / "alert-requests", ways
        self.notifier = Notifier(
            stream=self.inbox,
            clock=BootClock(),
            watermark=self.passes,
            outbox=self.outbox,
            channels=channels,
            ways=ways,
            origin=ORIGIN,
            policy=policy,
            settings=settings,
            clean=clean,
            requests=self.requests,
        )

    @property
    def owed(self) -> list[tuple[str, Way]]:
        return [(raised.alert.alert_id, way) for raised, way in self.outbox.state.owed(self.ways)]


@contextmanager
def running(folder: Path, channels: tuple[Channel, ...], *arguments: object, **named: object) -> Iterator[Running]:
    each = Running(folder, channels, *arguments, **named)
    stop = threading.Event()
    thread = threading.Thread(target=each.notifier.run, args=(stop,))
    thread.start()
    try:
        yield each
    finally:
        stop.set()
        thread.join(WAIT_S)
    assert not thread.is_alive()


@contextmanager
def serving() -> Iterator[Receiver]:
    """A service on loopback."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


def alert(name: str, level: Level = Level.P0, code: str = "A1", subject: str = "SPX") -> Alert:
    return Alert(alert_id=name, code=code, level=level, subject=subject, text=f"text of {name}", at=AT)


def service(url: str, *levels: Level) -> AppriseChannel:
    return AppriseChannel(SecretStr(url), frozenset(levels or Level), retries=0, wait_s=0)
