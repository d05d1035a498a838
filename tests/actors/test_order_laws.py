"""Laws 1 to 6, held against every order of deaths, losses and answers that hypothesis can think of.

One executor, two routes to two accounts, each behind a connection with a send ledger, each at a broker that does not
deduplicate. Messages wait in queues; the machine delivers, loses or cuts them, and kills whoever it likes. At the end
everything is healed and delivered, and then the book must equal what the brokers hold.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.desk import DeskSettings
from actors.domain.orders.attempt import Absent, Accepted, AttemptState, Found, InDoubt, NotSent, Rejected
from actors.domain.orders.event import ExecutorStarted
from actors.domain.orders.order import Fill, Order
from actors.domain.orders.report import AccountState, BrokerPosition, ExecutionReport, Status
from actors.executor import Executor, ExecutorSettings
from actors.messages import (
    AccountRead,
    AskAccount,
    AskOutcome,
    CancelOrder,
    ConnectionState,
    IssuePermit,
    OrderSent,
    OutcomeJournaled,
    Reported,
    Resolve,
    Resolved,
    SendOrder,
    SubmitSignal,
    UniverseChanged,
)
from tests.builders import PRODUCTS, cancel_signal, close_signal, open_signal, permit, quotes, sessions, universe
from tests.fakes import START, CountingWatermark, FakeClock, FakeStream, MemoryCheckpoints, MemoryJournal

ROUTES = ("primary", "backup")


@dataclass
class Broker:
    """A broker that books whatever arrives, as often as it arrives."""

    route: str
    orders: dict[str, tuple[str, Order, Status, list[Fill]]] = field(default_factory=dict)
    """By the broker's id: attempt, order, status, fills."""

    def book(self, attempt_id: str, order: Order) -> str:
        theirs = f"{self.route}-{len(self.orders) + 1}"
        self.orders[theirs] = (attempt_id, order, Status.NEW, [])
        return theirs

    def report(self, theirs: str) -> ExecutionReport:
        attempt_id, _, status, fills = self.orders[theirs]
        return ExecutionReport(
            route=self.route,
            account_domain=f"{self.route}-account",
            broker_order_id=theirs,
            attempt_id=attempt_id,
            status=status,
            fills=tuple(fills),
            at=START,
        )

    def find(self, attempt_id: str) -> str | None:
        return next((theirs for theirs, held in self.orders.items() if held[0] == attempt_id), None)

    def fill(self, theirs: str, combos: int) -> None:
        attempt_id, order, _, fills = self.orders[theirs]
        done = sum(fill.last_qty for fill in fills) // sum(leg.ratio for leg in order.legs)
        combos = min(combos, order.order_qty - done)
        for leg in order.legs if combos else ():
            fills.append(
                Fill(
                    exec_id=f"{theirs}-{len(fills)}",
                    symbol=leg.symbol,
                    action=leg.action,
                    last_qty=combos * leg.ratio,
                    last_px=Decimal("1.50"),
                    at=START,
                )
            )
        status = Status.FILLED if done + combos == order.order_qty else Status.PARTIALLY_FILLED
        self.orders[theirs] = (attempt_id, order, status, fills)

    def cancel(self, theirs: str) -> None:
        attempt_id, order, status, fills = self.orders[theirs]
        if not status.is_terminal:
            self.orders[theirs] = (attempt_id, order, Status.CANCELED, fills)

    def positions(self) -> dict[str, int]:
        held: dict[str, int] = {}
        for _, _, _, fills in self.orders.values():
            for fill in fills:
                held[fill.symbol] = held.get(fill.symbol, 0) + fill.action.sign * fill.last_qty
        return {symbol: quantity for symbol, quantity in held.items() if quantity}

    def account(self) -> AccountState:
        cash = sum((fill.cash(100) for held in self.orders.values() for fill in held[3]), Decimal(100_000))
        positions = (BrokerPosition(symbol=symbol, quantity=held) for symbol, held in self.positions().items())
        return AccountState(
            route=self.route,
            account_domain=f"{self.route}-account",
            since=START,
            read_at=START,
            orders=tuple(self.report(theirs) for theirs in self.orders),
            positions=tuple(positions),
            cash_events=(),
            cash=cash,
            net_liquidation=Decimal(100_000),
        )


