"""The journal's whole fold, made on a thread of its own: results by strategy, and each structure's end in its order.

A journal of a million events takes minutes, so it begins when somebody looks, and nobody waits for it: `progress` says
how far it is, and from then on it follows in small steps. It is the executor's own fold, as `holdfast performance`
makes it.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final

from loguru import logger

from actors.domain.orders.event import parse_event
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.tally import Ended, Tally
from actors.domain.value import ZERO
from actors.executor_settings import ExecutorSettings
from actors.products import load_products
from supervisor.app.event_schema import EVENTS
from supervisor.app.plan import TABLES
from supervisor.journal import JournalReader

STEP_EVENTS: Final = 500
LOOK_S: Final = 0.5
ENDS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class End:
    """A structure that has ended, after every fee."""

    name: str
    strategy: str
    at: datetime
    pnl: Decimal


class Results:
    """The fold so far; read from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._book = Book(load_products(TABLES / "products.toml"), ExecutorSettings().sessions_kept)
        self._ends: dict[str, End] = {}
        self._seen: Mapping[str, Ended] = {}
        self._sequence, self._last = 0, 1
        self.fault = ""
        """What ended the fold before its end; empty: nothing."""
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._work, name="results", daemon=True)

    def start(self) -> None:
        """Begin to fold, once; a trading machine has better to do until somebody looks."""
        if not self._thread.is_alive() and not self._stop.is_set():
            self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def progress(self) -> float:
        """How much of the journal is folded, up to 1."""
        return 1.0 if self._sequence >= self._last else self._sequence / self._last

    def read(self) -> tuple[Tally, list[End]]:
        """Return the fold, and the structures that ended, oldest first."""
        with self._lock:
            return self._book.tally, list(self._ends.values())

    def _work(self) -> None:
        try:
            self._follow()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a journal: the page says it, the others go on
            logger.opt(exception=error).error("the journal cannot be folded")
            self.fault = f"{type(error).__name__}: {error}"

    def _follow(self) -> None:
        reader: JournalReader | None = None
        while not self._stop.is_set():
            if reader is None:
                with suppress(FileNotFoundError):
                    reader = JournalReader(self._path, EVENTS)
            if reader is None or not self._step(reader):
                self._stop.wait(LOOK_S)
        if reader is not None:
            reader.close()

    def _step(self, reader: JournalReader) -> bool:
        """Fold some events; return whether there may be more."""
        last = reader.last()
        self._last = last.sequence if last else 1
        entries = list(islice(reader.read(self._sequence), STEP_EVENTS))
        with self._lock:
            for entry in entries:
                event = parse_event(entry.body)
                self._book.apply(event, entry.sequence)
                self._note(event.at if hasattr(event, "at") else None)
                self._sequence = entry.sequence
        return bool(entries)

    def _note(self, at: datetime | None) -> None:
        """Keep what ended, or was corrected, with this event."""
        if self._book.tally.ended is self._seen:
            return
        self._seen = self._book.tally.ended
        for name, ended in self._seen.items():
            known = self._ends.get(name)
            if known is None and at is not None:
                self._ends[name] = End(name, ended.strategy, at, ended.pnl)
            elif known is not None and known.pnl != ended.pnl:
                self._ends[name] = End(name, known.strategy, known.at, ended.pnl)
        if len(self._ends) > ENDS_MAX:
            del self._ends[next(iter(self._ends))]


def equity(ends: list[End]) -> tuple[list[float], list[float], list[float]]:
    """Return the times, the results added up, and how far below their highest they lie."""
    times, sums, falls = list[float](), list[float](), list[float]()
    total = high = ZERO
    for each in sorted(ends, key=lambda end: end.at):
        total += each.pnl
        high = max(high, total)
        times.append(each.at.timestamp())
        sums.append(float(total))
        falls.append(float(total - high))
    return times, sums, falls
