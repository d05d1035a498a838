"""The book as the kill switch needs it: checkpoint and journal, read only, and what earlier uses left untaken.

Only once the executor's death is confirmed: its checkpoints have one user. Where the journal is damaged, missing, or
lacks what was acknowledged, there is no book, and what belongs together is not known: then orders are cancelled,
nothing is closed, and an account that holds anything is not called flat.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Final

from actors import recovery
from actors.alone import ALONE
from actors.domain.portfolio.book import Book
from actors.places import Places
from actors.ports import DamagedState, Replica
from supervisor.app.event_schema import EVENTS
from supervisor.app.workplace import Workplace
from supervisor.chain import Chain, JournalDamagedError
from supervisor.journal import JournalReader
from supervisor.journal_file import JournalNewerError, JournalUnwritableError
from supervisor.killswitch import record

UNREADABLE: Final = (
    FileNotFoundError,
    DamagedState,
    JournalDamagedError,
    JournalNewerError,
    JournalUnwritableError,
)


class NoBook(Exception):
    """What was held cannot be told from the journal."""


class ReadJournal:
    """A journal that is only read; implements the reading half of `ports.Journal`."""

    replica: Replica = ALONE

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader

    def append(self, _: object) -> int:
        """Refuse: the executor is its only writer."""
        raise NotImplementedError

    def read(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield sequence and body of every event after `after`, verified. Raises `JournalDamagedError`."""
        self._reader.verify(after)
        for entry in self._reader.read(after):
            yield entry.sequence, entry.body
        last = self._reader.last()
        self._reader.follow(
            Chain(last.sequence, last.hash) if last else Chain(), 1
        )  # all that was acknowledged is there

    def knows(self, correlation: str) -> bool:
        """Whether any event belongs to this id."""
        return next(self._reader.of(correlation), None) is not None

    def hash_of(self, sequence: int) -> bytes | None:
        """Return the hash of one event; None where there is none."""
        found = self._reader.entries(sequence - 1, 1) if sequence > 0 else []
        return found[0].hash if found and found[0].sequence == sequence else None


def last_epoch(where: Places) -> int:
    """Return the last epoch the journal knows; 0 where there is none, or it cannot be read."""
    try:
        with closing(JournalReader(where.journal)) as reader:
            last = reader.last()
    except UNREADABLE:
        return 0
    return last.epoch if last else 0


def fold(place: Workplace, at: datetime) -> Book:
    """Return the book. Raises `NoBook`."""
    try:
        with closing(JournalReader(place.places.journal, EVENTS)) as reader:
            return _folded(place, ReadJournal(reader), at)
    except UNREADABLE as error:
        raise NoBook(str(error)) from error


def _folded(place: Workplace, journal: ReadJournal, at: datetime) -> Book:
    checkpoints = place.checkpoints(actor="executor")
    try:
        book = recovery.recover(checkpoints, journal, place.products, place.config.executor.sessions_kept)
    finally:
        checkpoints.close()
    for event in record.untaken(place.places, journal.knows, at):
        book.apply(event, book.sequence + 1)
    return book
