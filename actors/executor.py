"""The executor: sole owner of orders, fills, positions and the journal; the admission gate runs inside it.

It hears signals, permits, quotes, and what the connections say; it decides through its desks (`signal_desk`,
`order_desk`, `account_desk` and the others), and carries out what they decide in one place and one order: orders to
their connections, to be made ready; events to the journal; then the orders' release, and all else that is told (law 1);
then events to the book, for an order need not wait for what only the next decision reads. It starts HALTED, from
checkpoint and journal, and trades when every account with exposure agrees (law 8).

One message at a time, on one thread: what a check saw still holds when the order leaves.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from threading import Event as StopEvent

from actors import recovery
from actors.desk import Desk, Step
from actors.desks import Desks
from actors.domain.alerts.alert import Level
from actors.domain.market.contract import Products
from actors.domain.market.flaw import News
from actors.domain.market.quote import QuoteFrame, Universe
from actors.domain.market.session import Sessions
from actors.domain.orders import event as happened
from actors.domain.orders.route_event import RouteTurned
from actors.domain.portfolio.picture import picture
from actors.domain.value import Value
from actors.executor_settings import ExecutorSettings
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
    ReportBreaker,
    Reported,
    ResetBreakers,
    Resolved,
    SendComplex,
    SendOrder,
    SubmitSignal,
    UniverseChanged,
)
from actors.ports import (
    Arrival,
    Checkpoints,
    Clock,
    Envelope,
    Journal,
    PeerLost,
    PeerUnavailable,
    Stream,
    Watermark,
)
from actors.route_board import RouteBoard, RoutesView
from actors.seats import Seats
from actors.size_messages import RestoreSize
from actors.start_report import StartReport


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
        disk: Callable[[], str | None] = lambda: None,
        reduce: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._name, self._feed, self._notifier, self._reduce = name, feed, notifier, reduce
        self._stream, self._journal, self._checkpoints = stream, journal, checkpoints
        self._clock, self._watermark, self._settings = clock, watermark, settings
        book = recovery.recover(checkpoints, journal, products, settings.sessions_kept)
        self._start, self._checkpointed = StartReport(book, routes, checkpoints.faults), book.sequence
        seats = Seats(routes, silence_ns=int(settings.desk.silence_s * 1e9))
        self._desk = Desk(book, seats, sessions, clock, latch, settings.desk, journal=journal, disk=disk)
        self._desks = Desks(self._desk, settings.disk_look_s, settings.measure_wait_s)
        self._board, self._alerts = (
            RouteBoard(self._desk, self._desks.failback, board),
            deque[Value]([], settings.alerts_max),
        )
        self._picture_due_ns = self._ticked_ns = self._universe_asked_ns = 0
        self._commit(Step(events=[started]))

    def know(self, universe: Universe) -> None:
        """Start with a universe read elsewhere: a version the feed still has need not be sent again."""
        self._desks.sight.take_universe(universe)

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
                self._desks.accounts.on_missed(arrival.peer)
                if arrival.peer == self._feed:
                    self._ask_universe()

    def _take_quotes(self, frame: QuoteFrame) -> None:
        self._stream.stay_awake(self._settings.linger_s)
        if self._desks.sight.take(frame):
            self._commit_all(self._desks.triggers.on_quotes())
        else:
            self._ask_universe()

    def _take_message(self, sender: str, message: Value) -> None:  # noqa: C901 - a table of messages
        match message:
            case SubmitSignal():
                self._commit(self._desks.signals.on_signal(message))
            case OrderSent():
                self._commit(self._desks.orders.on_outcome(message, sender))
            case Reported(report=report):
                self._commit(self._desks.accounts.on_report(report))
            case IssuePermit():
                self._take_permit(message)
            case ReportBreaker():
                self._commit(self._desks.breakers.on_report(message))
            case ResetBreakers():
                self._commit(self._desks.breakers.on_reset(message))
            case RestoreSize():
                self._commit(self._desks.sizes.on_restore(message))
            case Resolved():
                self._commit(self._desks.orders.on_resolved(message))
            case ConnectionState():
                self._take_connection(sender, message)
            case AccountRead():
                self._take_account(message)
            case UniverseChanged() | News():
                self._desks.sight.hear(message)
            case AskBook(reply_to=peer):
                self._tell(peer, self._picture())

    def _take_permit(self, issued: IssuePermit) -> None:
        self._desk.take_permit(issued)
        if self._desks.measure.look():
            self._picture_due_ns = 0  # strategies wait for this

    def _take_account(self, read: AccountRead) -> None:
        ready = self._desk.ready
        self._commit(self._desks.accounts.on_account(read))
        self._commit(self._desks.accounts.on_compared(read))
        self._commit(self._start.told_when_due(self._desk))
        if self._desk.ready != ready:
            self._picture_due_ns = 0  # risk waits for this to give leave to open

    def _take_connection(self, sender: str, state: ConnectionState) -> None:
        seat, is_new, turned = self._desk.seats.hear(sender, state, self._clock.boot_ns())
        if turned:
            self._turned(state.route, state.incarnation, writes=state.writes, reason=state.reason)
        if is_new:
            self._commit(self._desks.chase.on_new_connection(state.route))
            seat.read_due_ns = 0
            self._commit(self._desks.accounts.on_tick())

    def _turned(self, route: str, incarnation: int, *, writes: bool, reason: str) -> None:
        event = RouteTurned(
            route=route, writes=writes, incarnation=incarnation, reason=reason, at=self._clock.market_now()
        )
        level = Level.P2 if writes else Level.P1
        words = f"{route} can send orders" if writes else f"{route} cannot send orders: {reason}"
        self._commit(Step(events=[event], alerts=[self._desk.alert("A050", level, f"route-{route}", words)]))

    def _tick(self) -> None:
        now_ns = self._clock.boot_ns()
        if now_ns - self._ticked_ns >= self._settings.tick_s * 1e9:
            self._ticked_ns = now_ns
            self._commit_all(part.on_tick() for part in self._desks.timed)
            self._commit_all(self._desks.triggers.on_tick())
            self._commit_all(self._desks.work.on_tick())
            self._commit(self._start.told_when_due(self._desk))
            self._board.on_tick()
            self._send_alerts()
        if now_ns >= self._picture_due_ns:
            self._stream.publish(self._picture(paced=True))
            self._picture_due_ns = min(
                now_ns + int(self._settings.picture_interval_s * 1e9), self._desks.breakers.due_ns
            )
        if self._desk.book.sequence - self._checkpointed >= self._settings.checkpoint_events:
            self._checkpoint()

    def _commit(self, step: Step) -> None:
        """Carry out a decision: durable first, then told, then true here too: nothing is heard in between."""
        if step.reduce:
            self._reduce(step.reduce)
        told = [(peer, message, self._make_ready(peer, message)) for peer, message in step.tells]
        sequence = self._write(step.events)
        withheld = self._desk.withheld
        untold = [
            (peer, message)
            for peer, message, last in told
            if last is None or withheld(message) or not self._tell(peer, last)
        ]
        for place, event in enumerate(step.events, start=sequence - len(step.events) + 1):
            self._desk.book.apply(event, place)
        self._alerts.extend(AlertRaised(alert=alert) for alert in step.alerts)
        for peer, message in untold:
            if isinstance(message, SendOrder | SendComplex):
                for unsent in self._desks.orders.unsent(message):
                    self._commit(self._desks.orders.on_outcome(unsent, peer))

    def _make_ready(self, peer: str, message: Value) -> Value | None:
        """Have an order made ready; return what to tell once the step is durable, None where nobody was there."""
        if not isinstance(message, SendOrder | SendComplex):
            return message
        return message.release() if self._tell(peer, message) else None

    def _write(self, events: Sequence[happened.Event]) -> int:
        """Make events durable; return the sequence of the last."""
        if not events:
            return self._desk.book.sequence
        self._start.hear(events, self._desk.book)
        delay_ns = int(self._settings.picture_delay_s * 1e9)
        self._picture_due_ns = min(self._picture_due_ns, self._clock.boot_ns() + delay_ns)
        return self._journal.append((each.kind, each.correlation, each.model_dump_json().encode()) for each in events)

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
            self._tell(self._feed, AskUniverse(reply_to=self._name, known=self._desks.sight.known))

    def _picture(self, *, paced: bool = False) -> BookChanged:
        view = self._desks.sizes.seen(picture(self._desk.book, self._desk.quotes, ready=self._desk.ready))
        book = self._desks.measure.seen(self._desks.breakers.seen(view, paced=paced))
        self._board.saw(book)
        return BookChanged(book=book)

    def _checkpoint(self) -> None:
        self._checkpointed = recovery.checkpoint(self._checkpoints, self._journal, self._desk.book)
