"""When an option trades for the last time, and on which day it is settled.

Rules of this file:
* A contract is settled on its expiry's date, or, where the exchange is closed that day (a weekend, a holiday, one that
  Globex trades through too), on the last day before it that has a session.
* What is settled by the closing prints trades last on that day, until its expiring series ends; what is settled by the
  opening prints trades last on the trading day before.
* Where a table ends or two disagree, nothing is known: the caller takes that for the worst.
"""

from datetime import date, datetime, timedelta

from actors.domain.market.contract import Contract
from actors.domain.market.session import NEW_YORK, Closed, Session, Sessions
from actors.domain.value import Instant, Value

LOOK_BACK_DAYS = 6
"""No exchange was closed for longer since 1914, but for the four days of 2001."""


class LastTrade(Value):
    """The end of one contract's trading."""

    settles_on: date
    opens_at: Instant
    """Of its last session."""
    at: Instant
    """The end of its last session."""

    @property
    def on(self) -> date:
        """New York date of the last session."""
        return self.at.astimezone(NEW_YORK).date()

    def is_last_session(self, now: datetime) -> bool:
        """Return whether `now` lies on the day of the last session, before its end."""
        return now < self.at and now.astimezone(NEW_YORK).date() >= self.on


def settlement_day(rule: str, expires_on: date, sessions: Sessions) -> date | None:
    """Return the day a series of that session rule is settled on; None where no table says."""
    for days in range(LOOK_BACK_DAYS + 1):
        on = expires_on - timedelta(days=days)
        found = sessions.find(rule, on, expiring=True)
        if isinstance(found, Session) or found.code is Closed.Code.EXPIRED:
            return on
        if found.code is not Closed.Code.CLOSED:
            return None
    return None


def last_trade(contract: Contract, sessions: Sessions) -> LastTrade | None:
    """Return the end of an option's trading; None for what never expires, and where no table says."""
    if contract.expires_on is None:
        return None
    rule = contract.product.session
    settles_on = settlement_day(rule, contract.expires_on, sessions)
    if settles_on is None:
        return None
    found = sessions.find(rule, settles_on, expiring=True)
    if isinstance(found, Closed):
        if found.code is not Closed.Code.EXPIRED:
            return None
        before = settlement_day(rule, settles_on - timedelta(days=1), sessions)
        ordinary = None if before is None else sessions.session(rule, before)
        if ordinary is None:
            return None
        found = ordinary
    return LastTrade(settles_on=settles_on, opens_at=found.opens_at, at=found.closes_at)
