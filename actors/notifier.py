"""The notifier (rules: `actors.domain.alerts`): alerts in, durable, then out through every target of their level.

Nothing here may stop trading: nobody waits for an answer, a target that hangs holds up its own worker alone, and one
that fails is tried again at a slow pace until the alert is too old to be worth telling. A full disk loses the record,
not the message. What a predecessor left unsent is sent at the start, marked as repeated: delivery is at least once.

The one alert the notifier raises itself, N001, says that a target does not work; the others carry it.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from loguru import logger

from actors.channels import Channel, ChannelUnusable
from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.message import Origin, write
from actors.domain.alerts.outbox import Counted, GivenUp, Raised, Record, Sent
from actors.domain.alerts.repeat import NANOSECONDS, Hearing, RepeatFilter
from actors.domain.value import Value
from actors.messages import AlertRaised
from actors.outbox import Outbox
from actors.ports import Arrival, Clock, Envelope, Stream, Watermark

TARGET_FAILS = "N001"
POLL_S = 0.2


class NotifierSettings(Value):
    """Limits of the notifier."""

    repeat_window_s: float = 300.0
    resend_interval_s: float = 60.0
    resend_age_max_s: float = 86_400.0
    pending_max: int = 10_000
    """Messages waiting at one target; more stay in the outbox until there is room."""
    stop_grace_s: float = 1.0


class Tell(Protocol):
    """How a worker reports."""

    def __call__(self, raised: Raised, target: str, failure: str | None) -> None:
        """Say that `target` took the alert, or why not."""
        ...


class Worker:
    """One channel on a thread of its own."""

    def __init__(self, channel: Channel, origin: Origin, limit: int, clean: Callable[[str], str], tell: Tell) -> None:
        self.channel = channel
        self._origin, self._clean, self._tell = origin, clean, tell
        self._queue: queue.Queue[tuple[Raised, bool] | None] = queue.Queue(limit)
        self._under_way: set[str] = set()
        self._thread = threading.Thread(target=self._work, name=f"alerts-{channel.name}", daemon=True)
        self._thread.start()

    def offer(self, raised: Raised, *, repeated: bool) -> None:
        """Take an alert to send, unless it waits here already or there is no room."""
        alert_id = raised.alert.alert_id
        if alert_id in self._under_way or self._queue.full():
            return
        self._under_way.add(alert_id)
        self._queue.put_nowait((raised, repeated))

    def close(self, grace_s: float) -> None:
        """Let the send under way end, up to `grace_s`; what waits stays in the outbox."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put(None)
        self._thread.join(grace_s)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            raised, repeated = item
            self._tell(raised, self.channel.name, self._send(raised.alert, repeated=repeated))
            self._under_way.discard(raised.alert.alert_id)

    def _send(self, alert: Alert, *, repeated: bool) -> str | None:
        message = write(alert, self._origin, repeated=repeated)
        message = message.model_copy(update={"title": self._clean(message.title), "body": self._clean(message.body)})
        try:
            return None if self.channel.send(message) else "not delivered"
        except ChannelUnusable as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a plug-in of a third party; no fault of its may end the notifier
            return type(error).__name__


