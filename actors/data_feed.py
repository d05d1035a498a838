"""The data feed: quotes in, checked quotes out, every one of them accounted for.

For each batch off the wire: check, publish, count, keep for those who ask later; nothing is done per quote. A lost
connection is told at once and made anew with growing pauses, over and over; a login that is refused is told and not
repeated by this incarnation, because repeating it gets the address blocked: it stays up, unconnected, until a person
has mended the login and restarts it.

The contracts are read once, at the start, and numbered; the universe's version is this incarnation. So a new session's
listings come with a restart. Frames have a sequence of their own; snapshots for latecomers take their place in it.
What is checked is `actors.domain.market.quote_check`'s business, what a connection is the feed adapter's.

One event loop, two tasks: one reads quotes, the other hears messages and keeps time. Both move the watermark.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np
from loguru import logger
from pydantic import Field

from actors.chain_watch import ChainWatch
from actors.domain.alerts.alert import Alert, Level
from actors.domain.connection.backoff import BackoffLimits, delay_s
from actors.domain.market.contract import Contract
from actors.domain.market.flaw import FlawLimits
from actors.domain.market.quote import QuoteFrame, QuoteTable, RawQuotes, Universe
from actors.domain.market.quote_check import LastGood, QuoteLimits, check
from actors.domain.market.quote_count import QuoteCount
from actors.domain.market.quote_snapshot import snapshot
from actors.domain.value import Value
from actors.messages import AlertRaised, AskUniverse, FeedState, UniverseChanged
from actors.ports import (
    BrokerRefused,
    BrokerUnavailable,
    Checkpoints,
    Clock,
    Envelope,
    Feed,
    FeedLost,
    PeerUnavailable,
    Stream,
    Watermark,
)

_NS = 1_000_000_000


class DataFeedSettings(Value):
    """The shell's times and bounds."""

    underlyings: tuple[str, ...] = Field(min_length=1)
    incarnation: int = Field(ge=0)
    notifier: str = "notifier"
    tick_s: float = Field(default=0.2, gt=0)
    """Longest wait before the inbox, the stop and the clock are looked at."""
    state_every_s: float = Field(default=1.0, gt=0)
    checkpoint_every_s: float = Field(default=10.0, gt=0)
    board_every_s: float = Field(default=0.5, gt=0)
    settled_s: float = Field(default=30.0, gt=0)
    """A connection that held this long starts the pauses anew."""
    reconnect: BackoffLimits = BackoffLimits(first_s=0.2, longest_s=30.0)
    contracts_told_max: int = Field(default=20, ge=0)
    """Contracts whose refused quotes are told by reason, the worst first."""
    limits: QuoteLimits = QuoteLimits()
    flaws: FlawLimits = FlawLimits()
    survey_every_s: float = Field(default=1.0, gt=0)
    drift_max_s: float = Field(default=3.0, gt=0)
    """A clock farther off is told; the gate has its own limit."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """What is known once the contracts are."""

    universe: Universe
    table: QuoteTable
    last: LastGood
    chains: ChainWatch


class DataFeed:
    """The shell; implements `ports.Shell`."""

    def __init__(
        self,
        feed: Feed,
        stream: Stream,
        clock: Clock,
        watermark: Watermark,
        settings: DataFeedSettings,
        checkpoints: Checkpoints | None = None,
        keep: Callable[[Universe], None] = lambda _: None,
        *,
        board: Callable[[QuoteTable], None] = lambda _: None,
    ) -> None:
        self._feed, self._stream, self._clock, self._watermark = feed, stream, clock, watermark
        self._settings, self._checkpoints, self._keep = settings, checkpoints, keep
        self._watched: _Watched | None = None
        self._count = QuoteCount()
        self._luck = np.random.default_rng()
        self._sequence = 0
        self._connected, self._reason = False, "not connected yet"
        self._last_frame_ns = 0
        self._state_due = self._checkpoint_due = self._survey_due = self._board_due = 0.0
        self._board = board

    def run(self, stop: Event) -> None:
        """Feed until `stop` is set."""
        with asyncio.Runner() as runner:
            runner.run(self._run(stop))

    async def _run(self, stop: Event) -> None:
        reading = asyncio.create_task(self._read_until_refused())
        try:
            await self._attend(stop, reading)
        finally:
            reading.cancel()
            await asyncio.wait({reading})
            await self._feed.close()
        fault = None if reading.cancelled() else reading.exception()
        self._set_connected(now=False, reason="stopped" if fault is None else str(fault))
        if fault is not None:
            raise fault

    async def _attend(self, stop: Event, reading: asyncio.Task[None]) -> None:
        """Hear messages and keep time until the stop, or until reading ends, which it does by a fault alone."""
        loop, stirred = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._stream.fileno(), stirred.set)
        reading.add_done_callback(lambda _: stirred.set())
        try:
            while not stop.is_set() and not reading.done():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._settings.tick_s):
                        await stirred.wait()
                stirred.clear()
                self._hear()
                self._keep_time(loop.time())
                self._watermark.advance()
        finally:
            loop.remove_reader(self._stream.fileno())

    async def _read_until_refused(self) -> None:
        try:
            await self._read()
        except BrokerRefused as refused:
            reason = f"{refused}; not tried again until this is restarted"
            self._set_connected(now=False, reason=reason)
            await self._page(f"no quotes: {reason}")
            await asyncio.get_running_loop().create_future()

    async def _page(self, text: str) -> None:
        now = self._clock.market_now()
        alert_id = f"A060-quotes-{self._settings.incarnation}"
        alert = Alert(alert_id=alert_id, code="A051", level=Level.P0, subject="quotes", text=text, at=now)
        while True:
            try:
                self._stream.tell(self._settings.notifier, AlertRaised(alert=alert))
            except PeerUnavailable:
                await asyncio.sleep(self._settings.state_every_s)
            else:
                return

    async def _read(self) -> None:
        watched = await self._watch()
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            began = loop.time()
            try:
                async for raw in self._feed.quotes(watched.universe.contracts):
                    self._take(raw, watched)
                reason = "the stream ended"
            except FeedLost as lost:
                reason = str(lost)
            self._set_connected(now=False, reason=reason)
            failures = 1 if loop.time() - began >= self._settings.settled_s else failures + 1
            await asyncio.sleep(delay_s(failures, self._luck.random(), self._settings.reconnect))

    async def _watch(self) -> _Watched:
        failures = 0
        while True:
            try:
                contracts = await self._feed.contracts(self._settings.underlyings)
                break
            except BrokerUnavailable as error:
                failures += 1
                self._set_connected(now=False, reason=str(error))
                await asyncio.sleep(delay_s(failures, self._luck.random(), self._settings.reconnect))
        self._watched = self._number(contracts)
        self._keep(self._watched.universe)
        self._stream.publish(UniverseChanged(universe=self._watched.universe))
        return self._watched

    def _number(self, contracts: Sequence[Contract]) -> _Watched:
        settings = self._settings
        table = QuoteTable(Universe(version=settings.incarnation, contracts=tuple(contracts)))
        self._count = QuoteCount(table.universe.contracts)
        chains = ChainWatch(table, self._clock, settings.flaws, settings.drift_max_s)
        return _Watched(table.universe, table, LastGood(contracts, settings.limits), chains)

    def _take(self, raw: RawQuotes, watched: _Watched) -> None:
        if not self._connected:
            self._set_connected(now=True)
        self._count.add_unknown(raw.unknown)
        if (raw.held or raw.halts) and watched.chains.learn(raw):
            self._survey(watched)
        if len(raw.rows):
            frame = self._checked(raw, watched)
            self._stream.publish_quotes(frame)
            self._count.add(frame.codes, frame.rows)
            watched.table.apply(frame)
        self._watermark.advance()

    def _checked(self, raw: RawQuotes, watched: _Watched) -> QuoteFrame:
        self._last_frame_ns = self._clock.boot_ns()
        now_ns = int(self._clock.market_now().timestamp() * _NS)
        self._sequence += 1
        return QuoteFrame(
            universe=watched.universe.version,
            sequence=self._sequence,
            rows=raw.rows,
            bid=raw.bid,
            ask=raw.ask,
            bid_size=raw.bid_size,
            ask_size=raw.ask_size,
            exchange_ns=raw.exchange_ns,
            received_ns=self._last_frame_ns,
            codes=check(raw, watched.last, now_ns),
        )

    def _hear(self) -> None:
        while arrivals := self._stream.receive(0):
            for arrival in arrivals:
                if isinstance(arrival, Envelope) and isinstance(arrival.message, AskUniverse):
                    self._answer(arrival.message)

    def _answer(self, asked: AskUniverse) -> None:
        if self._watched is None:
            return  # it is published as soon as it is known
        # A peer that went away while asking has nobody to miss the answer.
        with contextlib.suppress(PeerUnavailable):
            if asked.known != self._watched.universe.version:
                self._stream.tell(asked.reply_to, UniverseChanged(universe=self._watched.universe))
            for frame in snapshot(self._watched.table, self._clock.boot_ns(), self._sequence + 1):
                self._sequence = frame.sequence
                self._stream.publish_quotes(frame)
            for news in self._watched.chains.news():
                self._stream.publish(news)
            self._publish_state()

    def _survey(self, watched: _Watched) -> None:
        for news in watched.chains.look_again():
            self._stream.publish(news)
        with contextlib.suppress(PeerUnavailable):  # told with the next survey
            for alert in watched.chains.untold():
                self._stream.tell(self._settings.notifier, AlertRaised(alert=alert))

    def _keep_time(self, now: float) -> None:
        if self._watched is not None and now >= self._survey_due:
            self._survey_due = now + self._settings.survey_every_s
            self._survey(self._watched)
        if now >= self._state_due:
            self._state_due = now + self._settings.state_every_s
            self._publish_state()
        if self._checkpoints is not None and now >= self._checkpoint_due:
            self._checkpoint_due = now + self._settings.checkpoint_every_s
            self._checkpoints.save(self._state(), 0)
        if self._watched is not None and now >= self._board_due:
            self._board_due = now + self._settings.board_every_s
            self._board(self._watched.table)

    def _set_connected(self, *, now: bool, reason: str = "") -> None:
        if (now, reason) != (self._connected, self._reason):
            logger.info("quotes: {}", "connected" if now else f"not connected: {reason}")
        if now is not self._connected and self._watched is not None:
            self._watched.chains.turned(connected=now)
            self._survey(self._watched)
        self._connected, self._reason = now, reason
        self._publish_state()

    def _publish_state(self) -> None:
        self._stream.publish(self._state())

    def _state(self) -> FeedState:
        return FeedState(
            incarnation=self._settings.incarnation,
            connected=self._connected,
            received=self._count.received,
            accepted=self._count.accepted,
            rejected=self._count.rejected(),
            flagged=self._count.flagged(),
            rejected_of=self._count.rejected_of(self._settings.contracts_told_max),
            gaps=self._watched and self._watched.chains.gaps(self._settings.contracts_told_max),
            reason=self._reason,
            last_frame_ns=self._last_frame_ns,
            at_ns=self._clock.boot_ns(),
        )
