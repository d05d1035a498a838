"""Whether the quotes of an opening's legs may be traded on: there, young, two-sided, narrow, and of one moment.

The age of a quote is counted on both clocks, and the worse one counts.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from actors.domain.market.quote import Quote, QuoteTable
from actors.domain.orders.order import Leg
from actors.domain.orders.refusal import Check, Code
from actors.domain.risk.permit import Limits
from actors.domain.value import ZERO


def quotes_good(
    legs: Sequence[Leg], quotes: QuoteTable, limits: Limits, now: datetime, boot_ns: int
) -> Iterator[Check]:
    """Yield the checks of each leg's quote, and of their ages against each other."""
    stamps, oldest = [], f"{limits.quote_age_max_s} s"
    for leg in legs:
        quote = quotes.quote(leg.symbol)
        yield Check(code=Code.R030_NO_QUOTE, passed=quote is not None, subject=leg.symbol)
        if quote is None:
            continue
        age_s = quote.age_s(now, boot_ns)
        stamps.append(age_s)
        yield Check(
            code=Code.R031_QUOTE_STALE,
            passed=age_s <= limits.quote_age_max_s,
            subject=leg.symbol,
            value=f"{age_s:.3f} s",
            limit=oldest,
            age_s=age_s,
        )
        yield _two_sided(quote, age_s)
        step = quotes.universe.contracts[quotes.row_of[leg.symbol]].product.tick_at(quote.mid or ZERO)
        yield _spread_narrow(quote, limits, step, age_s)
    skew = max(stamps, default=0.0) - min(stamps, default=0.0)
    passed = skew <= limits.leg_skew_max_s
    yield Check(code=Code.R033_LEG_SKEW, passed=passed, value=f"{skew:.3f} s", limit=f"{limits.leg_skew_max_s} s")


def _two_sided(quote: Quote, age_s: float) -> Check:
    sound = quote.code == 0 and quote.bid is not None and quote.ask is not None and quote.bid < quote.ask
    value = f"{quote.bid} / {quote.ask}, code {quote.code}"
    return Check(code=Code.R032_QUOTE_UNSOUND, passed=sound, subject=quote.symbol, value=value, age_s=age_s)


def _spread_narrow(quote: Quote, limits: Limits, step: Decimal, age_s: float) -> Check:
    """Against the middle, with a floor in points and one in price steps: cheap options are wide by a tick or two."""
    if quote.bid is None or quote.ask is None or not (mid := quote.mid):
        return Check(code=Code.R034_SPREAD_WIDE, passed=False, subject=quote.symbol, value="one-sided", age_s=age_s)
    width = quote.ask - quote.bid
    share = float(width) / float(mid)
    floor = max(limits.spread_floor, limits.spread_floor_ticks * float(step))
    return Check(
        code=Code.R034_SPREAD_WIDE,
        passed=float(width) <= floor or share <= limits.spread_max,
        subject=quote.symbol,
        value=f"{share:.0%} of mid, {width} wide",
        limit=f"{limits.spread_max:.0%} or {floor:g}",
        age_s=age_s,
    )
