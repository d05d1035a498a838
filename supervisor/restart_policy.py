"""Whether, and when, a dead child is started again.

Rules of this file
1. Nothing here knows the time or luck: `now_s` and `jitter` come in through the door.
2. Restarts are counted in a sliding window per child. The first is immediate, later ones wait 0.1, 0.2, 0.4 ... 5 s.
3. One more than the window allows is escalated: the child is still retried, slowly, but trading is made safe first.
   An escalated child stays on the slow pace until it has been up for a whole period; then it is forgiven.
4. Only the child that died is charged. Siblings restarted for its sake are not.

Left out: who else falls with it (`tree`), and what "safe" means (the composition root).
"""

from dataclasses import dataclass
from typing import Literal

from supervisor.child_spec import ChildSpec, Restart

BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
BACKOFF_SPREAD = 0.25
"""Largest share that jitter adds to a wait."""
SLOW_S = 30.0
"""Pace of an escalated child."""

End = Literal["finished", "failed"]
"""Finished: `run` returned of its own accord. Failed: anything else, known or not."""


@dataclass(frozen=True)
class History:
    """When this child was restarted for its own deaths (seconds on the caller's clock), and whether it escalated."""

    restarts: tuple[float, ...] = ()
    escalated: bool = False


@dataclass(frozen=True)
class Retry:
    """Start it again after `delay_s`."""

    delay_s: float
    history: History


@dataclass(frozen=True)
class Escalate:
    """It died too often: make trading safe, say `reason`, and retry after `delay_s`."""

    delay_s: float
    history: History
    reason: str


@dataclass(frozen=True)
class Leave:
    """It is not restarted; its restart type says so."""

    reason: str


Decision = Retry | Escalate | Leave


def decide(spec: ChildSpec, history: History, end: End, now_s: float, jitter: float) -> Decision:
    """Return what to do about a death at `now_s`; `jitter` lies in [0, 1)."""
    if spec.restart is Restart.TEMPORARY:
        return Leave("temporary child")
    if spec.restart is Restart.TRANSIENT and end == "finished":
        return Leave("transient child finished")
    recent = (*(at for at in history.restarts if now_s - at < spec.period_s), now_s)
    if history.escalated or len(recent) > spec.restarts_max:
        reason = f"{spec.name} died {len(recent)} times in {spec.period_s:g} s; allowed are {spec.restarts_max}"
        return Escalate(SLOW_S * (1 + BACKOFF_SPREAD * jitter), History(recent, escalated=True), reason)
    return Retry(backoff(len(recent) - 1, jitter), History(recent))


def backoff(restarts_before: int, jitter: float) -> float:
    """Return the wait in seconds before the next restart: none for the first, then doubling up to a limit."""
    if restarts_before <= 0:
        return 0.0
    doublings = min(restarts_before - 1, 16)  # beyond the limit anyhow; keeps the power small
    return float(min(BACKOFF_FIRST_S * 2.0**doublings, BACKOFF_MAX_S) * (1 + BACKOFF_SPREAD * jitter))


def forgive(spec: ChildSpec, history: History, up_since_s: float, now_s: float) -> History:
    """Return the history of a running child: emptied once it has been up for a whole period."""
    return History() if now_s - up_since_s >= spec.period_s else history
