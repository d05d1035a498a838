"""What the executor of the measuring tree tells: how old each frame was once it had moved the book's marks.

The executor is the real one; only its stream notes when a frame was handed over, and takes the frame's age when the
next pass begins, for then it is applied and everything that came with it is done. Ages go to a ring in shared memory.
"""

import mmap
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.quote import UNSOUND_MIN, QuoteFrame
from actors.in_hand import WatchedStream
from actors.places import Places
from actors.ports import Arrival, Shell
from supervisor.app import trading
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext

RING = 1 << 17
Nanos = NDArray[np.int64]


def ages_path(where: Places) -> Path:
    """Return where the ages lie."""
    return where.run / "executor.ages"


class Ages:
    """A ring of the latest frames' ages in nanoseconds, and how many frames, and quotes that moved a mark, in all."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(descriptor, 8 * (RING + 2))
        self._cells: Nanos = np.frombuffer(mmap.mmap(descriptor, 8 * (RING + 2)), np.int64)
        os.close(descriptor)

    def add(self, age_ns: int, quotes: int) -> None:
        """Note one frame."""
        self._cells[2 + self._cells[0] % RING] = age_ns
        self._cells[1] += quotes
        self._cells[0] += 1

    @property
    def frames(self) -> int:
        """Frames so far."""
        return int(self._cells[0])

    @property
    def quotes(self) -> int:
        """Quotes so far."""
        return int(self._cells[1])

    def since(self, frames: int) -> Nanos:
        """Return the ages of the frames after the first `frames`, of the last `RING` at most."""
        last = self.frames
        return self._cells[2 + np.arange(max(frames, last - RING), last) % RING].copy()


class ProbedStream(WatchedStream):
    """A stream that notes when what it handed over was worked off."""

    _handed: Sequence[tuple[int, int]] = ()

    def __init__(self, places: Places, name: str, **options: Any) -> None:
        super().__init__(places, name, **options)
        self.ages = Ages(ages_path(places))

    def receive(self, timeout_s: float) -> Sequence[Arrival]:
        """Note the frames handed over last, then wait as ever."""
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        for received_ns, quotes in self._handed:
            self.ages.add(now - received_ns, quotes)
        arrivals = super().receive(timeout_s)
        self._handed = [(each.received_ns, _sound(each)) for each in arrivals if isinstance(each, QuoteFrame)]
        return arrivals


class ProbedWorkplace(Workplace):
    """A workplace whose stream is probed."""

    streams = ProbedStream


def _sound(frame: QuoteFrame) -> int:
    """Return how many quotes of a frame move a mark: what the checks refused is not carried through."""
    return int(np.count_nonzero(frame.codes < UNSOUND_MIN))


def executor(context: ChildContext) -> Shell:
    """Build the real executor on a probed stream."""
    return trading.executor(context, ProbedWorkplace)
