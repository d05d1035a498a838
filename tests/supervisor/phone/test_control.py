"""What the phone says and does beside a real executor that lives, over its journal and its board."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from actors.domain.alerts.record import Raised
from actors.domain.orders.report import Status
from actors.latch import StopLevel, read_latch
from actors.outbox import Outbox
from actors.watermark import LAYOUT
from supervisor import alert_door
from supervisor import directory as directories
from supervisor.directory import Directory, Entry
from supervisor.phone.command import Silence
from supervisor.process import identify
from supervisor.tree import ChildState
from tests.builders import open_signal
from tests.filed_rig import FiledRig
from tests.notifier_rig import alert
from tests.supervisor.cli.living import Living
from tests.supervisor.cli.test_stops import ORDER, confirm_cancels, working
from tests.supervisor.phone.conftest import Phone


@pytest.fixture
def rig(where) -> Iterator[FiledRig]:
    found = FiledRig(where.journal)
    yield found
    found.writer.close()


@pytest.fixture
def living(where, rig) -> Iterator[None]:
    found = Living(where, rig, confirm_cancels)
    yield
    found.close()


def test_a_halt_is_confirmed_by_the_brokers_word_on_openings_at_work(where, server, rig, request):
    working(rig)
    request.getfixturevalue("living")
    phone = Phone(where, server, wait_s=10.0)
    question = phone.answer("/halt enough")
    assert "1 order at work, 1 opening among them, 0 in doubt." in question
    latched, end = phone.answers("/confirm 0001")
    assert "LATCHED HALT" in latched
    assert "Executor refuses every opening; exits go on\nOpenings none works at any broker" in end
    assert rig.book.orders[ORDER].status is Status.CANCELED
    assert read_latch(phone.where.latch).level is StopLevel.HALT


def test_who_is_flat_already_is_told_so_before_a_stop(phone, rig, request):
    rig.ready()
    request.getfixturevalue("living")
    assert "Flat already: nothing is held, nothing works." in phone.answer("/reduce")


def test_status_and_positions_tell_what_is_open(phone, rig, request):
    structure = rig.ready().opened(open_signal(1))
    request.getfixturevalue("living")
    assert structure in phone.answer("/positions")
    told = phone.answer("/status")
    assert told.splitlines()[:2] == ["NOT RUNNING", "No stop is latched"]
    assert f"Open: 1 structure ({structure}); 0 orders at work, 0 openings among them" in told
    assert "primary: ok" in told


def test_a_tree_that_hangs_is_told_from_one_that_runs(phone):
    us = identify(os.getpid())
    children = {
        name: Entry(state=ChildState.RUNNING, since=phone.now(), process=us, incarnation=1)
        for name in ("risk", "executor")
    }
    seen = Directory(supervisor=us, since=phone.now(), written_at=phone.now(), children=children)
    directories.write(phone.where.directory, seen)
    for name, ago_s in {"risk": 40, "executor": 1, "supervisor": 40}.items():
        at_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - ago_s * 10**9
        phone.where.watermark(name).write_bytes(LAYOUT.pack(1, 7, at_ns, 0, 0))
    assert "NO PROGRESS of risk 40 s, supervisor 40 s" in phone.answer("/status")


def test_with_nothing_alive_it_says_what_is_not_known(phone):
    assert "NOT KNOWN" in phone.answer("/positions")
    assert "NOT KNOWN" in phone.answer("/status")
    assert phone.answer("/why x") == "Nothing was ever traded here."


def test_why_tells_the_checks_that_failed_and_without_an_id_the_last_verdicts(phone, rig):
    rig.ready().opened(open_signal(1))
    rig.stop = "halt by risk: daily loss"
    refused = open_signal(2)
    rig.ask(refused)
    told = phone.answer(f"/why {refused.signal_id}")
    assert f"{refused.signal_id}: REFUSED by R012" in told
    assert "R012: A stop is latched" in told
    both = phone.answer("/why").splitlines()
    assert [line.split(": ")[1].split()[0] for line in both] == ["ADMITTED", "REFUSED"]
    assert "did you mean" in phone.answer(f"/why {refused.signal_id}x")


class Alerts:
    """A door that can."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def ack(self, alert: str, by: str) -> str:
        self.asked.append((alert, by))
        return f"{alert} acknowledged"

    def silence(self, silence: Silence, by: str) -> str:
        self.asked.append((silence, by))
        return f"{silence.what} is silent"


def test_ack_and_silence_go_to_whoever_can(where, server):
    door = Alerts()
    phone = Phone(where, server, door)
    assert phone.answer("/ack A091-1") == "A091-1 acknowledged"
    assert phone.answer("/silence A010 30m thin quotes") == "A010 is silent"
    assert phone.answer("/silence A010") == "What, how long, why: /silence A010 30m the quotes are thin"
    assert phone.answer("/ack") == "Which? /ack ID"
    assert door.asked == [("A091-1", "ann"), (Silence("A010", 30, "thin quotes"), "ann")]


def test_what_stands_is_acknowledged_and_a_code_silenced_with_no_notifier_running(phone, where):
    outbox, now = Outbox(where.outbox, {}), datetime.now(UTC)
    outbox.append([Raised(alert=alert("id-naked-1", code="A040", subject="naked-1"), at=now)])
    outbox.close()
    assert "is called naked-9" in phone.answer("/ack naked-9")
    assert "acknowledged: A040 naked-1" in phone.answer("/ack naked-1")
    assert alert_door.read_alerts(where).unacknowledged == ()
    assert "A010 until " in phone.answer("/silence A010 30m thin")
    quiet = alert_door.read_alerts(where).silences[0].silence
    assert (quiet.code, quiet.by, quiet.reason) == ("A010", "ann", "thin")
