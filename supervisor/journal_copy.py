"""A journal that takes events as another process wrote them: the follower's copy, and a leader's own, caught up.

Rules of this file
1. It is written under the journal's lock, like any journal: nobody else writes there meanwhile.
2. What comes must follow on, hash by hash. What is there already is held against what comes, and not written again; an
   event of the same number with another hash is a fork, and nothing of it is kept. But after `committed` it is what
   came that is right: what is here is set aside, in a file beside the journal, before it is replaced. At its opening a
   copy counts all of it as committed.
3. All of what one `append` is given is on the disk when it returns, or none of it.
4. `fence` is asked within each transaction: a copy that was taken over takes nothing any more.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from actors.durable import replace
from supervisor.chain import Chain, Entry
from supervisor.journal_file import AS_WRITTEN, JournalUnwritableError, named, open_to_write
from supervisor.journal_head import JournalHead
from supervisor.replication import Row

_INSERT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)"


class Forked(Exception):
    """What came has another past than what is here; names the event."""


class JournalCopy:
    """The one writer of a copy."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._head = JournalHead(path)
        except OSError as error:
            raise JournalUnwritableError(f"{path}: {error.strerror}") from error
        try:
            with named(path):
                self._file = open_to_write(path, AS_WRITTEN)
                self.end = self._file.end(self._head.acknowledged())
                self.committed = self.end.sequence
        except BaseException:
            self._head.release()
            raise

    def digest_of(self, sequence: int) -> bytes | None:
        """Return the hash of one event, of none before the first; None where there is no such event."""
        if sequence == 0:
            return Chain().digest
        with named(self._path):
            entry = next(self._file.rows("WHERE sequence = ?", (sequence,)), None)
        return entry.hash if entry else None

    def rows(self, after: int, events_max: int) -> tuple[Row, ...]:
        """Return events as they lie there, so many at most."""
        with named(self._path):
            return tuple(
                map(as_row, self._file.rows("WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, events_max)))
            )

    def append(self, rows: Iterable[Row], fence: Callable[[], None] = lambda: None) -> None:
        """Take in events, durable on return.

        Raises `Forked`, `JournalDamagedError` (what came does not follow on), what the fence raises, and what the disk
        does to a journal: then nothing was taken in.
        """
        fresh: list[Entry] = []
        end = Chain(self.end.sequence, self.end.digest)
        for row in rows:
            entry = Entry(*row)
            if not fresh and entry.sequence <= end.sequence:
                if self._is_same(entry):
                    continue
                end = Chain(entry.sequence - 1, self.digest_of(entry.sequence - 1) or b"")
            end.follow(entry)
            fresh.append(entry)
        if not fresh:
            return
        try:
            if fresh[0].sequence <= self.end.sequence:
                self._set_aside(fresh[0].sequence)
            self._write(fresh, fence)
        except BaseException:
            self._file.look_again()
            raise
        self.end = end
        self._head.write(end)

    def know_committed(self, sequence: int) -> None:
        """Take note that a leader's own disk has everything up to `sequence`."""
        self.committed = max(self.committed, min(sequence, self.end.sequence))

    def close(self) -> None:
        """Close the file and let go of the lock."""
        self._file.db.close()
        self._head.release()

    def _is_same(self, entry: Entry) -> bool:
        if (here := self.digest_of(entry.sequence)) == entry.hash:
            return True
        if entry.sequence <= self.committed:
            raise Forked(f"event {entry.sequence} is another one here: {here.hex() if here else 'none'}")
        return False

    def _set_aside(self, since: int) -> None:
        """Write the events from `since` on to a file, durable; from then on the head names the one before them."""
        with named(self._path):
            left = list(self._file.rows("WHERE sequence >= ? ORDER BY sequence", (since,)))
        rows = [[part.hex() if isinstance(part, bytes) else part for part in as_row(each)] for each in left]
        aside = self._path.with_name(f"{self._path.name}.aside-{since}-{left[0].hash.hex()[:8]}")
        try:
            replace(aside, "".join(json.dumps(row) + "\n" for row in rows).encode())
        except OSError as error:
            raise JournalUnwritableError(f"{aside}: {error.strerror}") from error
        self._head.write(Chain(since - 1, self.digest_of(since - 1) or b""))

    def _write(self, entries: list[Entry], fence: Callable[[], None]) -> None:
        db = self._file.db
        with named(self._path):
            db.execute("BEGIN IMMEDIATE")
            try:
                if entries[0].sequence <= self.end.sequence:  # set aside before
                    db.execute("DELETE FROM event WHERE sequence >= ?", (entries[0].sequence,))
                    db.execute("DELETE FROM version WHERE since >= ?", (entries[0].sequence,))
                    self._file.look_again()
                for entry in entries:
                    if entry.version != self._file.version:
                        self._file.turn(entry.sequence, entry.version)
                db.executemany(_INSERT, (as_row(entry)[:-1] for entry in entries))
                fence()
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise


def as_row(entry: Entry) -> Row:
    """Return an event as it crosses."""
    return (
        entry.sequence,
        entry.epoch,
        entry.kind,
        entry.correlation,
        entry.written_ns,
        entry.body,
        entry.hash,
        entry.version,
    )
