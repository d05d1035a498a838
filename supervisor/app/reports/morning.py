"""The morning's report: go or no-go, the day's session, what expires, what is at stake, what changed overnight."""

from datetime import date, datetime, time, timedelta
from typing import Final

from actors.domain.market.session import NEW_YORK, Sessions
from actors.domain.performance.ahead import Ahead, ahead
from actors.domain.performance.day_fold import DayFold
from actors.domain.performance.overnight import Overnight, OvernightFold
from actors.domain.performance.week import SessionLine, week
from actors.domain.value import Instant, Money, Value
from supervisor.app.readiness.check import Preflight
from supervisor.app.reports.origin import Origin, origin
from supervisor.app.workplace import Workplace

DAYS_BACK: Final = 10
RECENT_DAYS: Final = 14


class Morning(Value):
    """The report."""

    origin: Origin
    made_at: Instant
    today: Ahead
    preflight: Preflight
    overnight: Overnight
    recent: tuple[SessionLine, ...] = ()
    """The last sessions, oldest first."""
    loss_max: Money
    """What all structures together may lose, by `[risk]`."""
    structure_loss_max: Money


def last_close(sessions: Sessions, on: date) -> datetime:
    """Return the close of the last session before a date; midnight before it where no table knows one."""
    for back in range(1, DAYS_BACK + 1):
        found = sessions.session("index_option", on - timedelta(days=back))
        if found is not None:
            return found.closes_at
    return datetime.combine(on, time(), NEW_YORK)


def morning(
    place: Workplace, days: DayFold, overnight: OvernightFold, preflight: Preflight, on: date, made_at: Instant
) -> Morning:
    """Return the report of one date, from folds that have heard the journal."""
    config, blackouts = place.config, place.config.calendar.blackouts
    today = ahead(days.book, place.products, place.sessions, place.margins, blackouts, on)
    recent = week(on, on, days.days(on - timedelta(days=RECENT_DAYS), on - timedelta(days=1)))
    return Morning(
        origin=origin(config),
        made_at=made_at,
        today=today,
        preflight=preflight,
        overnight=overnight.told(),
        recent=recent.sessions,
        loss_max=config.risk.account_loss_max,
        structure_loss_max=config.risk.structure_loss_max,
    )
