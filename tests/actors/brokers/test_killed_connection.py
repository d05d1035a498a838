"""A connection's process is killed while its order is under way; its successor ends in the same place as the venue."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors.clock import SharedMarketClock
from actors.domain.orders.attempt import Absent, Found, InDoubt, NotSent
from actors.epoch import take_epoch
from actors.messages import AskOutcome, ConnectionState, OrderSent, Resolve, Resolved, SendOrder
from actors.ports import Envelope
from actors.streams import LocalStream
from tests.actors.brokers.test_against_venue import condor
from tests.actors.venue.conftest import OPENS_AT, TASTYTRADE, places_in, running

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 30.0


@pytest.fixture
def rig():
    folder = Path(tempfile.mkdtemp())  # a socket's path must be short
    places = places_in(folder)
    with running(places) as venue:
        venue.step(0)
        take_epoch(places.epoch)
        executor = LocalStream(places, "executor", incarnation=1, hears=["primary"])
        yield folder, venue, executor
        executor.close()
    shutil.rmtree(folder)


@contextmanager
def connection(folder, incarnation):
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.actors.brokers.connection_process", str(folder), str(incarnation)], cwd=ROOT
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def hear(executor, kind, where=lambda _: True):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for arrival in executor.receive(0.1):
            if isinstance(arrival, Envelope) and isinstance(arrival.message, kind) and where(arrival.message):
                return arrival.message
    raise AssertionError(f"no {kind.__name__} came")


def pass_on(executor, message):
    """Have it made ready, and release it."""
    executor.tell("primary", message)
    executor.tell("primary", message.release())


def is_ready(incarnation):
    return lambda state: state.incarnation == incarnation and state.writes and state.stream


@pytest.mark.parametrize(
    ("struck", "exists"),
    [({"kind": "drop"}, False), ({"kind": "delay", "delay_s": 20, "after": True}, True)],
    ids=["before the broker took it", "after the broker took it"],
)
def test_a_connection_killed_while_sending_leaves_a_doubt_that_its_successor_resolves(rig, struck, exists):
    folder, venue, executor = rig
    order, clock = condor("a", "40.00"), SharedMarketClock.open(venue.places.clock)
    with connection(folder, 1) as first:
        hear(executor, ConnectionState, is_ready(1))
        venue.fault(route="tastytrade", method="POST", path="orders$", count=1, **struck)
        deadline_ns = clock.boot_ns() + 10**10
        sent = {"order": order, "executor_epoch": 1, "connection_incarnation": 1, "deadline_ns": deadline_ns}
        pass_on(executor, SendOrder(attempt_id="a-r1", **sent))
        _until_struck(venue, struck["kind"])
        first.kill()
        first.wait()
    with connection(folder, 2):
        hear(executor, ConnectionState, is_ready(2))
        asked = {"order": order, "executor_epoch": 1, "connection_incarnation": 1}
        executor.tell("primary", AskOutcome(attempt_id="a-r1", **asked))
        outcome = hear(executor, OrderSent, lambda sent: sent.attempt_id == "a-r1").outcome
        executor.tell("primary", AskOutcome(attempt_id="b-r1", **asked))
        never_begun = hear(executor, OrderSent, lambda sent: sent.attempt_id == "b-r1").outcome
        pass_on(executor, SendOrder(attempt_id="a-r1", **{**sent, "connection_incarnation": 2}))
        since = {"since": OPENS_AT, "since_ns": clock.boot_ns()}
        executor.tell("primary", Resolve(attempt_id="a-r1", order=order, **since))
        resolution = hear(executor, Resolved, lambda each: each.resolution.kind != "unknown").resolution
    assert isinstance(outcome, InDoubt)
    assert isinstance(never_begun, NotSent)
    assert isinstance(resolution, Found if exists else Absent)
    assert len(venue.exchange.orders(TASTYTRADE)) == int(exists)


def _until_struck(venue, kind):
    log = venue.places.state / "venue" / "faults.jsonl"
    deadline = time.monotonic() + PATIENCE_S
    while not (log.exists() and kind in log.read_text()):
        assert time.monotonic() < deadline
        os.sched_yield()
