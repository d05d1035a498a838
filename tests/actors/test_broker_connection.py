import asyncio
import queue
import socket
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from actors.broker_connection import BrokerConnection
from actors.brokers.connection_settings import ConnectionSettings
from actors.brokers.gates import Gates
from actors.brokers.inquiries import InquiryLimits
from actors.brokers.route_watch import WatchLimits
from actors.brokers.send_desk import SendLimits
from actors.brokers.send_ledger import SendLedger
from actors.domain.connection.absence import SettleLimits
from actors.domain.connection.backoff import BackoffLimits
from actors.domain.connection.route_health import HealthLimits, Vitals
from actors.domain.market.market_hours import MarketHours
from actors.domain.orders.attempt import Absent, Accepted, Found, InDoubt, NotSent, Rejected, Unknown
from actors.domain.orders.coverage import Coverage, Terms
from actors.domain.orders.order import Action, Contingency, Intent, Leg, Order, OrderType, TimeInForce
from actors.domain.orders.report import AccountState, DryRun, ExecutionReport, Status
from actors.latch import Latch, StopLevel
from actors.messages import (
    AccountRead,
    AskAccount,
    AskOutcome,
    CancelAnswered,
    CancelOrder,
    ConnectionState,
    OrderSent,
    OutcomeJournaled,
    Part,
    Reported,
    Resolve,
    Resolved,
    SendComplex,
    SendOrder,
)
from actors.ports import BrokerRefused, BrokerUnavailable, DamagedState, Envelope, PeerUnavailable, Resync

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
PATIENCE_S = 10.0
EPOCH = 5


class Clock:
    def market_now(self):
        return NOW

    def boot_ns(self):
        return time.monotonic_ns()


class Watermark:
    def __init__(self):
        self.passes = 0

    def advance(self):
        self.passes += 1


class MemoryStream:
    """The port's semantics in memory; readable by descriptor, as the real one is."""

    def __init__(self):
        self._arrivals = queue.SimpleQueue()
        self._bell, self._ear = socket.socketpair()
        self._ear.setblocking(False)
        self.told, self.told_elsewhere = queue.SimpleQueue(), queue.SimpleQueue()
        self.published = []
        self.executor_is_there = True

    def arrive(self, arrival):
        self._arrivals.put(arrival)
        self._bell.send(b"!")

    def stay_awake(self, seconds):
        pass

    def receive(self, timeout_s):
        assert timeout_s <= SendLimits().linger_s, "the loop has others to serve"
        with suppress(BlockingIOError):
            self._ear.recv(4096)
        found = []
        while not self._arrivals.empty():
            found.append(self._arrivals.get())
        return found

    def tell(self, peer, message):
        if peer != "executor":
            self.told_elsewhere.put((peer, message))
            return
        if not self.executor_is_there:
            raise PeerUnavailable(peer)
        self.told.put(message)

    def publish(self, message):
        self.published.append(message)

    def publish_quotes(self, frame):
        raise NotImplementedError

    def fileno(self):
        return self._ear.fileno()

    def close(self):
        self._bell.close()
        self._ear.close()


