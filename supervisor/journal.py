"""The journal: one SQLite file, append-only, the truth about intents and fills.

Rules of this file:
* One writer. It holds an exclusive lock beside the file for as long as it lives; readers open the file read-only.
* `append` writes all of its events or none, and they are on the disk when it returns (WAL, synchronous FULL).
* Each event carries the hash of the one before it (`chain`); `sequence` counts from 1 without a gap. A writer that
  finds less than was acknowledged (`journal_head`) refuses to open: it never goes on from a shorter past.
* Before each commit the writer's `fence` is called: it raises when this process is no longer the one sender (law 9).
* The bytes are JSON; what they mean is the caller's business. Nothing is ever updated or deleted.
* What the disk does comes out under three names: damaged, full, unwritable. In each case nothing was acknowledged. A
  full disk is asked once for room (`make_room`: the reserve), and how long each append took is told (`note`).

The SQLite used is the one bundled with apsw: the system's may carry the WAL-reset bug.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from supervisor.chain import Chain, Entry, JournalDamagedError
from supervisor.journal_head import JournalHead, acknowledged

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
"""
_PRAGMAS: Final = {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 1000, "mmap_size": 0}
_IS_MADE: Final = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'event'"
_KNOWS: Final = "SELECT 1 FROM event WHERE correlation = ? LIMIT 1"
_INSERT: Final = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)"


class JournalFullError(Exception):
    """The disk has no room for the event."""


class JournalUnwritableError(Exception):
    """The disk takes no writes."""


