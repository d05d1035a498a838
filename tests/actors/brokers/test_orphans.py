"""Openings at work whose executor is away: a real connection, its ledger on disk, a broker that does as it is told."""

import json
import subprocess
import time

import pytest

from actors.domain.orders.order import Intent
from actors.domain.orders.report import Status
from actors.latch import Latch, StopLevel
from actors.messages import AskState
from actors.ports import BrokerUnavailable, Envelope, PeerLost, Resync
from tests.actors.test_broker_connection import SETTINGS, an_order, report, running

AWAY_S = 0.05
QUICK = SETTINGS.model_copy(update={"orphan_after_s": AWAY_S})
STOPPED = Latch(level=StopLevel.REDUCE, reason="it died too often", by="supervisor")


def left_alone(rig, order=None, level=STOPPED, **stated):
    """Send an order, have the broker state it at work, latch a stop, and lose the executor."""
    rig.stream.arrive(Resync("executor", 1))
    rig.send(order=order or an_order())
    rig.outcome()
    rig.broker.orders = (report("a-r1", **stated),)
    rig.latch = level
    rig.stream.arrive(PeerLost("executor"))


def readings(rig, count=3):
    """Wait until the account was read so many times more: whatever was to follow from a reading has."""
    before = rig.broker.accounts
    deadline = time.monotonic() + 10
    while rig.broker.accounts < before + count:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def cancelled(rig):
    deadline = time.monotonic() + 10
    while not rig.broker.cancelled:
        assert time.monotonic() < deadline, "nothing was cancelled"
        time.sleep(0.002)
    return set(rig.broker.cancelled)


def lines(folder):
    written = (line for path in sorted(folder.glob("*.ledger")) for line in path.read_text().splitlines())
    return [json.loads(line.rpartition(" ")[0]) for line in written]


def test_under_a_stop_the_opening_of_an_executor_that_is_gone_is_cancelled_and_the_ledger_says_so(tmp_path):
    with running(tmp_path, settings=QUICK) as rig:
        left_alone(rig)
        assert cancelled(rig) == {"7"}
    (said, *_) = [line for line in lines(tmp_path) if "cancelled" in line]
    assert said == {"cancelled": "a-r1", "why": "latched: reduce by supervisor: it died too often"}


def test_where_no_stop_can_be_latched_for_its_disk_takes_no_writes_it_is_cancelled_all_the_same(tmp_path):
    with running(tmp_path / "ledger", settings=QUICK) as rig:
        left_alone(rig, level=Latch())
        readings(rig, 0)
        assert not rig.broker.cancelled
        for how in (["--bind", str(tmp_path / "ledger")], ["-o", "remount,bind,ro"]):
            done = subprocess.run(
                ["mount", *how, str(tmp_path / "ledger")], capture_output=True, text=True, check=False
            )
            if done.returncode:
                pytest.skip(f"no right to mount a folder read-only here: {done.stderr.strip()}")
        try:
            assert cancelled(rig) == {"7"}
        finally:
            subprocess.run(["umount", "--lazy", str(tmp_path / "ledger")], check=True)


def test_an_end_that_is_seen_again_and_again_is_one_absence(tmp_path):
    with running(tmp_path, settings=QUICK) as rig:
        left_alone(rig)
        deadline = time.monotonic() + 10
        while not rig.broker.cancelled:
            assert time.monotonic() < deadline, "nothing was cancelled"
            rig.stream.arrive(PeerLost("executor"))
            time.sleep(AWAY_S / 10)


def test_it_is_asked_for_again_as_long_as_the_order_works(tmp_path):
    with running(tmp_path, settings=QUICK) as rig:
        rig.broker.takes_cancel = False
        left_alone(rig)
        readings(rig)
        assert len(rig.broker.cancelled) > 1
        rig.broker.orders = (report("a-r1", status=Status.PENDING_CANCEL),)
        readings(rig, 1)
        asked = len(rig.broker.cancelled)
        readings(rig)
        assert len(rig.broker.cancelled) == asked


def test_the_next_connection_of_the_route_does_it_for_what_the_one_before_it_sent(tmp_path):
    with running(tmp_path) as rig:
        rig.send()
        rig.outcome()
    with running(tmp_path, settings=QUICK, incarnation=4) as rig:
        rig.broker.orders = (report("a-r1"),)
        rig.latch = STOPPED  # and the executor was never there
        assert cancelled(rig) == {"7"}


@pytest.mark.parametrize(
    ("order", "stated"),
    [
        (an_order(Intent.CLOSE), {}),
        (an_order(), {"status": Status.FILLED}),
        (an_order(), {"status": None}),
    ],
    ids=["a close", "what is filled", "what is not understood"],
)
def test_it_leaves_alone(tmp_path, order, stated):
    with running(tmp_path, settings=QUICK) as rig:
        left_alone(rig, order, **stated)
        readings(rig)
        assert rig.broker.cancelled == []


@pytest.mark.parametrize("whose", [None, "b-r1"])
def test_what_it_did_not_send_is_left_alone(tmp_path, whose):
    with running(tmp_path, settings=QUICK) as rig:
        left_alone(rig)
        rig.broker.orders = (report(whose, "8"),)
        before = set(rig.broker.cancelled)
        readings(rig)
        assert set(rig.broker.cancelled) - before <= {"7"}


def test_a_reading_that_failed_cancels_nothing_and_is_made_again(tmp_path):
    with running(tmp_path, settings=QUICK) as rig:
        rig.broker.probe = BrokerUnavailable("reset")
        left_alone(rig)
        readings(rig)
        assert rig.broker.cancelled == []
        rig.broker.probe = None
        assert cancelled(rig) == {"7"}


def test_without_a_stop_nothing_is_cancelled(tmp_path):
    with running(tmp_path, settings=QUICK) as rig:
        left_alone(rig, level=Latch())
        passes, deadline = rig.watermark.passes, time.monotonic() + 10 * AWAY_S
        while time.monotonic() < deadline or rig.watermark.passes < passes + 3:
            time.sleep(0.002)
        assert rig.broker.cancelled == []


def test_an_executor_that_came_back_obeys_the_stop_itself(tmp_path):
    with running(tmp_path, settings=SETTINGS.model_copy(update={"orphan_after_s": 0.3})) as rig:
        left_alone(rig)
        rig.stream.arrive(Resync("executor", 2))
        rig.stream.arrive(Envelope("executor", 2, 1, AskState()))
        passes, deadline = rig.watermark.passes, time.monotonic() + 0.6
        while time.monotonic() < deadline or rig.watermark.passes < passes + 3:
            time.sleep(0.002)
        assert rig.broker.cancelled == []
