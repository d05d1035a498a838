"""The whole machine dies: every process at once, the run folder, and what was written but never synced."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.config import load, with_overrides
from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.event import AttemptEnded, AttemptStarted, DoubtEnded, ExecutorStarted, parse_event
from actors.domain.orders.order import Action, Leg, attempt_id
from actors.domain.orders.signal import Open
from actors.places import Places, places
from actors.streams import LocalStream
from actors.venue.faults import Fault, FaultKind, Route
from supervisor import directory as directories
from supervisor import keeper
from supervisor.app import plan as plans
from supervisor.app.drill import JournalTail, heal, inject
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.statement import scorecard, statements
from supervisor.app.workplace import Workplace
from supervisor.journal import JournalReader
from supervisor.ownership import owner
from supervisor.process import alive, in_session

pytestmark = [pytest.mark.tree, pytest.mark.timeout(240)]
ROOT = Path(__file__).resolve().parents[3]


def holdfast(*arguments: object) -> None:
    command = [sys.executable, "-m", "supervisor.cli.main", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def events(where: Places, *kinds: type) -> list:
    reader = JournalReader(where.journal)
    found = [event for entry in reader.read() if isinstance(event := parse_event(entry.body), kinds)]
    reader.close()
    return found


def everything(where: Places) -> list[int]:
    directory = directories.read(where.directory)
    named = [entry.process for entry in directory.children.values()]
    named += [directory.supervisor, *directory.spares.values(), *directory.ray.processes]
    named += [process for process, _ in in_session(directory.ray.session)]
    named.append(owner(keeper.lock(where.state)).process)
    return [process.pid for process in dict.fromkeys(named) if process is not None and alive(process)]


def lose_the_machine(where: Places) -> None:
    """Kill all at once; take away what a boot takes away; leave the ledgers' headers alone, of another boot."""
    pids = everything(where)
    folder = directories.read(where.directory).ray.folder
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(Path(f"/proc/{pid}/status").exists() and _runs(pid) for pid in pids))
    shutil.rmtree(where.run)
    shutil.rmtree(folder)
    for path in (where.state / "ledgers").rglob("*"):
        if path.is_file():
            header = json.loads(path.read_text().splitlines()[0])
            path.write_text(json.dumps(header | {"boot": "the-boot-before"}) + "\n")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    where = places(tmp_path / "state")
    yield where
    subprocess.run(
        [sys.executable, "-m", "supervisor.cli.main", "down", "--state", str(where.state)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    shutil.rmtree(where.run, ignore_errors=True)


def up(where: Places) -> None:
    bare = load(None).model_copy(update={"strategies": ()})
    settled = plans.settle(with_overrides(bare, {"runtime.state": where.state}), datetime.now(UTC))
    where.run.mkdir(mode=0o700, exist_ok=True)
    plans.store(settled, where)
    file = where.state / "a-plan.json"
    file.write_text(plans.plan(settled).model_dump_json())
    holdfast("up", "--state", where.state, "--plan", file, "--detach")


def order_without_an_answer(where: Places) -> str:
    """Have one option ordered whose answer the venue holds back; return its attempt, once it is on its way."""
    held_back = Fault(
        route=Route.TASTYTRADE, kind=FaultKind.DELAY, after=True, method="POST", path="/orders$", delay_s=60.0
    )
    inject(where, held_back)
    place = Workplace.visitor(where)
    stream = LocalStream(where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED)
    trader = FaultTrader(stream, place.clock, JournalTail(where, place.products), 0, "SPX")
    deadline, count = time.monotonic() + 60, 0
    try:
        while not any(answer.admitted for answer in trader.answers.values()):
            assert time.monotonic() < deadline, trader.answers
            trader.turn(0.05)
            if not trader.has_quotes or trader.waits:
                continue
            quotes, count = trader.quotes, count + 1
            dear = [
                each.symbol
                for each in quotes.universe.contracts
                if each.right is not None and (quotes.quote(each.symbol).bid or 0) >= 1
            ]
            leg = Leg(symbol=dear[0], action=Action.BUY_TO_OPEN)
            trader.ask(f"alone-{count}", Open(underlying="SPX", legs=(leg,), order_qty=1, net_price="-0.10"))
    finally:
        stream.close()
    until(lambda: events(where, AttemptStarted))
    (started,) = events(where, AttemptStarted)
    until(lambda: any("entry" in path.read_text() for path in (where.state / "ledgers").rglob("*") if path.is_file()))
    return attempt_id(started.cl_ord_id, started.attempt.number)


def test_after_the_loss_of_the_machine_an_unanswered_attempt_is_in_doubt_until_the_broker_says(where):
    up(where)
    until(lambda: len(directories.read(where.directory).children) > 3)
    attempt = order_without_an_answer(where)
    assert events(where, AttemptEnded) == []
    lose_the_machine(where)
    up(where)
    heal(where)
    until(lambda: events(where, AttemptEnded))
    (ended,) = events(where, AttemptEnded)
    assert ended.attempt_id == attempt
    assert isinstance(ended.outcome, InDoubt)  # although its ledger's page has no entry: that line was lost, too
    until(lambda: events(where, DoubtEnded), 120)
    assert len(events(where, AttemptStarted)) == 1  # looked for, never sent again
    assert len({event.epoch for event in events(where, ExecutorStarted)}) >= 2
    card = scorecard(Workplace.visitor(where), statements(Workplace.visitor(where)))
    assert (card.lost, card.doubled, card.in_doubt) == ((), (), ())
