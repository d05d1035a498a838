"""A report laid out, once for all renderers: a headline and sections of rows. Money signed, times New York's.

The same cells stand in the text, the page and the alert, so no two forms of a report can tell different figures.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from actors.domain.market.session import NEW_YORK
from actors.domain.performance.ahead import Ahead
from actors.domain.performance.incident import Incident
from actors.domain.value import Value

ROWS_MAX: Final = 60
"""Of one section; how many more there are is told."""
UNKNOWN: Final = "unknown"
DASH: Final = "-"


class Tone(StrEnum):
    """How the headline is meant; said in words as well, for no colour is seen by everybody."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"


class Section(Value):
    """A title, then rows of equal length under heads, or without heads; notes below."""

    title: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


class Sheet(Value):
    """The whole report."""

    title: str
    origin: str
    headline: str
    tone: Tone = Tone.PLAIN
    made: str
    sections: tuple[Section, ...]


def money(amount: Decimal | None) -> str:
    """Return signed dollars."""
    return UNKNOWN if amount is None else f"{amount:+,.2f}"


def dollars(amount: Decimal | None) -> str:
    """Return dollars that are no result: a balance, a cost."""
    return UNKNOWN if amount is None else f"{amount:,.2f}"


def share(part: Decimal | float | None) -> str:
    """Return a signed share as a percentage."""
    return UNKNOWN if part is None else f"{part:+.2%}"


def rate(part: float | None) -> str:
    """Return a share of outcomes."""
    return DASH if part is None else f"{part:.0%}"


def at(instant: datetime | None, form: str = "%H:%M:%S") -> str:
    """Return a time of New York."""
    return DASH if instant is None else f"{instant.astimezone(NEW_YORK):{form}}"


def section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *notes: str) -> Section:
    """Return a section of at most `ROWS_MAX` rows."""
    more = (f"and {len(rows) - ROWS_MAX} more",) if len(rows) > ROWS_MAX else ()
    kept = tuple(tuple(row) for row in rows[:ROWS_MAX])
    return Section(title=title, head=tuple(head) if kept else (), rows=kept, notes=(*more, *notes))


def incidents(found: Sequence[Incident], title: str = "Incidents") -> Section:
    """Return the section of what went wrong."""
    rows = [(at(each.at), f"[{each.sequence}]", each.kind.replace("_", " "), each.subject, each.text) for each in found]
    return section(title, ("ET", "journal", "what", "of", "how"), rows, *([] if rows else ["none"]))


def ahead_section(title: str, found: Ahead) -> Section:
    """Return the section of what lies ahead on a date."""
    day = f"{found.on:%a %d %b}"
    if found.opens_at is None:
        rows = [("session", f"none on {day}: {found.closed}")]
    else:
        half = "  HALF DAY" if found.is_half_day else ""
        rows = [("session", f"{day} {at(found.opens_at, '%H:%M')} to {at(found.closes_at, '%H:%M')} ET{half}")]
    rows += [("keep clear", each) for each in found.blackouts]
    rows += [
        ("expires", f"{each.quantity:+d} {each.symbol} of {each.structure_id}, {_ends(each.ends_at)}")
        for each in found.expiring
    ]
    if not found.expiring:
        rows.append(("expires", "nothing that is held"))
    return section(title, (), rows)


def _ends(ends_at: datetime | None) -> str:
    return "no table says when" if ends_at is None else f"until {at(ends_at, '%H:%M')} ET"
