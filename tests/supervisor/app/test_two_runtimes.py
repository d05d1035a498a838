"""Two whole trees, each with a state folder of its own, on one account of one paper venue."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.config import load, with_overrides
from actors.domain.orders.event import AccountAgreed, Event, parse_event
from actors.domain.orders.finding import AccountContested
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.signal import Open
from actors.latch import StopLevel, read_latch
from actors.places import Places, places
from actors.runtime_tag import runtime_tag
from actors.streams import LocalStream
from supervisor.app import plan as plans
from supervisor.app.drill import JournalTail
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.workplace import Workplace
from supervisor.journal import JournalReader

pytestmark = [pytest.mark.tree, pytest.mark.timeout(240)]
ROOT = Path(__file__).resolve().parents[3]
VENUE_FILES = ("venue.json", "market-clock")


def holdfast(*arguments: object) -> None:
    command = [sys.executable, "-m", "supervisor.cli.main", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def events(where: Places, kind: type[Event]) -> list[Event]:
    try:
        reader = JournalReader(where.journal)
    except FileNotFoundError:
        return []
    found = [event for entry in reader.read() if isinstance(event := parse_event(entry.body), kind)]
    reader.close()
    return found


def start(where: Places, *, venue_of: Places | None = None) -> None:
    """Start a tree without strategies; `venue_of` names whose venue it trades at instead of one of its own."""
    bare = load(None).model_copy(update={"strategies": ()})
    settled = plans.settle(with_overrides(bare, {"runtime.state": where.state}), datetime.now(UTC))
    plans.store(settled, where)
    plan = plans.plan(settled)
    if venue_of is not None:
        plan = plan.model_copy(update={"groups": tuple(group for group in plan.groups if group.name != "venue")})
        for name in VENUE_FILES:
            (where.run / name).unlink(missing_ok=True)
            (where.run / name).symlink_to(venue_of.run / name)
    file = where.state / "a-plan.json"
    file.write_text(plan.model_dump_json())
    holdfast("up", "--state", where.state, "--plan", file, "--detach")
    until(lambda: len({event.account_domain for event in events(where, AccountAgreed)}) == len(settled.routes))


@pytest.fixture
def two(tmp_path) -> Iterator[tuple[Places, Places]]:
    both = places(tmp_path / "one"), places(tmp_path / "two")
    try:
        start(both[0])
        start(both[1], venue_of=both[0])
        yield both
    finally:
        for where in reversed(both):
            subprocess.run(
                [sys.executable, "-m", "supervisor.cli.main", "down", "--state", str(where.state)],
                cwd=ROOT,
                capture_output=True,
                check=False,
            )
            shutil.rmtree(where.run, ignore_errors=True)


def order_at(where: Places) -> None:
    """Have one long option ordered, far below its market, so that it rests."""
    place = Workplace.visitor(where)
    stream = LocalStream(where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED)
    trader = FaultTrader(stream, place.clock, JournalTail(where, place.products), 0, "SPX")
    deadline = time.monotonic() + 60
    count = 0
    try:
        while not any(answer.admitted for answer in trader.answers.values()):
            assert time.monotonic() < deadline, [
                check for answer in trader.answers.values() for check in answer.checks if not check.passed
            ]
            trader.turn(0.05)
            if not trader.has_quotes or trader.waits:
                continue
            quotes = trader.quotes
            dear = [
                each.symbol
                for each in quotes.universe.contracts
                if each.right is not None and (quotes.quote(each.symbol).bid or 0) >= 1
            ]
            count += 1
            leg = Leg(symbol=dear[0], action=Action.BUY_TO_OPEN)
            trader.ask(f"alone-{count}", Open(underlying="SPX", legs=(leg,), order_qty=1, net_price="-0.10"))
    finally:
        stream.close()


def test_an_order_of_one_runtime_stops_the_openings_of_the_other(two):
    one, other = two
    assert runtime_tag(one.state) != runtime_tag(other.state)
    assert read_latch(one.latch).level is StopLevel.NONE
    order_at(other)
    until(lambda: read_latch(one.latch).level is StopLevel.REDUCE)
    assert read_latch(one.latch).reason.startswith("A033 ")
    assert {event.runtime for event in events(one, AccountContested)} == {runtime_tag(other.state)}
    until(lambda: "A033" in (one.state / "alerts.log").read_text())
    assert read_latch(other.latch).level is StopLevel.NONE  # its own order is no stranger to it
    assert events(other, AccountContested) == []
