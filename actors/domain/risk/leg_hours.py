"""Whether each leg's market is open: its own product's session, and its own expiry's last one."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache

from actors.domain.market.contract import Contract
from actors.domain.market.last_trade import LOOK_BACK_DAYS, settlement_day
from actors.domain.market.session import NEW_YORK, Closed, Sessions
from actors.domain.orders.refusal import Check, Code


def sessions_open(contracts: Iterable[Contract], sessions: Sessions, now: datetime) -> Iterator[Check]:
    """Yield a check for each contract; legs that share hours share the look-up."""
    seen: dict[tuple[str, date | None], tuple[bool, str, str]] = {}
    local = now.astimezone(NEW_YORK)
    for contract in contracts:
        if contract.expires_on is not None and contract.expires_on < local.date():
            yield Check(code=Code.R021_CONTRACT_EXPIRED, passed=False, subject=contract.symbol)
            continue
        key = contract.product.session, contract.expires_on
        passed, value, limit = seen.get(key) or seen.setdefault(key, _look(*key, sessions, now, local))
        yield Check(code=Code.R020_SESSION_CLOSED, passed=passed, subject=contract.symbol, value=value, limit=limit)


def _look(
    rule: str, expires_on: date | None, sessions: Sessions, now: datetime, local: datetime
) -> tuple[bool, str, str]:
    """Return whether the session holds `now`, and value and limit in words."""
    on = sessions.session_date(now, rule) or local.date()
    session = sessions.find(rule, on, expiring=_settles(rule, expires_on, on, sessions))
    if isinstance(session, Closed):
        return False, session.text, ""
    return session.holds(now), f"{local:%H:%M:%S}", _hours(session.opens_at, session.closes_at)


def _settles(rule: str, expires_on: date | None, on: date, sessions: Sessions) -> bool:
    """Return whether a series is settled on a day: that of its expiry, or the last one before a weekend or holiday."""
    if expires_on is None or not 0 < (expires_on - on).days <= LOOK_BACK_DAYS:
        return expires_on == on
    return settlement_day(rule, expires_on, sessions) == on


@lru_cache(maxsize=64)
def _hours(opens_at: datetime, closes_at: datetime) -> str:
    return f"{opens_at.astimezone(NEW_YORK):%H:%M} to {closes_at.astimezone(NEW_YORK):%H:%M}"
