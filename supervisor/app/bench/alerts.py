"""A storm of alerts over a notifier that keeps dying, while the first channel of every way is down.

Real processes, streams, files and sockets, no Ray: one that tells (as executor, risk and feed do), the notifier, killed
with `kill -9` and started again, and two services on loopback: the first refuses every connection, the second takes
what comes. Told are: infos about ever new subjects, repetitions of a few, and now and then a page of a code and
subject of its own, which is timed from when it was told to when the service had it.

Nothing is lost where each event is a line of the log by its number, or counted in the line of a summary, where no
service is owed anything, and where each page came by name. What was told when a notifier had just died waits for the
next one, which stands ready, as spares do in the tree.
"""

import json
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.outbox import OutboxState
from actors.messages import AlertRaised
from actors.outbox import read_records
from actors.places import Places, places
from actors.ports import PeerUnavailable
from actors.streams import LocalStream

PAGE_LATE_S = 2.0
SETTLE_S = 120.0
"""How long after the storm the last counts and messages may take."""
_NOTIFIER = """
import sys
from pathlib import Path
from supervisor.app.bench.dying_notifier import live
live(Path(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5]))
"""
_SUMMARY = re.compile(r"event (\d+) \(x(\d+) more since")
_EVENT = re.compile(r"event (\d+)")


@dataclass(frozen=True, slots=True)
class Storm:
    """How much, how long."""

    events: int = 10_000
    seconds: float = 60.0
    kills: int = 20
    pages: int = 30
    counted_share: int = 5
    """Of so many events one repeats a thing that was told."""
    window_s: float = 20.0
    waits: float = 1.0
    """What the waits between two messages of a kind are multiplied by."""


@dataclass(slots=True)
class Found:
    """What came of it."""

    told: int = 0
    kills: int = 0
    messages: int = 0
    page_s: list[float] = field(default_factory=list)
    lost: int = 0
    """Events that are neither in the log nor in a summary's count."""
    pages_missing: int = 0
    owed: int = 0
    settled_s: float = 0.0


