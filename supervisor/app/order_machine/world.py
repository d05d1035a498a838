"""The world of the order machine: a real executor among modelled connections, every moment on a virtual clock.

Moments lie in one heap and happen in their order; nothing waits and nothing runs beside another. Between two actors
messages keep their order, some are lost, and the receiver then sees the gap with the next one, as on the real streams.
Processes die when luck or the caller says so, and successors come back from what outlives a process: the journal's JSON
and the checkpoint for the executor, the send ledger for a connection.
"""

import heapq
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Final

from actors.brokers.route_watch import WatchLimits
from actors.desk import DeskSettings
from actors.domain.alerts.alert import Alert
from actors.domain.connection.absence import SettleLimits
from actors.domain.connection.route_health import HealthLimits
from actors.domain.orders.event import ExecutorStarted, parse_event
from actors.domain.orders.finding import HoldingsNetted
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Signal
from actors.domain.performance.naked_shorts import NakedShorts, Recorded
from actors.domain.portfolio.book import Book
from actors.domain.value import Value
from actors.executor import Executor
from actors.executor_settings import ExecutorSettings
from actors.messages import AlertRaised, IssuePermit, SignalAnswered, SubmitSignal, UniverseChanged
from actors.ports import Arrival, Envelope, PeerLost, PeerUnavailable, Resync
from supervisor.app.order_machine.broker import Held, Kind, ModelBroker
from supervisor.app.order_machine.host import Blow, HostStream, MemoryCheckpoints, MemoryJournal, Passes, Struck
from supervisor.app.order_machine.link import Link
from supervisor.app.order_machine.luck import SETTLE_WINDOW_S, Luck, Trade
from supervisor.app.order_machine.market import PERMIT, PRODUCTS, START, SURVEY, UNIVERSE, quotes, sessions
from supervisor.app.order_machine.nakedness import Nakedness
from supervisor.app.order_machine.surroundings import VirtualClock

TICK_S: Final = 0.2
HEARTBEAT_S: Final = 0.5
TRADER: Final = "trader"
NEVER_S: Final = 1e9
DESK: Final = DeskSettings(
    send_deadline_s=0.8,
    ask_again_s=0.4,
    silence_s=2.0,
    doubt_alert_s=2.0,
    account_interval_s=2.0,
    account_timeout_s=1.5,
    after_fill_s=0.3,
    imbalance_deadline_s=2.0,
    imbalance_grace_s=0.2,
    unwind_pace_s=0.4,
)
EXECUTOR: Final = ExecutorSettings(
    tick_s=TICK_S, picture_interval_s=NEVER_S, picture_delay_s=NEVER_S, checkpoint_events=60, desk=DESK
)
WATCH: Final = WatchLimits(heartbeat_s=HEARTBEAT_S, health=HealthLimits(failures_to_trip=2, quiet_s=0.5))
SETTLE: Final = SettleLimits(window_s=SETTLE_WINDOW_S, looks_min=3)
_SESSIONS: Final = sessions()
_NS: Final = 1e9


