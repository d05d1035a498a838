"""The notifier (rules: `actors.domain.alerts`): alerts in, durable, then out by every way of their level.

Nothing here may stop trading: nobody waits for an answer, a target that hangs holds up its own worker alone, and one
that fails is tried again at a slow pace until the alert is too old to be worth telling. A full disk loses the record,
not the message. What a predecessor left unsent is sent at the start, marked as repeated: delivery is at least once.

Three alerts it raises itself: N001, a target does not work (the others carry it); A161, a person wants quiet; A162,
records of the outbox were damaged.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from loguru import logger

from actors.alert_requests import waiting
from actors.alert_worker import AlertWorker
from actors.channels import Channel
from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.alert_desk import AlertDesk, Plan
from actors.domain.alerts.answer import answer
from actors.domain.alerts.chain import NANOSECONDS, Chains, Delivery
from actors.domain.alerts.message import Advice, Origin
from actors.domain.alerts.outbox import Ways
from actors.domain.alerts.policy import AlertPolicy
from actors.domain.alerts.record import Digested, GivenUp, Raised, Record, Sent
from actors.domain.value import Value
from actors.messages import AlertRaised
from actors.outbox import Outbox
from actors.ports import Arrival, Clock, Envelope, Stream, Watermark

TARGET_FAILS = "N001"
DAMAGED = "A162"
POLL_S = 0.2
BUSY_POLL_S = 0.02
"""While a message is on its way: a target that fails is followed by the next one at once."""


class NotifierSettings(Value):
    """Limits of the notifier."""

    fallback_after_s: Mapping[Level, float]
    down_s: float = 60.0
    resend_interval_s: float = 60.0
    look_every_s: float = 1.0
    """Pace at which what is held, counted or unanswered is looked at."""
    pending_max: int = 10_000
    """Messages waiting at one target; more stay in the outbox until there is room."""
    stop_grace_s: float = 1.0


class Notifier:
    """The shell. `clean` takes secrets out of text before it leaves; `requests` is where people's requests lie."""

    def __init__(
        self,
        *,
        stream: Stream,
        clock: Clock,
        watermark: Watermark,
        outbox: Outbox,
        channels: Sequence[Channel],
        ways: Ways,
        origin: Origin,
        policy: AlertPolicy,
        settings: NotifierSettings,
        clean: Callable[[str], str],
        requests: Path,
        advice: Mapping[str, Advice] | None = None,
    ) -> None:
        self._stream, self._clock, self._watermark, self._outbox = stream, clock, watermark, outbox
        self._policy, self._settings, self._requests = policy, settings, requests
        self._desk = AlertDesk(outbox.state, policy, ways, origin, advice or {})
        self._chains = Chains(settings.fallback_after_s, settings.down_s)
        self._told: queue.SimpleQueue[tuple[Delivery, str, str | None]] = queue.SimpleQueue()
        self._broken: list[tuple[str, str]] = []
        self._swept_ns = self._looked_ns = -(2**62)
        self._workers = {
            channel.name: AlertWorker(channel, settings.pending_max, clean, lambda *told: self._told.put(told))
            for channel in channels
        }

    def run(self, stop: threading.Event) -> None:
        """Hear, remember, send, until `stop` is set."""
        self._watermark.advance()  # up: the first wait for alerts is no part of a start
        if self._outbox.damaged:
            logger.warning("outbox: {} damaged records passed over", self._outbox.damaged)
            self._take([_damaged(self._outbox.damaged)])
        while not stop.is_set():
            self._turn(_alerts(self._stream.receive(BUSY_POLL_S if self._chains.is_busy else POLL_S)))
            self._watermark.advance()
        for worker in self._workers.values():
            worker.close(self._settings.stop_grace_s)
        self._settle()
        self._write(self._outbox.sync)

    def _turn(self, heard: list[Alert]) -> None:
        self._settle()
        self._take([*heard, *self._own_alerts()])
        self._ask()
        now, now_ns = _now(), self._clock.boot_ns()
        if now_ns - self._looked_ns >= self._settings.look_every_s * NANOSECONDS:
            self._looked_ns = now_ns
            summaries = self._desk.summaries(now)
            self._remember(summaries)
            self._say(summaries)
            self._do(self._desk.look(now))
        if now_ns - self._swept_ns >= self._settings.resend_interval_s * NANOSECONDS:
            self._swept_ns = now_ns
            self._do(self._desk.sweep(now, self._chains.busy()))
        self._start(self._desk.plan(now))
        for delivery, target in self._chains.silent(now_ns):
            self._offer(delivery, target)
        self._write(self._outbox.sync)

    def _take(self, alerts: Iterable[Alert]) -> None:
        """Write down what is new and what repeats; the same alert told twice is one alert."""
        now = _now()
        heard: list[Record] = []
        for alert in alerts:
            if (record := self._desk.hear(alert, now)) is not None:
                self._write(partial(self._outbox.note, [record]))  # the next one is judged by it
                heard.append(record)
        if heard:
            self._write(self._outbox.sync)
        self._say(heard)

    def _say(self, records: Sequence[Record]) -> None:
        """Plan what was written down as raised."""
        for record in records:
            if isinstance(record, Raised):
                self._start(self._desk.raise_(record, record.at))

    def _do(self, plan: Plan) -> None:
        self._remember(plan.records)
        for record in plan.records:
            if isinstance(record, GivenUp):
                logger.warning("alert {} given up at {}", record.alert_id, record.target)
        self._start(plan.deliveries)

    def _ask(self) -> None:
        """Carry out what people asked, and take it away once it is written down."""
        for path, request in waiting(self._requests):
            if request is None:
                logger.warning("request {} cannot be understood", path.name)
                path.rename(path.with_suffix(".unread"))
                continue
            records, alerts = answer(request, self._outbox.state.stands, self._policy, _now())
            is_durable = self._remember(records)
            self._take(alerts)
            if is_durable:
                path.unlink(missing_ok=True)

    def _start(self, deliveries: Iterable[Delivery]) -> None:
        for delivery in deliveries:
            self._offer(delivery, self._chains.start(delivery, self._clock.boot_ns()))

    def _offer(self, delivery: Delivery, target: str) -> None:
        if not self._workers[target].offer(delivery):
            self._told.put((delivery, target, f"{self._settings.pending_max} messages wait there"))

    def _settle(self) -> None:
        """Take in what the workers report; durable with whatever is written next, or at the end of the turn."""
        records: list[Record] = []
        while not self._told.empty():
            delivery, target, failure = self._told.get_nowait()
            if failure is None:
                self._chains.took(delivery.number, target)
                record = Digested if delivery.is_digest else Sent
                records += [record(alert_id=name, target=target, at=_now()) for name in delivery.alert_ids]
                continue
            logger.warning("{} not taken by {}: {}", delivery.message.title, target, failure)
            if not delivery.alert_ids or not all(name.startswith(TARGET_FAILS) for name in delivery.alert_ids):
                self._broken.append((target, failure))
            after = self._chains.failed(delivery.number, target, self._clock.boot_ns())
            if after is not None:
                self._offer(delivery, after)
        if records:
            self._write(partial(self._outbox.note, records))

    def _own_alerts(self) -> list[Alert]:
        """Return N001 for each failure since the last pass; all but the first of a target are counted."""
        alerts: list[Alert] = []
        for target, failure in self._broken:
            alerts.append(
                Alert(
                    alert_id=f"{TARGET_FAILS}-{target}-{self._clock.boot_ns()}-{len(alerts)}",
                    code=TARGET_FAILS,
                    level=Level.P1,
                    subject=f"alerts to {target}",
                    text=f"A target of alerts does not work: {failure}.",
                    done=f"Kept; the next one of its chain was asked; tried again every "
                    f"{self._settings.resend_interval_s:g} s.",
                    todo="Look at the target's URL and at the service; holdfast notify test tries it.",
                    at=_now(),
                )
            )
        self._broken.clear()
        return alerts

    def _remember(self, records: Sequence[Record]) -> bool:
        return not records or self._write(partial(self._outbox.append, records))

    def _write(self, write: Callable[[], None]) -> bool:
        """Return whether it is durable; where it is not, it is remembered all the same."""
        try:
            write()
        except OSError as error:
            logger.error("outbox: records not durable: {}", error.strerror)
            return False
        return True


def _alerts(arrivals: Iterable[Arrival]) -> list[Alert]:
    messages = [arrival.message for arrival in arrivals if isinstance(arrival, Envelope)]
    return [message.alert for message in messages if isinstance(message, AlertRaised)]


def _damaged(lines: int) -> Alert:
    now = _now()
    return Alert(
        alert_id=f"{DAMAGED}-{now.timestamp():.6f}",
        code=DAMAGED,
        level=Level.P1,
        subject="outbox",
        text=f"{lines} lines of the notifier's outbox were damaged and passed over: alerts may be missing.",
        done="Everything that could be read was taken over.",
        todo="holdfast alerts history; look into alerts.log of the last minutes, and at the disk.",
        at=now,
    )


def _now() -> datetime:
    """Return the machine's wall time: records of delivery follow it, not the market's."""
    return datetime.now(UTC)
