"""The executor: sole owner of orders, fills, positions and the journal; the admission gate runs inside it.

It hears signals, permits, quotes, and what the connections say; it decides through its desks (`signal_desk`,
`order_desk`, `account_desk` and the others), and carries out what they decide in one place and one order: events to the
journal, events to the book, then messages (law 1). It starts HALTED, from checkpoint and journal, and trades when every
account with exposure agrees (law 8). It never waits for anybody.

One message at a time, on one thread: what a check saw still holds when the order leaves.
"""

from collections import deque
from collections.abc import Callable, Iterable
from threading import Event as StopEvent

from pydantic import Field

from actors.account_desk import AccountDesk
from actors.chase import Chase
from actors.close_queue import CloseQueue
from actors.desk import Desk, DeskSettings, Step
from actors.domain.alerts.alert import Level
from actors.domain.market.contract import Products
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe
from actors.domain.market.session import Sessions
from actors.domain.orders import event as happened
from actors.domain.orders.route_event import RouteTurned
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.book_state import ExecutorRecord, dump, restore
from actors.domain.portfolio.picture import picture
from actors.domain.value import Value
from actors.failback import Failback
from actors.fill_desk import FillDesk
from actors.hedge import Hedge
from actors.leg_desk import LegDesk
from actors.messages import (
    AccountRead,
    AlertRaised,
    AskBook,
    AskUniverse,
    BookChanged,
    ConnectionState,
    FeedState,
    IssuePermit,
    OrderSent,
    Reported,
    Resolved,
    SendComplex,
    SendOrder,
    SubmitSignal,
    UniverseChanged,
)
from actors.order_desk import OrderDesk
from actors.ports import (
    Arrival,
    Checkpoints,
    Clock,
    DamagedState,
    Envelope,
    Journal,
    PeerLost,
    PeerUnavailable,
    Stream,
    Watermark,
)
from actors.route_board import RouteBoard, RoutesView
from actors.seats import Seats
from actors.signal_desk import SignalDesk
from actors.start_report import StartReport
from actors.trigger_desk import TriggerDesk
from actors.unwind import Unwind
from actors.work_desk import WorkDesk


class ExecutorSettings(Value):
    """The shell's own limits; the deciding parts have theirs."""

    tick_s: float = Field(default=0.05, gt=0)
    picture_interval_s: float = Field(default=1.0, gt=0)
    """How often the book is published although no event changed it: its marks did."""
    picture_delay_s: float = Field(default=0.02, ge=0)
    """How long a change may wait to be published: the order it led to leaves first, for everyone who hears of the book
    wants a core then; and changes that come together are told as one."""
    checkpoint_events: int = Field(default=200, gt=0)
    alerts_max: int = Field(default=1000, gt=0)
    """Alerts kept while the notifier is away; the oldest go first."""
    desk: DeskSettings = DeskSettings()


