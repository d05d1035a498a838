"""What is read right before each write: the epoch in force (law 9) and the stop in force (law 10).

Both are small files that are only ever replaced whole, so a file with the same inode, times and size still says what
it said: looking at those costs a tenth of reading it, on the path where every microsecond of an order counts. Two
replacements within one tick of the disk's clock that come back to the first inode could hide from it; each of them
takes an fsync and a confirmed death, so they cannot.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from actors.epoch import read_epoch
from actors.latch import Latch, read_latch
from actors.places import Places
from actors.ports import DamagedState

T = TypeVar("T")
_Stamp = tuple[int, int, int, int]


class Remembered(Generic[T]):
    """What a file says, read anew whenever the file was replaced."""

    def __init__(self, path: Path, read: Callable[[Path], T]) -> None:
        self._path, self._read = path, read
        self._name = os.fspath(path)
        self._known: tuple[_Stamp | None, T] | None = None

    def __call__(self) -> T:
        """Return what the file says now. Raises what the reader raises."""
        stamp = self._stamp()
        if self._known is None or self._known[0] != stamp:
            # Replaced between the look and the reading: the older stamp makes the next call read again.
            self._known = (stamp, self._read(self._path))
        return self._known[1]

    def _stamp(self) -> _Stamp | None:
        try:
            found = os.stat(self._name)  # noqa: PTH116 - pathlib's costs three times as much
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


@dataclass(frozen=True, slots=True)
class Gates:
    """The two questions, asked in this order."""

    epoch: Callable[[], int]
    latch: Callable[[], Latch]

    @classmethod
    def of(cls, places: Places, stop: Callable[[], Latch] | None = None) -> "Gates":
        """Return the gates of a runtime's own files; `stop` reads the stop in force where it is more than the latch."""
        return cls(epoch=Remembered(places.epoch, read_epoch), latch=stop or Remembered(places.latch, read_latch))

    def fence(self, executor_epoch: int) -> str | None:
        """Return why this executor may not write; None if it may."""
        try:
            epoch = self.epoch()
        except (DamagedState, OSError) as error:
            return f"fenced: the epoch cannot be read: {error}"
        return None if epoch == executor_epoch else f"fenced: epoch {executor_epoch}, in force {epoch}"

    def stop(self) -> str | None:
        """Return which stop keeps openings in; None if there is none."""
        words = self.latch().words
        return None if words is None else f"latched: {words}"
