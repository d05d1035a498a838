"""What many seeds came to: the one object that a fault run prints."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from supervisor.app.audit import Audit
from supervisor.child_spec import Spec


class Judged(Protocol):
    """One seed, judged."""

    @property
    def seed(self) -> int:
        """The seed."""

    @property
    def orders(self) -> int:
        """Orders placed."""

    @property
    def fills(self) -> int:
        """Executions."""

    @property
    def kills(self) -> int:
        """Processes that died."""

    @property
    def faults(self) -> int:
        """Faults that struck."""

    @property
    def audit(self) -> Audit:
        """What journal and brokers disagree on."""

    @property
    def failures(self) -> tuple[str, ...]:
        """Everything that is wrong, as sentences."""

    @property
    def state(self) -> Path | None:
        """Where it can be looked at."""

    @property
    def naked_short_s(self) -> float | None:
        """The longest time a short stood uncovered; None where it was not measured."""

    @property
    def unattended_short_s(self) -> float | None:
        """The longest part of such a time that nobody attended to; None where it was not measured."""


class Failure(Spec):
    """One seed that failed, why, and where its state lies; None where the seed alone brings it back."""

    seed: int
    what: tuple[str, ...]
    state: Path | None


class Tally(Spec):
    """Sums over the seeds. `lost` to `false_fills` must be 0, and a short's unattended time within the deadline."""

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
    false_fills: int
    naked_short_s_max: float | None
    """The longest time a short stood uncovered, by the brokers' own trades and what was netted; None: not measured."""
    unattended_short_s_max: float | None
    """The longest part of such a time in which what would cover it was not at work, in doubt, or impossible to send."""
    failures: tuple[Failure, ...]
    seconds: float

    @property
    def is_clean(self) -> bool:
        """Whether every seed ran to its end and nothing was wrong in any."""
        return not self.failures


def left_alone(unattended_s: float | None, deadline_s: float) -> tuple[str, ...]:
    """Return what is wrong where a short stood uncovered past the deadline with nobody attending to it."""
    if unattended_s is None or unattended_s <= deadline_s:
        return ()
    return (f"unattended: a short stood uncovered for {unattended_s:.1f} s, the deadline is {deadline_s:g} s",)


def tally(results: Sequence[Judged], seconds: float) -> Tally:
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
        false_fills=sum(len(each.audit.false_fills) for each in results),
        naked_short_s_max=_longest(each.naked_short_s for each in results),
        unattended_short_s_max=_longest(each.unattended_short_s for each in results),
        failures=tuple(
            Failure(seed=each.seed, what=each.failures, state=each.state) for each in results if each.failures
        ),
        seconds=round(seconds, 1),
    )


def merged(tallies: Sequence[Tally], seconds: float) -> Tally:
    """Add tallies of different seeds up."""
    sums = {
        name: sum(getattr(each, name) for each in tallies)
        for name, field in Tally.model_fields.items()
        if field.annotation is int
    }
    failures = tuple(failure for each in tallies for failure in each.failures)
    return Tally(
        **sums,
        naked_short_s_max=_longest(each.naked_short_s_max for each in tallies),
        unattended_short_s_max=_longest(each.unattended_short_s_max for each in tallies),
        failures=failures,
        seconds=round(seconds, 1),
    )


def _longest(times_s: Iterable[float | None]) -> float | None:
    return max((each for each in times_s if each is not None), default=None)
