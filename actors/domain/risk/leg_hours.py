"""Whether each leg's market is open: its own product's session, and its own expiry's last one."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from actors.domain.market.contract import Contract
from actors.domain.market.session import NEW_YORK, Closed, Session, Sessions
from actors.domain.orders.refusal import Check, Code


def sessions_open(contracts: Iterable[Contract], sessions: Sessions, now: datetime) -> Iterator[Check]:
    """Yield a check for each contract; legs that share hours share the look-up."""
    hours: dict[tuple[str, date | None], Session | Closed] = {}
    local = now.astimezone(NEW_YORK)
    for contract in contracts:
        if contract.expires_on is not None and contract.expires_on < local.date():
            yield Check(code=Code.R021_CONTRACT_EXPIRED, passed=False, subject=contract.symbol)
            continue
        key = contract.product.session, contract.expires_on
        session = hours.get(key) or hours.setdefault(key, _session(*key, sessions, now))
        if isinstance(session, Closed):
            yield Check(code=Code.R020_SESSION_CLOSED, passed=False, subject=contract.symbol, value=session.text)
            continue
        yield Check(
            code=Code.R020_SESSION_CLOSED,
            passed=session.holds(now),
            subject=contract.symbol,
            value=f"{local:%H:%M:%S}",
            limit=f"{session.opens_at.astimezone(NEW_YORK):%H:%M} to {session.closes_at.astimezone(NEW_YORK):%H:%M}",
        )


def _session(rule: str, expires_on: date | None, sessions: Sessions, now: datetime) -> Session | Closed:
    on = sessions.session_date(now, rule) or now.astimezone(NEW_YORK).date()
    return sessions.find(rule, on, expiring=expires_on == on)
