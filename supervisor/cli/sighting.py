"""The book as its journal tells it, for the screens: from the executor's newest checkpoint on, or all of it.

Nothing that runs is asked, and nothing is written. The journal decides: a checkpoint that stands on another event than
the journal has there is passed over, and what the book then says was folded from the first event.
"""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from actors.domain.orders.event import parse_event
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.book_state import ExecutorRecord, restore
from actors.places import Places
from actors.products import load_products
from supervisor.app.event_schema import EVENTS
from supervisor.chain import Entry
from supervisor.checkpoint_record import peek
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.quote_sheet import QuoteSheet, read_quotes
from supervisor.journal import JournalReader

PRODUCTS: Final = Path(__file__).resolve().parents[2] / "config" / "products.toml"
STALE_S: Final = 10.0
"""From this age on a mark is said to be old."""
_TOLD_AFTER: Final = 20_000
"""A fold of more events says how far it is."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A book, the quotes beside it, and how old both are."""

    book: Book
    quotes: QuoteSheet | None
    journal_age_s: float

    @property
    def quotes_age_s(self) -> float | None:
        """Age of the marks; None where there are none."""
        return None if self.quotes is None else self.quotes.age_s

    def head(self) -> dict[str, object]:
        """Return what every screen of a book says of where it comes from."""
        return {
            "at": datetime.now(UTC).isoformat(),
            "journal_sequence": self.book.sequence,
            "journal_age_s": self.journal_age_s,
            "quotes_age_s": self.quotes_age_s,
            "session": None if self.book.session is None else self.book.session.isoformat(),
        }

    def words(self) -> str:
        """Return the same in one line."""
        marks = "no quotes: nothing is marked"
        if self.quotes_age_s is not None:
            marks = f"marks {self.quotes_age_s:.1f} s old" + ("  STALE" if self.quotes_age_s > STALE_S else "")
        return f"Journal  to event {self.book.sequence}, {self.journal_age_s:.0f} s old; {marks}"


def sight(where: Places, before: Sighting | None = None) -> Sighting:
    """Return the book of a runtime, that of a look `before` carried on; ends the verb where there is no journal."""
    try:
        reader = JournalReader(where.journal, EVENTS)
    except FileNotFoundError as error:
        click.echo(f"nothing was ever traded in {where.state}: {error}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    with closing(reader):
        last = reader.last()
        book = book_now(where, reader, before)
    age_s = 0.0 if last is None else max((time.time_ns() - last.written_ns) / 1e9, 0.0)
    return Sighting(book, read_quotes(where), round(age_s, 1))


def book_now(where: Places, reader: JournalReader, before: Sighting | None = None) -> Book:
    """Return the journal's fold, from the newest checkpoint on, or from a look `before`."""
    book = _begun(where, reader) if before is None else before.book
    last = reader.last()
    ahead = (last.sequence if last is not None else 0) - book.sequence
    for entry in _watched(reader.read(book.sequence), ahead):
        book.apply(parse_event(entry.body), entry.sequence)
    return book


def _begun(where: Places, reader: JournalReader) -> Book:
    """Return the book of the newest checkpoint that stands on this journal; else one of nothing."""
    products, kept = load_products(PRODUCTS), _sessions_kept(where)
    record = peek(where.checkpoints("executor"), ExecutorRecord)
    if record is not None and _stands(record, reader):
        return restore(record.book, products, kept)
    return Book(products, kept)


def _sessions_kept(where: Places) -> int | None:
    """Return how long the executor keeps what ended; None, for ever, where no runtime was started from here."""
    try:
        return int(json.loads(where.config.read_bytes())["executor"]["sessions_kept"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _stands(record: ExecutorRecord, reader: JournalReader) -> bool:
    there = reader.entries(record.book.sequence - 1, 1)
    return bool(there) and there[0].sequence == record.book.sequence and there[0].hash.hex() == record.anchor


def _watched(entries: Iterator[Entry], count: int) -> Iterable[Entry]:
    """Show how far it is, where that takes long and a person watches."""
    if count < _TOLD_AFTER or not sys.stderr.isatty():
        yield from entries
        return
    with (
        suppress(BrokenPipeError),
        click.progressbar(
            entries, length=count, label="Folding the journal", file=sys.stderr, update_min_steps=1_000
        ) as shown,
    ):
        yield from shown
