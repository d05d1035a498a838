"""The shell of one route: hears the executor, drives the broker's adapter, tells what came of it.

It decides nothing about trading. Sends and cancels are `brokers.send_desk`'s, doubts `brokers.inquiries`', health the
pure rules' in `domain.connection`. What is left here: one event loop, which hears envelopes one at a time, keeps the
account's stream open, reads accounts, probes, and says at each change and at a steady pace what the route can do.

* After every login the whole account is read and told as `AccountRead(request_id=0)`: the stream replays nothing.
* A login that is refused is not repeated by this incarnation; the route stays down and says why.
* An order that was made ready is released within an fsync: the loop stays awake for it, for as long as that takes.
* Where a stop is latched, or none can be, and no executor is there, openings at work are cancelled (`brokers.orphans`).
* What could not be told is kept where it may be asked for (outcomes), or made good by a fresh reading (reports).
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import numpy as np

from actors.brokers.connection_settings import ConnectionSettings
from actors.brokers.gates import Gates
from actors.brokers.inquiries import Inquiries
from actors.brokers.market_hours import HoursWatch
from actors.brokers.orphans import Orphans
from actors.brokers.route_watch import RouteWatch
from actors.brokers.send_desk import SendDesk
from actors.brokers.send_ledger import SendLedger
from actors.brokers.trials import with_trial
from actors.domain.connection.backoff import delay_s
from actors.domain.orders.attempt import InDoubt, NotSent, SubmitOutcome
from actors.domain.orders.order import Order
from actors.domain.orders.report import ExecutionReport
from actors.domain.value import Value
from actors.messages import (
    AccountRead,
    AskAccount,
    AskOutcome,
    AskState,
    CancelOrder,
    ConnectionState,
    OutcomeJournaled,
    Release,
    Reported,
    Resolve,
    SendComplex,
    SendOrder,
)
from actors.ports import (
    Arrival,
    Broker,
    BrokerRefused,
    BrokerUnavailable,
    Clock,
    Envelope,
    PeerLost,
    PeerUnavailable,
    Resync,
    Stream,
    Watermark,
)

EXECUTOR = "executor"


class BrokerConnection:
    """One route's connection."""

    def __init__(
        self,
        broker: Broker,
        stream: Stream,
        clock: Clock,
        ledger: SendLedger,
        gates: Gates,
        watermark: Watermark,
        settings: ConnectionSettings,
    ) -> None:
        self._broker, self._stream, self._clock, self._ledger = broker, stream, clock, ledger
        self._watermark, self._settings = watermark, settings
        self._desk = SendDesk(broker, ledger, clock, gates, self._tell, settings.sends)
        self._inquiries = Inquiries(broker, clock, self._tell, settings.inquiries)
        self._orphans = Orphans(broker, ledger, clock, gates, settings.orphan_after_s)
        self._handlers: Mapping[type[Value], Callable[[Any], None]] = {
            **dict.fromkeys((SendOrder, SendComplex), self._hold),
            Release: lambda message: self._desk.release(message, self._spawn, self._heard),
            CancelOrder: lambda message: self._desk.cancel(message, self._spawn),
            AskOutcome: self._desk.ask,
            OutcomeJournaled: self._desk.journaled,
            Resolve: lambda message: self._inquiries.resolve(message, self._spawn),
            AskState: lambda _: self._say_state(asked=True),
            AskAccount: lambda asked: self._read_account(asked.request_id, asked.since, asked.reply_to, asked.trial),
        }
        self._luck = np.random.default_rng()
        self._tasks: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup
        self._bug: Exception | None = None
        self._watch = RouteWatch(clock, settings.watch)
        self._doubted = asyncio.Event()
        """Set where something failed that a probe should look at now."""
        self._readings = 0
        self._untold, self._hours = False, HoursWatch()

    def run(self, stop: Event) -> None:
        """Work until `stop` is set, moving the watermark with each pass. An exception ends the process."""
        asyncio.run(self._work(stop))

    async def _work(self, stop: Event) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._stream.fileno(), self._on_readable)
        try:
            async with asyncio.TaskGroup() as self._group:
                self._spawn(self._keep_session())
                self._spawn(self._keep_probing())
                while not stop.is_set():
                    self._on_readable()  # also what the descriptor did not announce
                    self._tick()
                    await asyncio.sleep(self._settings.tick_s)
                await self._desk.drain(self._settings.stop_grace_s)
                for task in self._tasks:
                    task.cancel()
        finally:
            loop.remove_reader(self._stream.fileno())
            await self._broker.close()
            self._ledger.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _on_readable(self) -> None:
        try:
            while self._bug is None and (arrivals := self._stream.receive(self._desk.patience_s)):
                for arrival in arrivals:
                    self._take(arrival)
        except Exception as bug:  # noqa: BLE001 - the event loop would only log it; the next tick raises it
            self._bug = bug

    def _take(self, arrival: Arrival) -> None:
        match arrival:
            case Envelope(message=message) if type(message) in self._handlers:
                self._handlers[type(message)](message)
            case PeerLost(peer=peer) if peer == EXECUTOR:
                self._orphans.away()
            case Resync(peer=peer) if peer == EXECUTOR:
                self._orphans.here()
                self._desk.retell()
                self._make_good()
            case _:
                pass  # quotes and other peers concern others

    def _hold(self, message: SendOrder | SendComplex) -> None:
        self._desk.hold(message)
        self._stream.stay_awake(self._desk.patience_s)

    def _tick(self) -> None:
        if self._bug is not None:
            raise self._bug
        self._watermark.advance()
        if self._orphans.are_due:
            self._spawn(self._orphans.cancel(self._recently(), self._settings.sends.cancel_timeout_s))
        self._say_state()

    def _tell(self, message: Value, peer: str = "") -> None:
        try:
            self._stream.tell(peer or EXECUTOR, message)
        except PeerUnavailable:
            # Answers are asked for again by whoever needs them; reports are made good by a reading.
            self._untold = self._untold or (not peer and isinstance(message, Reported | AccountRead))

    # -- the session ------------------------------------------------------------------------------------------------

    async def _keep_session(self) -> None:
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            began = loop.time()
            try:
                await self._broker.connect()
            except BrokerRefused as refused:
                self._watch.refused = str(refused)
                return
            except BrokerUnavailable as failure:
                self._watch.stream_down(str(failure))
            else:
                await self._follow()
            failures = 1 if loop.time() - began >= self._settings.settled_s else failures + 1
            await asyncio.sleep(delay_s(failures, self._luck.random(), self._settings.backoff))

    async def _follow(self) -> None:
        self._watch.stream_up()
        self._say_state()
        self._read_account(0, self._recently())
        try:
            async for report in self._broker.events():
                self._on_push(report)
            self._watch.stream_down("the stream ended")
        except (BrokerUnavailable, BrokerRefused) as failure:
            self._watch.stream_down(str(failure))
        self._doubted.set()  # what cut the stream may have cut the rest
        self._say_state()

    def _on_push(self, report: ExecutionReport) -> None:
        self._inquiries.pushed(report)
        self._tell(Reported(report=report))

    # -- reading ----------------------------------------------------------------------------------------------------

    def _recently(self) -> datetime:
        return self._clock.market_now() - timedelta(seconds=self._settings.snapshot_back_s)

    def _make_good(self) -> None:
        if self._untold:
            self._untold = False
            self._read_account(0, self._recently())

    def _read_account(self, request_id: int, since: datetime, reply_to: str = "", trial: Order | None = None) -> None:
        if self._readings >= self._settings.account_reads_max:
            failure = f"{self._readings} readings are under way"
            refused = AccountRead(route=self._broker.route, request_id=request_id, state=None, failure=failure)
            self._tell(refused, reply_to)
            return
        self._readings += 1
        self._spawn(self._account(request_id, since, reply_to, trial))

    async def _account(self, request_id: int, since: datetime, reply_to: str, trial: Order | None) -> None:
        state, failure = None, ""
        try:
            state = await self._broker.account(since)
            state = await with_trial(self._broker, state, trial, self._settings.dry_run_timeout_s)
            self._watch.read()
        except (BrokerUnavailable, BrokerRefused) as error:
            failure = str(error)
            self._watch.read(failure)
        finally:
            self._readings -= 1
        read = AccountRead(route=self._broker.route, request_id=request_id, state=state, failure=failure)
        self._tell(read, reply_to)

    # -- health -----------------------------------------------------------------------------------------------------

    async def _keep_probing(self) -> None:
        while self._watch.refused is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._watch.probe_wait_s):
                    await self._doubted.wait()
            self._doubted.clear()
            if self._watch.logged_in:
                await self._probe()

    async def _probe(self) -> None:
        try:
            await self._broker.probe_writes()
            self._watch.write_probe()
        except (BrokerUnavailable, BrokerRefused) as error:
            self._watch.write_probe(str(error))
        try:
            await self._broker.probe_reads()
            self._watch.read()
        except (BrokerUnavailable, BrokerRefused) as error:
            self._watch.read(str(error))
        self._make_good()
        await self._hours.look(self._broker, self._clock.boot_ns())

    def _heard(self, outcome: SubmitOutcome) -> None:
        self._watch.write(outcome)
        if isinstance(outcome, NotSent | InDoubt):
            self._doubted.set()
        self._say_state()

    def _say_state(self, *, asked: bool = False) -> None:
        """Publish what the route can do, when that changed, was asked for, or the heartbeat is due."""
        vitals = self._broker.vitals()
        status = self._watch.news(vitals, self._desk.waiting_since_ns, asked=asked)
        if status is None:
            return
        state = ConnectionState(
            route=self._broker.route,
            account_domain=self._broker.account_domain,
            incarnation=self._ledger.incarnation,
            reads=status.reads,
            writes=status.writes,
            stream=status.stream,
            reason=status.reason,
            at_ns=self._clock.boot_ns(),
            account_tail=self._settings.account_tail,
            mode=self._settings.mode,
            covers=self._settings.covers,
            coverage=self._broker.coverage.narrowed(self._settings.combo_legs_max),
            vitals=vitals,
            hours=self._hours.told,
        )
        with suppress(PeerUnavailable):
            self._stream.publish(state)
