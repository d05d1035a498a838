"""Whether it is the market itself that keeps a short from being covered: it is shut, or nobody offers what is short.

Told apart from all that is ours to mend, for only this is an excuse (`performance.naked_shorts`). A market is shut
where a short's session is, or its contract has expired. Nobody offers a short whose last quote has no ask while the
feed lives: some quote of any contract came lately. A contract that was never quoted, and a feed that is silent, say
nothing of the market; they are ours.
"""

from collections.abc import Iterable

from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.leg_hours import sessions_open


def no_market(shorts: Iterable[str], seen: Circumstances, feed_age_max_s: float) -> str:
    """Return why nobody could buy one of the shorts now, in words; empty where the market is no reason."""
    symbols = sorted(shorts)
    shut = [
        check
        for check in sessions_open([seen.book.contract(symbol) for symbol in symbols], seen.sessions, seen.now)
        if not check.passed
    ]
    if shut:
        return f"{shut[0].code} {shut[0].subject}: its market is shut"
    quotes = seen.quotes
    if quotes is None or (seen.boot_ns - int(quotes.received_ns.max())) / 1e9 > feed_age_max_s:
        return ""
    unoffered = [symbol for symbol in symbols if (quote := quotes.quote(symbol)) is not None and quote.ask is None]
    return f"nobody offers {', '.join(unoffered)}" if unoffered else ""
