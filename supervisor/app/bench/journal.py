"""Times a durable append of one order's intent against a bare fsync of the same bytes, turn by turn."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actors.epoch import read_epoch, take_epoch
from supervisor.journal import JournalWriter

WARM = 50
PAUSE_S = 0.002
"""Between appends, as orders are never back to back."""
INTENT_BYTES = {"order_placed": 4_600, "attempt_started": 260}
"""What the intent of a four-leg order weighs as JSON, with every check it passed."""
INTENT = tuple((kind, "bench-20260105-1", b"x" * size) for kind, size in INTENT_BYTES.items())
Events = Sequence[tuple[str, str, bytes]]


def measure(folder: Path, appends: int, events: Events = INTENT) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return milliseconds of each append and of each bare write and fsync."""
    epoch_file = folder / "epoch"
    epoch = take_epoch(epoch_file)

    def fence() -> None:
        assert read_epoch(epoch_file) == epoch

    writer = JournalWriter(folder / "journal.sqlite", epoch=epoch, clock=time.time_ns, fence=fence)
    bare = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    text = b"".join(body for _, _, body in events)
    appended, synced = [], []
    for _ in range(WARM + appends):
        began = time.perf_counter_ns()
        writer.append(events)
        appended.append(time.perf_counter_ns() - began)
        time.sleep(PAUSE_S)
        began = time.perf_counter_ns()
        os.write(bare, text)
        os.fsync(bare)
        synced.append(time.perf_counter_ns() - began)
        time.sleep(PAUSE_S)
    writer.close()
    os.close(bare)
    return np.array(appended[WARM:]) / 1e6, np.array(synced[WARM:]) / 1e6