class Executor:
    """The shell; implements `ports.Shell`."""

    def __init__(
        self,
        *,
        name: str,
        started: happened.ExecutorStarted,
        stream: Stream,
        journal: Journal,
        checkpoints: Checkpoints,
        clock: Clock,
        watermark: Watermark,
        products: Products,
        sessions: Sessions,
        latch: Callable[[], str | None],
        routes: tuple[str, ...],
        feed: str,
        notifier: str,
        settings: ExecutorSettings,
        board: Callable[[RoutesView], None] = lambda _: None,
        reduce: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._name, self._feed, self._notifier, self._reduce = name, feed, notifier, reduce
        self._stream, self._journal, self._checkpoints = stream, journal, checkpoints
        self._clock, self._watermark, self._settings = clock, watermark, settings
        book = self._recover(products)
        seats = Seats(routes, silence_ns=int(settings.desk.silence_s * 1e9))
        self._start, self._desk = StartReport(book, routes), Desk(book, seats, sessions, clock, latch, settings.desk)
        self._chase, self._fills = Chase(self._desk), FillDesk(self._desk)
        self._orders = OrderDesk(self._desk, self._chase, self._fills)
        self._signals = SignalDesk(self._desk, self._chase, self._orders)
        self._accounts = AccountDesk(self._desk, self._fills)
        self._triggers = TriggerDesk(self._desk, self._chase, self._orders)
        self._work = WorkDesk(self._desk, self._chase, self._orders)
        self._failback, unwind = Failback(self._desk), Unwind(self._desk, self._orders)
        late = (unwind, CloseQueue(self._desk, self._orders), Hedge(self._desk, self._orders))
        legs = LegDesk(self._desk, self._orders, unwind)
        self._timed = (self._chase, self._accounts, self._fills, legs, *late, self._failback)
        self._board = RouteBoard(self._desk, self._failback, board)
        self._alerts, self._checkpointed = deque[Value](maxlen=settings.alerts_max), book.sequence
        self._picture_due_ns = self._ticked_ns = self._universe_asked_ns = 0
        self._commit(Step(events=[started]))

    def run(self, stop: StopEvent) -> None:
        """Work until `stop` is set."""
        self._ask_universe()
        while not stop.is_set():
            self.turn(self._settings.tick_s)
        self._checkpoint()

    def turn(self, wait_s: float) -> None:
        """Do one pass of the work loop: all that has arrived, then what is due."""
        due_s = (self._picture_due_ns - self._clock.boot_ns()) / 1e9
        for arrival in self._stream.receive(max(0.0, min(wait_s, due_s))):
            self._take(arrival)
        self._tick()
        self._watermark.advance()

    def _recover(self, products: Products) -> Book:
        """Return the book as of the journal's end: the newest checkpoint, and what was journaled after it."""
        kept = self._checkpoints.load(ExecutorRecord)
        book = restore(kept[0].book, products) if kept else Book(products)
        if kept and self._anchor(book.sequence) != kept[0].anchor:
            raise DamagedState(
                f"the checkpoint stands on another journal: event {book.sequence} is not the one it knew"
            )
        for sequence, body in self._journal.read(book.sequence):
            book.apply(happened.parse_event(body), sequence)
        return book

    def _take(self, arrival: Arrival) -> None:
        match arrival:
            case QuoteFrame() as frame:
                self._take_quotes(frame)
            case Envelope(message=FeedState() as said):
                self._board.feed = said
            case Envelope(sender=sender, message=message):
                self._take_message(sender, message)
            case PeerLost(peer=peer):
                if (seat := self._desk.seats.lose(peer)) is not None:
                    self._turned(seat.route, seat.incarnation, writes=False, reason=f"{peer}: process ended")
            case _:
                self._accounts.on_missed(arrival.peer)
                if arrival.peer == self._feed:
                    self._ask_universe()

    def _take_quotes(self, frame: QuoteFrame) -> None:
        table = self._desk.quotes
        if table is not None and table.universe.version == frame.universe:
            table.apply(frame)
            self._commit_all(self._triggers.on_quotes())
        else:
            self._ask_universe()

    def _take_message(self, sender: str, message: Value) -> None:
        match message:
            case SubmitSignal():
                self._commit(self._signals.on_signal(message))
            case OrderSent():
                self._commit(self._orders.on_outcome(message, sender))
            case Reported(report=report):
                self._commit(self._accounts.on_report(report))
            case IssuePermit():
                self._desk.take_permit(message)
            case Resolved():
                self._commit(self._orders.on_resolved(message))
            case ConnectionState():
                self._take_connection(sender, message)
            case AccountRead():
                self._commit(self._accounts.on_account(message))
                self._commit(self._accounts.on_compared(message))
                self._commit(self._start.told_when_due(self._desk))
            case UniverseChanged(universe=universe):
                self._take_universe(universe)
            case AskBook(reply_to=peer):
                self._tell(peer, self._picture())

    def _take_connection(self, sender: str, state: ConnectionState) -> None:
        seat, is_new, turned = self._desk.seats.hear(sender, state, self._clock.boot_ns())
        if turned:
            self._turned(state.route, state.incarnation, writes=state.writes, reason=state.reason)
        if is_new:
            self._commit(self._chase.on_new_connection(state.route))
            seat.read_due_ns = 0
            self._commit(self._accounts.on_tick())

    def _turned(self, route: str, incarnation: int, *, writes: bool, reason: str) -> None:
        event = RouteTurned(
            route=route, writes=writes, incarnation=incarnation, reason=reason, at=self._clock.market_now()
        )
        level = Level.P2 if writes else Level.P1
        words = f"{route} can send orders" if writes else f"{route} cannot send orders: {reason}"
        self._commit(Step(events=[event], alerts=[self._desk.alert("A050", level, f"route-{route}", words)]))

    def _take_universe(self, universe: Universe) -> None:
        if self._desk.quotes is None or self._desk.quotes.universe.version != universe.version:
            self._desk.quotes = QuoteTable(universe)
            self._desk.contracts = {contract.symbol: contract for contract in universe.contracts}

    def _tick(self) -> None:
        now_ns = self._clock.boot_ns()
        if now_ns - self._ticked_ns >= self._settings.tick_s * 1e9:
            self._ticked_ns = now_ns
            for part in self._timed:
                self._commit(part.on_tick())
            self._commit_all(self._triggers.on_tick())
            self._commit_all(self._work.on_tick())
            self._commit(self._start.told_when_due(self._desk))
            self._board.on_tick()
            self._send_alerts()
        if now_ns >= self._picture_due_ns:
            self._picture_due_ns = now_ns + int(self._settings.picture_interval_s * 1e9)
            self._stream.publish(self._picture())
        if self._desk.book.sequence - self._checkpointed >= self._settings.checkpoint_events:
            self._checkpoint()

    def _commit(self, step: Step) -> None:
        """Carry out a decision: durable first, then true, then told."""
        if step.reduce:
            self._reduce(step.reduce)
        if step.events:
            self._start.hear(step.events, self._desk.book)
            sequence = self._journal.append(
                (event.kind, event.correlation, event.model_dump_json().encode()) for event in step.events
            )
            for place, event in enumerate(step.events, start=sequence - len(step.events) + 1):
                self._desk.book.apply(event, place)
            delay_ns = int(self._settings.picture_delay_s * 1e9)
            self._picture_due_ns = min(self._picture_due_ns, self._clock.boot_ns() + delay_ns)
        self._alerts.extend(AlertRaised(alert=alert) for alert in step.alerts)
        for peer, message in step.tells:
            if not self._tell(peer, message) and isinstance(message, SendOrder | SendComplex):
                for unsent in self._orders.unsent(message):
                    self._commit(self._orders.on_outcome(unsent, peer))

    def _commit_all(self, steps: Iterable[Step]) -> None:
        """Carry out decisions that are taken one after the other."""
        for step in steps:
            self._commit(step)

    def _tell(self, peer: str, message: Value) -> bool:
        """Tell a peer; what did not leave is asked or said again by whoever needs it."""
        try:
            self._stream.tell(peer, message)
        except PeerUnavailable:
            return False
        return True

    def _send_alerts(self) -> None:
        while self._alerts and self._tell(self._notifier, self._alerts[0]):
            self._alerts.popleft()

    def _ask_universe(self) -> None:
        now_ns = self._clock.boot_ns()
        if now_ns - self._universe_asked_ns >= self._settings.tick_s * 1e9:
            self._universe_asked_ns = now_ns
            self._tell(self._feed, AskUniverse(reply_to=self._name))

    def _picture(self) -> BookChanged:
        ready = self._desk.circumstances().ready
        return BookChanged(book=picture(self._desk.book, self._desk.quotes, ready=ready))

    def _checkpoint(self) -> None:
        self._checkpointed = self._desk.book.sequence
        record = ExecutorRecord(book=dump(self._desk.book), anchor=self._anchor(self._checkpointed))
        self._checkpoints.save(record, self._checkpointed)

    def _anchor(self, sequence: int) -> str:
        return (self._journal.hash_of(sequence) or b"").hex()
