"""Which reports are due, by New York's clock on the market's time.

    morning   from its named time on a day with a session until that opens
    evening   from its named time, or five minutes after the session's end where that is later, for `LATE`
    week      with the evening of the week's last session

A report that is made is not due again. One that nobody made in its time is not made any more by itself: the morning's
is of no use after the open, and the journal tells any evening again to whoever asks.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from actors.domain.market.session import NEW_YORK, Session, Sessions

LATE: Final = timedelta(hours=12)
SETTLED: Final = timedelta(minutes=5)
"""For fees and settlements to be told after a session's end."""
LONGEST: Final = "index_option"
"""The session rule of what trades last."""
WEEK_AHEAD: Final = 7


class Kind(StrEnum):
    """Which report."""

    MORNING = "morning"
    EVENING = "evening"
    WEEK = "week"


class Due(NamedTuple):
    """One report to be made."""

    kind: Kind
    on: date


class Times(NamedTuple):
    """The named times of New York."""

    morning_at: time
    evening_at: time


def due(now: datetime, sessions: Sessions, times: Times, *, has_session: Callable[[date], bool]) -> Iterator[Due]:
    """Yield the reports whose time it is. `has_session`: whether the journal knows the session of a date."""
    today = now.astimezone(NEW_YORK).date()
    session = sessions.session(LONGEST, today)
    if session is not None and _at(today, times.morning_at) <= now < session.opens_at:
        yield Due(Kind.MORNING, today)
    for on in (today - timedelta(days=1), today):
        session = sessions.session(LONGEST, on)
        if session is not None and _is_evening(now, session, on, times) and has_session(on):
            yield Due(Kind.EVENING, on)
            if _ends_week(on, sessions):
                yield Due(Kind.WEEK, on)


def _is_evening(now: datetime, session: Session, on: date, times: Times) -> bool:
    begins = max(_at(on, times.evening_at), session.closes_at + SETTLED)
    return begins <= now < begins + LATE


def _ends_week(on: date, sessions: Sessions) -> bool:
    """Return whether no session follows in the same week."""
    rest = (on + timedelta(days=ahead) for ahead in range(1, WEEK_AHEAD - on.weekday()))
    return all(sessions.session(LONGEST, day) is None for day in rest)


def _at(on: date, named: time) -> datetime:
    return datetime.combine(on, named, NEW_YORK)
