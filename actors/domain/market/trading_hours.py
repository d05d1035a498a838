"""Which session a strategy's contracts trade in at a moment, and its hours."""

from datetime import date, datetime

from actors.domain.market.chain import Chain
from actors.domain.market.contract import SettlementTime
from actors.domain.market.session import Session, Sessions


def hours_at(now: datetime, known: tuple[Chain, ...], sessions: Sessions) -> tuple[date | None, Session | None]:
    """Return date and hours of the session, those of the series that expires in it where there is one."""
    alive = next((chain for chain in known if chain.settlement_time is SettlementTime.PM), None)
    chain = alive or next(iter(known), None)
    if chain is None:
        return None, None
    on = sessions.session_date(now, chain.session)
    if on is None:
        return None, None
    return on, sessions.session(chain.session, on, expiring=chain.expires_on == on)
