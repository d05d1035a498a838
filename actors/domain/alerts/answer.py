"""What the notifier does with a person's request: what is written down, and who else hears of it.

A160: a test, at the level that is tested; A161: somebody wants quiet, or no longer does. An acknowledgement is told to
nobody: what is silent is told by its silence.
"""

from collections.abc import Mapping
from datetime import datetime

from actors.domain.alerts.alert import Alert, Key, Level
from actors.domain.alerts.policy import AlertPolicy
from actors.domain.alerts.record import Acknowledged, Record, Silenced, Stands, Unsilenced
from actors.domain.alerts.request import Ack, Hush, Request, SendTest, Unhush
from actors.domain.alerts.silence import Silence, refusal
from actors.domain.market.session import NEW_YORK

Answer = tuple[list[Record], list[Alert]]


def answer(request: Request, stands: Mapping[Key, Stands], policy: AlertPolicy, now: datetime) -> Answer:
    """Return the records and alerts that follow; none where nothing is to be done (again)."""
    match request:
        case Ack():
            return _acknowledged(request, stands), []
        case Hush():
            if refusal(request.silence, policy.silence_max_s) is not None:
                return [], []
            return [Silenced(silence=request.silence, at=now)], [_quiet(request.silence, policy, request.at)]
        case Unhush():
            return [Unsilenced(silence_id=request.silence_id, by=request.by, at=now)], []
        case SendTest():
            return [], [test_alert(request)]


def _acknowledged(request: Ack, stands: Mapping[Key, Stands]) -> list[Record]:
    found = [key for key in request.keys if key in stands and stands[key].acknowledged is None]
    return [
        Acknowledged(code=code, subject=subject, by=request.by, reason=request.reason, at=request.at)
        for code, subject in found
    ]


def _quiet(silence: Silence, policy: AlertPolicy, at: datetime) -> Alert:
    until = f"{silence.ends.astimezone(NEW_YORK):%a %d %b %H:%M} ET"
    return Alert(
        alert_id=f"A161-{silence.silence_id}",
        code="A161",
        level=Level.P2,
        subject=f"silence-{silence.silence_id}",
        text=f"{silence.by} wants quiet about {silence.words} until {until}: {silence.reason}",
        done=f"Nothing of it is said until then, pages for {policy.silence_page_max_s / 60:g} minutes at most; "
        "it is all told afterwards.",
        todo=f"holdfast silence --end {silence.silence_id} ends it now.",
        at=at,
    )


def test_alert(request: SendTest) -> Alert:
    """Return the alert of a test."""
    return Alert(
        alert_id=request.alert_id,
        code="A160",
        level=request.level,
        subject=f"test of {request.level}",
        text=f"This is a test that {request.by} asked for. Nothing has happened.",
        done="Sent by every way of its level, as a real one would be.",
        todo="Acknowledge it: it is repeated as a real one would be." if request.level <= Level.P1 else "",
        at=request.at,
    )
