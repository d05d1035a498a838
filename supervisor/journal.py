"""The journal: one SQLite file, append-only, the truth about intents and fills.

Rules of this file:
* One writer. It holds an exclusive lock on `<journal>.lock` for as long as it lives; readers open the file read-only.
* `append` writes all of its events or none, and they are on the disk when it returns (WAL, synchronous FULL).
* Each event carries the hash of the one before it: what was changed, cut out or put in between is found by `verify`.
  `sequence` counts from 1 without a gap.
* Before each commit the writer's `fence` is called: it raises when this process is no longer the one sender (law 9).
* The bytes are JSON; what they mean is the caller's business. Nothing is ever updated or deleted.

The SQLite used is the one bundled with apsw: the system's may carry the WAL-reset bug.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

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
_GENESIS: Final = bytes(16)
_IS_MADE: Final = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'event'"
_INSERT: Final = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)"


class JournalBusyError(Exception):
    """Another process holds the journal."""


class JournalDamagedError(Exception):
    """An event does not verify; names its sequence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it lies on the disk. `correlation` groups what belongs to one order or signal."""

    sequence: int
    epoch: int
    kind: str
    correlation: str
    written_ns: int
    body: bytes
    hash: bytes


class JournalWriter:
    """The one writer."""

    def __init__(self, path: Path, *, epoch: int, clock: Callable[[], int], fence: Callable[[], None]) -> None:
        self._lock = _hold(path.with_name(path.name + ".lock"))
        self._db = _open(path)
        self._epoch, self._clock, self._fence = epoch, clock, fence
        last = next(_rows(self._db, "ORDER BY sequence DESC LIMIT 1"), None)
        self.sequence = last.sequence if last else 0
        self._hash = last.hash if last else _GENESIS

    def append(self, events: Iterable[tuple[str, str, bytes]]) -> int:
        """Write all events (kind, correlation, body) or none, durable on return; return the sequence of the last.

        Raises what the fence raises: then nothing was written.
        """
        rows, sequence, digest = [], self.sequence, self._hash
        written_ns = self._clock()
        for kind, correlation, body in events:
            sequence += 1
            digest = _hash(digest, sequence, self._epoch, kind, correlation, written_ns, body)
            rows.append((sequence, self._epoch, kind, correlation, written_ns, body, digest))
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(_INSERT, rows)
            self._fence()
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self.sequence, self._hash = sequence, digest
        return sequence

    def read(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield sequence and body of the events after `after`, verified. Raises `JournalDamagedError`."""
        for entry in _verified(self._db, after):
            yield entry.sequence, entry.body

    def hash_of(self, sequence: int) -> bytes | None:
        """Return the hash that a checkpoint taken after `sequence` must name; None where there is no such event."""
        entry = next(_rows(self._db, "WHERE sequence = ?", (sequence,)), None)
        return entry.hash if entry else None

    def close(self) -> None:
        """Close the file and let go of the lock."""
        self._db.close()
        os.close(self._lock)


class JournalReader:
    """Reads beside the writer, in short transactions; never writes."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(f"no journal at {path}")
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

    def verify(self, after: int = 0) -> int:
        """Walk the chain after `after`; return the last sequence. Raises `JournalDamagedError`."""
        last = after
        for entry in _verified(self._db, after):
            last = entry.sequence
        return last

    def last(self) -> Entry | None:
        """Return the newest event; None where there is none."""
        return next(_rows(self._db, "ORDER BY sequence DESC LIMIT 1"), None)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _hold(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise JournalBusyError(f"{path} is held by another process") from None
    return descriptor


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


def _hash(before: bytes, *parts: str | int | bytes) -> bytes:
    digest = hashlib.blake2b(before, digest_size=16)
    for part in parts:
        piece = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(piece).to_bytes(4, "little") + piece)
    return digest.digest()


def _rows(db: apsw.Connection, where: str, bindings: tuple[str | int, ...] = ()) -> Iterator[Entry]:
    columns = "sequence, epoch, kind, correlation, written_ns, body, hash"
    for row in db.execute(f"SELECT {columns} FROM event {where}", bindings):  # noqa: S608 - `where` is ours
        yield Entry(*row)


def _verified(db: apsw.Connection, after: int) -> Iterator[Entry]:
    before = next(_rows(db, "WHERE sequence = ?", (after,)), None) if after else None
    if after and before is None:
        raise JournalDamagedError(f"event {after} is missing")
    sequence, digest = after, before.hash if before else _GENESIS
    for entry in _rows(db, "WHERE sequence > ? ORDER BY sequence", (after,)):
        sequence += 1
        if entry.sequence != sequence:
            raise JournalDamagedError(f"event {sequence} is missing; {entry.sequence} follows")
        digest = _hash(
            digest, sequence, entry.epoch, entry.kind, entry.correlation, entry.written_ns, bytes(entry.body)
        )
        if digest != entry.hash:
            raise JournalDamagedError(f"event {sequence} ({entry.kind}) does not match its hash")
        yield entry
