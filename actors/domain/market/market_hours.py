"""What a broker says of today's hours, held against the tables: two sources that disagree open nothing (R024).

They agree where both say closed, or both name the same minutes. What a person declared closed is not held against
anybody: that no table and no broker knows it is why it was declared.
"""

from datetime import date, datetime

from actors.domain.market.session import NEW_YORK, Closed, Session, Sessions
from actors.domain.value import Instant, Value

_MINUTE_S = 60
_RULE = "equity_option"
"""The session that the stock exchange's own hours are."""


class MarketHours(Value):
    """One day of the stock market, as a broker tells it. Without times it is closed all day."""

    source: str
    on: date
    opens_at: Instant | None = None
    closes_at: Instant | None = None


def disagreement(told: MarketHours | None, sessions: Sessions, now: datetime) -> str:
    """Return both words on today where they differ; empty where they agree, and where nothing is told of today."""
    today = now.astimezone(NEW_YORK).date()
    if told is None or told.on != today or today in sessions.closures:
        return ""
    found = sessions.find(_RULE, today)
    ours = (found.opens_at, found.closes_at) if isinstance(found, Session) else (None, None)
    if all(map(_is_same, ours, (told.opens_at, told.closes_at))):
        return ""
    text = f" ({found.text})" if isinstance(found, Closed) else ""
    return f"{told.source} says {_hours(told.opens_at, told.closes_at)}, the tables say {_hours(*ours)}{text}"


def _is_same(ours: datetime | None, theirs: datetime | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return abs((ours - theirs).total_seconds()) < _MINUTE_S


def _hours(opens_at: datetime | None, closes_at: datetime | None) -> str:
    if opens_at is None or closes_at is None:
        return "closed"
    return f"{opens_at.astimezone(NEW_YORK):%H:%M} to {closes_at.astimezone(NEW_YORK):%H:%M}"
