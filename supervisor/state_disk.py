"""The disk below the state folder: how much room there is, whether it writes, how fast; and a reserve for exits.

Rules of this file:
* Openings stop long before the disk is full (`free_min_bytes`), when it takes no writes, and for a while after it was
  slow. `fault` decides; `look` measures, and has no effect but on the reserve.
* The reserve is a file of real blocks. It is let go of when there is next to no room, so that what exits must write
  (journal, send ledgers) finds some; and made anew once there is room for it beyond what openings need.
"""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RESERVE: Final = "reserve"
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says of a disk without room."""
ALMOST_NONE: Final = 4
"""The reserve is let go of when less than its own size divided by this is free."""
MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class DiskLimits:
    """What is asked of the disk."""

    reserve_bytes: int
    free_min_bytes: int
    slow_append_s: float
    calm_s: float


@dataclass(frozen=True, slots=True)
class DiskSeen:
    """What was measured. `slow_s`: the last slow append, None where there was none within `calm_s`."""

    free_bytes: int
    writes: bool
    has_reserve: bool
    slow_s: float | None


def fault(seen: DiskSeen, limits: DiskLimits) -> str | None:
    """Return why nothing may be opened; None where nothing is wrong."""
    if not seen.writes:
        return "the state folder's disk is read-only"
    if seen.free_bytes < limits.free_min_bytes:
        spent = "" if seen.has_reserve else "; the reserve is spent"
        return f"{seen.free_bytes / MB:,.1f} MB free, {limits.free_min_bytes / MB:,.1f} MB must be{spent}"
    if not seen.has_reserve:
        return f"no room for the reserve of {limits.reserve_bytes / MB:,.1f} MB: {seen.free_bytes / MB:,.1f} MB free"
    if seen.slow_s is not None:
        return f"a journal append took {seen.slow_s:.2f} s, {limits.slow_append_s:.2f} s may be"
    return None


class StateDisk:
    """The disk of one state folder, watched by the one process that writes the journal there."""

    def __init__(self, folder: Path, limits: DiskLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._limits, self._clock = folder, limits, clock
        self._reserve = folder / RESERVE
        self._slow: tuple[float, float] | None = None

    def look(self) -> str | None:
        """Measure, keep or let go of the reserve as is due; return why nothing may be opened."""
        free_bytes, writes = self._measure()
        has_reserve = self._reserve.exists()
        if has_reserve and free_bytes < self._limits.reserve_bytes // ALMOST_NONE:
            has_reserve = not self.release()
        elif not has_reserve and writes:
            has_reserve = self._make(free_bytes)
        slow_s = None
        if self._slow is not None and self._clock() - self._slow[0] < self._limits.calm_s:
            slow_s = self._slow[1]
        return fault(DiskSeen(free_bytes, writes, has_reserve, slow_s), self._limits)

    def release(self) -> bool:
        """Let go of the reserve; return whether that made room."""
        try:
            self._reserve.unlink()
        except OSError:
            return False
        return True

    def note_append(self, seconds: float) -> None:
        """Hear how long the journal's last append took."""
        if seconds > self._limits.slow_append_s:
            self._slow = (self._clock(), seconds)

    def _measure(self) -> tuple[int, bool]:
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize, not found.f_flag & os.ST_RDONLY

    def _make(self, free_bytes: int) -> bool:
        if free_bytes < self._limits.free_min_bytes + self._limits.reserve_bytes:
            return False
        fresh = self._reserve.with_name(f"{RESERVE}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._limits.reserve_bytes)
        except OSError as error:
            fresh.unlink()
            if error.errno not in FULL:
                raise
            return False
        finally:
            os.close(descriptor)
        fresh.rename(self._reserve)
        return True