class World:
    """Two routes to two accounts, one executor, and whoever asks it for orders."""

    def __init__(self, kinds: Mapping[str, Kind], luck: Luck, settle: SettleLimits = SETTLE) -> None:
        self.clock, self.luck, self.watch = VirtualClock(), luck, WATCH
        self.epoch, self.began_at = 0, START
        self.stop: str | None = None
        """The latched stop in force."""
        self.blow, self._naked = Blow(), Nakedness()
        self.journal, self.checkpoints = MemoryJournal(self.blow, self.clock.boot_ns), MemoryCheckpoints()
        self.answers: list[SignalAnswered] = []
        self.alerts: list[Alert] = []
        self.deaths = self.fills = 0
        self.executor_deaths_ns: list[int] = []
        self.executor: Executor | None = None
        self._moments: list[tuple[int, int, Callable[[], None]]] = []
        self._places = count()
        self._clear_at_ns: dict[tuple[str, str], int] = {}
        self._has_gap: set[tuple[str, str]] = set()
        self._quoted, self._unwanted = 1, frozenset[str]()
        self.links = {route: Link(ModelBroker(route, kind), self, settle) for route, kind in kinds.items()}
        self._by_peer = {link.peer: link for link in self.links.values()}
        for link in self.links.values():
            link.start()
        self._start_executor()
        self._tick()
        self._beat()

    @property
    def book(self) -> Book:
        """The executor's own book; that of the journal while there is no executor."""
        return self.fold() if self.executor is None else self.executor._desk.book  # noqa: SLF001 - the truth it acts on

    def fold(self) -> Book:
        """Return the journal's book, from its JSON."""
        return self.retold()[0]

    def retold(self) -> tuple[Book, NakedShorts]:
        """Return the journal's book, and how long it knew shorts to be naked."""
        book, naked = Book(PRODUCTS), NakedShorts(self.executor_deaths_ns)
        for (sequence, body), written_ns in zip(self.journal.read(), self.journal.written_ns, strict=True):
            event = parse_event(body)
            book.apply(event, sequence)
            naked.hear(Recorded(event=event, written_ns=written_ns), book)
        return book, naked

    def naked_by_trades(self) -> timedelta:
        """Return the longest that a structure stood naked by the brokers' own trades, known to us or not."""
        events = (parse_event(body) for _, body in self.journal.read() if b"holdings_netted" in body)
        netted = [event for event in events if isinstance(event, HoldingsNetted)]
        return self._naked.longest(netted, self.clock.market_now())

    # -- time ---------------------------------------------------------------------------------------------------------

    def at(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self._moments, (self.clock.ns + int(delay_s * _NS), next(self._places), act))

    def run(self, seconds: float) -> None:
        """Let all happen that happens within `seconds`."""
        end_ns = self.clock.ns + int(seconds * _NS)
        while self._moments[0][0] <= end_ns:
            self.clock.ns, _, act = heapq.heappop(self._moments)
            act()
        self.clock.ns = end_ns

    def _tick(self) -> None:
        self._turn()
        self.at(TICK_S, self._tick)

    def _beat(self) -> None:
        for link in self.links.values():
            if link.is_up:
                link.say_state()
        self.at(HEARTBEAT_S, self._beat)

    # -- deaths -------------------------------------------------------------------------------------------------------

    def kill_executor(self) -> None:
        """End the executor now; a successor comes."""
        if self.executor is not None:
            self._executor_died()

    def kill_link(self, route: str) -> None:
        """End a connection now; a successor comes."""
        if self.links[route].is_up:
            self.links[route].die()

    def lose_power(self) -> None:
        """End every process at once, and lose what was never fsynced."""
        for link in self.links.values():
            if link.is_up:
                link.die()
            link.lose_ledger()
        self.kill_executor()

    def link_died(self, link: Link) -> None:
        """Have a successor started."""
        self.deaths += 1
        self._arrive(PeerLost(peer=link.peer))
        self.at(self.luck.absence_s(), link.start)

    def _executor_died(self) -> None:
        self.executor, self.deaths = None, self.deaths + 1
        self.executor_deaths_ns.append(self.clock.ns)
        self.at(self.luck.absence_s(), self._start_executor)

    def _start_executor(self) -> None:
        self.epoch += 1
        self._stream = HostStream(self._take, self.blow)
        try:
            self.executor = Executor(
                name="executor",
                started=ExecutorStarted(
                    epoch=self.epoch, incarnation=self.epoch, boot_id="machine", at=self.clock.market_now()
                ),
                stream=self._stream,
                journal=self.journal,
                checkpoints=self.checkpoints,
                clock=self.clock,
                watermark=Passes(),
                products=PRODUCTS,
                sessions=_SESSIONS,
                latch=lambda: self.stop,
                routes=tuple(self.links),
                feed="data_feed",
                notifier="notifier",
                settings=EXECUTOR,
            )
        except Struck:
            self._executor_died()
            return
        self._arrive(_from("data_feed", UniverseChanged(universe=UNIVERSE)))
        self._arrive(quotes(self._quoted, self._unwanted))
        self._arrive(_from("risk", IssuePermit(permit=PERMIT)), _from("data_feed", SURVEY))
        self._turn()
        for link in self.links.values():
            if link.is_up:
                link.hear_anew()

    def _turn(self) -> None:
        if self.executor is None:
            return
        try:
            self.executor.turn(0)
        except Struck:
            self._executor_died()

    # -- messages -----------------------------------------------------------------------------------------------------

    def submit(self, signal: Signal) -> None:
        """Ask the executor for something."""
        message = SubmitSignal(signal=signal, reply_to=TRADER)
        self._hop(TRADER, "executor", lambda _: self._hand(_from(TRADER, message)))

    def tell_executor(self, link: Link, message: Value) -> None:
        """Send a message of a connection to the executor."""
        self._hop(link.peer, "executor", lambda gap: self._hand(_from(link.peer, message), link if gap else None))

    def _hand(self, arrival: Arrival, behind_gap: Link | None = None) -> None:
        if self.executor is None:
            return
        if behind_gap is not None:
            self._arrive(Resync(peer=behind_gap.peer, incarnation=behind_gap.incarnation))
        self._arrive(arrival)
        self._turn()

    def _arrive(self, *arrivals: Arrival) -> None:
        if self.executor is not None:
            self._stream.inbox.extend(arrivals)

    def _take(self, peer: str, message: Value) -> None:
        """Carry what the executor tells. Raises `PeerUnavailable`."""
        if isinstance(message, SignalAnswered):
            self._hop("executor", TRADER, lambda _: self.answers.append(message))
        elif isinstance(message, AlertRaised):
            self.alerts.append(message.alert)
        elif (link := self._by_peer.get(peer)) is not None:
            if not link.is_up:
                raise PeerUnavailable(peer)
            incarnation = link.incarnation
            self._hop("executor", peer, lambda gap: self._deliver(link, incarnation, message, gap=gap))

    def _deliver(self, link: Link, incarnation: int, message: Value, *, gap: bool) -> None:
        if not link.is_up or link.incarnation != incarnation:
            return
        if gap:
            link.hear_anew()
        link.hear(message)

    def _hop(self, sender: str, receiver: str, act: Callable[[bool], None]) -> None:
        """Let a message travel; those between the same two keep their order, and a loss shows with the next one."""
        way, delay_s = (sender, receiver), self.luck.hop_s()
        if delay_s is None:
            self._has_gap.add(way)
            return
        gap = way in self._has_gap
        self._has_gap.discard(way)
        arrives_ns = max(self.clock.ns + int(delay_s * _NS), self._clear_at_ns.get(way, 0))
        self._clear_at_ns[way] = arrives_ns
        heapq.heappush(self._moments, (arrives_ns, next(self._places), lambda: act(gap)))

    # -- the market ---------------------------------------------------------------------------------------------------

    def unwant(self, symbols: Collection[str]) -> None:
        """Have nobody bid for these, and for all else somebody."""
        self._quoted, self._unwanted = self._quoted + 1, frozenset(symbols)
        self._arrive(quotes(self._quoted, self._unwanted))
        self._turn()

    def booked(self, link: Link, held: Held) -> None:
        """Let an order trade that a broker just booked."""
        for trade in self.luck.trades(held.order):
            self.at(trade.after_s, partial(self.trade, link, held, trade))
            if trade.is_busted:
                self.at(trade.after_s + 0.5, lambda: self.bust(link, held))

    def trade(self, link: Link, held: Held, trade: Trade) -> None:
        """Trade an order, if it still works, or was cancelled too late."""
        is_late = trade.is_late and held.status is Status.CANCELED and not held.busted
        if not held.status.is_terminal or is_late:
            before = len(held.fills)
            link.broker.fill(held, trade.combos, trade.places, self.clock.market_now())
            self.fills += len(held.fills) - before
            self._naked.changed(held, held.fills[before:], 1, self.clock.market_now())
            link.push(held)

    def bust(self, link: Link, held: Held) -> None:
        """Have every execution of an order taken back."""
        if gone := link.broker.bust(held):
            self._naked.changed(held, gone, -1, self.clock.market_now())
            link.push(held)


def _from(sender: str, message: Value) -> Envelope:
    return Envelope(sender=sender, incarnation=1, sequence=1, message=message)
