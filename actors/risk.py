"""The risk shell: hears book and feed, reads the latch, issues the permit. Its rules are `actors.domain.risk.issue`.

A permit goes out at every interval, well under its time to live, and at once when what it says changed. Risk holds no
state worth keeping: the book, the latch file and the feed say everything, so its first permit after a start is as good
as its last before. `risk_epoch` is its incarnation, and orders its permits against those of a predecessor.

The daily loss limit latches: the stop is written to the latch file before the permit that follows from it is told, so
that neither a restart nor recovering prices loosens it.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from pydantic import Field

from actors.domain.alerts.alert import Alert, Level
from actors.domain.portfolio.view import BookView
from actors.domain.risk.issue import FeedSight, Finding, IssueLimits, Rule, findings, trading_state
from actors.domain.risk.permit import Limits, Permit
from actors.domain.value import Value
from actors.latch import Latch, StopLevel
from actors.messages import AlertRaised, AskBook, BookChanged, FeedState, IssuePermit
from actors.ports import Arrival, Clock, Envelope, PeerLost, PeerUnavailable, Resync, Stream, Watermark


class RiskSettings(Value):
    """What permits carry, and how often."""

    limits: Limits
    issue: IssueLimits = IssueLimits()
    permit_ttl_s: float = Field(default=3.0, gt=0)
    permit_interval_s: float = Field(default=0.5, gt=0)
    wait_s: float = Field(default=0.1, gt=0, le=1)
    """Longest wait for an arrival."""


@dataclass(frozen=True, slots=True)
class RiskPorts:
    """What the shell needs from outside, and the names of its peers."""

    stream: Stream
    clock: Clock
    watermark: Watermark
    read_latch: Callable[[], Latch]
    tighten: Callable[[Latch], Latch]
    executor: str = "executor"
    data_feed: str = "data_feed"
    notifier: str = "notifier"


class RiskActor:
    """The one that gives leave to trade."""

    def __init__(self, name: str, incarnation: int, ports: RiskPorts, settings: RiskSettings) -> None:
        self._name, self._incarnation = name, incarnation
        self._ports, self._settings = ports, settings
        self._book: BookView | None = None
        self._feed: FeedState | None = None
        self._feed_heard_ns = 0
        self._sequence = 0
        self._said: frozenset[tuple[Rule, str]] | None = None
        self._due_ns = 0

    def run(self, stop: Event) -> None:
        """Work until `stop` is set."""
        wait_s = 0.0  # the first wait is no part of a start
        while not stop.is_set():
            for arrival in self._ports.stream.receive(wait_s):
                self._take(arrival)
            self._work()
            wait_s = self._settings.wait_s
            self._ports.watermark.advance()

    def _take(self, arrival: Arrival) -> None:
        match arrival:
            case Envelope(message=BookChanged(book=book)):
                self._book = book
            case Envelope(message=FeedState() as feed):
                self._feed, self._feed_heard_ns = feed, self._ports.clock.boot_ns()
            case PeerLost(peer=self._ports.executor) | Resync(peer=self._ports.executor):
                self._book, self._due_ns = None, 0
            case PeerLost(peer=self._ports.data_feed):
                self._feed = None

    def _work(self) -> None:
        now_ns = self._ports.clock.boot_ns()
        latch = self._ports.read_latch()
        found = findings(self._book, self._sight(now_ns), latch.level.value, latch.reason, self._settings.issue)
        says = frozenset((finding.rule, finding.state.value) for finding in found)
        if now_ns < self._due_ns and says == self._said:
            return
        self._due_ns = now_ns + int(self._settings.permit_interval_s * 1e9)
        self._latch_loss(found, latch)
        self._said = says
        with contextlib.suppress(PeerUnavailable):  # an executor that cannot be told has no permit: fails closed
            if self._book is None:
                self._ports.stream.tell(self._ports.executor, AskBook(reply_to=self._name))
            self._ports.stream.tell(self._ports.executor, IssuePermit(permit=self._permit(found)))

    def _permit(self, found: tuple[Finding, ...]) -> Permit:
        self._sequence += 1
        return Permit(
            risk_epoch=self._incarnation,
            sequence=self._sequence,
            state=trading_state(found),
            limits=self._settings.limits,
            reasons=tuple(finding.reason for finding in found),
            ttl_s=self._settings.permit_ttl_s,
            journal_sequence=0 if self._book is None else self._book.journal_sequence,
        )

    def _sight(self, now_ns: int) -> FeedSight | None:
        feed = self._feed
        if feed is None:
            return None
        return FeedSight(
            connected=feed.connected,
            heard_age_s=max(0.0, (now_ns - self._feed_heard_ns) / 1e9),
            frame_age_s=(now_ns - feed.last_frame_ns) / 1e9 if feed.last_frame_ns else None,
            reason=feed.reason,
        )

    def _latch_loss(self, found: tuple[Finding, ...], held: Latch) -> None:
        """Write the daily stop where it trips; a stop already as tight stays as it is."""
        lost = next((finding for finding in found if finding.rule is Rule.LOSS_DAY), None)
        if lost is None or held.level is not StopLevel.NONE:
            return
        now = self._ports.clock.market_now()
        self._ports.tighten(Latch(level=StopLevel.REDUCE, reason=lost.reason, by=self._name, at=now))
        with contextlib.suppress(PeerUnavailable):  # the latch holds, told or not
            self._ports.stream.tell(self._ports.notifier, AlertRaised(alert=_loss_alert(lost, self._sequence, now)))


def _loss_alert(lost: Finding, sequence: int, now: datetime) -> Alert:
    return Alert(
        alert_id=f"loss-day-{now:%Y%m%d}-{sequence}",
        code="LOSS_DAY",
        level=Level.P0,
        subject="account",
        text=lost.reason,
        done="Openings are stopped and stay stopped; closings go on.",
        todo="holdfast resume, with a reason, when you mean to open again.",
        at=now,
    )
