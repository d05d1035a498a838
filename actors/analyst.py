"""The analyst (rules: `actors.domain.performance`): hears the book, keeps how it stood over time.

Off the hot path: it may lag, it may die, nobody waits for it. Its checkpoint is a convenience, the journal the truth.
Because nobody waits for it, it has reports made at their times (`reporter`), and walks the journal's whole chain, a
slice a pass (`verify`). Where that is broken it latches reduce and pages: what was changed may be what a report or a
person goes by. The executor's own state is not in question: it verified what it folded.
"""

import contextlib
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from threading import Event

from pydantic import Field

from actors.domain.alerts.alert import Alert, Level
from actors.domain.performance.pnl_points import PnlHistory, add
from actors.domain.portfolio.view import BookView
from actors.domain.value import Value
from actors.latch import Latch, StopLevel
from actors.messages import AlertRaised, AskBook, BookChanged, FeedState
from actors.ports import Arrival, Checkpoints, Clock, Envelope, PeerLost, PeerUnavailable, Resync, Stream, Watermark
from actors.reporter import Reporter

NANOSECONDS = 1_000_000_000


class AnalystSettings(Value):
    """The shell's limits. Point intervals are market time, the rest the machine's."""

    wait_s: float = Field(default=0.2, gt=0, le=1)
    """Longest wait for an arrival."""
    point_interval_s: float = Field(default=60.0, gt=0)
    points_max: int = Field(default=2_000, ge=4, le=100_000)
    checkpoint_interval_s: float = Field(default=5.0, ge=0)


class Analyst:
    """The shell."""

    def __init__(
        self,
        *,
        name: str,
        stream: Stream,
        clock: Clock,
        watermark: Watermark,
        checkpoints: Checkpoints,
        settings: AnalystSettings,
        verify: Callable[[], str | None] = lambda: None,
        tighten: Callable[[Latch], object] = lambda _: None,
        reporter: Reporter | None = None,
        executor: str = "executor",
        notifier: str = "notifier",
    ) -> None:
        self._name, self._executor, self._notifier = name, executor, notifier
        self._verify, self._tighten, self._alerts = verify, tighten, deque[AlertRaised]()
        self._reporter = reporter
        self._stream, self._clock, self._watermark, self._checkpoints = stream, clock, watermark, checkpoints
        self._settings = settings
        loaded = checkpoints.load(PnlHistory)
        self.history, self._saved_sequence = loaded or (PnlHistory(), 0)
        self.feed: FeedState | None = None
        self._unsaved = False

    def run(self, stop: Event) -> None:
        """Hear and keep, until `stop` is set."""
        self._ask()
        save_due_ns = 0
        self._watermark.advance()  # up: the first wait is no part of a start
        while not stop.is_set():
            for arrival in self._stream.receive(self._settings.wait_s):
                self._take(arrival)
            self._walk_journal()
            if self._reporter is not None:
                self._alerts.extend(AlertRaised(alert=alert) for alert in self._reporter.look())
            self._tell()
            if self._unsaved and self._clock.boot_ns() >= save_due_ns:
                self._save()
                save_due_ns = self._clock.boot_ns() + int(self._settings.checkpoint_interval_s * NANOSECONDS)
            self._watermark.advance()
        if self._reporter is not None:
            self._reporter.close()
        if self._unsaved:
            self._save()

    def _take(self, arrival: Arrival) -> None:
        match arrival:
            case Envelope(message=BookChanged(book=book)):
                self._learn(book)
            case Envelope(message=FeedState() as feed):
                self.feed = feed
            case Resync(peer=peer) | PeerLost(peer=peer) if peer == self._executor:
                self._ask()

    def _learn(self, book: BookView) -> None:
        after = add(
            self.history,
            book,
            self._clock.market_now(),
            interval=timedelta(seconds=self._settings.point_interval_s),
            points_max=self._settings.points_max,
        )
        self._unsaved = self._unsaved or after is not self.history
        self.history, self._saved_sequence = after, book.journal_sequence

    def _walk_journal(self) -> None:
        if (fault := self._verify()) is not None:
            now, reason = self._clock.market_now(), f"the journal's chain is broken: {fault}"
            self._tighten(Latch(level=StopLevel.REDUCE, reason=reason, by=self._name, at=now))
            alert = Alert(
                alert_id=f"A080-{now:%Y%m%dT%H%M%S}",
                code="A080",
                level=Level.P0,
                subject="journal",
                text=reason,
                done="openings stopped (reduce); exits go on",
                todo="holdfast journal verify; keep the state folder, compare with the last backup",
                at=now,
            )
            self._alerts.append(AlertRaised(alert=alert))

    def _tell(self) -> None:
        with contextlib.suppress(PeerUnavailable):  # said again when the notifier is back
            while self._alerts:
                self._stream.tell(self._notifier, self._alerts[0])
                self._alerts.popleft()

    def _save(self) -> None:
        self._checkpoints.save(self.history, self._saved_sequence)
        self._unsaved = False

    def _ask(self) -> None:
        with contextlib.suppress(PeerUnavailable):  # it publishes its book when it is back
            self._stream.tell(self._executor, AskBook(reply_to=self._name))