class Notifier:
    """The shell. `clean` takes secrets out of text before it leaves."""

    def __init__(
        self,
        *,
        stream: Stream,
        clock: Clock,
        watermark: Watermark,
        outbox: Outbox,
        channels: Sequence[Channel],
        origin: Origin,
        settings: NotifierSettings,
        clean: Callable[[str], str],
    ) -> None:
        self._stream, self._clock, self._watermark, self._outbox = stream, clock, watermark, outbox
        self._settings = settings
        self._filter = RepeatFilter(settings.repeat_window_s)
        self._broken: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._workers = {
            channel.name: Worker(channel, origin, settings.pending_max, clean, self._settle) for channel in channels
        }

    def run(self, stop: threading.Event) -> None:
        """Hear, remember, send, until `stop` is set."""
        if self._outbox.damaged:
            logger.warning("outbox: {} damaged records passed over", self._outbox.damaged)
        next_sweep_ns = 0
        self._watermark.advance()  # up: the first wait for alerts is no part of a start
        while not stop.is_set():
            now_ns = self._clock.boot_ns()
            if now_ns >= next_sweep_ns:
                next_sweep_ns = now_ns + int(self._settings.resend_interval_s * NANOSECONDS)
                self._sweep()
            heard = _alerts(self._stream.receive(POLL_S))
            self._take([*heard, *self._own_alerts()], self._clock.boot_ns())
            self._raise(self._filter.summaries(now_ns))
            self._watermark.advance()
        for worker in self._workers.values():
            worker.close(self._settings.stop_grace_s)

    def _take(self, alerts: Iterable[Alert], now_ns: int) -> None:
        """Send what is new, count what repeats; the same alert told twice is one alert."""
        fresh, counted = [], []
        for alert in alerts:
            hearing = Hearing.IGNORE if self._outbox.knows(alert.alert_id) else self._filter.hear(alert, now_ns)
            if hearing is Hearing.SEND:
                fresh.append(alert)
            elif hearing is Hearing.COUNT:
                counted.append(alert)
        self._remember([Counted(alert=alert, at=_now()) for alert in counted])
        self._raise(fresh)

    def _raise(self, alerts: Iterable[Alert]) -> None:
        raised = [Raised(alert=alert, at=_now()) for alert in alerts]
        self._remember(raised)
        for each in raised:
            for worker in self._workers.values():
                if each.alert.level in worker.channel.levels:
                    worker.offer(each, repeated=False)

    def _sweep(self) -> None:
        """Offer again what is owed; give up what is too old."""
        oldest = _now() - timedelta(seconds=self._settings.resend_age_max_s)
        for raised, target in self._outbox.owed():
            if raised.at < oldest:
                self._remember([GivenUp(alert_id=raised.alert.alert_id, target=target, at=_now())])
                logger.warning("alert {} given up at {}", raised.alert.alert_id, target)
            else:
                self._workers[target].offer(raised, repeated=True)

    def _settle(self, raised: Raised, target: str, failure: str | None) -> None:
        """Runs on a worker's thread."""
        if failure is None:
            self._remember([Sent(alert_id=raised.alert.alert_id, target=target, at=_now())])
            return
        logger.warning("alert {} not taken by {}: {}", raised.alert.alert_id, target, failure)
        if raised.alert.code != TARGET_FAILS:
            self._broken.put((target, failure))

    def _own_alerts(self) -> list[Alert]:
        """Return N001 for each failure since the last pass; the filter counts all but the first of a target."""
        alerts: list[Alert] = []
        while not self._broken.empty():
            target, failure = self._broken.get_nowait()
            alerts.append(
                Alert(
                    alert_id=f"{TARGET_FAILS}-{target}-{self._clock.boot_ns()}-{len(alerts)}",
                    code=TARGET_FAILS,
                    level=Level.P1,
                    subject=f"alerts to {target}",
                    text=f"A target of alerts does not work: {failure}.",
                    done=f"Kept; tried again every {self._settings.resend_interval_s:g} s.",
                    todo="Look at the target's URL and at the service.",
                    at=_now(),
                )
            )
        return alerts

    def _remember(self, records: Sequence[Record]) -> None:
        if not records:
            return
        try:
            self._outbox.append(records)
        except OSError as error:
            logger.error("outbox: {} records not durable: {}", len(records), error.strerror)


def _alerts(arrivals: Iterable[Arrival]) -> list[Alert]:
    messages = [arrival.message for arrival in arrivals if isinstance(arrival, Envelope)]
    return [message.alert for message in messages if isinstance(message, AlertRaised)]


def _now() -> datetime:
    """Return the machine's wall time: records of delivery follow it, not the market's."""
    return datetime.now(UTC)
