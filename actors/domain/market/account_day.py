"""Which trading day what an account makes at a moment belongs to.

Rules of this file:
* A day of the stock exchange is one, from midnight to midnight in New York: its baseline is the account's at the first
  agreement in it.
* When the exchange has no day, but something that is traded has a session under way (Sunday evening, a holiday that
  Globex trades on until its halt), that belongs to the exchange's next day, as the clearing house dates it too. So the
  baseline is there before anything opens, and a loss of Sunday evening counts against Monday's limit.
* Otherwise there is none: nothing is traded, and nothing opens.
* A day that no table is sure of is not skipped to find a next one: then there is none either.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from actors.domain.market.last_trade import LOOK_BACK_DAYS
from actors.domain.market.session import NEW_YORK, Closed, Session, Sessions

_RULE = "equity_option"


def account_day(now: datetime, sessions: Sessions, traded: Iterable[str]) -> date | None:
    """Return the trading day at `now` of an account that trades by the session rules `traded`; None: there is none."""
    today = sessions.session_date(now)
    if today is not None or not any(_holds(sessions, rule, now) for rule in set(traded)):
        return today
    on = now.astimezone(NEW_YORK).date()
    for days in range(1, LOOK_BACK_DAYS + 1):
        following = on + timedelta(days=days)
        found = sessions.find(_RULE, following)
        if isinstance(found, Session):
            return following
        if found.code is not Closed.Code.CLOSED:
            return None
    return None


def _holds(sessions: Sessions, rule: str, now: datetime) -> bool:
    on = sessions.session_date(now, rule)
    session = None if on is None else sessions.session(rule, on)
    return session is not None and session.holds(now)