class FakeBroker:
    """Does as its fields say; everything it was asked for is kept."""

    route, account_domain = "primary", "tastytrade:5W"
    coverage = Coverage(
        legs_max=3,
        single=Terms(order_types=(OrderType.LIMIT, OrderType.STOP), times_in_force=(TimeInForce.DAY,)),
        contingencies=(Contingency.OCO,),
    )

    def __init__(self):
        self.known, self.told_hours = Vitals(), None
        self.worded, self.sent, self.cancelled, self.looks, self.accounts = [], [], [], 0, 0
        self.dry_runs = None
        self.connects, self.orders = 0, ()
        self.outcome = Accepted(broker_order_id="7")
        self.login, self.look, self.probe, self.takes_cancel = None, Absent(proof="one look"), None, True
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.pushes = queue.SimpleQueue()

    def vitals(self):
        return self.known

    async def connect(self):
        self.connects += 1
        if self.login is not None:
            raise self.login

    def words(self, attempt_id, order):
        self.worded.append(attempt_id)
        return attempt_id.encode()

    async def submit(self, attempt_id, words, timeout_s, before_first_byte):
        if reason := before_first_byte():
            return NotSent(cause=reason)
        self.sent.append(attempt_id)
        self.begun.set()
        while not self.gate.is_set():
            await asyncio.sleep(0.001)
        return self.outcome

    async def submit_complex(self, contingency, parts, timeout_s, before_first_byte):
        first = await self.submit(",".join(name for name, _ in parts), b"", timeout_s, before_first_byte)
        return tuple(first for _ in parts)

    async def cancel(self, broker_order_id, timeout_s, before_first_byte):
        if reason := before_first_byte():
            return False, reason
        self.cancelled.append(broker_order_id)
        return self.takes_cancel, "words"

    async def resolve(self, attempt_id, order, since):
        self.looks += 1
        return self.look

    async def order(self, broker_order_id):
        return report("a-r1", broker_order_id, Status.FILLED)

    async def account(self, since):
        self.accounts += 1
        if isinstance(self.probe, Exception):
            raise self.probe
        return account_state(since, self.orders)

    async def events(self):
        while True:
            while self.pushes.empty():
                await asyncio.sleep(0.001)
            push = self.pushes.get()
            if isinstance(push, Exception):
                raise push
            yield push

    async def hours(self):
        return self.told_hours

    async def dry_run(self, order):
        if isinstance(self.dry_runs, Exception):
            raise self.dry_runs
        return self.dry_runs

    async def probe_reads(self):
        if self.probe is not None:
            raise self.probe

    async def probe_writes(self):
        if self.probe is not None:
            raise self.probe

    async def close(self):
        pass


def report(attempt_id, broker_order_id="7", status=Status.NEW):
    return ExecutionReport(
        route="primary",
        account_domain="tastytrade:5W",
        broker_order_id=broker_order_id,
        attempt_id=attempt_id,
        status=status,
        at=NOW,
    )


def account_state(since, orders=()):
    nothing = {"orders": orders, "positions": (), "cash_events": (), "cash": 0}
    return AccountState(route="primary", account_domain="tastytrade:5W", since=since, read_at=NOW, **nothing)


def an_order(intent=Intent.OPEN, expires_at=NOW + timedelta(minutes=5)):
    opens = intent is Intent.OPEN
    return Order(
        cl_ord_id="a",
        signal_id="a",
        strategy="s",
        structure_id="a",
        intent=intent,
        underlying="SPY",
        legs=(Leg(symbol="SPY   261218P00600000", action=Action.SELL_TO_OPEN if opens else Action.BUY_TO_CLOSE),),
        order_qty=1,
        order_type=OrderType.MARKET,
        account_domain=None if opens else "tastytrade:5W",
        created_at=NOW,
        expires_at=expires_at,
    )


SETTINGS = ConnectionSettings(
    tick_s=0.005,
    stop_grace_s=0.05,
    sends=SendLimits(sends_max=2),
    watch=WatchLimits(
        heartbeat_s=0.05,
        probe_every_s=0.02,
        probe_again_s=0.02,
        health=HealthLimits(failures_to_trip=2, quiet_s=0.05, stall_s=60),
    ),
    inquiries=InquiryLimits(unknown_every_s=0.02, settle=SettleLimits(window_s=0.3, looks_min=3)),
    backoff=BackoffLimits(first_s=0.01, longest_s=0.05),
)


def watched(**changes):
    return SETTINGS.model_copy(update={"watch": SETTINGS.watch.model_copy(update=changes)})


def a_send(attempt_id="a-r1", **changes):
    fields = {
        "order": an_order(),
        "executor_epoch": EPOCH,
        "connection_incarnation": 3,
        "deadline_ns": time.monotonic_ns() + 10**10,
    }
    return SendOrder(attempt_id=attempt_id, **{**fields, **changes})


