"""What the executor answers to signals about an order that works, in one process with fakes."""

from decimal import Decimal

import pytest

from actors.desk import DeskSettings
from actors.domain.market.flaw import Survey
from actors.domain.orders.attempt import Accepted
from actors.domain.orders.event import ExecutorStarted
from actors.domain.orders.report import AccountState, ExecutionReport, Status
from actors.domain.orders.trading_status import TradingStatus
from actors.executor import Executor
from actors.executor_settings import ExecutorSettings
from actors.messages import (
    AccountRead,
    CancelOrder,
    ConnectionState,
    IssuePermit,
    OrderSent,
    Reported,
    SendOrder,
    SignalAnswered,
    SubmitSignal,
    UniverseChanged,
)
from tests.builders import PRODUCTS, cancel_signal, open_signal, permit, quotes, sessions, universe
from tests.fakes import START, CountingWatermark, FakeClock, FakeStream, MemoryCheckpoints, MemoryJournal

CONNECTION, THEIRS = "connection.primary", "theirs-1"
ROOMY = {"buying_power": Decimal(100_000), "trading": TradingStatus()}


class World:
    """One executor that trades, and its one connection, played by hand."""

    def __init__(self) -> None:
        self.stream, self.journal, clock = FakeStream(), MemoryJournal(), FakeClock()
        self.executor = Executor(
            name="executor",
            started=ExecutorStarted(epoch=1, incarnation=1, boot_id="b", at=START),
            stream=self.stream,
            journal=self.journal,
            checkpoints=MemoryCheckpoints(),
            clock=clock,
            watermark=CountingWatermark(),
            products=PRODUCTS,
            sessions=sessions(),
            latch=lambda: None,
            routes=("primary",),
            feed="data_feed",
            notifier="notifier",
            settings=ExecutorSettings(desk=DeskSettings(silence_s=1e6)),
        )
        self.stream.arrivals.append(quotes(clock.ns))
        self.hear("data_feed", UniverseChanged(universe=universe()))
        self.stream.arrivals.append(quotes(clock.ns))
        self.hear("data_feed", Survey(universe=1, at_ns=clock.ns))
        self.hear("risk", IssuePermit(permit=permit()))
        state = {"route": "primary", "account_domain": "main"}
        self.hear(CONNECTION, ConnectionState(**state, incarnation=1, reads=True, writes=True, stream=True, at_ns=0))
        empty = {"orders": (), "positions": (), "cash_events": (), "cash": Decimal(100_000)}
        read = AccountState(**state, since=START, read_at=START, net_liquidation=Decimal(100_000), **empty, **ROOMY)
        self.hear(CONNECTION, AccountRead(route="primary", request_id=1, state=read))

    def hear(self, sender, message):
        self.stream.arrive(sender, message)
        self.executor.turn(0)

    def ask(self, signal) -> SignalAnswered:
        self.stream.told.clear()
        self.hear("strategy", SubmitSignal(signal=signal, reply_to="strategy"))
        return self.told(SignalAnswered)[-1]

    def told(self, kind):
        return [message for _, message in self.stream.told if isinstance(message, kind)]

    def end(self, order_id: str, status: Status) -> None:
        report = ExecutionReport(
            route="primary",
            account_domain="main",
            broker_order_id=THEIRS,
            attempt_id=f"{order_id}-r1",
            status=status,
            at=START,
        )
        self.hear(CONNECTION, Reported(report=report))


@pytest.fixture
def world():
    return World()


@pytest.fixture
def working(world):
    """The id of an order that its broker has."""
    answer = world.ask(open_signal(1))
    assert answer.admitted, answer
    [send] = world.told(SendOrder)
    outcome = Accepted(broker_order_id=THEIRS)
    world.hear(
        CONNECTION,
        OrderSent(route="primary", connection_incarnation=1, attempt_id=send.attempt_id, outcome=outcome),
    )
    return answer.cl_ord_id


def test_a_cancel_asked_for_by_two_signals_is_told_to_the_broker_once(world, working):
    assert world.ask(cancel_signal(2, working)).admitted
    assert len(world.told(CancelOrder)) == 1
    assert world.ask(cancel_signal(3, working)).admitted
    assert not world.told(CancelOrder)


def test_every_admitted_cancel_is_in_the_journal_and_answered_the_same_when_the_order_is_over(world, working):
    first = [world.ask(cancel_signal(number, working)) for number in (2, 3)]
    world.end(working, Status.CANCELED)
    again = [world.ask(cancel_signal(number, working)) for number in (2, 3)]
    assert [answer.admitted for answer in first + again] == [True] * 4
    assert world.journal.kinds.count(("cancel_asked", working)) == 2
