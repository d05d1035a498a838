"""The half day: a synthetic session that ends when the exchange's own calendar says, at many times life's speed.

The date is the day after Thanksgiving 2026. Its close is asked of the calendar, and the session is made that long, so a
calendar that forgot the half day makes a session that goes on too long, and this drill fails. What it is judged by does
not come from there: stock exchanges close at 13:00 in New York on such a day, 18:00 UTC in November.
"""

from datetime import date, datetime, time, timedelta

from actors.calendars import load_sessions
from actors.domain.market.session import NEW_YORK
from actors.places import Places
from supervisor.app.drills.spec import Ask, Drill, DrillLimits, Never, Sign, Source
from supervisor.app.plan import TABLES

DAY = date(2026, 11, 27)
BEGINS = time(10, 30)
SPEED = 180
CUT_OFF_M, EXIT_M = 60, 15
"""Minutes before the close: the last entry, and the exit."""
PACE_S = 15.0
"""What start, exits and settlement take beside the session itself."""
STRATEGY = "condor"
AFTER_CUT_OFF, BEFORE_CLOSE, AFTER_CLOSE = (
    rf"2026-11-27T{hours}:.*" for hours in (r"(1[789]|2\d)", "17", r"(1[89]|2\d)")
)
"""From 12:00 on, from 12:00 to 13:00, from 13:00 on in New York, as the journal writes UTC."""


START = "market.start"
SETTINGS = {
    START: datetime.combine(DAY, BEGINS, NEW_YORK).isoformat(),
    "market.speed": str(SPEED),
    "market.interval_s": "20",
    "market.volatility": "0.4",
    "risk.quote_age_max_s": "240",
    "risk.leg_skew_max_s": "240",
    "strategies.condor.parameters.quote_age_max_s": "240",
    "strategies.condor.parameters.entry_from": "open+1",
    "strategies.condor.parameters.entry_until": f"close-{CUT_OFF_M}",
    "strategies.condor.parameters.exit_at": f"close-{EXIT_M}",
    "strategies.condor.parameters.profit_target": "0.99",
    "strategies.condor.parameters.stop": "50",
    "expiry.hold": '["condor"]',
}
"""A day on which the strategy's clock alone says when to enter and leave."""


def drill() -> Drill:
    """Return the drill."""
    length_s = (datetime.combine(DAY, time(13)) - datetime.combine(DAY, BEGINS)).total_seconds() / SPEED
    opened = {"intent": "OPEN", "strategy": STRATEGY, "at": AFTER_CUT_OFF}
    left = {"intent": "CLOSE", "strategy": STRATEGY, "report.status": "FILLED", "at": BEFORE_CLOSE}
    refused = {"failed": "R02[01]", "strategy": "drill", "at": AFTER_CLOSE}
    traded = {"attempt.started_at": AFTER_CLOSE}
    return Drill(
        name="half-day",
        does=f"trades {DAY:%d %B %Y} from {BEGINS:%H:%M} at {SPEED} times life, to its early close",
        proves="half days: nothing opens after the cut-off, all is flat before 13:00",
        asks=(Ask.OPEN,),
        asks_after_s=length_s + 1,
        detected=(_journal("report_taken", left),),
        recovered=(_journal("signal_refused", refused),),
        never=(
            Never(says="opened after the cut-off", sign=_journal("order_placed", opened)),
            Never(says="sent after the close", sign=_journal("attempt_started", traded)),
        ),
        limits=DrillLimits(detected_s=length_s, recovered_s=length_s + PACE_S),
        own_settings=SETTINGS,
    )


def _journal(kind: str, where: dict[str, str]) -> Sign:
    return Sign(source=Source.JOURNAL, kind=kind, where=where)


def length(where: Places, begins: datetime) -> timedelta:
    """Return how long a session lasts from its beginning here, by the exchange's calendar."""
    on = begins.astimezone(NEW_YORK).date()
    session = load_sessions(TABLES / "sessions.toml", where.state / "exchange-days.json").session("equity_option", on)
    assert session is not None, f"the calendar knows no session on {on}"
    return session.closes_at - begins
