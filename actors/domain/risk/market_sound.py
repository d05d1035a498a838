"""Whether the market behind an opening's legs may be trusted: it ticks, nothing is halted, no leg's price is a lie.

Three clocks are asked, and any of them alone refuses. The wire's is risk's business (no quotes for too long means no
permit), each leg's own is `leg_quotes`', and the heartbeat's is asked here: options may rest for minutes, the
underlying does not, so its quote tells a quiet market from a feed that went deaf to this product.

Flaws come from the feed's survey of whole chains, looked up leg by leg. Without a survey, or with an old one, nothing
is known and nothing is opened. It says, too, when the stream of quotes last broke off or began anew: what was not
quoted since is not known (`quote_gaps`). A drift that is not known yet passes: each quote's stamp was held against the
clock as it arrived. Exits are not asked any of this.
"""

import math
from collections.abc import Iterator
from datetime import datetime

from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteTable
from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.signal import Open
from actors.domain.risk.permit import Limits


def market_sound(request: Open, quotes: QuoteTable, limits: Limits, now: datetime, boot_ns: int) -> Iterator[Check]:
    """Yield the checks of heartbeat, survey, each leg's flaws, and the machine's clock."""
    yield _heartbeat(request.underlying, quotes, limits, now, boot_ns)
    survey = quotes.survey
    age_s = math.inf if survey is None else (boot_ns - survey.at_ns) / 1e9
    yield Check(
        code=Code.R038_QUOTE_FLAWED,
        passed=age_s <= limits.survey_age_max_s,
        value="no look over the chain yet" if survey is None else f"looked over {age_s:.3f} s ago",
        limit=f"{limits.survey_age_max_s} s",
        age_s=None if survey is None else age_s,
    )
    if survey is None:
        return
    yield _unbroken(request, quotes, age_s)
    halted = request.underlying in survey.halted
    value = "halted" if halted else ""
    yield Check(code=Code.R038_QUOTE_FLAWED, passed=not halted, subject=request.underlying, value=value, age_s=age_s)
    for leg in request.legs:
        yield _unflawed(leg.symbol, quotes, age_s)
        yield from _held(leg.symbol, quotes, limits)
    yield _clock_right(survey, limits, age_s)


def _heartbeat(underlying: str, quotes: QuoteTable, limits: Limits, now: datetime, boot_ns: int) -> Check:
    oldest_s = limits.heartbeat_max_s or limits.quote_age_max_s
    quote = quotes.quote(underlying)
    age_s = None if quote is None else quote.age_s(now, boot_ns)
    return Check(
        code=Code.R037_HEARTBEAT,
        passed=age_s is not None and age_s <= oldest_s,
        subject=underlying,
        value="never quoted" if age_s is None else f"{age_s:.3f} s",
        limit=f"{oldest_s} s",
        age_s=age_s,
    )


def _unbroken(request: Open, quotes: QuoteTable, age_s: float) -> Check:
    """A quote of before the stream broke off says nothing of what came in between, however young it is."""
    cut = [symbol for symbol in (request.underlying, *(leg.symbol for leg in request.legs)) if quotes.is_cut(symbol)]
    value = f"not quoted since the quotes broke off: {', '.join(cut)}" if cut else ""
    return Check(code=Code.R110_QUOTE_GAP, passed=not cut, value=value, age_s=age_s)


def _unflawed(symbol: str, quotes: QuoteTable, age_s: float) -> Check:
    flaw = quotes.flaw(symbol)
    return Check(
        code=Code.R038_QUOTE_FLAWED,
        passed=flaw is None,
        subject=symbol,
        value="" if flaw is None else f"{flaw.names}: {flaw.value} points",
        limit="" if flaw is None else f"{flaw.limit} points",
        age_s=age_s,
    )


def _held(symbol: str, quotes: QuoteTable, limits: Limits) -> Iterator[Check]:
    """Say whether enough hold and trade a leg, to those alone who ask for it; what is not told passes."""
    held = quotes.held(symbol)
    for name, least, told in (
        ("open interest", limits.open_interest_min, held and held.open_interest),
        ("traded the session before", limits.volume_min, held and held.volume),
    ):
        if least:
            value = "not told" if told is None else f"{told:g} {name}"
            passed = told is None or told >= least
            yield Check(code=Code.R038_QUOTE_FLAWED, passed=passed, subject=symbol, value=value, limit=f"{least}")


def _clock_right(survey: Survey, limits: Limits, age_s: float) -> Check:
    drift_s = survey.drift_s
    return Check(
        code=Code.R039_CLOCK_DRIFT,
        passed=drift_s is None or abs(drift_s) <= limits.drift_max_s,
        value="not known yet" if drift_s is None else f"{drift_s:+.3f} s against the exchange's stamps",
        limit=f"{limits.drift_max_s} s",
        age_s=age_s,
    )
