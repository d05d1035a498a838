"""The journal's SQLite file: its tables, its rows, the versions of its events, the names of what goes wrong with it.

Rules of this file:
* `version` says since which event which version of the events' shapes was written; a journal older than that table is
  of version 1 throughout. A version later than this program knows is refused: nothing is guessed of a future.
* The version is part of an event's hash from 2 on, so that the table cannot be changed unseen.
* What the disk does comes out under three names: damaged, full, unwritable. In each case nothing was acknowledged.
"""

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import apsw

from supervisor.chain import Chain, Entry, JournalDamagedError

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS event (
    sequence INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    kind TEXT NOT NULL,
    correlation TEXT NOT NULL,
    written_ns INTEGER NOT NULL,
    body BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS event_of_correlation ON event (correlation, sequence);
CREATE TABLE IF NOT EXISTS version (since INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;
"""
_PRAGMAS: Final = {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 1000, "mmap_size": 0}
_AS_IT_LIES: Final = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
_HAS_TABLE: Final = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"


class JournalFullError(Exception):
    """The disk has no room for the event."""


class JournalUnwritableError(Exception):
    """The disk takes no writes."""


class JournalNewerError(Exception):
    """A later version of this program wrote events that this one cannot read."""


@dataclass(frozen=True, slots=True)
class EventSchema:
    """The version of the events this program writes, and how an older body becomes one: kind, version, body."""

    version: int
    upcast: Callable[[str, int, bytes], bytes]


AS_WRITTEN: Final = EventSchema(2**31, lambda _kind, _version, body: body)
"""For whoever looks at bytes alone: every version is known, and stays what it is."""


class JournalFile:
    """An open file. `versions` is read once: it changes only when a writer opens."""

    def __init__(self, path: Path, db: apsw.Connection, schema: EventSchema) -> None:
        self.path, self.db, self.schema = path, db, schema
        self.look_again()
        if self.version > schema.version:
            raise JournalNewerError(
                f"{path}: from event {self._since[-1]} on it is of version {self.version}, of a newer Holdfast; "
                f"this one reads up to version {schema.version}"
            )

    @property
    def version(self) -> int:
        """The newest version in the file."""
        return self._versions[-1]

    def rows(self, where: str, bindings: tuple[str | int, ...] = ()) -> Iterator[Entry]:
        """Yield events as they lie there."""
        columns = "sequence, epoch, kind, correlation, written_ns, body, hash"
        for row in self.db.execute(f"SELECT {columns} FROM event {where}", bindings):  # noqa: S608 - `where` is ours
            entry = Entry(*row)
            version = self.version_of(entry.sequence)
            yield entry if version == entry.version else replace(entry, version=version)

    def version_of(self, sequence: int) -> int:
        """Return the version an event was written in."""
        return self._versions[bisect_right(self._since, sequence) - 1]

    def turn(self, since: int, version: int) -> None:
        """Note that the events from `since` on are of another version."""
        self.db.execute("INSERT OR REPLACE INTO version VALUES (?, ?)", (since, version))
        self.look_again()

    def look_again(self) -> None:
        """Read once more which events are of which version: a transaction that noted one may have been undone."""
        self._since, self._versions = _versions(self.db)

    def current(self, entry: Entry) -> bytes:
        """Return the body of an event as this program would write it."""
        if entry.version == self.schema.version:
            return entry.body
        return self.schema.upcast(entry.kind, entry.version, entry.body)

    def verified(self, after: int) -> Iterator[Entry]:
        """Yield the events after `after`, each held against its hash. Raises `JournalDamagedError`."""
        before = next(self.rows("WHERE sequence = ?", (after,)), None) if after else None
        if after and before is None:
            raise JournalDamagedError(f"event {after} is missing")
        chain = Chain(after, before.hash) if before else Chain()
        for entry in self.rows("WHERE sequence > ? ORDER BY sequence", (after,)):
            chain.follow(entry)
            yield entry

    def last(self) -> Entry | None:
        """Return the newest event; None where there is none."""
        return next(self.rows("ORDER BY sequence DESC LIMIT 1"), None)

    def end(self, least: Chain | None) -> Chain:
        """Return the chain's end, which must not lie before `least`, nor pass it by. Raises `JournalDamagedError`."""
        last = self.last()
        if least is not None and least.sequence:
            known = next(self.rows("WHERE sequence = ?", (least.sequence,)), None)
            if known is None or known.hash != least.digest:
                ends = f"the journal ends with event {last.sequence}" if last else "the journal is empty"
                what = f"missing: {ends}" if known is None else "another"
                raise JournalDamagedError(f"{self.path}: event {least.sequence}, which was acknowledged, is {what}")
        return Chain(last.sequence, last.hash) if last else Chain()


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Give what SQLite says of the file and its disk one of our names."""
    try:
        yield
    except apsw.FullError as error:
        raise JournalFullError(f"{path}: {error}") from error
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.IOError) as error:
        raise JournalUnwritableError(f"{path}: {type(error).__name__}: {error}") from error
    except (apsw.BusyError, apsw.LockedError):
        raise
    except (apsw.Error, UnicodeDecodeError) as error:  # our statements are fixed: what they stumble over is the file
        raise JournalDamagedError(f"{path}: {type(error).__name__}: {error}") from error


def open_to_write(path: Path, schema: EventSchema) -> JournalFile:
    """Open the file, made where it is not there, and note the version of what will be written."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    db = apsw.Connection(str(path))
    db.set_busy_timeout(2000)
    for name, value in _PRAGMAS.items():
        db.pragma(name, value)
        if (held := db.pragma(name)) != value:
            raise JournalDamagedError(f"{path}: {name} is {held}, not {value}")
    for statement in _SCHEMA.split(";"):
        db.execute(statement)
    file = JournalFile(path, db, schema)
    if schema is not AS_WRITTEN and file.version < schema.version:
        last = file.last()
        file.turn(last.sequence + 1 if last else 1, schema.version)
    return file


def open_to_read(path: Path, schema: EventSchema) -> JournalFile:
    """Open the file beside its writer. Raises `FileNotFoundError` where there is none, or no table yet."""
    if not path.exists():
        raise FileNotFoundError(f"no journal at {path}")
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(2000)
    try:
        found = db.execute(_HAS_TABLE, ("event",)).fetchone()
    except apsw.CantOpenError:
        db.close()
        if not _is_closed(path):
            raise
        # on a disk that takes no writes SQLite cannot make the index of a log, and needs none where there is no log
        db = apsw.Connection(f"{path.absolute().as_uri()}?immutable=1", flags=_AS_IT_LIES)
        found = db.execute(_HAS_TABLE, ("event",)).fetchone()
    if found is None:
        db.close()
        raise FileNotFoundError(f"no journal at {path} yet: its writer died, or is, before its first table")
    return JournalFile(path, db, schema)


def _is_closed(path: Path) -> bool:
    """Whether all events are in the file itself: a writer that ended in order leaves no log."""
    log = path.with_name(f"{path.name}-wal")
    return not log.exists() or not log.stat().st_size


def _versions(db: apsw.Connection) -> tuple[list[int], list[int]]:
    """Return since which events which versions were written, ascending; the first is 1 where nothing is said."""
    found = []
    if db.execute(_HAS_TABLE, ("version",)).fetchone() is not None:
        found = list(db.execute("SELECT since, version FROM version ORDER BY since"))
    if not found or found[0][0] > 1:
        found.insert(0, (1, 1))
    return [since for since, _ in found], [version for _, version in found]