class JournalWriter:
    """The one writer."""

    def __init__(
        self,
        path: Path,
        *,
        epoch: int,
        clock: Callable[[], int],
        fence: Callable[[], None],
        make_room: Callable[[], bool] = lambda: False,
        note: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._path, self._epoch, self._clock, self._fence = path, epoch, clock, fence
        self._make_room, self._note = make_room, note
        try:
            self._head = JournalHead(path)
        except OSError as error:
            raise JournalUnwritableError(f"{path}: {error.strerror}") from error
        try:
            with _named(path):
                self._db = _open(path)
                self._end = _end(self._db, self._head.acknowledged(), path)
        except BaseException:
            self._head.release()
            raise

    @property
    def sequence(self) -> int:
        """The last event's number; 0: none."""
        return self._end.sequence

    def append(self, events: Iterable[tuple[str, str, bytes]]) -> int:
        """Write all events (kind, correlation, body) or none, durable on return; return the sequence of the last.

        Raises what the fence raises, `JournalFullError`, `JournalUnwritableError`, `JournalDamagedError`: then nothing
        was acknowledged, and nothing may be done that rests on it.
        """
        rows, end = [], Chain(self._end.sequence, self._end.digest)
        written_ns = self._clock()
        for kind, correlation, body in events:
            end.add(self._epoch, kind, correlation, written_ns, body)
            rows.append((end.sequence, self._epoch, kind, correlation, written_ns, body, end.digest))
        began = time.monotonic()
        try:
            self._insert(rows)
        except JournalFullError:
            if not self._make_room():
                raise
            self._insert(rows)
        self._end = end
        self._head.write(end)
        self._note(time.monotonic() - began)
        return end.sequence

    def _insert(self, rows: Sequence[tuple[object, ...]]) -> None:
        with _named(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(_INSERT, rows)
                self._fence()
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def read(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield sequence and body of the events after `after`, verified. Raises `JournalDamagedError`."""
        with _named(self._path):
            last = after
            for entry in _verified(self._db, after):
                last = entry.sequence
                yield last, entry.body
        if last != self._end.sequence:
            raise JournalDamagedError(f"{self._path}: its events end with {last}, and {self._end.sequence} is known")

    def knows(self, correlation: str) -> bool:
        """Whether any event belongs to this id."""
        return self._db.execute(_KNOWS, (correlation,)).fetchone() is not None

    def hash_of(self, sequence: int) -> bytes | None:
        """Return the hash that a checkpoint taken after `sequence` must name; None where there is no such event."""
        with _named(self._path):
            entry = next(_rows(self._db, "WHERE sequence = ?", (sequence,)), None)
        return entry.hash if entry else None

    def close(self) -> None:
        """Close the file and let go of the lock."""
        self._db.close()
        self._head.release()


class JournalReader:
    """Reads beside the writer, in short transactions; never writes."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(f"no journal at {path}")
        self._path = path
        with _named(path):
            self._db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            self._db.set_busy_timeout(2000)
            if self._db.execute(_IS_MADE).fetchone() is None:
                self._db.close()
                raise FileNotFoundError(f"no journal at {path} yet: its writer died, or is, before its first table")

    def read(self, after: int = 0, kinds: Sequence[str] = ()) -> Iterator[Entry]:
        """Yield the events after `after`, of the given kinds only where any are named. Not verified."""
        places = ",".join("?" * len(kinds))
        named = f"AND kind IN ({places})" if kinds else ""
        return _rows(self._db, f"WHERE sequence > ? {named} ORDER BY sequence", (after, *kinds))

    def of(self, correlation: str) -> Iterator[Entry]:
        """Yield the events of one order or signal."""
        return _rows(self._db, "WHERE correlation = ? ORDER BY sequence", (correlation,))

    def names(self, kinds: Sequence[str]) -> list[str]:
        """Return what events of the given kinds are about, each once, oldest first."""
        places = ",".join("?" * len(kinds))
        statement = f"SELECT correlation FROM event WHERE kind IN ({places}) GROUP BY 1 ORDER BY min(sequence)"  # noqa: S608
        return [name for (name,) in self._db.execute(statement, tuple(kinds))]

    def follow(self, chain: Chain, events_max: int) -> int:
        """Go on along the chain by so many events at most; return how many there were. Raises `JournalDamagedError`.

        Nothing where something must be, as much as was walked or acknowledged, is damage too.
        """
        with _named(self._path):
            where = "WHERE sequence > ? ORDER BY sequence LIMIT ?"
            entries = list(_rows(self._db, where, (chain.sequence, events_max)))
            for entry in entries:
                chain.follow(entry)
            if not entries:
                _end(self._db, chain, self._path)
                _end(self._db, acknowledged(self._path), self._path)
        return len(entries)

    def verify(self, after: int = 0) -> int:
        """Walk the chain after `after`; return the last sequence. Raises `JournalDamagedError`."""
        last = after
        with _named(self._path):
            for entry in _verified(self._db, after):
                last = entry.sequence
        return last

    def is_whole(self) -> str:
        """Return what SQLite says against the file's pages and indexes; empty: nothing. One long transaction."""
        with _named(self._path):
            said = [str(text) for (text,) in self._db.execute("PRAGMA integrity_check(5)")]
        return "" if said == ["ok"] else "; ".join(said)

    def copy_to(self, path: Path) -> None:
        """Copy the journal as it is in one instant, while its writer goes on."""
        with _named(self._path):
            copy = apsw.Connection(str(path))
            with copy.backup("main", self._db, "main") as backup:
                backup.step()
            copy.close()

    def last(self) -> Entry | None:
        """Return the newest event; None where there is none."""
        return next(_rows(self._db, "ORDER BY sequence DESC LIMIT 1"), None)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


@contextmanager
def _named(path: Path) -> Iterator[None]:
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


def _open(path: Path) -> apsw.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    db = apsw.Connection(str(path))
    db.set_busy_timeout(2000)
    for name, value in _PRAGMAS.items():
        db.pragma(name, value)
        if (held := db.pragma(name)) != value:
            raise JournalDamagedError(f"{path}: {name} is {held}, not {value}")
    for statement in _SCHEMA.split(";"):
        db.execute(statement)
    return db


def _end(db: apsw.Connection, least: Chain | None, path: Path) -> Chain:
    """Return the end of the chain, which must not lie before `least`, nor pass it by. Raises `JournalDamagedError`."""
    last = next(_rows(db, "ORDER BY sequence DESC LIMIT 1"), None)
    if least is not None and least.sequence:
        known = next(_rows(db, "WHERE sequence = ?", (least.sequence,)), None)
        if known is None or known.hash != least.digest:
            ends = f"the journal ends with event {last.sequence}" if last else "the journal is empty"
            what = f"missing: {ends}" if known is None else "another"
            raise JournalDamagedError(f"{path}: event {least.sequence}, which was acknowledged, is {what}")
    return Chain(last.sequence, last.hash) if last else Chain()


def _rows(db: apsw.Connection, where: str, bindings: tuple[str | int, ...] = ()) -> Iterator[Entry]:
    columns = "sequence, epoch, kind, correlation, written_ns, body, hash"
    for row in db.execute(f"SELECT {columns} FROM event {where}", bindings):  # noqa: S608 - `where` is ours
        yield Entry(*row)


def _verified(db: apsw.Connection, after: int) -> Iterator[Entry]:
    before = next(_rows(db, "WHERE sequence = ?", (after,)), None) if after else None
    if after and before is None:
        raise JournalDamagedError(f"event {after} is missing")
    chain = Chain(after, before.hash) if before else Chain()
    for entry in _rows(db, "WHERE sequence > ? ORDER BY sequence", (after,)):
        chain.follow(entry)
        yield entry
