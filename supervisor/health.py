"""Whether a live process works: it is judged by progress, never by an answer to a ping.

Rules of this file
1. A child's mark counts passes of its work loop. A child whose count stands still for a part of its deadline, at least
   `SUSPECT_S`, is suspected, and from then on the kernel's account of it is looked at.
2. A suspect is charged only the time in which its work loop could have worked and did not: stopped, or asleep while no
   thread of its process waited for a processor. Waiting for a processor, for the disk, and computing are not charged.
   What was charged beyond `hang_after_s` is a hang. So a deadline of a third of a second kills no starved process.
3. Whatever the excuse, a child that makes no pass for `stall_max_s` is hung.
4. Time is *watched* time: each look adds at most `LOOK_MAX_S`, or what a watcher that looks more rarely names. When the
   watcher itself was stopped or starved, the deadlines of those it watches wait with it, so a stalled watcher never
   kills the healthy.
5. A mark of another incarnation says nothing about this one.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from supervisor.child_spec import ChildSpec

LOOK_MAX_S = 0.1
"""The most that one look adds to watched time; looks are planned closer together."""
SUSPECT_S = 0.12
"""Longer than any idle wait of a child whose deadline is short; looking at the kernel's account costs something."""
SUSPECT_SHARE = 0.25
IDLE = "STtI"
"""Kernel states of a thread that neither runs, nor waits to, nor waits for a disk."""


class Mark(NamedTuple):
    """One reading of a watermark; `at_ns` is the boot clock at the last pass, `thread` the one that made it."""

    incarnation: int
    passes: int
    at_ns: int
    thread: int = 0
    in_hand: int = 0
    """What message it has in hand, as a number; 0 for none that is told of."""


class Account(NamedTuple):
    """What the kernel says of a process: its work thread's state, and how long its threads waited for a processor."""

    state: str
    waited_s: float


@dataclass(frozen=True)
class Progress:
    """The number of passes last seen to move, the watched time when it did, and what was charged since."""

    passes: int
    moved_at_s: float
    charged_s: float = 0.0
    seen_s: float = 0.0
    """Watched time of the last look at the kernel's account; 0 before the first since the count moved."""
    waited_s: float = 0.0


def watched(before_s: float, gap_s: float, look_max_s: float = LOOK_MAX_S) -> float:
    """Return watched time after a look that came `gap_s` after the one before."""
    return before_s + min(max(gap_s, 0.0), look_max_s)


def observe(progress: Progress, mark: Mark | None, incarnation: int, watched_s: float) -> Progress:
    """Return the progress after one look."""
    if mark is None or mark.incarnation != incarnation or mark.passes == progress.passes:
        return progress
    return Progress(mark.passes, watched_s)


def suspect(spec: ChildSpec, progress: Progress, watched_s: float) -> bool:
    """Return whether the kernel's account is wanted: a long deadline leaves time to wait for it."""
    after_s = max(SUSPECT_S, (spec.hang_after_s or 0.0) * SUSPECT_SHARE)
    return watched_s - progress.moved_at_s > after_s


def charge(progress: Progress, account: Account | None, watched_s: float) -> Progress:
    """Return the progress with the time since the last look charged, as far as it was idle; an unreadable one is not.

    The first look charges the time before it, too: what the threads waited since is not known, so only a state that
    is no waiting at all counts.
    """
    if account is None:
        return replace(progress, seen_s=watched_s)
    since_s = progress.seen_s or progress.moved_at_s
    waited_s = account.waited_s - progress.waited_s if progress.seen_s else 0.0
    idle_s = max(0.0, watched_s - since_s - max(0.0, waited_s))
    first = not progress.seen_s and account.state not in "Tt"
    charged_s = progress.charged_s + (idle_s if account.state in IDLE and not first else 0.0)
    return replace(progress, charged_s=charged_s, seen_s=watched_s, waited_s=account.waited_s)


def hung(spec: ChildSpec, progress: Progress, watched_s: float) -> bool:
    """Return whether the child's deadline for progress has passed."""
    if spec.hang_after_s is None:
        return False
    return progress.charged_s > spec.hang_after_s or watched_s - progress.moved_at_s > spec.stall_max_s


def alive(mark: Mark | None, incarnation: int) -> bool:
    """Return whether this incarnation's work loop has made its first pass."""
    return mark is not None and mark.incarnation == incarnation and mark.passes > 0
