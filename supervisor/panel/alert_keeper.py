"""The alerts as the panel shows them, and what it may do about one: behind the one door that CLI and phone use too."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from actors.domain.alerts.alert import Alert
from actors.domain.alerts.board import AlertBoard, PastAlert, StandingAlert
from actors.domain.alerts.silence import Silence
from actors.places import Places
from supervisor import alert_door

SHOWN_MAX: Final = 200
TAKEN_S: Final = 1.0
"""How long an answer waits for the notifier to have taken it."""
Told = dict[str, Any]


class AlertKeeper(Protocol):
    """Who keeps the alerts. What is done is told in words; a refusal too."""

    can_act: bool
    """Whether it acknowledges and silences."""

    def standing(self) -> list[Told]:
        """Return the newest alerts, newest first: id, code, level, subject, text, done, todo, at, count, sent, open."""
        ...

    def acknowledge(self, alert_id: str, by: str) -> str:
        """Acknowledge one."""
        ...

    def silence(self, code: str, minutes: int, by: str, reason: str) -> str:
        """Keep a code quiet for so long."""
        ...


class DoorKeeper:
    """Reads and asks through the door of one state folder."""

    can_act = True

    def __init__(self, where: Places) -> None:
        self._where = where

    def standing(self) -> list[Told]:
        """Return what stands, the loudest first, then what came, newest first."""
        board = alert_door.read_alerts(self._where)
        shown = {each.alert.alert_id for each in board.standing}
        past = [each for each in reversed(board.history) if each.alert.alert_id not in shown]
        stands = sorted(board.standing, key=lambda each: (each.acknowledged is not None, each.alert.level))
        rows = [_standing(each, board) for each in stands]
        return [*rows, *(_past(each) for each in past)][:SHOWN_MAX]

    def acknowledge(self, alert_id: str, by: str) -> str:
        """Acknowledge one; return what became of it."""
        return self._said(alert_door.acknowledge(self._where, alert_id, by=by), "acknowledged")

    def silence(self, code: str, minutes: int, by: str, reason: str) -> str:
        """Keep a code quiet; return what became of it."""
        now = datetime.now(UTC)
        ends = now + timedelta(minutes=minutes)
        wanted = Silence(code=code, subject="", begins=now, ends=ends, by=by, reason=reason)
        return self._said(alert_door.silence(self._where, wanted), "silenced")

    def _said(self, asked: alert_door.Asked, word: str) -> str:
        if asked.why is not None:
            return asked.why
        runs = alert_door.notifier_runs(self._where)
        kept = "" if asked.taken(TAKEN_S if runs else 0) else "; kept, the notifier takes it when it runs"
        return f"{', '.join(asked.names)}: {word}{kept}"


def _standing(each: StandingAlert, board: AlertBoard) -> Told:
    taken = next((past.taken_by for past in board.history if past.alert.alert_id == each.alert.alert_id), ())
    notes = [*taken, *([f"not said now: {each.withheld}"] if each.withheld else [])]
    if each.acknowledged is not None:
        notes.append(f"acknowledged by {each.acknowledged.by}")
    return _alert(each.alert, each.last_at, each.times, notes) | {"open": each.acknowledged is None}


def _past(each: PastAlert) -> Told:
    return _alert(each.alert, each.at, 1, list(each.taken_by)) | {"open": False}


def _alert(alert: Alert, at: datetime, count: int, sent: list[str]) -> Told:
    return {
        "id": alert.alert_id,
        "code": alert.code,
        "level": alert.level.value,
        "subject": alert.subject,
        "text": alert.text,
        "done": alert.done,
        "todo": alert.todo,
        "at": at,
        "count": count,
        "sent": sent,
    }
