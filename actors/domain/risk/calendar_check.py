"""Whether the calendar lets an opening be: no event, a known expiry, not at its very end, and sources that agree.

Exits are asked none of this.
"""

from collections.abc import Iterator
from datetime import timedelta

from actors.domain.market.contract import Contract
from actors.domain.market.last_trade import last_trade
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.signal import Open
from actors.domain.risk.almanac import Almanac
from actors.domain.risk.circumstances import Circumstances


def calendar_allows(request: Open, seen: Circumstances) -> Iterator[Check]:
    """Yield the calendar's checks of an opening whose legs are known."""
    yield Check(code=Code.R024_HOURS_DISAGREE, passed=not seen.hours_disagree, value=seen.hours_disagree)
    if (almanac := seen.almanac) is None:
        return
    now, name = seen.now, request.underlying
    event = next((each for each in almanac.blackouts if each.holds(name, now)), None)
    value = "" if event is None else f"{event.reason}, until {event.ends.astimezone(NEW_YORK):%a %d %b %H:%M} ET"
    yield Check(code=Code.R025_BLACKOUT, passed=event is None, subject=name, value=value)
    on = now.astimezone(NEW_YORK).date()
    for leg in request.legs:
        contract = seen.contracts[leg.symbol]
        if contract.is_option:
            known = almanac.table.row(contract.product, on) is not None
            text = "" if known else _unknown(contract, almanac)
            yield Check(code=Code.R026_NO_EXPIRY_RULE, passed=known, subject=leg.symbol, value=text)
            yield _before_the_end(contract, almanac, seen)


def _unknown(contract: Contract, almanac: Almanac) -> str:
    product = contract.product
    facts = f"{product.kind} {product.style} {product.settlement} {product.settlement_time}"
    return f"{product.root}: no row for {facts}, table good until {almanac.table.last_on}"


def _before_the_end(contract: Contract, almanac: Almanac, seen: Circumstances) -> Check:
    """What ends today is not opened so late that it would be closed at once, or that a broker refuses it."""
    last = last_trade(contract, seen.sessions)
    if last is None:
        return Check(
            code=Code.R027_LAST_TRADE, passed=False, subject=contract.symbol, value="no table says when it ends"
        )
    on = seen.now.astimezone(NEW_YORK).date()
    rows = (almanac.table.broker(adapter, contract.product.kind, on) for adapter in almanac.adapters)
    before = max(almanac.openings_until_min, *(row.openings_until_min for row in rows if row is not None), 0)
    until = last.at - timedelta(minutes=before)
    value, limit = f"{seen.now.astimezone(NEW_YORK):%H:%M:%S}", f"until {until.astimezone(NEW_YORK):%a %d %b %H:%M} ET"
    return Check(code=Code.R027_LAST_TRADE, passed=seen.now < until, subject=contract.symbol, value=value, limit=limit)
