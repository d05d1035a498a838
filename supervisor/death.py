"""What is known of a child's death: why, where in its code, how soon it was seen, and over what.

A child that could still speak wrote its reason itself; of one that could not, the supervisor's own reason stands where
it brought it down, and else that there was no word. Its last mark tells when it last got on, and with what in hand.
"""

from dataclasses import dataclass
from pathlib import Path

from supervisor.child import Child
from supervisor.child_host import crash_report
from supervisor.health import Mark
from supervisor.restart_policy import End
from supervisor.tree import ChildState

WORDLESS = "killed: the process ended without a word"


@dataclass(frozen=True, slots=True)
class Death:
    """One death."""

    reason: str
    places: tuple[str, ...]
    """Of the code, innermost last; none where it did not crash."""
    end: End
    detected_ms: float | None
    """Since its last mark; None where it made none."""
    in_hand: int
    """The message it was about; 0 for none."""


def death_of(child: Child, run: Path, mark: Mark | None, now_s: float) -> Death:
    """Return what is known of the death of `child`, seen at `now_s` of the machine's clock."""
    report = crash_report(run, child.spec.name, child.incarnation)
    own = mark if mark is not None and mark.incarnation == child.incarnation else None
    was_ours = child.state in (ChildState.STOPPING, ChildState.KILLED)
    return Death(
        reason=report.reason if report is not None else child.reason if was_ours else WORDLESS,
        places=report.frames if report is not None else (),
        end="finished" if report is not None and report.finished else "failed",
        detected_ms=round(now_s * 1e3 - own.at_ns / 1e6, 1) if own is not None and own.passes else None,
        in_hand=own.in_hand if own is not None else 0,
    )
