"""The journal: one SQLite file, append-only, the truth about intents and fills.

Rules of this file:
* One writer. It holds an exclusive lock beside the file for as long as it lives; readers open the file read-only.
* `append` writes all of its events or none, and they are on the disk when it returns (WAL, synchronous FULL).
* Each event carries the hash of the one before it (`chain`); `sequence` counts from 1 without a gap. A writer that
  finds less than was acknowledged (`journal_head`) refuses to open: it never goes on from a shorter past.
* Before each commit the writer's `fence` is called: it raises when this process is no longer the one sender (law 9).
* The bytes are JSON; what they mean is the caller's business. Nothing is ever updated or deleted: an event written in
  an older version is brought forward as it is read (`journal_file.EventSchema`), and stays what it is on the disk.
* Where there is a follower, an event leaves for it before the commit and is waited for after it (`replica`): both disks
  work at once. What it does not acknowledge is durable here alone, and the executor opens nothing on it.
* A full disk is asked once for room (`make_room`: the reserve), and how long each append took is told (`note`).

The SQLite used is the one bundled with apsw: the system's may carry the WAL-reset bug.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import apsw

from actors.alone import ALONE, Alone
from supervisor.chain import Chain, Entry, JournalDamagedError
from supervisor.journal_file import (
    AS_WRITTEN,
    EventSchema,
    JournalFullError,
    JournalUnwritableError,
    named,
    open_to_read,
    open_to_write,
)
from supervisor.journal_head import JournalHead, acknowledged

if TYPE_CHECKING:
    from supervisor.replication import Row  # the follower's wire: whoever only reads needs none of it


class Following(Protocol):
    """Somebody who keeps a copy."""

    @property
    def fault(self) -> str | None:
        """Why what is appended is not there too; None where it is."""
        ...

    def look(self) -> str | None:
        """See to the line to it, as is due; return the fault."""
        ...

    def ship(self, rows: Sequence["Row"]) -> None:
        """Send events that are about to be committed."""
        ...

    def settle(self, sequence: int) -> None:
        """Wait, for a bounded time, until the copy has everything up to `sequence`."""
        ...


_KNOWS: Final = "SELECT 1 FROM event WHERE correlation = ? LIMIT 1"
_INSERT: Final = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)"
_Inserted = tuple[int, int, str, str, int, bytes, bytes]


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
        schema: EventSchema = AS_WRITTEN,
        follower: Following | None = None,
    ) -> None:
        self._follower = follower
        self.replica: Following | Alone = follower or ALONE
        self._path, self._epoch, self._clock, self._fence = path, epoch, clock, fence
        self._make_room, self._note = make_room, note
        try:
            self._head = JournalHead(path)
        except OSError as error:
            raise JournalUnwritableError(f"{path}: {error.strerror}") from error
        try:
            with named(path):
                self._file = open_to_write(path, schema)
                self._end = self._file.end(self._head.acknowledged())
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
        rows: list[_Inserted] = []
        end = Chain(self._end.sequence, self._end.digest)
        written_ns, version = self._clock(), self._file.version
        for kind, correlation, body in events:
            end.add(self._epoch, kind, correlation, written_ns, body, version)
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
        if self._follower is not None:
            self._follower.settle(end.sequence)
        return end.sequence

    def _insert(self, rows: Sequence[_Inserted]) -> None:
        db = self._file.db
        with named(self._path):
            db.execute("BEGIN IMMEDIATE")
            try:
                db.executemany(_INSERT, rows)
                self._fence()
                if self._follower is not None:
                    self._follower.ship([(*row, self._file.version) for row in rows])
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def read(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield sequence and body of the events after `after`, verified and brought forward to the current version.

        Raises `JournalDamagedError`.
        """
        last = after
        with named(self._path):
            for entry in self._file.verified(after):
                last = entry.sequence
                yield last, self._file.current(entry)
        if last != self._end.sequence:
            raise JournalDamagedError(f"{self._path}: its events end with {last}, and {self._end.sequence} is known")

    def knows(self, correlation: str) -> bool:
        """Whether any event belongs to this id."""
        return self._file.db.execute(_KNOWS, (correlation,)).fetchone() is not None

    def hash_of(self, sequence: int) -> bytes | None:
        """Return the hash that a checkpoint taken after `sequence` must name; None where there is no such event."""
        with named(self._path):
            entry = next(self._file.rows("WHERE sequence = ?", (sequence,)), None)
        return entry.hash if entry else None

    def close(self) -> None:
        """Close the file and let go of the lock."""
        self._file.db.close()
        self._head.release()


