"""Folds the journal's copy as it grows, and checkpoints the book: whoever takes over on the copy folds only the tail.

Rules of this file
1. Only what is committed at the leader's own disk is folded: what comes after it may yet be replaced.
2. Each event is held against the chain as it is folded, as at a start; a checkpoint names the hash it stands on.
3. The checkpoints are the executor's own, of this folder. There is one writer: the follower ends before an executor
   starts here (`yields_to`).
4. Nobody waits for it: it goes on a few events at a time, when nothing was appended, or when it has fallen far behind.
   What it cannot fold it says once, and leaves to the start, which judges for itself.
"""

from collections.abc import Callable, Iterable
from typing import Final

from pydantic import ValidationError

from actors.domain.market.contract import Products
from actors.domain.orders.event import parse_event
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.book_state import ExecutorRecord, dump, restore
from supervisor.app.event_schema import EVENTS
from supervisor.chain import Chain, Entry, JournalDamagedError
from supervisor.checkpoints import CheckpointStore
from supervisor.replication import Row

SLICE_EVENTS: Final = 20
"""Folded in one go: about a millisecond, in which no event is acknowledged."""
BEHIND_FACTOR: Final = 10
"""So many checkpoints behind, it goes on though the line is not quiet."""


class CopyFold:
    """The book of one copy, up to `sequence`. `rows` returns the copy's events after one, so many at most."""

    def __init__(
        self,
        rows: Callable[[int, int], Iterable[Row]],
        checkpoints: CheckpointStore,
        products: Products,
        sessions_kept: int | None,
        every_events: int,
        tell: Callable[[str], None],
    ) -> None:
        self._rows, self._checkpoints = rows, checkpoints
        self._every, self._tell = every_events, tell
        kept = checkpoints.load(ExecutorRecord)
        self._book = restore(kept[0].book, products, sessions_kept) if kept else Book(products, sessions_kept)
        self._chain = Chain(self._book.sequence, bytes.fromhex(kept[0].anchor)) if kept else Chain()
        self._saved, self._fault = self._book.sequence, ""

    @property
    def sequence(self) -> int:
        """The last event that was folded."""
        return self._book.sequence

    def look(self, committed: int, *, is_quiet: bool) -> None:
        """Go on by a slice at most, as is due; checkpoint, as is due."""
        behind = committed - self._book.sequence
        if self._fault or not (is_quiet or behind > self._every * BEHIND_FACTOR):
            return
        try:
            for row in self._rows(self._book.sequence, min(behind, SLICE_EVENTS)) if behind > 0 else ():
                self._fold(Entry(*row))
        except (JournalDamagedError, ValidationError) as error:
            self._fault = f"the copy is not folded any more, a start here does that itself: {error}"
            self._tell(self._fault)
            return
        if self._book.sequence - self._saved >= self._every:
            self._save()

    def close(self) -> None:
        """Checkpoint what was folded, and let go."""
        if not self._fault and self._book.sequence > self._saved:
            self._save()
        self._checkpoints.close()

    def _fold(self, entry: Entry) -> None:
        self._chain.follow(entry)
        body = entry.body
        if entry.version != EVENTS.version:
            body = EVENTS.upcast(entry.kind, entry.version, body)
        self._book.apply(parse_event(body), entry.sequence)

    def _save(self) -> None:
        record = ExecutorRecord(book=dump(self._book), anchor=self._chain.digest.hex())
        self._checkpoints.save(record, self._book.sequence)
        self._saved = self._book.sequence
