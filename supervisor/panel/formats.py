"""How the panel writes numbers, times and ages: money always signed, New York's times, each age beside its number.

An age is an instant in the page, so that it counts on there without the server; over its limit it is said to be stale,
in words.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from markupsafe import Markup, escape

from actors.domain.market.session import NEW_YORK

UNKNOWN: Final = "unknown"
MINUS: Final = "\N{MINUS SIGN}"
Number = Decimal | float | int | str | None
_TAIL: Final = 15
"""Expiry, right and strike at the end of an option's symbol."""
_STRIKE: Final = 1_000
_TAILS: Final = re.compile(r"( ?) *\b(\d{6}[CP]\d{8})\b")


def money(value: Number, digits: int = 2) -> str:
    """Return dollars with their sign."""
    found = _decimal(value)
    return UNKNOWN if found is None else _minus(f"{found:+,.{digits}f}")


def amount(value: Number, digits: int = 0) -> str:
    """Return a number that has no side."""
    found = _decimal(value)
    return UNKNOWN if found is None else _minus(f"{found:,.{digits}f}")


def share(value: Number, digits: int = 0) -> str:
    """Return a share as a percentage."""
    found = _decimal(value)
    return UNKNOWN if found is None else _minus(f"{found:.{digits}%}")


def change(value: Number, digits: int = 2) -> str:
    """Return a share that was won or lost, with its sign."""
    found = _decimal(value)
    return UNKNOWN if found is None else _minus(f"{found:+.{digits}%}")


def side(value: Number) -> str:
    """Return `gain`, `loss`, or nothing, as the style sheet calls them."""
    found = _decimal(value)
    return "" if not found else "gain" if found > 0 else "loss"


def clock(at: datetime | str | None) -> str:
    """Return New York's time of day."""
    found = _local(at)
    return UNKNOWN if found is None else f"{found:%H:%M:%S}"


def day(at: datetime | str | None) -> str:
    """Return New York's day and time."""
    found = _local(at)
    return UNKNOWN if found is None else f"{found:%a %d %b %H:%M:%S}"


def age(seconds: float | None, limit_s: float, now_s: float) -> Markup:
    """Return an age that counts on; `limit_s`: from when on it is stale."""
    if seconds is None:
        return Markup('<span class="age stale">age unknown</span>')
    at_ms = round((now_s - seconds) * 10) * 100
    stale = " stale" if seconds > limit_s else ""
    words = escape(span(seconds))
    return Markup('<span class="age{}" data-at="{}" data-limit="{}">{} old</span>').format(
        stale, at_ms, f"{limit_s:g}", words
    )


def since(at: datetime | str | None, now_s: float) -> Markup:
    """Return how long ago, counting on."""
    if not at:
        return Markup('<span class="age">at a time nobody kept</span>')
    found = datetime.fromisoformat(at) if isinstance(at, str) else at
    seconds = now_s - found.timestamp()
    return Markup('<span class="age" data-at="{}">{}</span>').format(
        round(found.timestamp() * 1000), span(max(seconds, 0.0))
    )


def span(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if minutes < 120:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def left(until: datetime | str | None, now: datetime | str) -> str:
    """Return how long it is until then, on one clock."""
    end, at = _local(until), _local(now)
    if end is None or at is None:
        return UNKNOWN
    return "over" if end <= at else f"{span((end - at) / timedelta(seconds=1))} left"


def contract(symbol: str) -> str:
    """Return an option's symbol as a trader says it: `SPXW 27 Nov 5,850 P`; others as they are."""
    root, tail = symbol[:-_TAIL].strip(), symbol[-_TAIL:]
    if not root or len(symbol) < _TAIL + 1 or not (tail[:6] + tail[7:]).isdigit():
        return symbol
    expires = datetime.strptime(tail[:6], "%y%m%d")  # noqa: DTZ007 - a day, not an instant
    strike = Decimal(tail[7:]) / _STRIKE
    return f"{root} {expires:%d %b} {strike.normalize():,f} {tail[6]}"


def said(text: str) -> str:
    """Return a sentence with the tails of options' symbols as a trader says them."""
    return _TAILS.sub(lambda found: found[1] + contract(f"X     {found[2]}").removeprefix("X "), text)


def bar(used: float | None) -> int | None:
    """Return a share as the width of a bar, in percent."""
    return None if used is None else max(0, min(round(used * 100), 100))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    each.__name__: each
    for each in (change, said, money, amount, share, side, clock, day, age, since, span, left, contract, bar)
}


def _decimal(value: Number) -> Decimal | None:
    try:
        found = None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


def _local(at: datetime | str | None) -> datetime | None:
    if not at:
        return None
    return (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(NEW_YORK)
