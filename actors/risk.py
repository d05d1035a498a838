"""The risk shell: hears book and feed, reads the latch, issues the permit. Its rules are `actors.domain.risk.issue`.

A permit goes out at every interval, well under its time to live, and at once when what it says changed. Of book, latch
file and feed risk keeps nothing: its first permit after a start is as good as its last before. What the breakers on
losses must remember is in its checkpoint (`breaker_watch`); expiries and assignments (`expiry_watch`) need no memory.
`risk_epoch` is its incarnation, and orders its permits against those of a predecessor.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from pydantic import Field

from actors import stop_alert
from actors.breaker_watch import NO_STOP, BreakerPorts, BreakerWatch
from actors.domain.alerts.alert import Alert, Level
from actors.domain.portfolio.view import BookView
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.expiry_policy import ExpiryPolicy
from actors.domain.risk.issue import FeedSight, Finding, IssueLimits, findings, trading_state
from actors.domain.risk.permit import Limits, Permit
from actors.domain.value import Value
from actors.expiry_watch import ExpiryPorts, ExpiryWatch
from actors.exposure_watch import ExposureWatch
from actors.flattener import Wish
from actors.latch import Latch
from actors.messages import AlertRaised, AskBook, BookChanged, FeedState, IssuePermit, SignalAnswered
from actors.ports import Arrival, Clock, Envelope, PeerLost, PeerUnavailable, Resync, Stream, Watermark
from actors.roller import Roller


class RiskSettings(Value):
    """What permits carry, and how often."""

    limits: Limits
    issue: IssueLimits = IssueLimits()
    breakers: BreakerLimits = BreakerLimits()
    expiry: ExpiryPolicy = ExpiryPolicy()
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
    breakers: BreakerPorts
    expiry: ExpiryPorts
    exposure: ExposureWatch | None = None
    """None: nobody measures greeks and stress, and openings are asked nothing about them."""
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
        self._said: frozenset[tuple[str, str]] | None = None
        self._breakers = BreakerWatch(name, settings.breakers, ports.breakers)
        self._expiry = ExpiryWatch(settings.expiry, ports.expiry)
        self._roller = Roller(name, settings.expiry.roll_credit_min, ports.expiry.quotes)
        self._wishes: Mapping[str, Wish] = {}
        """What is to be closed for its expiry, as last seen: not every book tells what the market says."""
        self._unknown: frozenset[str] = frozenset()
        """Accounts that were told of as unknown."""
        self._latch = NO_STOP
        """The stop as last read."""
        self._changed_at: datetime | None = None
        """When the stop was latched or loosened that was told last."""
        self._due_ns = 0

    def run(self, stop: Event) -> None:
        """Work until `stop` is set."""
        wait_s = 0.0  # the first wait is no part of a start
        while not stop.is_set():
            self.turn(wait_s)
            wait_s = self._settings.wait_s

    def turn(self, wait_s: float) -> None:
        """Do one pass of the work loop: all that has arrived, then what is due."""
        for arrival in self._ports.stream.receive(wait_s):
            self._take(arrival)
        self._work()
        self._ports.watermark.advance()

    def _take(self, arrival: Arrival) -> None:
        match arrival:
            case Envelope(message=BookChanged(book=book)):
                self._take_book(book)
            case Envelope(message=FeedState() as feed):
                self._feed, self._feed_heard_ns = feed, self._ports.clock.boot_ns()
            case Envelope(message=SignalAnswered() as answer):
                self._roller.on_answer(answer, self._ports.clock.market_now())
            case PeerLost(peer=self._ports.executor) | Resync(peer=self._ports.executor):
                self._book, self._due_ns = None, 0
            case PeerLost(peer=self._ports.data_feed):
                self._feed = None

    def _take_book(self, book: BookView) -> None:
        self._book = book
        if not book.ready:
            return
        clock = self._ports.clock
        now_ns, now = clock.boot_ns(), clock.market_now()
        if book.sights is not None:
            self._wishes = self._expiry.on_book(book, now_ns, now)
        told = self._breakers.on_book(book, now_ns, now, self._latch, self._wishes)
        told += self._roller.on_book(book, now_ns, now)
        unknown = {**self._breakers.unknown}
        alerts = [_unknown_alert(each, unknown[each], clock) for each in unknown if each not in self._unknown]
        self._unknown = frozenset(unknown)
        for peer, messages in ((self._ports.executor, told), (self._ports.notifier, alerts)):
            for message in messages:
                with contextlib.suppress(PeerUnavailable):  # what is due is said again with the next book
                    self._ports.stream.tell(peer, message)

    def _work(self) -> None:
        now_ns = self._ports.clock.boot_ns()
        latch = self._ports.read_latch()
        self._latch = latch
        self._tell_changed(latch)
        self._measure(now_ns)
        self._tell_expiries()
        found = findings(self._book, self._sight(now_ns), latch.level.value, latch.reason, self._settings.issue)
        found = (*found, *self._breakers.findings)
        says = frozenset((finding.rule.value, finding.state.value) for finding in found)
        says |= {(whom, check.code.value) for whom, check in self._breakers.stops.items()}
        if now_ns < self._due_ns and says == self._said:
            return
        self._due_ns = now_ns + int(self._settings.permit_interval_s * 1e9)
        self._said = says
        with contextlib.suppress(PeerUnavailable):  # an executor that cannot be told has no permit: fails closed
            if self._book is None:
                self._ports.stream.tell(self._ports.executor, AskBook(reply_to=self._name))
            self._ports.stream.tell(self._ports.executor, IssuePermit(permit=self._permit(found)))

    def _measure(self, now_ns: int) -> None:
        if self._ports.exposure is not None:
            for alert in self._ports.exposure.look(self._book, now_ns, self._ports.clock.market_now()):
                with contextlib.suppress(PeerUnavailable):  # the board and the refusals say it still
                    self._ports.stream.tell(self._ports.notifier, AlertRaised(alert=alert))

    def _tell_changed(self, latch: Latch) -> None:
        """Tell of a stop that a person latched or loosened; the notifier drops what a predecessor told it."""
        told = stop_alert.told(latch)
        if told is not None and latch.at != self._changed_at:
            with contextlib.suppress(PeerUnavailable):  # told again with the next look
                self._ports.stream.tell(self._ports.notifier, AlertRaised(alert=told))
                self._changed_at = latch.at

    def _tell_expiries(self) -> None:
        with contextlib.suppress(PeerUnavailable):  # told again with the next look
            for news in (self._expiry.news, self._roller.news):
                while news:
                    self._ports.stream.tell(self._ports.notifier, AlertRaised(alert=news[0]))
                    news.popleft()

    def _permit(self, found: tuple[Finding, ...]) -> Permit:
        self._sequence += 1
        measured, now_ns = self._ports.exposure, self._ports.clock.boot_ns()
        return Permit(
            risk_epoch=self._incarnation,
            sequence=self._sequence,
            state=trading_state(found),
            limits=self._settings.limits,
            reasons=tuple(finding.reason for finding in found),
            stops=self._breakers.stops,
            exposure_limits=measured.limits if measured is not None else None,
            exposure=measured.exposure(now_ns) if measured is not None and measured.limits is not None else None,
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


def _unknown_alert(subject: str, why: str, clock: Clock) -> AlertRaised:
    alert = Alert(
        alert_id=f"A093-{subject}-{clock.boot_ns()}",
        code="A093",
        level=Level.P1,
        subject=f"breaker-{subject}",
        text=f"{subject}: {why}. Not known to be inside its limits counts as outside.",
        done="Nobody opens anything while it lasts; exits go on.",
        todo="holdfast breaker show; see to the account's connection, or to what has no quotes.",
        at=clock.market_now(),
    )
    return AlertRaised(alert=alert)
