"""The dead-man timer's rules: when the runtime's silence means that nobody looks after what is held.

Rules of this file
1. Watched are supervisor, executor and connections, those that run on this machine: without any of them no exit is
   certain. Progress is a pass of the work loop, as the supervisor itself reads it; a process that lives says nothing.
2. It counts only what it has seen: a silence begins after progress, so what was never up is never missed.
3. Time is watched time: each look adds at most `LOOK_MAX_S`. Whoever suspends the machine suspends the deadline.
4. A planned end takes the directory away, and the keeper with it; so does a reboot. While a keeper lives, a tree that
   is not there is being built anew, and missed like one that is silent.
"""

from collections.abc import Collection, Mapping
from typing import Final

from supervisor.directory import Directory
from supervisor.health import Mark, watched
from supervisor.killswitch.senders import SENDERS
from supervisor.runtime import NAME
from supervisor.tree import ChildState

LOOK_S: Final = 0.5
LOOK_MAX_S: Final = 1.0
_ELSEWHERE: Final = frozenset({ChildState.AWAY, ChildState.LOST})


def watched_names(directory: Directory | None) -> list[str]:
    """Return whose progress counts; nobody's where nothing runs here, or has been ended."""
    if directory is None:
        return []
    here = [name for name, entry in directory.children.items() if entry.state not in _ELSEWHERE]
    return [NAME, *(name for name in here if name.startswith(SENDERS))]


class DeadMan:
    """The silence of each, on watched time."""

    def __init__(self, now_s: float) -> None:
        self._looked_s, self._watched_s = now_s, 0.0
        self._seen: dict[str, Mark] = {}
        self._moved_s: dict[str, float] = {}

    def look(self, names: Collection[str], marks: Mapping[str, Mark | None], now_s: float) -> None:
        """Take in one look at everybody's progress."""
        self._watched_s = watched(self._watched_s, now_s - self._looked_s, LOOK_MAX_S)
        self._looked_s = now_s
        for gone in set(self._seen) - set(names):
            del self._seen[gone]
            self._moved_s.pop(gone, None)
        for name in names:
            mark, before = marks.get(name), self._seen.get(name)
            if mark is None or not mark.passes:
                continue
            if before is not None and (mark.incarnation, mark.passes) != (before.incarnation, before.passes):
                self._moved_s[name] = self._watched_s
            self._seen[name] = mark

    @property
    def has_seen_progress(self) -> bool:
        """Whether anybody was seen to move."""
        return bool(self._moved_s)

    @property
    def names(self) -> list[str]:
        """Who was seen last."""
        return list(self._seen)

    def all_move(self, names: Collection[str]) -> bool:
        """Whether each was seen to move."""
        return bool(names) and self._moved_s.keys() >= set(names)

    def silent(self, after_s: float) -> dict[str, float]:
        """Return who has made no progress for so long, each with the seconds."""
        still = {name: self._watched_s - moved_s for name, moved_s in self._moved_s.items()}
        return {name: seconds for name, seconds in still.items() if seconds >= after_s}