class Rig:
    """One connection on its thread, and the executor's side of it."""

    def __init__(self, folder, settings=SETTINGS, incarnation=3, boot="boot-a"):
        self.stream, self.broker, self.watermark, self.clock = MemoryStream(), FakeBroker(), Watermark(), Clock()
        self.epoch, self.latch = EPOCH, Latch()
        self.ledger = SendLedger(folder, incarnation, boot)
        gates = Gates(epoch=self.read_epoch, latch=lambda: self.latch)
        self.connection = BrokerConnection(
            self.broker, self.stream, self.clock, self.ledger, gates, self.watermark, settings
        )
        self.sequence, self.kept, self.failure = 0, [], None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def read_epoch(self):
        if isinstance(self.epoch, Exception):
            raise self.epoch
        return self.epoch

    def _run(self):
        try:
            self.connection.run(self.stop)
        except BaseException as failure:  # noqa: BLE001 - told to the test's own thread
            self.failure = failure

    def hear(self, message):
        self.sequence += 1
        self.stream.arrive(Envelope("executor", 1, self.sequence, message))

    def send(self, attempt_id="a-r1", **changes):
        self.pass_on(a_send(attempt_id, **changes))

    def pass_on(self, message):
        """Have it made ready, and release it."""
        self.hear(message)
        self.hear(message.release())

    def ask(self, attempt_id, incarnation=3):
        question = AskOutcome(
            attempt_id=attempt_id, order=an_order(), executor_epoch=EPOCH, connection_incarnation=incarnation
        )
        self.hear(question)

    def next(self, kind, where=lambda _: True):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for message in self.kept:
                if isinstance(message, kind) and where(message):
                    self.kept.remove(message)
                    return message
            try:
                self.kept.append(self.stream.told.get(timeout=0.05))
            except queue.Empty:
                assert self.failure is None, self.failure
        raise AssertionError(f"no {kind.__name__} came; {self.kept}")

    def outcome(self, attempt_id="a-r1"):
        return self.next(OrderSent, lambda sent: sent.attempt_id == attempt_id).outcome

    def state(self, where):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if self.stream.published and where(self.stream.published[-1]):
                return self.stream.published[-1]
            time.sleep(0.002)
        raise AssertionError(f"last said: {self.stream.published[-1:]}")


@contextmanager
def running(folder, prepare=lambda rig: None, **more):
    rig = Rig(folder, **more)
    prepare(rig)
    rig.thread.start()
    try:
        yield rig
    finally:
        rig.broker.gate.set()
        rig.stop.set()
        rig.thread.join(PATIENCE_S)
        rig.stream.close()
    assert not rig.thread.is_alive()


def test_an_order_is_sent_once_and_its_outcome_kept_until_journaled(tmp_path):
    with running(tmp_path) as rig:
        rig.send()
        assert rig.outcome() == Accepted(broker_order_id="7")
        rig.send()
        assert rig.outcome() == Accepted(broker_order_id="7")
        rig.ask("a-r1")
        assert rig.outcome() == Accepted(broker_order_id="7")
        rig.stream.arrive(Resync("executor", 2))
        assert rig.outcome() == Accepted(broker_order_id="7")
        rig.hear(OutcomeJournaled(attempt_id="a-r1"))
        rig.stream.arrive(Resync("executor", 2))
        rig.send("b-r1")
        assert rig.outcome("b-r1") == Accepted(broker_order_id="7")
        assert not [each for each in rig.kept if isinstance(each, OrderSent)]
        assert rig.broker.sent == ["a-r1", "b-r1"]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"connection_incarnation": 2}, "meant for incarnation 2"),
        ({"connection_incarnation": 4}, "meant for incarnation 4"),
        ({"deadline_ns": 1}, "late"),
        ({"executor_epoch": EPOCH - 1}, "fenced: epoch 4, in force 5"),
        ({"executor_epoch": EPOCH + 1}, "fenced: epoch 6, in force 5"),
        ({"order": an_order(expires_at=NOW)}, "expired"),
    ],
    ids=["older incarnation", "newer incarnation", "late", "older epoch", "newer epoch", "expired"],
)
def test_a_send_that_is_not_for_now_is_refused_and_no_byte_leaves(tmp_path, changes, cause):
    with running(tmp_path) as rig:
        rig.send(**changes)
        outcome = rig.outcome()
        assert isinstance(outcome, NotSent)
        assert cause in outcome.cause
        assert rig.broker.sent == []


