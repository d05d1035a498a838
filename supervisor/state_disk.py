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
PROBE: Final = "probe"
"""The file that a write is tried on, at each look; one byte, not synced."""
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
    refusal: str
    """What the system says to a write; empty where it takes one."""
    has_reserve: bool
    slow_s: float | None


def fault(seen: DiskSeen, limits: DiskLimits) -> str | None:
    """Return why nothing may be opened; None where nothing is wrong."""
    if seen.refusal:
        held = "what cannot be journaled does not leave, no exit either"
        return f"the state folder's disk takes no writes: {seen.refusal}; {held}"
    if seen.free_bytes < limits.free_min_bytes:
        spent = "" if seen.has_reserve else "; the reserve is spent"
        return f"{seen.free_bytes / MB:,.1f} MB free, {limits.free_min_bytes / MB:,.1f} MB must be{spent}"
    if not seen.has_reserve:
        return f"no room for the reserve of {limits.reserve_bytes / MB:,.1f} MB: {seen.free_bytes / MB:,.1f} MB free"
    if seen.slow_s is not None:
        return f"a journal append took {seen.slow_s:.2f} s, {limits.slow_append_s:.2f} s may be"
    return None


class DiskUnwritable(Exception):
    """The state folder's disk takes no writes, so that nobody may trade from it."""


def refusal(folder: Path) -> str:
    """Return what the system says to a write in the folder; empty where it takes one, or has no room for it.

    The mount's own word is not enough: an ext4 that turned read-only over an error calls itself writable.
    """
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return os.strerror(errno.EROFS)
    try:
        descriptor = os.open(folder / PROBE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, b".", 0)
        finally:
            os.close(descriptor)
    except OSError as error:
        return "" if error.errno in FULL else str(error.strerror)
    return ""


def mounted_as(folder: Path) -> str:
    """Return the fault of a disk that takes no writes, as can be told without one; empty where there is none."""
    said = ""
    try:
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            said = os.strerror(errno.EROFS)
        os.close(os.open(folder / PROBE, os.O_WRONLY | os.O_CLOEXEC))
    except FileNotFoundError:  # nobody ever tried a write there
        pass
    except OSError as error:
        said = str(error.strerror)
    return f"the state folder's disk takes no writes: {said}; no order leaves, no exit either" if said else ""


def must_write(folder: Path) -> None:
    """Raise `DiskUnwritable` where the folder, made where it is not there, takes no writes."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        said = refusal(folder)
    except OSError as error:
        said = str(error.strerror)
    if said:
        raise DiskUnwritable(f"{folder}: its disk takes no writes: {said}")


class StateDisk:
    """The disk of one state folder, watched by the one process that writes the journal there."""

    def __init__(self, folder: Path, limits: DiskLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._limits, self._clock = folder, limits, clock
        self._reserve = folder / RESERVE
        self._slow: tuple[float, float] | None = None

    def look(self) -> str | None:
        """Measure, keep or let go of the reserve as is due; return why nothing may be opened."""
        free_bytes, refusal = self._measure()
        has_reserve = self._reserve.exists()
        if has_reserve and free_bytes < self._limits.reserve_bytes // ALMOST_NONE:
            has_reserve = not self.release()
        elif not has_reserve and not refusal:
            has_reserve = self._make(free_bytes)
        slow_s = None
        if self._slow is not None and self._clock() - self._slow[0] < self._limits.calm_s:
            slow_s = self._slow[1]
        return fault(DiskSeen(free_bytes, refusal, has_reserve, slow_s), self._limits)

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

    def _measure(self) -> tuple[int, str]:
        said = refusal(self._folder)
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize, said

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