class Connection:
    """One route's process; its ledger outlives it."""

    def __init__(self, broker: Broker, tell: Callable[[object], None], epoch: Callable[[], int]) -> None:
        self.broker, self.tell, self.epoch = broker, tell, epoch
        self.incarnation = 1
        self.ledger: dict[str, object | None] = {}
        self.inbox: deque[object] = deque()
        self.writes = True

    def die(self) -> None:
        """Die and be replaced; what was queued is gone."""
        self.inbox.clear()
        self.incarnation += 1
        self.heartbeat()

    def heartbeat(self) -> None:
        self.tell(
            ConnectionState(
                route=self.broker.route,
                account_domain=f"{self.broker.route}-account",
                incarnation=self.incarnation,
                reads=True,
                writes=self.writes,
                stream=True,
                at_ns=0,
            )
        )

    def handle(self, fate: str) -> None:
        message = self.inbox.popleft()
        match message:
            case SendOrder():
                self.send(message, fate)
            case AskOutcome(attempt_id=attempt_id):
                if attempt_id not in self.ledger:
                    self.ledger[attempt_id] = NotSent(cause="no entry")
                outcome = self.ledger[attempt_id] or InDoubt(cause="entry without outcome")
                self.ledger[attempt_id] = outcome
                self.answer(attempt_id, outcome)
            case Resolve(attempt_id=attempt_id):
                theirs = self.broker.find(attempt_id)
                found = Found(report=self.broker.report(theirs)) if theirs else Absent(proof="3 scans")
                self.tell(Resolved(route=self.broker.route, attempt_id=attempt_id, resolution=found))
            case CancelOrder(broker_order_id=theirs):
                self.broker.cancel(theirs)
                self.tell(Reported(report=self.broker.report(theirs)))
            case AskAccount(request_id=number):
                state = self.broker.account()
                self.tell(AccountRead(route=self.broker.route, request_id=number, state=state))
            case OutcomeJournaled():
                pass

    def answer(self, attempt_id: str, outcome: object) -> None:
        self.tell(
            OrderSent(
                route=self.broker.route,
                connection_incarnation=self.incarnation,
                attempt_id=attempt_id,
                outcome=outcome,
            )
        )

    def send(self, message: SendOrder, fate: str) -> None:
        attempt_id = message.attempt_id
        if message.connection_incarnation != self.incarnation or message.executor_epoch != self.epoch():
            self.answer(attempt_id, NotSent(cause="fenced"))
            return
        if attempt_id in self.ledger:
            return
        if fate == "dies before the ledger":
            self.die()
            return
        self.ledger[attempt_id] = None
        if fate == "dies after the ledger":
            self.die()
            return
        outcome: object
        match fate:
            case "refused":
                outcome = NotSent(cause="connection refused")
            case "rejected":
                outcome = Rejected(code="422", text="no")
            case "rejected for now":
                outcome = Rejected(code="429", text="later", retryable=True)
            case "request lost":
                outcome = InDoubt(cause="timeout")
            case _:
                theirs = self.broker.book(attempt_id, message.order)
                if fate == "dies after arrival":
                    self.die()
                    return
                lost = fate == "answer lost"
                outcome = InDoubt(cause="timeout") if lost else Accepted(broker_order_id=theirs)
        self.ledger[attempt_id] = outcome
        self.answer(attempt_id, outcome)


FATES = (
    "accepted",
    "refused",
    "rejected",
    "rejected for now",
    "request lost",
    "answer lost",
    "dies before the ledger",
    "dies after the ledger",
    "dies after arrival",
)


