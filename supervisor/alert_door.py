"""The one door to the alerts, for CLI, page and phone: read what stands, acknowledge, silence, test.

Needs nothing that runs: what stands is read from the notifier's outbox, what is asked is left in a folder that the
notifier looks into (`actors.alert_requests`), durable before it is said to be taken. A refusal is a sentence.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from actors import alert_requests
from actors.alert_requests import TooManyRequests
from actors.domain.alerts.alert import Level
from actors.domain.alerts.board import AlertBoard, alert_board
from actors.domain.alerts.outbox import LOG, OutboxState, Way
from actors.domain.alerts.policy import AlertPolicy
from actors.domain.alerts.record import Raised, Sent
from actors.domain.alerts.request import Ack, Hush, Request, SendTest, Unhush, picked
from actors.domain.alerts.silence import Silence, refusal, silence_about
from actors.domain.market.session import NEW_YORK
from actors.outbox import read_records
from actors.places import Places
from supervisor import directory as directories
from supervisor.process import alive

POLL_S = 0.05
WORDS_WAIT_S = 3.0
KEPT = "kept, the notifier takes it when it runs"


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a request: kept, or refused with `why`. `names` is what it is about, as screens say it."""

    names: tuple[str, ...] = ()
    why: str | None = None
    path: Path | None = None

    def taken(self, wait_s: float) -> bool:
        """Wait until the notifier has carried it out; return whether it has."""
        deadline = time.monotonic() + wait_s
        while self.path is not None and self.path.exists():
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_S)
        return self.path is not None


def read_alerts(where: Places, now: datetime | None = None) -> AlertBoard:
    """Return what stands, is silenced and came, as the outbox has it; what was asked since counts as done."""
    records, damaged = read_records(where.outbox)
    state = OutboxState()
    state.replay(records)
    requests = [request for _, request in alert_requests.waiting(where.alert_requests) if request is not None]
    return alert_board(state, requests, policy(where), now or datetime.now(UTC), damaged=damaged)


def acknowledge(where: Places, name: str, *, by: str, reason: str = "") -> Asked:
    """Acknowledge what `name` picks of what stands: a handle, an alert's id, a code, a subject, or `all`."""
    keys = picked(name, (each.alert for each in read_alerts(where).unacknowledged))
    if not keys:
        return Asked(why=f"nothing that stands unacknowledged is called {name}")
    names = tuple(f"{code} {subject}" for code, subject in keys)
    return _leave(where, Ack(keys=keys, by=by, reason=reason, at=datetime.now(UTC)), names)


def silence(where: Places, wanted: Silence) -> Asked:
    """Silence a code, a subject or both, for its time and its reason."""
    if (why := refusal(wanted, policy(where).silence_max_s)) is not None:
        return Asked(why=why)
    return _leave(where, Hush(silence=wanted, at=wanted.begins), (wanted.silence_id,))


def end_silence(where: Places, silence_id: str, *, by: str) -> Asked:
    """End a silence before its time."""
    if silence_id not in {each.silence_id for each in read_alerts(where).silences}:
        return Asked(why=f"no silence in force is called {silence_id}")
    return _leave(where, Unhush(silence_id=silence_id, by=by, at=datetime.now(UTC)), (silence_id,))


def ack_in_words(where: Places, name: str, *, by: str, reason: str = "") -> str:
    """Acknowledge, and say what became of it, in a line: for whoever has no room for more."""
    asked = acknowledge(where, name, by=by, reason=reason)
    return asked.why or _in_words(where, asked, f"acknowledged: {', '.join(asked.names)}")


def silence_in_words(where: Places, what: str, length_s: float, *, by: str, reason: str) -> str:
    """Silence a code, a subject, or CODE:SUBJECT for so long, and say what became of it, in a line."""
    wanted = silence_about(what, length_s, by=by, reason=reason, now=datetime.now(UTC))
    asked = silence(where, wanted)
    until = f"{wanted.ends.astimezone(NEW_YORK):%a %d %b %H:%M} ET"
    return asked.why or _in_words(where, asked, f"silence {wanted.silence_id}: {wanted.words} until {until}")


def send_test(where: Places, level: Level, *, by: str) -> tuple[Asked, str]:
    """Have the notifier send a test of `level`; return also the id of its alert."""
    request = SendTest(level=level, by=by, at=datetime.now(UTC))
    return _leave(where, request, (level.value,)), request.alert_id


def taken_by(where: Places, alert_id: str) -> dict[Way, str | None] | None:
    """Return the ways an alert goes, each with the target of it that took it; None where it was not raised yet."""
    records, _ = read_records(where.outbox)
    took = {each.target for each in records if isinstance(each, Sent) and each.alert_id == alert_id}
    for each in records:
        if isinstance(each, Raised) and each.alert.alert_id == alert_id:
            ways = (way for way in each.ways if way != (LOG,))
            return {way: next((target for target in way if target in took), None) for way in ways}
    return None


def notifier_runs(where: Places) -> bool:
    """Whether a notifier lives that will carry out what is asked now."""
    try:
        directory = directories.read(where.directory)
    except directories.DirectoryDamaged:
        return False
    entry = None if directory is None else directory.children.get("notifier")
    return entry is not None and entry.process is not None and alive(entry.process)


def policy(where: Places) -> AlertPolicy:
    """Return the limits of the settled configuration; the defaults where there is none yet."""
    try:
        section = json.loads(where.config.read_bytes())["notifier"]
        return AlertPolicy.model_validate({name: section[name] for name in AlertPolicy.model_fields if name in section})
    except (FileNotFoundError, KeyError, ValidationError):
        return AlertPolicy()


def _in_words(where: Places, asked: Asked, done: str) -> str:
    taken = notifier_runs(where) and asked.taken(WORDS_WAIT_S)
    return done if taken else f"{done}; {KEPT}"


def _leave(where: Places, request: Request, names: tuple[str, ...]) -> Asked:
    try:
        return Asked(names=names, path=alert_requests.leave(where.alert_requests, request))
    except (OSError, TooManyRequests) as error:
        return Asked(names=names, why=f"not taken: {error}")
