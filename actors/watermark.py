"""Progress in shared memory: a count of passes of the work loop, moved by that loop alone.

Five numbers in a small file in the run folder: incarnation, count, boot clock at the last pass, the thread that made
it, and what it has in hand. The writer stores them
through a mapping, without a system call but the clock's; any process may read them, at any time, without asking.
A new incarnation starts its count at zero, and is first readable with its own number: its predecessor is confirmed
dead by then, so the file has one writer.
"""

import mmap
import os
import struct
import threading
import time
from pathlib import Path
from typing import NamedTuple

LAYOUT = struct.Struct("@QQQQQ")
INCARNATION, COUNT, AT_NS, THREAD, IN_HAND = range(5)


class Reading(NamedTuple):
    """One reading; `at_ns` is the boot clock at the last pass, `in_hand` the number of a message, or 0."""

    incarnation: int
    passes: int
    at_ns: int
    thread: int
    in_hand: int


class MappedWatermark:
    """The writer's end; implements `ports.Watermark`."""

    def __init__(self, path: Path, incarnation: int) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, LAYOUT.size)
            self._map = mmap.mmap(descriptor, LAYOUT.size)
        finally:
            os.close(descriptor)
        self._cells = memoryview(self._map).cast("Q")  # one aligned store a cell: never half written
        self._cells[COUNT] = self._cells[THREAD] = self._cells[IN_HAND] = 0
        self._cells[INCARNATION] = incarnation

    def advance(self) -> None:
        """Count one pass of the work loop."""
        if not self._cells[THREAD]:
            self._cells[THREAD] = threading.get_native_id()
        self._cells[IN_HAND] = 0
        self._cells[AT_NS] = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self._cells[COUNT] += 1

    def take_in_hand(self, number: int) -> None:
        """Note what is handled now, so that a death over it can be told from another."""
        self._cells[IN_HAND] = number

    def close(self) -> None:
        """Unmap; the last reading stays in the file."""
        self._cells.release()
        self._map.close()


def read_watermark(path: Path) -> Reading | None:
    """Return the mark as it is now; None where nothing was ever written."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        cells = os.pread(descriptor, LAYOUT.size, 0)
    finally:
        os.close(descriptor)
    return Reading(*LAYOUT.unpack(cells)) if len(cells) == LAYOUT.size else None
