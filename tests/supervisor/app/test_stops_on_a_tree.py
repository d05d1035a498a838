"""A person halts, resumes and flattens a real tree by the command line; the brokers' own word ends it.

Meanwhile its heartbeat is heard elsewhere, through every stop, and says itself when the tree is ended as planned.
"""

import json
import os
import time
from collections.abc import Iterator

import pytest

from actors.latch import StopLevel, read_latch
from actors.places import Places, places
from actors.streams import LocalStream
from supervisor.app.drill import JournalTail
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.workplace import Workplace
from tests.supervisor.app.test_breaker_on_a_tree import SETTINGS, admitted, refused_by, turned
from tests.supervisor.app.trees import down, holdfast, until, up
from tests.supervisor.heartbeat.receiver import Receiver

pytestmark = [pytest.mark.tree, pytest.mark.timeout(300)]


@pytest.fixture
def watchman() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def where(tmp_path, watchman) -> Iterator[Places]:
    where = places(tmp_path / "state")
    settings = {name: value for name, value in SETTINGS.items() if name.startswith("risk.")}
    settings |= {"heartbeat.url": "HEARTBEAT_URL", "heartbeat.every_s": 1}
    try:
        up(where, settings=settings, environment=os.environ | {"HEARTBEAT_URL": watchman.at})
        yield where
    finally:
        down(where)


@pytest.fixture
def trader(where) -> Iterator[FaultTrader]:
    place = Workplace.visitor(where)
    stream = LocalStream(where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED)
    yield FaultTrader(stream, place.clock, JournalTail(where, place.products), 0, "SPX")
    stream.close()


def test_a_person_halts_resumes_and_flattens(where, trader, watchman):
    until(lambda: admitted(trader))
    name = next(answer.cl_ord_id for answer in trader.answers.values() if answer.admitted)
    held = trader.tail.book.structures
    until(lambda: turned(trader, lambda: name in held and held[name].quantity), 30)

    done = holdfast("halt", "--reason", "the test looks", "--state", where.state, "--json")
    assert (done.returncode, json.loads(done.stdout)["confirmed"]) == (0, True), done.stdout + done.stderr
    assert "R012" in refused_by(trader, "after-the-halt", name)

    done = holdfast("resume", "--reason", "the test has looked", "--yes", "--state", where.state)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Holds    {name}" in done.stdout
    assert "R012" not in refused_by(trader, "after-the-resume", name)
    until(lambda: "A094" in (where.state / "alerts.log").read_text(), 20)
    done = holdfast("ack", "A094", "--by", "ann", "--state", where.state)
    assert (done.returncode, done.stdout.endswith(": acknowledged\n")) == (0, True), done.stdout + done.stderr

    done = holdfast("flatten", "--reason", "the test ends", "--yes", "--wait", 90, "--state", where.state)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "FLAT"
    assert turned(trader, lambda: held[name].is_flat)
    assert read_latch(where.latch).level is StopLevel.FLATTEN

    watchman.wait(watchman.words.count("alive") + 1, "alive")
    down(where)
    watchman.wait(1, "log")
    assert (watchman.words[0], watchman.words[-1], "fail" in watchman.words) == ("start", "log", False)
