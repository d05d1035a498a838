"""Expiry and assignment: a condor that nothing of its own strategy closes, and one of which a short is exercised early.

The last hour of an expiry is played at many times life's speed. The strategy is told to leave when the session is over,
which is too late; so what closes it is the ladder of `[expiry]`, and without that its shorts are left to settlement.
"""

from datetime import date, datetime, time

from actors.domain.market.session import NEW_YORK
from supervisor.app.drills.half_day import START
from supervisor.app.drills.signs import journal
from supervisor.app.drills.spec import Ask, Assign, Drill, DrillLimits, Never

DAY = date(2026, 11, 30)
BEGINS, ENDS = time(15, 15), time(16)
SPEED = 30
PACE_S = 20.0
"""What a start takes beside the session itself."""
BEFORE_END, AFTER_END = r"2026-11-30T20:.*", r"2026-11-30T2[1-9]:.*"
"""New York's 15:00 to 16:00, and later, as the journal writes UTC."""
SETTINGS = {
    START: datetime.combine(DAY, BEGINS, NEW_YORK).isoformat(),
    "market.speed": str(SPEED),
    "market.interval_s": "10",
    "market.volatility": "0.4",
    "risk.quote_age_max_s": "240",
    "risk.leg_skew_max_s": "240",
    "strategies.condor.parameters.quote_age_max_s": "240",
    "strategies.condor.parameters.entry_from": "open+1",
    "strategies.condor.parameters.entry_until": "close-25",
    "strategies.condor.parameters.exit_at": "close",
    "strategies.condor.parameters.profit_target": "0.99",
    "strategies.condor.parameters.stop": "50",
    "expiry.hold": "[]",
}
"""A day on which the ladder alone closes what expires."""
SHARES = {
    "market.underlying": "SPY",
    "strategies.condor.underlying": "SPY",
}
"""A day of options that deliver shares; their level is the index's, so that they cost what a drill's condors cost."""
ASSIGNED_S, CLOSED_S = 20.0, 60.0
"""For the account to be read, and for what is left to be closed, its shares after its shorts."""


def drill() -> Drill:
    """Return the drill."""
    length_s = (datetime.combine(DAY, ENDS) - datetime.combine(DAY, BEGINS)).total_seconds() / SPEED
    asked = {"intent": "CLOSE", "signal__strategy": "risk", "signal__reason": "EXPIRY.*"}
    return Drill(
        name="expiry",
        does=f"plays the last {length_s * SPEED / 60:.0f} minutes of an expiry at {SPEED} times life, nobody leaves",
        proves="what expires is closed whole before its real end, though its strategy forgot it",
        detected=(journal("order_placed", **asked),),
        recovered=(journal("report_taken", intent="CLOSE", report__status="FILLED", at=BEFORE_END),),
        never=(
            Never(says="a short was left to its settlement", sign=journal("option_settled", quantity=r"[1-9]\d*")),
            Never(says="sent after the end", sign=journal("attempt_started", attempt__started_at=AFTER_END)),
        ),
        alerts=("A130",),
        limits=DrillLimits(detected_s=length_s + PACE_S, recovered_s=length_s + 2 * PACE_S),
        own_settings=SETTINGS,
    )


def assignment() -> Drill:
    """Return the drill of an early assignment: shares of what delivers them, in the middle of a day."""
    leftover = {"intent": "CLOSE", "signal__strategy": "risk", "signal__reason": "LEFTOVER.*"}
    return Drill(
        name="assignment",
        does="a holder exercises a short of a condor that is held, early: shares come into the account",
        proves="an assignment is booked as one and no break, a person is paged, and what is left is closed whole",
        before=(Ask.OPEN,),
        acts=(Assign(),),
        detected=(journal("option_settled", cause="ASSIGNMENT"),),
        recovered=(
            journal("order_placed", **leftover),
            journal("report_taken", intent="CLOSE", report__status="FILLED"),
        ),
        never=(Never(says="an assignment was taken for a break", sign=journal("quarantined")),),
        alerts=("A135",),
        limits=DrillLimits(detected_s=ASSIGNED_S, recovered_s=ASSIGNED_S + CLOSED_S),
        own_settings=SHARES,
    )