def test_an_epoch_that_cannot_be_read_fences_everything(tmp_path):
    with running(tmp_path) as rig:
        rig.epoch = DamagedState("not a number")
        rig.send(order=an_order(Intent.CLOSE))
        assert "cannot be read" in rig.outcome().cause
        assert rig.broker.sent == []


def test_a_brokers_word_on_the_hours_is_said_with_the_routes_state(tmp_path):
    word = MarketHours(source="tastytrade", on=NOW.date())

    def prepare(rig):
        rig.broker.told_hours = word

    with running(tmp_path, prepare) as rig:
        assert rig.state(lambda state: state.hours is not None).hours == word


def test_a_latch_holds_openings_and_lets_closes_pass(tmp_path):
    with running(tmp_path) as rig:
        rig.latch = Latch(level=StopLevel.REDUCE, reason="losses", by="risk")
        rig.send("open-r1")
        assert rig.outcome("open-r1") == NotSent(cause="latched: reduce by risk: losses")
        rig.send("close-r1", order=an_order(Intent.CLOSE))
        assert rig.outcome("close-r1").kind == "accepted"
        assert rig.broker.sent == ["close-r1"]


def test_refusals_of_our_own_say_nothing_of_the_routes_health(tmp_path):
    with running(tmp_path, settings=watched(probe_every_s=60.0)) as rig:
        rig.state(lambda state: state.writes)
        for number in range(5):
            rig.send(f"a-r{number}", executor_epoch=1)
            rig.outcome(f"a-r{number}")
        assert all(state.writes for state in rig.stream.published if state.stream)


def test_more_sends_at_once_than_the_limit_are_not_sent(tmp_path):
    with running(tmp_path) as rig:
        rig.broker.gate.clear()
        for name in ("a-r1", "b-r1", "c-r1"):
            rig.send(name)
        assert rig.outcome("c-r1") == NotSent(cause="2 sends are under way")
        rig.ask("a-r1")
        rig.broker.gate.set()
        assert {rig.outcome("a-r1").kind, rig.outcome("b-r1").kind} == {"accepted"}
        assert sorted(rig.broker.sent) == ["a-r1", "b-r1"]


def test_a_send_cut_off_by_a_stop_is_in_doubt_for_the_successor(tmp_path):
    with running(tmp_path) as rig:
        rig.broker.gate.clear()
        rig.send()
        assert rig.broker.begun.wait(PATIENCE_S)
        rig.stop.set()
        rig.thread.join(PATIENCE_S)
        assert rig.outcome() == InDoubt(cause="cut off while sending")
    with running(tmp_path, incarnation=4) as successor:
        successor.ask("a-r1")
        assert isinstance(successor.outcome(), InDoubt)
        successor.send(connection_incarnation=4)
        assert isinstance(successor.outcome(), InDoubt)
        assert successor.broker.sent == []


def test_an_attempt_answered_as_never_begun_can_never_begin(tmp_path):
    with running(tmp_path) as rig:
        rig.ask("a-r1")
        assert isinstance(rig.outcome(), NotSent)
        rig.send()
        assert isinstance(rig.outcome(), NotSent)
        assert rig.broker.sent == []


