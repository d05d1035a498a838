"""The strategy's shell: quotes, book and answers in; decisions on disk; signals out. Its rules are `actors.strategies`.

Every signal is noted before it is told (law 1), and saved once it had time to become an order: the disk is wanted for
the order's intent first. It stays outstanding until answered: it is told again, under its id, whenever the executor may
not have heard it. The executor answers an id once and for all, so a signal acts at most once, however often either side
dies.

Nothing is decided before the executor's book is ready and the feed's universe is known, nor outside a session. A frame
that comes while nothing is due costs its columns and two comparisons.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Event

from pydantic import Field, JsonValue, ValidationError

from actors.domain.alerts.alert import Alert, Level
from actors.domain.market.chain import Chain, chains
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe
from actors.domain.market.session import Session, Sessions
from actors.domain.market.trading_hours import hours_at
from actors.domain.orders.signal import Signal
from actors.domain.portfolio.view import BookView, OrderView, StructureView
from actors.domain.value import Value
from actors.messages import (
    AlertRaised,
    AskBook,
    AskUniverse,
    BookChanged,
    SignalAnswered,
    SubmitSignal,
    UniverseChanged,
)
from actors.ports import (
    Arrival,
    Clock,
    Envelope,
    NotingCheckpoints,
    PeerLost,
    PeerUnavailable,
    Resync,
    Stream,
    Watermark,
)
from actors.strategies.base import MarketView, Strategy
from actors.strategies.outstanding import Outstanding

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_CLOSED_LOOK = timedelta(minutes=1)
"""How often a closed market is looked at, in market time."""


class StrategySettings(Value):
    """The shell's limits."""

    wait_s: float = Field(default=0.05, gt=0, le=1)
    """Longest wait for an arrival: how late a time of day may be noticed."""
    save_delay_s: float = Field(default=0.05, ge=0, le=1)
    """How long what is noted may wait to be saved."""
    ask_interval_s: float = Field(default=0.5, gt=0)
    """Pace of asking for a book, a universe or an answer that did not come."""


class StrategyRecord(Value):
    """The checkpoint. `kind` is the class whose `state` it is; `number` is the last signal's of `session`."""

    kind: str
    session: date | None = None
    number: int = 0
    outstanding: tuple[Signal, ...] = ()
    state: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class StrategyPorts:
    """What the shell needs from outside, and the names of its peers."""

    stream: Stream
    clock: Clock
    watermark: Watermark
    checkpoints: NotingCheckpoints
    sessions: Sessions
    executor: str = "executor"
    data_feed: str = "data_feed"
    notifier: str = "notifier"


