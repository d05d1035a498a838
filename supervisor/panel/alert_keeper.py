"""The alerts as the panel shows them, and what it may do about one: whoever keeps them stands behind `AlertKeeper`.

`OutboxKeeper` reads the notifier's outbox, which is kept whatever else is dead. It acknowledges and silences nothing.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import ValidationError

from actors.domain.alerts.outbox import RECORD, Counted, GivenUp, Raised, Record, Sent

SHOWN_MAX: Final = 200
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


class OutboxKeeper:
    """Reads the outbox of a state folder."""

    can_act = False

    def __init__(self, path: Path) -> None:
        self._path = path

    def standing(self) -> list[Told]:
        """Return the newest alerts, newest first."""
        raised: dict[str, Raised] = {}
        sent: dict[str, list[str]] = {}
        repeats: Counter[tuple[str, str]] = Counter()
        for record in _records(self._path):
            match record:
                case Raised(alert=alert):
                    raised.setdefault(alert.alert_id, record)
                case Counted(alert=alert):
                    repeats[alert.code, alert.subject] += 1
                case Sent() | GivenUp():
                    word = record.target if record.kind == "sent" else f"{record.target}, given up"
                    sent.setdefault(record.alert_id, []).append(word)
        newest = list(raised.values())[-SHOWN_MAX:]
        return [_told(each, repeats, sent.get(each.alert.alert_id, [])) for each in reversed(newest)]

    def acknowledge(self, alert_id: str, by: str) -> str:
        """Say that nobody does."""
        return f"{alert_id} was not acknowledged for {by}: nothing here keeps that"

    def silence(self, code: str, minutes: int, by: str, reason: str) -> str:
        """Say that nobody does."""
        return f"{code} was not silenced for {minutes} min ({by}: {reason}): nothing here keeps that"


def _told(raised: Raised, repeats: Counter[tuple[str, str]], sent: list[str]) -> Told:
    alert = raised.alert
    return {
        "id": alert.alert_id,
        "code": alert.code,
        "level": alert.level.value,
        "subject": alert.subject,
        "text": alert.text,
        "done": alert.done,
        "todo": alert.todo,
        "at": raised.at,
        "count": 1 + repeats[alert.code, alert.subject],
        "sent": sent,
        "open": None,
    }


def _records(path: Path) -> Iterator[Record]:
    """Yield each record; a line that is cut or damaged is passed over."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield RECORD.validate_json(line)
        except ValidationError:
            continue
