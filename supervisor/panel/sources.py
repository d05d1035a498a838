"""What the pages look at: boards, directory, journal, outbox, drills; read anew where they moved, from files alone.

One reader at a time: the pages are drawn under `lock`.
"""

import threading
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from actors.places import Places
from supervisor.app.drills import record
from supervisor.cli.door import market_now
from supervisor.cli.expiring import expiry_board
from supervisor.cli.risk import exposure_board
from supervisor.cli.snapshot import snapshot
from supervisor.journal_file import JournalUnwritableError
from supervisor.panel.alert_keeper import AlertKeeper, DoorKeeper
from supervisor.panel.identity import Identity, identity
from supervisor.panel.orders_seen import OrdersSeen
from supervisor.panel.results import Results
from supervisor.panel.slow import Slow

DAY_POINTS_MAX: Final = 3_000
DAY_POINT_S: Final = 1.0
FRESH_S: Final = 5.0


class Life(NamedTuple):
    """What is looked for of one order. `last`: its last event then; `before`: what was found of it before."""

    last: int
    slow: Slow
    before: dict[str, Any] | None


class Sources:
    """The files of one runtime."""

    def __init__(self, where: Places, alerts: AlertKeeper | None = None) -> None:
        self.where, self.lock = where, threading.Lock()
        self.alerts: AlertKeeper = alerts or DoorKeeper(where)
        self.results = Results(where.journal)
        self.gate: Slow | None = None
        """Who judges the go-live gate, as `holdfast graduate --json` says it."""
        self.day: deque[tuple[float, float]] = deque(maxlen=DAY_POINTS_MAX)
        """The day's result as it was seen: seconds since the epoch, dollars."""
        self.lives: dict[str, Life] = {}
        self._seen: OrdersSeen | None = None
        self._inode = 0
        self._identity: tuple[int, Identity] | None = None

    def moved(self) -> tuple[object, ...]:
        """Return what is another value whenever anything that is shown was written."""
        where = self.where
        paths = (where.routes, where.breakers, where.exposure, where.expiring, where.directory, where.latch)
        files = (where.armed, where.config, where.outbox, where.alert_requests, where.state / record.FILE)
        seen = self.seen()
        return (seen and seen.version(), *(_moved(path) for path in (*paths, *files)))

    def seen(self) -> OrdersSeen | None:
        """Return the reader of the journal, opened where there is one; a restored journal is another file."""
        with suppress(FileNotFoundError, JournalUnwritableError):
            inode = self.where.journal.stat().st_ino
            if self._seen is None or inode != self._inode:
                self._seen, self._inode = OrdersSeen(self.where.journal), inode
        return self._seen

    def identity(self) -> Identity:
        """Return whose money it is."""
        moved = _moved(self.where.config)
        if self._identity is None or self._identity[0] != moved:
            self._identity = (moved, identity(self.where))
        return self._identity[1]

    def status(self) -> dict[str, Any]:
        """Return what `holdfast status --json` says, the day's result kept for the line of the day."""
        told = snapshot(self.where)
        board, now_s = told["routes"] or {}, time.time()
        day = board.get("day")
        is_due = not self.day or now_s - self.day[-1][0] >= DAY_POINT_S
        if is_due and day is not None and day["pnl"] is not None and board["age_s"] < FRESH_S:
            self.day.append((now_s, float(day["pnl"])))
        return told

    def exposure(self) -> dict[str, Any] | None:
        """Return risk's board of greeks and stress."""
        return exposure_board(self.where)

    def expiring(self) -> dict[str, Any] | None:
        """Return risk's board of expiries."""
        return expiry_board(self.where)

    def market_now(self) -> datetime:
        """Return the market's time."""
        with suppress(OSError, ValueError):
            return market_now(self.where)
        return datetime.now(UTC)

    def close(self) -> None:
        """Let go of everything."""
        self.results.close()
        if self._seen is not None:
            self._seen.close()


def _moved(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