def test_a_cancel_is_asked_for_and_one_not_taken_brings_the_orders_report(tmp_path):
    with running(tmp_path) as rig:
        rig.latch = Latch(level=StopLevel.HALT)
        cancel = CancelOrder(cl_ord_id="a", broker_order_id="7", executor_epoch=EPOCH)
        rig.hear(cancel)
        assert rig.next(CancelAnswered).requested
        rig.broker.takes_cancel = False
        rig.hear(cancel)
        assert not rig.next(CancelAnswered).requested
        assert rig.next(Reported).report.status is Status.FILLED
        rig.hear(cancel.model_copy(update={"executor_epoch": EPOCH - 1}))
        assert "fenced" in rig.next(CancelAnswered).text
        assert rig.broker.cancelled == ["7", "7"]


def resolve(rig, since_ns=None):
    rig.hear(Resolve(attempt_id="a-r1", order=an_order(), since=NOW, since_ns=since_ns or time.monotonic_ns()))


def test_absence_is_told_only_after_enough_whole_looks_over_the_window(tmp_path):
    with running(tmp_path) as rig:
        began = time.monotonic()
        resolve(rig)
        assert isinstance(rig.next(Resolved).resolution, Unknown)
        resolved = rig.next(Resolved, lambda each: isinstance(each.resolution, Absent))
        assert time.monotonic() - began >= 0.3
        assert rig.broker.looks >= 3
        assert "one look" in resolved.resolution.proof


def test_a_look_that_finds_the_order_ends_the_doubt_at_once(tmp_path):
    with running(tmp_path) as rig:
        rig.broker.look = Found(report=report("a-r1"))
        resolve(rig)
        assert rig.next(Resolved).resolution == Found(report=report("a-r1"))
        assert rig.broker.looks == 1


def test_a_push_ends_the_doubt_and_no_absence_follows(tmp_path):
    with running(tmp_path) as rig:
        resolve(rig)
        rig.next(Resolved)
        rig.broker.pushes.put(report("a-r1"))
        assert rig.next(Reported).report == report("a-r1")
        rig.next(Resolved, lambda each: isinstance(each.resolution, Found))
        looks = rig.broker.looks
        settled_ns = time.monotonic_ns() + 500_000_000
        rig.state(lambda state: state.at_ns > settled_ns)
        assert rig.broker.looks <= looks + 1
        assert not [each for each in rig.kept if isinstance(each, Resolved) and isinstance(each.resolution, Absent)]


def test_while_nothing_can_be_read_the_doubt_stays(tmp_path):
    with running(tmp_path) as rig:
        rig.broker.look = Unknown(reason="503")
        resolve(rig, since_ns=1)
        for _ in range(8):
            assert rig.next(Resolved).resolution == Unknown(reason="503")


def test_an_account_is_read_or_the_failure_said(tmp_path):
    with running(tmp_path) as rig:
        rig.hear(AskAccount(request_id=9, since=NOW))
        assert rig.next(AccountRead, lambda read: read.request_id == 9).state == account_state(NOW)
        rig.broker.probe = BrokerUnavailable("503")
        rig.hear(AskAccount(request_id=10, since=NOW))
        read = rig.next(AccountRead, lambda read: read.request_id == 10)
        assert (read.state, read.failure) == (None, "503")


def test_a_dry_run_comes_with_the_reading_it_was_asked_with_and_none_fails_for_it(tmp_path):
    order = an_order()
    with running(tmp_path) as rig:
        for number, told, found in (
            (9, Decimal("481.20"), DryRun(cl_ord_id=order.cl_ord_id, taken=Decimal("481.20"))),
            (10, BrokerRefused("422"), None),
            (11, None, None),
        ):
            rig.broker.dry_runs = told
            rig.hear(AskAccount(request_id=number, since=NOW, trial=order))
            read = rig.next(AccountRead, lambda read, number=number: read.request_id == number)
            assert read.state == account_state(NOW).model_copy(update={"dry_run": found})


