"""What is told of an account's standing with its broker.

A110: it takes no openings, or says what nobody here knows; A111: it does again; A112: it does not say its buying power.
"""

from collections.abc import Iterator

from actors.domain.alerts.alert import Level
from actors.domain.risk.standing import Standing


def told_of(route: str, before: Standing | None, now: Standing) -> Iterator[tuple[str, Level, str, str]]:
    """Yield the alerts (code, level, subject, text) that a new reading of an account is worth, each once."""
    was = before.trading.words if before is not None and before.trading is not None else ""
    words = now.trading.words if now.trading is not None else ""
    if words and words != was:
        yield "A110", Level.P1, f"trading-{route}", f"{route} takes no openings of {now.account_domain}: {words}"
    if was and not words and now.trading is not None:
        yield "A111", Level.P2, f"trading-{route}", f"{route} takes openings of {now.account_domain} again"
    had = before is not None and before.buying_power is not None
    if now.buying_power is None and (had or before is None):
        text = f"{route} does not say the buying power of {now.account_domain}: openings there are refused"
        yield "A112", Level.P1, f"power-{route}", text
