"""What is told together: one kind of thing (level and code) about many subjects.

Rules of this file:
* The first of a kind is told at once. What follows waits, and is told together, `first_s` after the message before.
* While it goes on, each wait is twice the last one, up to the longest; a kind that was quiet for its wait starts anew.
  So two naked legs are two pages a second apart, and ten thousand events are a handful of messages that count them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import Field

from actors.domain.alerts.alert import Alert, Level
from actors.domain.value import Value

Kind = tuple[Level, str]


class Pace(Value):
    """Seconds between two messages of one kind: the first wait, and the longest."""

    first_s: float = Field(gt=0, le=3_600)
    longest_s: float = Field(gt=0, le=86_400)


@dataclass(slots=True)
class _Group:
    next_at: datetime
    wait_s: float
    waiting: list[str] = field(default_factory=list)


class Groups:
    """The kinds that were told lately. They forget with their process; what waited is owed by the outbox."""

    def __init__(self, paces: Mapping[Level, Pace]) -> None:
        self._paces = paces
        self._groups: dict[Kind, _Group] = {}

    def add(self, alert: Alert, now: datetime) -> None:
        """Take an alert that is to be told."""
        kind = alert.level, alert.code
        group = self._groups.setdefault(kind, _Group(now, self._paces[alert.level].first_s))
        group.waiting.append(alert.alert_id)

    def due(self, now: datetime) -> Iterator[tuple[Level, tuple[str, ...]]]:
        """Yield what is to be told now, each kind as one message; forget kinds that were quiet."""
        for (level, code), group in list(self._groups.items()):
            longest_s = self._paces[level].longest_s
            is_set_back = group.next_at - now > timedelta(seconds=longest_s)  # the clock was; nothing waits for that
            if now < group.next_at and not is_set_back:
                continue
            if not group.waiting:
                del self._groups[level, code]
                continue
            yield level, tuple(group.waiting)
            wait_s = min(group.wait_s, longest_s)
            self._groups[level, code] = _Group(now + timedelta(seconds=wait_s), wait_s * 2)
