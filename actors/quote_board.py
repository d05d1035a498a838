"""The latest quote of every contract as one file in the run folder: for whoever needs them all now and then.

The feed replaces it whole, twice a second; risk and the screens read it, without another subscription to every quote
and without an answer from anybody. It is a picture, never a source, on memory where there is any, and says when it
was written on both clocks. Columns as they lie in a `QuoteTable`, in this machine's own order.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from actors.domain.market.quote import QuoteTable, Universe
from actors.ports import Clock

_COLUMNS: Final = ("bid", "ask", "exchange_ns", "received_ns", "bid_size", "ask_size", "codes")
"""Widest first, so that every array lies aligned."""
_HEAD: Final = 4
"""Universe's version, rows, market's and boot clock, all int64."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """All quotes at one moment: market time, and boot clock in nanoseconds."""

    table: QuoteTable
    at: datetime
    boot_ns: int


def write_quotes(path: Path, clock: Clock, table: QuoteTable) -> None:
    """Replace the board. A full disk is no reason to stop quoting: then the old one stands, and shows its age."""
    market_ns = int(clock.market_now().timestamp() * 1e9)
    head = np.array([table.universe.version, len(table.bid), market_ns, clock.boot_ns()], np.int64)
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.touch(mode=0o600)
        fresh.write_bytes(b"".join([head.tobytes(), *(getattr(table, column).tobytes() for column in _COLUMNS)]))
        os.replace(fresh, path)  # noqa: PTH105 - what is meant is the system's rename
    except OSError:
        return


class QuoteBoard:
    """Reads the board, each state of it once; `universe` gives the contracts as last kept."""

    def __init__(self, path: Path, universe: Callable[[], Universe | None]) -> None:
        self._path, self._universe = path, universe
        self._seen: tuple[int, int] | None = None

    def read(self) -> Snapshot | None:
        """Return what is there; None where nothing new is, or its contracts are not known."""
        try:
            found = self._path.stat()
            if (identity := (found.st_ino, found.st_mtime_ns)) == self._seen:
                return None
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        version, rows, market_ns, boot_ns = np.frombuffer(content, np.int64, _HEAD).tolist()
        universe = self._universe()
        if universe is None or universe.version != version or len(universe.contracts) != rows:
            return None
        self._seen = identity
        return Snapshot(_table(universe, content), datetime.fromtimestamp(market_ns / 1e9, UTC), boot_ns)


def _table(universe: Universe, content: bytes) -> QuoteTable:
    table, offset = QuoteTable(universe), _HEAD * 8
    for name in _COLUMNS:
        column = getattr(table, name)
        column[:] = np.frombuffer(content, column.dtype, len(column), offset)
        offset += column.nbytes
    return table
