"""One check of a preflight, and all of them together: go or no-go.

FAIL is no-go. A FAIL that `bars_start` also keeps `up` from starting in mode live: it is known without a tree, and does
not mend itself by starting. UNKNOWN could not be looked at, and is told: of a tree that does not run, say; where one
does, and does not say what it should, that is a FAIL.
"""

from collections.abc import Iterable
from datetime import date

from actors.domain.value import Instant, Value
from supervisor.app.doctor.finding import Finding, Verdict


class Check(Value):
    """What was looked at, what was seen, what is allowed, what to do."""

    name: str
    verdict: Verdict
    value: str
    limit: str = ""
    todo: str = ""
    bars_start: bool = False


class Preflight(Value):
    """All checks of one moment, for one session."""

    mode: str
    session: date | None
    """The session it is for; None where there is none on that day."""
    made_at: Instant
    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        """What makes it a no-go."""
        return tuple(each for each in self.checks if each.verdict is Verdict.FAIL)

    @property
    def is_go(self) -> bool:
        """Whether nothing forbids trading."""
        return not self.failures

    @property
    def bars(self) -> tuple[Check, ...]:
        """What keeps live trading from starting."""
        return tuple(each for each in self.failures if each.bars_start)


def of_findings(findings: Iterable[Finding]) -> Iterable[Check]:
    """Yield the doctor's findings as checks; what forbids trading bars a start."""
    for each in findings:
        yield Check(
            name=f"{each.code} {each.subject}",
            verdict=each.verdict,
            value=each.text,
            todo=each.todo,
            bars_start=each.verdict is Verdict.FAIL,
        )


def ok(name: str, value: str, limit: str = "") -> Check:
    """Return a check that passed."""
    return Check(name=name, verdict=Verdict.OK, value=value, limit=limit)


def unknown(name: str, value: str, todo: str = "") -> Check:
    """Return a check that could not be made."""
    return Check(name=name, verdict=Verdict.UNKNOWN, value=value, todo=todo)


def warn(name: str, value: str, todo: str, limit: str = "") -> Check:
    """Return a check whose outcome costs something, and forbids nothing."""
    return Check(name=name, verdict=Verdict.WARN, value=value, todo=todo, limit=limit)


def fail(name: str, value: str, todo: str, limit: str = "", *, bars_start: bool = False) -> Check:
    """Return a check that forbids trading."""
    return Check(name=name, verdict=Verdict.FAIL, value=value, todo=todo, limit=limit, bars_start=bars_start)