def test_an_account_is_told_to_whoever_asked_for_it_and_to_nobody_else(tmp_path):
    with running(tmp_path) as rig:
        rig.hear(AskAccount(request_id=9, since=NOW, reply_to="scorecard"))
        peer, read = rig.stream.told_elsewhere.get(timeout=PATIENCE_S)
        assert (peer, read.request_id, read.state) == ("scorecard", 9, account_state(NOW))
        rig.hear(AskAccount(request_id=10, since=NOW))
        rig.next(AccountRead, lambda read: read.request_id == 10)
        assert not [each for each in rig.kept if isinstance(each, AccountRead) and each.request_id == 9]


def test_after_every_reconnect_the_whole_account_is_told_unasked(tmp_path):
    with running(tmp_path) as rig:
        rig.next(AccountRead, lambda read: read.request_id == 0)
        rig.broker.pushes.put(BrokerUnavailable("silent"))
        rig.next(AccountRead, lambda read: read.request_id == 0)
        assert rig.broker.connects == 2
        rig.state(lambda state: state.stream)
        assert any(not state.stream and state.reason == "silent" for state in rig.stream.published)


def test_a_route_that_cannot_log_in_is_tried_again_and_says_so(tmp_path):
    def down(rig):
        rig.broker.login = BrokerUnavailable("refused")

    with running(tmp_path, prepare=down) as rig:
        state = rig.state(lambda state: rig.broker.connects > 2)
        assert (state.reads, state.writes, state.stream, state.reason) == (False, False, False, "refused")
        rig.broker.login = None
        rig.state(lambda state: state.reads and state.writes and state.stream)


def test_a_refused_login_is_never_repeated(tmp_path):
    def locked_out(rig):
        rig.broker.login = BrokerRefused("bad grant")

    with running(tmp_path, prepare=locked_out) as rig:
        rig.state(lambda state: "bad grant" in state.reason and rig.watermark.passes > 30)
        assert rig.broker.connects == 1
        assert not any(state.writes for state in rig.stream.published)


def test_a_write_path_that_fails_twice_is_sick_until_a_probe_and_a_quiet_time(tmp_path):
    with running(tmp_path, settings=watched(probe_every_s=0.1)) as rig:
        rig.state(lambda state: state.writes)
        rig.broker.probe = BrokerUnavailable("refused")
        rig.broker.outcome = InDoubt(cause="reset")
        rig.send("a-r1")
        rig.send("b-r1")
        rig.outcome("a-r1")
        rig.outcome("b-r1")
        sick = rig.state(lambda state: not state.writes)
        assert sick.stream
        rig.broker.probe = None
        rig.state(lambda state: state.writes and state.reads)


def test_a_send_without_an_answer_makes_the_write_path_sick_before_it_is_in_doubt(tmp_path):
    patient = watched(probe_every_s=60, health=HealthLimits(failures_to_trip=9, quiet_s=0.05, stall_s=0.05))
    with running(tmp_path, settings=patient) as rig:
        rig.state(lambda state: state.writes)
        rig.broker.gate.clear()
        rig.send("a-r1")
        sick = rig.state(lambda state: not state.writes)
        assert sick.reason == "a send has had no answer for 0.05 s"
        assert not [each for each in rig.kept if isinstance(each, OrderSent)], "its fate is its own"
        rig.broker.gate.set()
        assert rig.outcome("a-r1").kind == "accepted"


def test_a_failed_send_and_a_lost_stream_are_looked_into_at_once(tmp_path):
    slow = watched(probe_every_s=60, probe_again_s=0.01)
    for cut in ("send", "stream"):
        with running(tmp_path / cut, settings=slow) as rig:
            rig.state(lambda state: state.writes)
            rig.broker.probe = BrokerUnavailable("refused")
            if cut == "send":
                rig.broker.outcome = NotSent(cause="refused")
                rig.send()
            else:
                rig.broker.pushes.put(BrokerUnavailable("cut"))
            assert "refused" in rig.state(lambda state: not state.writes).reason


