"""Whether the tree works, by evidence of progress alone.

Rules of this file
1. Each part leaves a sign that changes as its work loop makes passes. A part is live while its sign was seen to change
   within `still_max_s`. That a process exists, or answers, says nothing.
2. A part that was never seen to change is not live: the first look at anything is no progress.
3. Time is the boot clock's. Where two looks lie further apart than `still_max_s`, a change between them may be older
   than that: every sign must be seen to change anew. Whoever suspends the watcher makes it silent, and never a liar.
4. What is known to be wrong (a child that is down, a feed without its stream, a disk without room) is silence too,
   however much moves.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple


class Sight(NamedTuple):
    """One look: the sign of each part, None where it has none, and what is known to be wrong."""

    signs: Mapping[str, Hashable | None]
    faults: tuple[str, ...] = ()


class Liveness:
    """When each part was last seen to make progress."""

    def __init__(self, still_max_s: float) -> None:
        self._still_max_s = still_max_s
        self._signs: dict[str, Hashable] = {}
        self._moved_s: dict[str, float] = {}
        self._looked_s: float | None = None

    def look(self, sight: Sight, now_s: float) -> list[str]:
        """Take in one look; return every reason why the tree does not count as live."""
        if self._looked_s is not None and now_s - self._looked_s > self._still_max_s:
            self._signs.clear()
            self._moved_s.clear()
        self._looked_s = now_s
        for part, sign in sight.signs.items():
            if sign is None:
                self._signs.pop(part, None)
                continue
            if part in self._signs and self._signs[part] != sign:
                self._moved_s[part] = now_s
            self._signs[part] = sign
        return [*sight.faults, *(text for part in sight.signs if (text := self._still(part, now_s)))]

    def _still(self, part: str, now_s: float) -> str:
        moved_s = self._moved_s.get(part)
        if moved_s is None:
            return f"{part}: no progress seen yet"
        if now_s - moved_s > self._still_max_s:
            return f"{part}: no progress for {now_s - moved_s:.0f} s"
        return ""
