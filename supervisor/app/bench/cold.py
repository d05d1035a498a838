"""Times the recovery part of a cold start: lock, journal, checkpoint, verification, fold, the executor's first event.

The journal is `history`'s, written by the real writer; the checkpoint is the one the executor would have left, so that
as much follows it as `checkpoint_events` lets. Before each start the files are dropped from the page cache, as far
as the kernel does as it is asked. What a start does besides (processes, imports, logins, readings) is not in it.
"""

import os
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from actors.calendars import load_sessions
from actors.clock import WallClock
from actors.domain.orders.event import Event, ExecutorStarted
from actors.domain.portfolio.book import Book
from actors.domain.value import Value
from actors.executor import Executor
from actors.executor_settings import ExecutorSettings
from actors.ports import Arrival, PeerUnavailable
from actors.products import load_products
from actors.recovery import checkpoint
from supervisor.app.bench import history
from supervisor.app.event_schema import EVENTS
from supervisor.app.plan import TABLES
from supervisor.checkpoints import CheckpointStore
from supervisor.journal import JournalWriter

BATCH = 500
STARTS = 5
TAIL = ExecutorSettings().checkpoint_events - 1


class Cold(NamedTuple):
    """Of one journal: seconds of each start, and the bytes of journal and checkpoints."""

    seconds: list[float]
    journal_bytes: int
    checkpoint_bytes: int


def measure(folder: Path, events: int) -> Cold:
    """Write a journal of so many events, and start on it."""
    folder.mkdir()
    write(folder, events)
    seconds = [_start(folder, epoch) for epoch in range(2, 2 + STARTS)]
    store = folder / "executor"
    return Cold(seconds, (folder / "journal.sqlite").stat().st_size, (store / "cache.db").stat().st_size)


def median(cold: Cold) -> float:
    """Return the middle of the starts, in seconds."""
    return statistics.median(cold.seconds)


def write(folder: Path, count: int) -> None:
    """Write a journal of so many events, and the checkpoint its executor would have left."""
    journal, store = _journal(folder, 1), CheckpointStore(folder / "executor")
    book = Book(load_products(TABLES / "products.toml"), ExecutorSettings().sessions_kept)
    for batch in _batches(islice(history.events(), count - TAIL)):
        _append(journal, book, batch)
    for _ in range(3):
        checkpoint(store, journal, book)
    for batch in _batches(islice(history.events(), count - TAIL, count)):
        _append(journal, book, batch)
    journal.close()
    store.close()


def _append(journal: JournalWriter, book: Book, batch: Sequence[Event]) -> None:
    last = journal.append((event.kind, event.correlation, event.model_dump_json().encode()) for event in batch)
    for sequence, event in enumerate(batch, start=last - len(batch) + 1):
        book.apply(event, sequence)


def _batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    left = iter(events)
    while batch := list(islice(left, BATCH)):
        yield batch


def _start(folder: Path, epoch: int) -> float:
    for path in (*folder.iterdir(), *(folder / "executor").iterdir()):
        if path.is_file():
            _drop(path)
    clock, products = WallClock(), load_products(TABLES / "products.toml")
    sessions = load_sessions(TABLES / "sessions.toml", folder / "exchange-days.json")
    began = time.perf_counter()
    journal, store = _journal(folder, epoch), CheckpointStore(folder / "executor")
    Executor(
        name="executor",
        started=ExecutorStarted(epoch=epoch, incarnation=epoch, boot_id="bench", at=clock.market_now()),
        stream=_Nobody(),
        journal=journal,
        checkpoints=store,
        clock=clock,
        watermark=_NoMark(),
        products=products,
        sessions=sessions,
        latch=lambda: None,
        routes=(history.ROUTE,),
        feed="data_feed",
        notifier="notifier",
        settings=ExecutorSettings(),
    )
    seconds = time.perf_counter() - began
    journal.close()
    store.close()
    return seconds


def _journal(folder: Path, epoch: int) -> JournalWriter:
    return JournalWriter(folder / "journal.sqlite", epoch=epoch, clock=time.time_ns, fence=lambda: None, schema=EVENTS)


def _drop(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


class _Nobody:
    """A stream on which nobody is."""

    def stay_awake(self, seconds: float) -> None:
        """Sleep as ever."""

    def receive(self, timeout_s: float) -> Sequence[Arrival]:  # noqa: ARG002
        return ()

    def tell(self, peer: str, message: Value) -> None:  # noqa: ARG002
        raise PeerUnavailable(peer)

    def publish(self, message: Value) -> None:
        pass

    def publish_quotes(self, frame: object) -> None:
        pass

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        pass


class _NoMark:
    def advance(self) -> None:
        pass
