"""A report as plain text, in columns."""

from collections.abc import Iterator, Sequence
from typing import Final

from supervisor.app.reports.sheet import Section, Sheet

NUMERIC: Final = frozenset("+-0123456789")
WIDE_MAX: Final = 44
"""A longer cell pushes its own row alone."""


def text(sheet: Sheet) -> str:
    """Return the whole report, ending in a newline."""
    return "\n".join(lines(sheet)) + "\n"


def lines(sheet: Sheet) -> Iterator[str]:
    """Yield the report line by line."""
    yield f"{sheet.origin}  {sheet.title}"
    yield sheet.headline
    for each in sheet.sections:
        yield ""
        yield each.title.upper()
        yield from section_lines(each)
    yield ""
    yield sheet.made


def section_lines(each: Section) -> Iterator[str]:
    """Yield the rows and notes of one section."""
    table = [*([each.head] if each.head else []), *each.rows]
    widths = [min(max(map(len, column)), WIDE_MAX) for column in zip(*table, strict=True)] if table else []
    for row in table:
        yield ("  " + "  ".join(_cells(row, widths, each.rows))).rstrip()
    yield from (f"  {note}" for note in each.notes)


def _cells(row: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        is_number = all(each[place][:1] in NUMERIC or not each[place] for each in rows)
        yield f"{cell:>{width}}" if is_number else f"{cell:<{width}}"
