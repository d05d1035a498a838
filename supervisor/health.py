"""Whether a live process works: it is judged by progress, never by an answer to a ping.

Rules of this file
1. A child's mark counts passes of its work loop. A child whose count has not moved for `hang_after_s` is hung.
2. Time is *watched* time: each look adds at most `LOOK_MAX_S`. When the watcher itself was stopped or starved, the
   children's deadlines wait with it, so a stalled watcher never kills the healthy.
3. A mark of another incarnation says nothing about this one.
"""

from dataclasses import dataclass
from typing import NamedTuple

from supervisor.child_spec import ChildSpec

LOOK_MAX_S = 0.2
"""The most that one look adds to watched time; looks are planned far closer together."""


class Mark(NamedTuple):
    """One reading of a watermark; `at_ns` is the boot clock at the last pass."""

    incarnation: int
    passes: int
    at_ns: int


@dataclass(frozen=True)
class Progress:
    """The number of passes last seen to move, and the watched time when it did."""

    passes: int
    moved_at_s: float


def watched(before_s: float, gap_s: float) -> float:
    """Return watched time after a look that came `gap_s` after the one before."""
    return before_s + min(max(gap_s, 0.0), LOOK_MAX_S)


def observe(progress: Progress, mark: Mark | None, incarnation: int, watched_s: float) -> Progress:
    """Return the progress after one look."""
    if mark is None or mark.incarnation != incarnation or mark.passes == progress.passes:
        return progress
    return Progress(mark.passes, watched_s)


def hung(spec: ChildSpec, progress: Progress, watched_s: float) -> bool:
    """Return whether the child's deadline for progress has passed."""
    return spec.hang_after_s is not None and watched_s - progress.moved_at_s > spec.hang_after_s


def alive(mark: Mark | None, incarnation: int) -> bool:
    """Return whether this incarnation's work loop has made its first pass."""
    return mark is not None and mark.incarnation == incarnation and mark.passes > 0
