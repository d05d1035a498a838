"""Disturbing a tree from outside, and watching what follows, with real processes and a real journal."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from actors.places import Places
from actors.venue.faults import Fault, FaultKind, Route
from actors.venue.venue_settings import Credentials, VenueFile, publish
from supervisor import directory as directories
from supervisor.app.drill import JournalTail, Overdue, child, heal, inject, stands, strike, wait_for
from supervisor.directory import Directory, Entry
from supervisor.journal import JournalReader, JournalWriter
from supervisor.process import Process, identify
from supervisor.tree import ChildState
from tests.builders import PRODUCTS, open_signal
from tests.rig import Rig

NOW = datetime.now(UTC)


@pytest.fixture
def where(tmp_path) -> Places:
    return Places(state=tmp_path, run=tmp_path)


@pytest.fixture
def start() -> Iterator[object]:
    """Return a function that starts a process which waits."""
    programs = []

    def begin() -> Process:
        programs.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        process = identify(programs[-1].pid)
        assert process is not None
        return process

    yield begin
    for program in programs:
        program.communicate()


def directory(where: Places, process: Process | None, incarnation: int = 1, **fields: object) -> None:
    state = fields.pop("state", ChildState.RUNNING)
    entry = Entry(state=state, since=NOW, process=process, incarnation=incarnation, **fields)
    seen = Directory(supervisor=identify_self(), since=NOW, written_at=NOW, children={"executor": entry})
    directories.write(where.directory, seen)


def identify_self() -> Process:
    import os

    found = identify(os.getpid())
    assert found is not None
    return found


# The journal as it grows.


def writer(where: Places) -> JournalWriter:
    return JournalWriter(where.journal, epoch=1, clock=lambda: 1, fence=lambda: None)


def a_days_events() -> list[tuple[str, str, bytes]]:
    rig = Rig().ready()
    rig.opened(open_signal(1))
    return [(kind, about, body) for (kind, about), body in zip(rig.journal.kinds, rig.journal.bodies, strict=True)]


def test_a_tail_tells_each_event_once_and_in_order_and_the_book_they_make(where):
    tail = JournalTail(where, PRODUCTS)
    assert tail.read() == []
    events, journal = a_days_events(), writer(where)
    told = []
    for place, event in enumerate(events, start=1):
        journal.append([event])
        told += [each.kind for each in tail.read()]
        assert len(told) == place
    assert (told, tail.read()) == ([kind for kind, _, _ in events], [])
    assert (tail.book.sequence, tail.book.structures["condor-20260105-1"].quantity) == (len(events), 1)
    slow = JournalTail(where, PRODUCTS)
    assert [len(slow.read(upto)) for upto in (1, 1, 3)] == [1, 0, 2]
    assert slow.book.sequence == 3
    journal.close()


def test_a_journal_whose_writer_died_before_its_first_table_is_no_journal_yet(where):
    where.journal.touch()
    with pytest.raises(FileNotFoundError, match="yet"):
        JournalReader(where.journal)
    tail = JournalTail(where, PRODUCTS)
    assert tail.read() == []
    journal = writer(where)
    journal.append(a_days_events()[:1])
    assert len(tail.read()) == 1
    journal.close()


# Waiting and striking.


def test_waiting_ends_with_what_was_found_or_says_what_did_not_happen():
    looks = iter([None, None, "found"])
    assert wait_for("it", lambda: next(looks), 5) == "found"
    with pytest.raises(Overdue, match="a thing: not within 0 s"):
        wait_for("a thing", lambda: None, 0.05)


def test_nothing_runs_where_no_directory_was_written(where):
    assert (child(where, "executor"), strike(where, "executor"), stands(where)) == (None, False, False)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, True), ({"state": ChildState.DOWN}, False), ({"state": ChildState.DOWN, "wanted": False}, True)],
)
def test_a_tree_stands_when_all_it_wants_runs(where, start, fields, expected):
    directory(where, start(), **fields)
    assert stands(where) is expected


def test_a_dead_process_that_is_called_running_does_not_stand(where, start):
    process = start()
    directory(where, Process(process.pid, process.started - 1))
    assert not stands(where)
    assert strike(where, "executor") is False


# The venue's own door.


def test_faults_are_ordered_and_healed_at_the_venues_door_with_its_token(where):
    heard = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            heard.append((self.command, self.path, self.headers["Authorization"], body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        do_DELETE = do_POST  # noqa: N815 - the base class looks for this name

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    names = ("tastytrade", "streamer", "dxlink", "alpaca", "alpaca_stream", "control")
    doors = dict.fromkeys(names, url)
    accounts = {"tastytrade_accounts": ("5WX00001",), "alpaca_account": "PA1"}
    publish(where, VenueFile(pid=1, control_token="secret", credentials=Credentials(), **accounts, **doors))
    fault = Fault(route=Route.TASTYTRADE, kind=FaultKind.REFUSE, duration_s=1)
    inject(where, fault)
    heal(where)
    server.shutdown()
    server.server_close()
    assert [(method, path, token) for method, path, token, _ in heard] == [
        ("POST", "/faults", "Bearer secret"),
        ("DELETE", "/faults", "Bearer secret"),
    ]
    assert Fault.model_validate(json.loads(heard[0][3])) == fault
    with pytest.raises(OSError, match="refused"):
        heal(where)