class OrderLaws(RuleBasedStateMachine):
    """The world, and what may happen in it."""

    executor: Executor

    @initialize()
    def begin(self) -> None:
        self.clock, self.journal, self.checkpoints = FakeClock(), MemoryJournal(), MemoryCheckpoints()
        self.epoch, self.number = 0, 0
        self.to_executor: deque[tuple[str, object]] = deque()
        self.connections: dict[str, Connection] = {}
        for route in ROUTES:
            broker = Broker(route)
            tell = self._teller(f"connection-{route}")
            self.connections[f"connection-{route}"] = Connection(broker, tell, lambda: self.epoch)
        self.start_executor()
        self.settle()

    def _teller(self, peer: str) -> Callable[[object], None]:
        return lambda message: self.to_executor.append((peer, message))

    def start_executor(self) -> None:
        self.epoch += 1
        self.stream = FakeStream()
        self.executor = Executor(
            name="executor",
            started=ExecutorStarted(epoch=self.epoch, incarnation=self.epoch, boot_id="b", at=START),
            stream=self.stream,
            journal=self.journal,
            checkpoints=self.checkpoints,
            clock=self.clock,
            watermark=CountingWatermark(),
            products=PRODUCTS,
            sessions=sessions(),
            latch=lambda: None,
            routes=ROUTES,
            feed="data_feed",
            notifier="notifier",
            settings=ExecutorSettings(checkpoint_events=7, desk=DeskSettings(silence_s=1e6)),
        )
        self.stream.arrive("data_feed", UniverseChanged(universe=universe()))
        self.stream.arrivals.append(quotes(self.clock.ns, at=self.clock.now))
        plenty = {"structures_max": 1000, "account_loss_max": Decimal(10**9), "structure_loss_max": Decimal(10**6)}
        self.stream.arrive("risk", IssuePermit(permit=permit(**plenty)))
        for connection in self.connections.values():
            connection.heartbeat()
        self.turn()

    def turn(self) -> None:
        self.executor.turn(0)
        for peer, message in self.stream.told:
            if peer in self.connections:
                self.connections[peer].inbox.append(message)
        self.stream.told.clear()

    @property
    def book(self):
        return self.executor._desk.book

    # What may happen.

    @rule(price=st.sampled_from(["1.90", "1.80"]), quantity=st.integers(1, 3))
    def open_a_structure(self, price: str, quantity: int) -> None:
        self.number += 1
        signal = open_signal(self.number, order_qty=quantity, net_price=Decimal(price))
        self.stream.arrive("strategy", SubmitSignal(signal=signal, reply_to="strategy"))
        self.turn()

    @precondition(lambda self: self.book.structures)
    @rule(data=st.data())
    def close_a_structure(self, data: st.DataObject) -> None:
        self.number += 1
        name = data.draw(st.sampled_from(sorted(self.book.structures)))
        signal = close_signal(self.number, name, net_price=Decimal("-2.50"))
        self.stream.arrive("strategy", SubmitSignal(signal=signal, reply_to="strategy"))
        self.turn()

    @precondition(lambda self: self.book.live_orders())
    @rule(data=st.data())
    def cancel_an_order(self, data: st.DataObject) -> None:
        self.number += 1
        name = data.draw(st.sampled_from([life.order.cl_ord_id for life in self.book.live_orders()]))
        self.stream.arrive("strategy", SubmitSignal(signal=cancel_signal(self.number, name), reply_to="strategy"))
        self.turn()

    @rule(route=st.sampled_from(ROUTES), fate=st.sampled_from(FATES))
    def a_connection_takes_its_next_message(self, route: str, fate: str) -> None:
        connection = self.connections[f"connection-{route}"]
        if connection.inbox:
            connection.handle(fate)

    @rule(price=st.sampled_from(["1.90", "1.80"]), quantity=st.integers(1, 3), fate=st.sampled_from(FATES))
    def an_opening_goes_its_way(self, price: str, quantity: int, fate: str) -> None:
        self.open_a_structure(price=price, quantity=quantity)
        self.a_round_of_messages(fate=fate)

    @rule(fate=st.sampled_from(FATES))
    def a_round_of_messages(self, fate: str) -> None:
        for connection in self.connections.values():
            for _ in range(len(connection.inbox)):
                if connection.inbox:
                    connection.handle(fate)
        while self.to_executor:
            self.stream.arrive(*self.to_executor.popleft())
        self.turn()

    @rule(count=st.integers(1, 4))
    def the_executor_takes_its_next_messages(self, count: int) -> None:
        for _ in range(min(count, len(self.to_executor))):
            self.stream.arrive(*self.to_executor.popleft())
        self.turn()

    @rule()
    def the_executor_dies(self) -> None:
        self.to_executor.clear()
        self.start_executor()

    @rule(route=st.sampled_from(ROUTES))
    def a_connection_dies(self, route: str) -> None:
        self.connections[f"connection-{route}"].die()

    @rule(route=st.sampled_from(ROUTES), data=st.data(), combos=st.integers(1, 2), told=st.booleans())
    def a_broker_fills(self, route: str, data: st.DataObject, combos: int, told: bool) -> None:
        connection = self.connections[f"connection-{route}"]
        live = [theirs for theirs, held in connection.broker.orders.items() if not held[2].is_terminal]
        if live:
            theirs = data.draw(st.sampled_from(live))
            connection.broker.fill(theirs, combos)
            if told:
                connection.tell(Reported(report=connection.broker.report(theirs)))

    @rule(route=st.sampled_from(ROUTES), data=st.data())
    def a_broker_repeats_itself(self, route: str, data: st.DataObject) -> None:
        connection = self.connections[f"connection-{route}"]
        if connection.broker.orders:
            theirs = data.draw(st.sampled_from(sorted(connection.broker.orders)))
            connection.tell(Reported(report=connection.broker.report(theirs)))

    @rule(seconds=st.sampled_from([0.1, 1.5, 12.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.stream.arrivals.append(quotes(self.clock.ns, at=self.clock.now))
        self.turn()

    @rule()
    def all_is_well_for_a_while(self) -> None:
        self.settle(rounds=3)

    # What must never be.

    @invariant()
    def no_intent_is_at_the_brokers_twice(self) -> None:
        if not hasattr(self, "connections"):
            return
        attempts = [held[1].cl_ord_id for each in self.connections.values() for held in each.broker.orders.values()]
        assert len(attempts) == len(set(attempts))

    @invariant()
    def an_order_holds_one_lease_at_most(self) -> None:
        if not hasattr(self, "connections"):
            return
        may_exist = {AttemptState.SENDING, AttemptState.IN_DOUBT, AttemptState.ACCEPTED}
        for life in self.book.orders.values():
            assert sum(attempt.state in may_exist for attempt in life.attempts) <= 1

    @invariant()
    def nothing_is_at_a_broker_that_was_not_journaled_first(self) -> None:
        if not hasattr(self, "connections"):
            return
        for connection in self.connections.values():
            for attempt_id, order, _, _ in connection.broker.orders.values():
                life = self.book.orders[order.cl_ord_id]
                assert life.attempt(attempt_id) is not None

    def settle(self, rounds: int = 60) -> None:
        """Heal everything and deliver everything, until nothing moves any more."""
        for _ in range(rounds):
            for connection in self.connections.values():
                connection.heartbeat()
                while connection.inbox:
                    connection.handle("accepted")
            while self.to_executor:
                self.stream.arrive(*self.to_executor.popleft())
            self.time_passes(1.5)
            busy = any(connection.inbox for connection in self.connections.values())
            if not busy and not any(life.in_doubt or life.is_unanswered for life in self.book.live_orders()):
                self.time_passes(12.0)

    def teardown(self) -> None:
        if not hasattr(self, "connections"):
            return
        self.settle()
        for connection in self.connections.values():
            domain = f"{connection.broker.route}-account"
            assert self.book.positions.get(domain, {}) == connection.broker.positions()
            assert self.book.cash[domain] == connection.broker.account().cash
            for attempt_id, order, status, fills in connection.broker.orders.values():
                life = self.book.orders[order.cl_ord_id]
                assert life.attempt(attempt_id).state is AttemptState.ACCEPTED
                assert (life.status, set(life.fills)) == (status, set(fills))
        for life in self.book.orders.values():
            held = any(attempt.state is AttemptState.ACCEPTED for attempt in life.attempts)
            assert held or life.status is Status.REJECTED
        assert not self.book.quarantined
        self.a_restart_remembers_the_same()

    def a_restart_remembers_the_same(self) -> None:
        before = self.book
        self.start_executor()
        after = self.book
        assert (before.orders, before.structures, before.positions) == (after.orders, after.structures, after.positions)


TestOrderLaws = OrderLaws.TestCase
TestOrderLaws.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
pytestmark = pytest.mark.timeout(300)