def test_a_token_that_has_ended_leaves_nothing_to_trust_and_its_age_is_told(tmp_path):
    with running(tmp_path) as rig:
        rig.broker.known = Vitals(token_age_s=10, token_left_s=890)
        assert rig.state(lambda state: state.writes and state.vitals.token_age_s).vitals.token_left_s == 890
        rig.broker.known = Vitals(token_age_s=901, token_left_s=-1, token_refused="login refused: 400")
        state = rig.state(lambda state: not state.writes)
        assert (state.reads, state.reason) == (False, "the login's token has ended; login refused: 400")


def test_what_a_route_can_carry_travels_with_its_state(tmp_path):
    with running(tmp_path, settings=SETTINGS.model_copy(update={"covers": "pipe"})) as rig:
        state = rig.state(lambda state: state.writes)
        assert (state.covers, state.coverage) == ("pipe", rig.broker.coverage)


def test_heartbeats_go_on_without_news(tmp_path):
    with running(tmp_path) as rig:
        first = rig.state(lambda state: state.writes)
        rig.state(lambda state: state.writes and state.at_ns > first.at_ns)
        assert isinstance(first, ConnectionState)
        assert (first.route, first.account_domain, first.incarnation) == ("primary", "tastytrade:5W", 3)


def test_reports_that_could_not_be_told_are_made_good_by_a_reading(tmp_path):
    with running(tmp_path) as rig:
        rig.next(AccountRead)
        rig.stream.executor_is_there = False
        rig.broker.pushes.put(report("a-r1"))
        read_before = rig.broker.accounts
        rig.state(lambda state: rig.broker.pushes.empty() and rig.broker.accounts > read_before)
        rig.stream.executor_is_there = True
        assert rig.next(AccountRead).state is not None


def test_a_bug_in_the_adapter_ends_the_process(tmp_path):
    with running(tmp_path) as rig:
        rig.state(lambda state: state.writes)
        rig.broker.pushes.put(KeyError("a bug"))
        rig.thread.join(PATIENCE_S)
        assert isinstance(rig.failure, BaseExceptionGroup)


def test_rejections_pass_through_with_their_code(tmp_path):
    with running(tmp_path) as rig:
        rig.broker.outcome = Rejected(code="margin", text="no")
        rig.send()
        assert rig.outcome() == Rejected(code="margin", text="no")


def test_messages_wake_the_loop_without_waiting_for_the_tick(tmp_path):
    slow = SETTINGS.model_copy(update={"tick_s": 4.0})
    with running(tmp_path, settings=slow) as rig:
        rig.next(AccountRead)
        began = time.monotonic()
        rig.send()
        rig.outcome()
        assert time.monotonic() - began < 3


# -- made ready, then released ----------------------------------------------------------------------------------------


def test_an_order_waits_in_the_brokers_words_until_it_is_released(tmp_path):
    with running(tmp_path) as rig:
        rig.hear(message := a_send())
        rig.ask("b-r1")
        assert isinstance(rig.outcome("b-r1"), NotSent), "what came behind it was handled"
        assert (rig.broker.worded, rig.broker.sent) == (["a-r1"], [])
        rig.hear(message.release())
        assert rig.outcome("a-r1") == Accepted(broker_order_id="7")


@pytest.mark.parametrize(
    ("made_ready", "cause"),
    [
        ({"attempt_id": "b-r1"}, "not made ready here"),
        ({"executor_epoch": EPOCH - 1}, "not made ready here"),
        ({"connection_incarnation": 2}, "not made ready here"),
    ],
    ids=["another attempt", "by an executor that died before its intent was durable", "for a predecessor"],
)
def test_what_this_executor_did_not_have_made_ready_is_not_sent(tmp_path, made_ready, cause):
    with running(tmp_path) as rig:
        rig.hear(a_send(**made_ready))
        rig.hear(a_send().release())
        outcome = rig.outcome("a-r1")
        assert isinstance(outcome, NotSent)
        assert cause in outcome.cause
        assert rig.broker.sent == []