class Service(ThreadingHTTPServer):
    """Takes `json://` messages, and notes when each came."""

    daemon_threads = True

    def __init__(self) -> None:
        self.bodies: list[tuple[float, str, str]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.bodies.append((time.time(), told["title"], told["message"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Handler)


def measure(folder: Path, storm: Storm) -> Found:
    """Run one storm in `folder`, and return what came of it."""
    where, found = places(folder), Found()
    service = Service()
    thread = threading.Thread(target=service.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    keeper = _Keeper(where, service.server_port, storm)
    try:
        while not where.socket("notifier").exists():
            time.sleep(0.05)
        told = _blow(where, storm, keeper, found)
        _settle(where, service, told, found)
    finally:
        keeper.end()
        service.shutdown()
        service.server_close()
    found.messages = len(service.bodies)
    return found


class _Keeper:
    """The notifier's process, and the spare behind it."""

    def __init__(self, where: Places, port: int, storm: Storm) -> None:
        urls = ("json://127.0.0.1:1/dead", f"json://127.0.0.1:{port}/alive")
        self._command = [
            sys.executable,
            "-c",
            _NOTIFIER,
            str(where.state),
            *urls,
            str(storm.window_s),
            str(storm.waits),
        ]
        self._incarnation, self._is_ready = 0, False
        self._spare = self._start()
        self.replace()

    def replace(self) -> None:
        """Let the spare be the notifier, and start another spare."""
        self._incarnation += 1
        self.wait_for_spare()
        self._process = self._spare
        assert self._process.stdin is not None
        self._process.stdin.write(f"{self._incarnation}\n".encode())
        self._process.stdin.flush()
        self._spare = self._start()

    def wait_for_spare(self) -> None:
        """Return once the next one has read everything; the tree, too, kills nobody to make room for nobody."""
        if not self._is_ready:
            assert self._spare.stdout is not None
            self._spare.stdout.readline()
            self._is_ready = True

    def kill(self) -> None:
        """End the notifier as a crash would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        """End both."""
        self.kill()
        self._spare.kill()
        self._spare.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self._is_ready = False
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _events(storm: Storm) -> Iterator[Alert]:
    every_page = max(storm.events // storm.pages, 1)
    for number in range(storm.events):
        if number % every_page == every_page // 2:
            yield _alert(number, f"X{number:05d}", Level.P0, f"page-{number}")
        elif number % storm.counted_share == 0:
            yield _alert(number, "A050", Level.P1, f"route-{number % 3}")
        else:
            yield _alert(number, "A122", Level.P2, f"cost-{number}")


def _alert(number: int, code: str, level: Level, subject: str) -> Alert:
    text = f"event {number}"
    now = datetime.now(UTC)
    return Alert(alert_id=f"{code}-{number}", code=code, level=level, subject=subject, text=text, at=now)


def _blow(where: Places, storm: Storm, keeper: _Keeper, found: Found) -> dict[str, tuple[Alert, float]]:
    """Tell all events at an even pace, killing the notifier between; return them with when each was told first."""
    stream = LocalStream(where, "executor", incarnation=1, peers=("notifier",))
    began, told, kept = time.monotonic(), dict[str, tuple[Alert, float]](), deque[Alert]()
    events = _events(storm)
    for number in range(storm.events):
        due = began + storm.seconds * number / storm.events
        if number and number % max(storm.events // (storm.kills + 1), 1) == 0 and found.kills < storm.kills:
            keeper.wait_for_spare()
            keeper.kill()
            keeper.replace()
            found.kills += 1
        alert = next(events)
        told[alert.alert_id] = alert, time.time()
        kept.append(alert)
        _tell(stream, kept, max(due - time.monotonic(), 0.0))
    found.told = len(told)
    while kept:
        _tell(stream, kept, 0.05)
    threading.Thread(target=_stay, args=(stream,), daemon=True).start()
    return told


def _tell(stream: LocalStream, kept: deque[Alert], wait_s: float) -> None:
    stream.receive(wait_s)
    with suppress(PeerUnavailable):
        while kept:
            stream.tell("notifier", AlertRaised(alert=kept[0]))
            kept.popleft()


def _stay(stream: LocalStream) -> None:
    while True:
        stream.receive(1.0)


def _settle(where: Places, service: Service, told: dict[str, tuple[Alert, float]], found: Found) -> None:
    """Wait until every event is accounted for, or for as long as that may take; judge."""
    began = time.monotonic()
    while True:
        _judge(where, service, told, found)
        found.settled_s = round(time.monotonic() - began, 1)
        if not (found.lost or found.owed or found.pages_missing) or found.settled_s > SETTLE_S:
            return
        time.sleep(1.0)


def _judge(where: Places, service: Service, told: dict[str, tuple[Alert, float]], found: Found) -> None:
    lines = set((where.state / "alerts.log").read_text("utf-8").splitlines())
    summaries = {each.groups() for line in lines if (each := _SUMMARY.search(line))}
    named = {each[1] for line in lines if not _SUMMARY.search(line) and (each := _EVENT.search(line))}
    found.lost = found.told - len(named) - sum(int(times) for _, times in summaries)
    state = OutboxState()
    state.replay(read_records(where.outbox)[0])
    found.owed = sum(
        1 for raised in state.raised.values() for _ in state.owed_of(raised, {raised.alert.level: raised.ways})
    )
    found.page_s = []
    found.pages_missing = 0
    bodies = list(service.bodies)
    for alert, at in (each for each in told.values() if each[0].level is Level.P0):
        came = next(
            (when for when, title, body in bodies if re.search(rf"\b{alert.subject}\b", f"{title}\n{body}")), None
        )
        if came is None:
            found.pages_missing += 1
        else:
            found.page_s.append(came - at)


def section(folder: Path, storm: Storm) -> dict[str, Any]:
    """Return a storm's figures."""
    found = measure(folder, storm)
    return {
        "lost": found.lost,
        "pages_missing": found.pages_missing,
        "owed": found.owed,
        "page_p50_s": round(statistics.median(found.page_s), 3),
        "page_max_s": round(max(found.page_s), 3),
        "pages_late": sum(each > PAGE_LATE_S for each in found.page_s),
        "pages": len(found.page_s),
        "events": found.told,
        "kills": found.kills,
        "messages": found.messages,
        "settled_s": found.settled_s,
    }
