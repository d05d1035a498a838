"""Whether the calendar lets an opening be: no event, a known expiry, not at its very end, and sources that agree.

Exits are asked none of this, nor is an opening that mends: one that brings the legs a structure lacks, or hedges what
cannot be closed. No event is worth a short without its cover.
"""

from collections.abc import Iterator
from datetime import date

from actors.domain.market.session import NEW_YORK
from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.signal import Open
from actors.domain.risk.almanac import SeriesEnd
from actors.domain.risk.circumstances import Circumstances


def calendar_allows(request: Open, seen: Circumstances) -> Iterator[Check]:
    """Yield the calendar's checks of an opening whose legs are known."""
    if seen.completes or seen.accounts is not None:
        return
    yield Check(code=Code.R024_HOURS_DISAGREE, passed=not seen.hours_disagree, value=seen.hours_disagree)
    if (almanac := seen.almanac) is None:
        return
    now, name = seen.now, request.underlying
    event = next((each for each in almanac.blackouts if each.holds(name, now)), None)
    value = "" if event is None else f"{event.reason}, until {event.ends.astimezone(NEW_YORK):%a %d %b %H:%M} ET"
    yield Check(code=Code.R025_BLACKOUT, passed=event is None, subject=name, value=value)
    local = now.astimezone(NEW_YORK)
    on, clock = local.date(), f"{local:%H:%M:%S}"
    ends: dict[tuple[str, date | None], SeriesEnd] = {}
    for leg in request.legs:
        contract = seen.contracts[leg.symbol]
        if contract.is_option:
            series = contract.product.root, contract.expires_on
            end = ends.get(series) or ends.setdefault(series, almanac.end(contract, on, seen.sessions))
            code = Code.R026_NO_EXPIRY_RULE
            yield Check(code=code, passed=not end.unknown, subject=leg.symbol, value=end.unknown)
            yield _before_the_end(leg.symbol, end, clock, seen)


def _before_the_end(symbol: str, end: SeriesEnd, clock: str, seen: Circumstances) -> Check:
    """What ends today is not opened so late that it would be closed at once, or that a broker refuses it."""
    passed = end.opens_until is not None and seen.now < end.opens_until
    return Check(code=Code.R027_LAST_TRADE, passed=passed, subject=symbol, value=clock, limit=end.words)