def test_what_is_made_ready_again_is_sent_as_it_was_told_last(tmp_path):
    with running(tmp_path) as rig:
        rig.hear(a_send(executor_epoch=EPOCH - 1, deadline_ns=0))
        rig.pass_on(a_send())
        assert rig.outcome("a-r1") == Accepted(broker_order_id="7")
        rig.hear(a_send().release())
        assert rig.outcome("a-r1") == Accepted(broker_order_id="7"), "a second release is answered, and sends nothing"
        assert rig.broker.sent == ["a-r1"]


def test_orders_that_were_made_ready_and_never_released_are_forgotten_oldest_first(tmp_path):
    with running(tmp_path) as rig:
        for number in range(3):
            rig.hear(a_send(f"{number}-r1"))
        rig.hear(a_send("0-r1").release())
        assert "not made ready here" in rig.outcome("0-r1").cause
        rig.hear(a_send("1-r1").release())
        assert rig.outcome("1-r1") == Accepted(broker_order_id="7")


# -- several orders in one message -------------------------------------------------------------------------------------


def pair(**changes):
    parts = tuple(Part(attempt_id=name, order=an_order()) for name in ("a.1-r1", "a.2-r1"))
    fields = {
        "contingency": Contingency.OCO,
        "parts": parts,
        "executor_epoch": EPOCH,
        "connection_incarnation": 3,
        "deadline_ns": time.monotonic_ns() + 10**10,
    }
    return SendComplex(**{**fields, **changes})


def both(rig):
    return [rig.outcome(name) for name in ("a.1-r1", "a.2-r1")]


def test_a_pair_is_sent_once_and_each_of_it_answered(tmp_path):
    with running(tmp_path) as rig:
        rig.pass_on(pair())
        assert both(rig) == [Accepted(broker_order_id="7")] * 2
        rig.pass_on(pair())
        assert both(rig) == [Accepted(broker_order_id="7")] * 2
        assert rig.broker.sent == ["a.1-r1,a.2-r1"]


def test_a_part_of_a_pair_under_way_is_not_answered_before_the_whole(tmp_path):
    with running(tmp_path) as rig:
        rig.broker.gate.clear()
        rig.pass_on(pair())
        assert rig.broker.begun.wait(PATIENCE_S)
        rig.ask("a.2-r1")
        rig.send("b-r1")
        rig.broker.gate.set()
        assert both(rig) == [Accepted(broker_order_id="7")] * 2


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"executor_epoch": EPOCH - 1}, "epoch"),
        ({"connection_incarnation": 2}, "meant for incarnation 2"),
        ({"deadline_ns": 0}, "late"),
    ],
)
def test_a_pair_that_must_not_leave_is_not_sent_as_a_whole(tmp_path, changes, cause):
    with running(tmp_path) as rig:
        rig.pass_on(pair(**changes))
        outcomes = both(rig)
        assert {type(outcome) for outcome in outcomes} == {NotSent}
        assert all(cause in outcome.cause for outcome in outcomes)
        assert rig.broker.sent == []


def test_a_pair_of_which_one_was_sent_before_does_not_leave(tmp_path):
    with running(tmp_path) as rig:
        rig.send("a.1-r1")
        assert rig.outcome("a.1-r1") == Accepted(broker_order_id="7")
        rig.pass_on(pair())
        assert rig.outcome("a.1-r1") == Accepted(broker_order_id="7")
        assert isinstance(rig.outcome("a.2-r1"), NotSent)
        assert rig.broker.sent == ["a.1-r1"]


def test_a_pair_cut_off_is_in_doubt_as_a_whole_for_the_next_incarnation(tmp_path):
    with running(tmp_path) as rig:
        rig.broker.gate.clear()
        rig.pass_on(pair())
        assert rig.broker.begun.wait(PATIENCE_S)
        rig.stop.set()
        assert {type(outcome) for outcome in both(rig)} == {InDoubt}
    with running(tmp_path, incarnation=4) as rig:
        for name in ("a.1-r1", "a.2-r1"):
            rig.ask(name)
            assert isinstance(rig.outcome(name), InDoubt)