class JournalReader:
    """Reads beside the writer, in short transactions; never writes."""

    def __init__(self, path: Path, schema: EventSchema = AS_WRITTEN) -> None:
        self._path = path
        with named(path):
            self._file = open_to_read(path, schema)

    def read(self, after: int = 0, kinds: Sequence[str] = ()) -> Iterator[Entry]:
        """Yield the events after `after`, of the given kinds only where any are named. Not verified; current bodies."""
        places = ",".join("?" * len(kinds))
        chosen = f"AND kind IN ({places})" if kinds else ""
        return self._current(f"WHERE sequence > ? {chosen} ORDER BY sequence", (after, *kinds))

    def entries(self, after: int, events_max: int) -> list[Entry]:
        """Return the events after `after` as they lie there, so many at most. Not verified."""
        with named(self._path):
            return list(self._file.rows("WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, events_max)))

    def of(self, correlation: str) -> Iterator[Entry]:
        """Yield the events of one order or signal."""
        return self._current("WHERE correlation = ? ORDER BY sequence", (correlation,))

    def holding(self, texts: Sequence[str], kinds: Sequence[str]) -> Iterator[Entry]:
        """Yield the events of the given kinds whose body holds one of some texts (ids), oldest first: SQLite looks."""
        places, any_of = ",".join("?" * len(kinds)), " OR ".join(["instr(body, CAST(? AS BLOB))"] * len(texts))
        return self._current(f"WHERE kind IN ({places}) AND ({any_of}) ORDER BY sequence", (*kinds, *texts))

    def names(self, kinds: Sequence[str]) -> list[str]:
        """Return what events of the given kinds are about, each once, oldest first."""
        places = ",".join("?" * len(kinds))
        statement = f"SELECT correlation FROM event WHERE kind IN ({places}) GROUP BY 1 ORDER BY min(sequence)"  # noqa: S608
        return [name for (name,) in self._file.db.execute(statement, tuple(kinds))]

    def follow(self, chain: Chain, events_max: int) -> int:
        """Go on along the chain by so many events at most; return how many there were. Raises `JournalDamagedError`.

        Nothing where something must be, as much as was walked or acknowledged, is damage too.
        """
        with named(self._path):
            where = "WHERE sequence > ? ORDER BY sequence LIMIT ?"
            entries = list(self._file.rows(where, (chain.sequence, events_max)))
            for entry in entries:
                chain.follow(entry)
            if not entries:
                self._file.end(chain)
                self._file.end(acknowledged(self._path))
        return len(entries)

    def verify(self, after: int = 0) -> int:
        """Walk the chain after `after`; return the last sequence. Raises `JournalDamagedError`."""
        last = after
        with named(self._path):
            for entry in self._file.verified(after):
                last = entry.sequence
        return last

    def is_whole(self) -> str:
        """Return what SQLite says against the file's pages and indexes; empty: nothing. One long transaction."""
        with named(self._path):
            said = [str(text) for (text,) in self._file.db.execute("PRAGMA integrity_check(5)")]
        return "" if said == ["ok"] else "; ".join(said)

    def copy_to(self, path: Path) -> None:
        """Copy the journal as it is in one instant, while its writer goes on."""
        with named(self._path):
            copy = apsw.Connection(str(path))
            with copy.backup("main", self._file.db, "main") as backup:
                backup.step()
            copy.close()

    def last(self) -> Entry | None:
        """Return the newest event; None where there is none."""
        return next(self._current("ORDER BY sequence DESC LIMIT 1"), None)

    def version(self) -> int:
        """Return a number that is another one after each commit of somebody else."""
        return int(self._file.db.pragma("data_version"))

    def close(self) -> None:
        """Close the file."""
        self._file.db.close()

    def _current(self, where: str, bindings: tuple[str | int, ...] = ()) -> Iterator[Entry]:
        for each in self._file.rows(where, bindings):
            body = self._file.current(each)
            yield each if body is each.body else replace(each, body=body)
