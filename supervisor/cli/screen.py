"""How the verbs show things: aligned columns, loud words in colour where a person looks, New York's time first.

Colour yields to NO_COLOR, to `--no-color`, and to whatever is no terminal; then the text is plain, and as wide as it
is. What a colour says stands there in words as well.
"""

import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import click

from actors.domain.market.new_york import NEW_YORK

NO_COLOR: Final = "NO_COLOR"
_LOUD: Final = (
    r"HALTED|HALT|FLATTEN|DEAD|GONE|UNKNOWN|IN DOUBT|DEGRADED|STALE|SICK|NOT RUNNING|NOT RECONCILED|TRIPPED|"
    r"ESCALATED|REFUSED|NAKED|LIVE|FAIL|OUT|MISSING|NO"
)
_CALM: Final = r"RUNNING|ACTIVE|OK|ok"
_WORDS: Final = re.compile(rf"\b(?:(?P<loud>{_LOUD})|(?P<calm>{_CALM}))\b")


def colours() -> bool:
    """Whether to show any."""
    return not os.environ.get(NO_COLOR) and sys.stdout.isatty()


def painted(lines: Sequence[str]) -> str:
    """Return lines as one text, their loud words in colour where that is wanted."""
    whole = "\n".join(lines)
    return _WORDS.sub(_styled, whole) if colours() else whole


def show(lines: Sequence[str]) -> None:
    """Print lines."""
    click.echo(painted(lines))


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Return a table's lines, each column as wide as its widest cell; those numbered in `right` stand to the right."""
    whole = [head, *rows]
    wide = [max(len(row[place]) for row in whole) for place in range(len(head))]
    return [
        "  ".join(
            f"{cell:>{wide[place]}}" if place in right else f"{cell:<{wide[place]}}" for place, cell in enumerate(row)
        ).rstrip()
        for row in whole
    ]


def money(value: Decimal | None) -> str:
    """Return dollars with their sign and thousands apart; UNKNOWN where nobody knows."""
    return "UNKNOWN" if value is None else f"{value:+,.2f}"


def new_york(at: datetime | str | None) -> str:
    """Return a time as New York reads it, and the local clock's behind it where that differs; `-` for none."""
    if at is None:
        return "-"
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    there, here = moment.astimezone(NEW_YORK), moment.astimezone()
    local = "" if there.utcoffset() == here.utcoffset() else f" ({here:%H:%M:%S} here)"
    return f"{there:%a %d %b %H:%M:%S} ET{local}"


def now_words() -> str:
    """Return the time now, in those words."""
    return new_york(datetime.now(UTC))


def text(value: Any) -> str | None:
    """Return a number as JSON carries money: a string, None for none."""
    return None if value is None else str(value)


def _styled(found: re.Match[str]) -> str:
    return click.style(found[0], fg="red", bold=True) if found["loud"] else click.style(found[0], fg="blue")
