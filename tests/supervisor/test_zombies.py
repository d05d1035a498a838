"""A process that was stopped, replaced in every sense but its death, and woken: real processes, a real venue.

Ordinarily a stopped child is killed, and its death confirmed, before its successor exists. Here the watch is made
blind, as it is on a node that cannot be reached, so that what is left to hold is the epoch alone.
"""

import os
import signal
from pathlib import Path

import pytest

from actors.domain.orders.attempt import NotSent
from actors.domain.orders.event import AttemptEnded, parse_event
from actors.domain.orders.order import cl_ord_id_of
from actors.epoch import read_epoch, take_epoch
from actors.places import Places
from supervisor.app.bench import failover_tree
from supervisor.app.bench.takeover import TakeoverBench
from supervisor.app.drill import child
from supervisor.app.statement import statements
from supervisor.app.workplace import Workplace
from supervisor.event_log import read_events
from supervisor.journal import JournalReader

pytestmark = [pytest.mark.tree, pytest.mark.timeout(240)]
BLIND = {
    "supervisor.critical_hang_after_s": 200,
    "supervisor.hang_after_s": 200,
    "supervisor.stall_max_s": 200,
    "executor.send_deadline_s": 120,
}
EXECUTOR, CONNECTION = "executor", "connection.tastytrade"


@pytest.fixture(scope="module")
def where(tmp_path_factory) -> Places:
    with failover_tree.running(tmp_path_factory.mktemp("zombies"), **BLIND) as where:
        yield where


@pytest.fixture(scope="module")
def trader(where) -> TakeoverBench:
    trader = TakeoverBench(where)
    yield trader
    trader.close()


@pytest.fixture
def bench(trader) -> TakeoverBench:
    trader.recover()
    return trader


def signalled(where: Places, name: str, number: int) -> int:
    found = child(where, name)
    os.kill(found.process.pid, number)
    return found.incarnation


def why_it_died(where: Places, name: str, incarnation: int) -> str | None:
    for line in read_events(where.state / "supervisor.log.jsonl"):
        if (line["event"], line.get("name"), line.get("incarnation")) == ("died", name, incarnation):
            return line["reason"]
    return None


def at_venue(where: Places, order_id: str) -> int:
    return sum(
        order.attempt_id is not None and cl_ord_id_of(order.attempt_id) == order_id
        for statement in statements(Workplace.visitor(where))
        for order in statement.orders
    )


def answers(journal: Path, order_id: str) -> list[AttemptEnded]:
    reader = JournalReader(journal)
    events = [parse_event(entry.body) for entry in reader.read(kinds=("attempt_ended",))]
    reader.close()
    return [event for event in events if cl_ord_id_of(event.attempt_id) == order_id]


def test_a_woken_executor_whose_epoch_is_gone_writes_nothing_and_stops_itself(where, bench):
    zombie = signalled(where, EXECUTOR, signal.SIGSTOP)
    taken = take_epoch(where.epoch)
    told = bench.ask(bench.underlyings[1])  # lies in its socket when it wakes
    signalled(where, EXECUTOR, signal.SIGCONT)
    bench.until("the end of the zombie", lambda: why_it_died(where, EXECUTOR, zombie))
    assert f"epoch {taken} is in force, this executor holds {taken - 1}" in why_it_died(where, EXECUTOR, zombie)
    order = bench.place(bench.underlyings[2])
    bench.until("the order at its broker", lambda: bench.is_working(order))
    assert at_venue(where, order) == 1
    reader = JournalReader(where.journal)
    assert {entry.epoch for entry in [*reader.of(order), *reader.of(told)]} == {taken + 1}
    reader.close()


def test_a_woken_connection_refuses_what_an_executor_of_an_older_epoch_told_it(where, bench):
    signalled(where, CONNECTION, signal.SIGSTOP)
    order = bench.place(bench.underlyings[2])
    bench.until("an order under way", lambda: order in bench.tail.book.orders)
    (told,) = bench.tail.book.orders[order].attempts
    signalled(where, EXECUTOR, signal.SIGKILL)
    bench.until("a new executor", lambda: read_epoch(where.epoch) > told.executor_epoch)
    signalled(where, CONNECTION, signal.SIGCONT)
    bench.until("its answer", lambda: answers(where.journal, order))
    first, *_ = answers(where.journal, order)
    assert isinstance(first.outcome, NotSent)
    assert "fenced" in first.outcome.cause
    assert at_venue(where, order) <= 1