class StrategyActor:
    """One strategy at work."""

    def __init__(
        self,
        name: str,
        underlying: str,
        strategy: Strategy,
        ports: StrategyPorts,
        settings: StrategySettings | None = None,
    ) -> None:
        self._name, self._underlying, self._strategy = name, underlying, strategy
        self._ports, self._settings = ports, settings or StrategySettings()
        self._kind = f"{type(strategy).__module__}:{type(strategy).__qualname__}"
        self._state: Value = strategy.begin()
        self._outstanding = Outstanding(name)
        self._table: QuoteTable | None = None
        self._wants_universe = True
        self._chains: tuple[Chain, ...] = ()
        self._book: BookView | None = None
        self._structures: tuple[StructureView, ...] = ()
        self._orders: Mapping[str, OrderView] = {}
        self._hours: Session | None = None
        self._frame_sequence = 0
        self._look_at = _LONG_AGO
        self._chores_ns = 0
        self._unsaved: tuple[StrategyRecord, int] | None = None
        """What is noted and not saved yet, with the journal's sequence it stands for."""
        self._save_ns = 0

    def run(self, stop: Event) -> None:
        """Work until `stop` is set."""
        self.restore()
        while not stop.is_set():
            self.turn(self._settings.wait_s)
        self._save()

    def turn(self, wait_s: float) -> None:
        """Do one pass of the work loop: all that has arrived, then what is due."""
        for arrival in self._ports.stream.receive(wait_s):
            self._take(arrival)
        self._work()
        self._ports.watermark.advance()

    def _work(self) -> None:
        boot_ns = self._ports.clock.boot_ns()
        if boot_ns >= self._save_ns:
            self._save()
        if boot_ns >= self._chores_ns:
            self._chores_ns = boot_ns + int(self._settings.ask_interval_s * 1e9)
            self._ask_again()
        if self._table is None or self._book is None or not self._book.ready:
            return
        now = self._ports.clock.market_now()
        if now >= self._look_at:
            self._decide(now, self._table, self._book)

    def _take(self, arrival: Arrival) -> None:
        match arrival:
            case QuoteFrame():
                self._take_frame(arrival)
            case Envelope(message=SignalAnswered() as answer):
                if self._outstanding.take(answer):
                    self._look_at = _LONG_AGO
            case Envelope(message=BookChanged(book=book)):
                self._take_book(book)
            case Envelope(message=UniverseChanged(universe=universe)):
                self._take_universe(universe)
            case PeerLost(peer=self._ports.executor) | Resync(peer=self._ports.executor):
                self._lose_book()
            case Resync(peer=self._ports.data_feed):
                self._wants_universe, self._chores_ns = True, 0

    def _take_frame(self, frame: QuoteFrame) -> None:
        if self._table is None or frame.universe != self._table.universe.version:
            # The old quotes stay: what they cannot decide, the gate refuses, and an exit by the clock needs none.
            self._wants_universe = True
            return
        self._table.apply(frame)
        self._frame_sequence = frame.sequence

    def _take_universe(self, universe: Universe) -> None:
        if self._table is None or self._table.universe.version != universe.version:
            self._table = QuoteTable(universe)
            self._chains = chains(universe, self._underlying)
            self._hours = None
        self._wants_universe = False
        self._look_at = _LONG_AGO

    def _take_book(self, book: BookView) -> None:
        self._book = book
        self._structures = tuple(s for s in book.structures if s.strategy == self._name)
        self._orders = {order.cl_ord_id: order for order in book.orders if order.strategy == self._name}
        self._look_at = _LONG_AGO

    def _lose_book(self) -> None:
        """Forget a book its keeper may have left behind; what is unanswered may not have been heard."""
        self._book = None
        self._outstanding.unheard()
        self._chores_ns = 0

    def _decide(self, now: datetime, table: QuoteTable, book: BookView) -> None:
        session = self._session_at(now)
        if session is None or self._hours is None:
            self._look_at = now + _CLOSED_LOOK
            return
        self._outstanding.roll(session, book.signals.get(self._name, 0))
        view = MarketView(
            now=now,
            session=session,
            hours=self._hours,
            quotes=table,
            chains=self._chains,
            structures=self._structures,
            orders=self._orders,
            answers=self._outstanding.answers(),
            next_number=self._outstanding.number + 1,
            quantity_max=book.sizes.get(self._name),
            openings_wait=book.openings_wait,
            exit_fees=book.exit_fees,
        )
        decision = self._strategy.decide(view, self._state)
        self._look_at = decision.look_at
        if decision.asks or self._outstanding.has_answers or decision.state != self._state:
            self._state = decision.state
            self._outstanding.settle()
            signals = self._outstanding.issue(decision.asks, now, self._frame_sequence)
            self._note(self._record(), book.journal_sequence)
            for signal in signals:
                self._tell(signal)

    def _note(self, record: StrategyRecord, journal_sequence: int) -> None:
        """Make it survive this process; what survives the machine follows."""
        self._ports.checkpoints.note(record, journal_sequence)
        if self._unsaved is None:
            self._save_ns = self._ports.clock.boot_ns() + int(self._settings.save_delay_s * 1e9)
        self._unsaved = record, journal_sequence

    def _save(self) -> None:
        if self._unsaved is not None:
            self._ports.checkpoints.save(*self._unsaved)
            self._unsaved = None

    def _tell(self, signal: Signal) -> None:
        try:
            self._ports.stream.tell(self._ports.executor, SubmitSignal(signal=signal, reply_to=self._name))
        except PeerUnavailable:
            self._lose_book()  # it did not leave: it is told again when the executor has shown its book

    def _session_at(self, now: datetime) -> date | None:
        """Return the date of the session, its hours known; None where there is none."""
        if self._hours is not None and now < self._hours.closes_at:
            return self._outstanding.session
        session, self._hours = hours_at(now, self._chains, self._ports.sessions)
        return session

    def _ask_again(self) -> None:
        """Ask for whatever is missing: a book, a universe, answers. All of it may be asked for any number of times."""
        stream, executor = self._ports.stream, self._ports.executor
        with contextlib.suppress(PeerUnavailable):  # the next round tries again
            if self._book is None:
                stream.tell(executor, AskBook(reply_to=self._name))
            elif self._book.ready:
                for signal in self._outstanding.overdue():
                    stream.tell(executor, SubmitSignal(signal=signal, reply_to=self._name))
        with contextlib.suppress(PeerUnavailable):
            if self._wants_universe:
                stream.tell(self._ports.data_feed, AskUniverse(reply_to=self._name))

    def _record(self) -> StrategyRecord:
        return StrategyRecord(
            kind=self._kind,
            session=self._outstanding.session,
            number=self._outstanding.number,
            outstanding=self._outstanding.signals,
            state=self._state.model_dump(mode="json"),
        )

    def restore(self) -> None:
        """Go on from the checkpoint, where there is one."""
        found = self._ports.checkpoints.load(StrategyRecord)
        if found is None:
            return
        record = found[0]
        self._outstanding = Outstanding(self._name, record.session, record.number, record.outstanding)
        if record.kind == self._kind:
            try:
                self._state = type(self._state).model_validate(dict(record.state))
            except ValidationError as wrong:
                self._warn(record.number, str(wrong.errors()[0]["loc"]))

    def _warn(self, number: int, where: str) -> None:
        """Tell of a state that the strategy's own class no longer reads. The book still says what is held."""
        alert = Alert(
            alert_id=f"{self._name}-state-{number}",
            code="STRATEGY_STATE_DROPPED",
            level=Level.P1,
            subject=self._name,
            text=f"{self._name}: its checkpoint does not fit {self._kind} (at {where})",
            done="It goes on from the book alone.",
            at=self._ports.clock.market_now(),
        )
        with contextlib.suppress(PeerUnavailable):  # an alert may fail without harm
            self._ports.stream.tell(self._ports.notifier, AlertRaised(alert=alert))
