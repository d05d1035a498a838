"""What many seeds came to: the one object that a fault run prints."""

from collections.abc import Sequence
from pathlib import Path

from supervisor.app.fault_run import SeedResult
from supervisor.child_spec import Spec


class Failure(Spec):
    """One seed that failed, why, and where its state lies."""

    seed: int
    what: tuple[str, ...]
    state: Path


class Tally(Spec):
    """Sums over the seeds. Everything from `lost` to `false_rejects` must be 0."""

    runs: int
    orders: int
    fills: int
    kills: int
    faults: int
    """Times that a fault truly struck a request, a push or a connection."""
    lost: int
    doubled: int
    naked: int
    in_doubt: int
    position_breaks: int
    cash_gaps: int
    false_rejects: int
    failures: tuple[Failure, ...]
    seconds: float

    @property
    def is_clean(self) -> bool:
        """Whether every seed ran to its end and nothing was wrong in any."""
        return not self.failures


def tally(results: Sequence[SeedResult], seconds: float) -> Tally:
    """Add the seeds up."""
    return Tally(
        runs=len(results),
        orders=sum(each.orders for each in results),
        fills=sum(each.fills for each in results),
        kills=sum(each.kills for each in results),
        faults=sum(each.faults for each in results),
        lost=sum(len(each.audit.lost) for each in results),
        doubled=sum(len(each.audit.doubled) for each in results),
        naked=sum(len(each.audit.naked) for each in results),
        in_doubt=sum(len(each.audit.in_doubt) for each in results),
        position_breaks=sum(len(each.audit.position_breaks) for each in results),
        cash_gaps=sum(len(each.audit.cash_gaps) for each in results),
        false_rejects=sum(len(each.audit.false_rejects) for each in results),
        failures=tuple(
            Failure(seed=each.seed, what=each.failures, state=each.state) for each in results if each.failures
        ),
        seconds=round(seconds, 1),
    )
