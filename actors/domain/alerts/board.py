"""What a screen shows of the alerts: what stands, what is silenced, what came. Read from the outbox, wherever it is."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from actors.domain.alerts.alert import Alert, Level, handle
from actors.domain.alerts.alert_desk import AlertDesk
from actors.domain.alerts.answer import answer
from actors.domain.alerts.message import Origin
from actors.domain.alerts.outbox import LOG, OutboxState
from actors.domain.alerts.policy import AlertPolicy
from actors.domain.alerts.record import Acknowledged, Raised, Stands
from actors.domain.alerts.request import Request
from actors.domain.alerts.silence import Silence
from actors.domain.value import Instant, Value


class StandingAlert(Value):
    """Something that a person should see to."""

    handle: str
    """What `ack` takes."""
    alert: Alert
    first_at: Instant
    last_at: Instant
    times: int
    told_at: Instant | None
    """When a service last took it; None: nobody was told."""
    said: int
    """How often it was said, the first time included."""
    acknowledged: Acknowledged | None
    withheld: str | None
    """Why it is not said now."""


class SilencedUntil(Value):
    """A silence in force."""

    silence_id: str
    silence: Silence
    pages_until: Instant
    """Until when it holds pages back, too."""


class PastAlert(Value):
    """One that came, and who took it."""

    alert: Alert
    at: Instant
    taken_by: tuple[str, ...]
    """Targets, the log among them."""
    in_digest: bool
    owed: bool
    """A service has yet to take it."""


class AlertBoard(Value):
    """All of it, the newest last."""

    standing: tuple[StandingAlert, ...]
    silences: tuple[SilencedUntil, ...]
    history: tuple[PastAlert, ...]
    damaged: int = 0

    @property
    def unacknowledged(self) -> tuple[StandingAlert, ...]:
        """What nobody has answered yet, the loudest and oldest first."""
        unseen = [each for each in self.standing if each.acknowledged is None]
        return tuple(sorted(unseen, key=lambda each: (each.alert.level, each.first_at)))


def alert_board(
    state: OutboxState, requests: Iterable[Request], policy: AlertPolicy, now: datetime, *, damaged: int = 0
) -> AlertBoard:
    """Return the board; what people asked and the notifier has not taken yet counts as done. Changes `state`."""
    for request in requests:
        for record in answer(request, state.stands, policy, now)[0]:
            state.apply(record)
    desk = AlertDesk(state, policy, {}, Origin(mode="", host=""), {})
    return AlertBoard(
        standing=tuple(_standing(each, desk.withheld(each.alert, now)) for each in state.stands.values()),
        silences=tuple(_silence(each, policy) for each in state.silences.values() if each.ends > now),
        history=tuple(_past(each, state) for each in state.raised.values()),
        damaged=damaged,
    )


def _standing(each: Stands, withheld: str | None) -> StandingAlert:
    return StandingAlert(
        handle=handle(each.alert.key),
        alert=each.alert,
        first_at=each.first_at,
        last_at=each.last_at,
        times=each.times,
        told_at=each.told_at,
        said=0 if each.told_at is None else each.repeats + 1,
        acknowledged=each.acknowledged,
        withheld=withheld,
    )


def _silence(silence: Silence, policy: AlertPolicy) -> SilencedUntil:
    pages_until = min(silence.ends, silence.begins + timedelta(seconds=policy.silence_page_max_s))
    return SilencedUntil(silence_id=silence.silence_id, silence=silence, pages_until=pages_until)


def _past(raised: Raised, state: OutboxState) -> PastAlert:
    name = raised.alert.alert_id
    ways = {Level(raised.alert.level): raised.ways}
    return PastAlert(
        alert=raised.alert,
        at=raised.at,
        taken_by=tuple(sorted(state.settled.get(name, ()))),
        in_digest=name in state.digested,
        owed=any(way != (LOG,) for way in state.owed_of(raised, ways)),
    )
