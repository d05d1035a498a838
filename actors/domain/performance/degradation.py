"""Whether a strategy wins as often as it should: a sequential test, so that looking after each structure is allowed.

Expected is a win rate p; degraded means p (1 - shortfall) or less, 20 % less unless said otherwise. After each
structure the evidence is multiplied by how much likelier its outcome is of the degraded strategy than of the
expected,

    a win: 1 - shortfall        a loss: (1 - p (1 - shortfall)) / (1 - p)

and never falls below 1 before that: so it asks whether the strategy is worse *since any moment*, and a good year does
not hide a bad month. At `false_alarm_every` it is called degraded. This is Page's CUSUM of Wald's likelihood ratio.
Each factor's mean is at most 1 for every strategy that wins at least p of the time, whatever came before, which makes
it an e-detector: on average at least `false_alarm_every` structures pass between two false alarms (Shin, Ramdas,
Rinaldo, "E-detectors", New England Journal of Statistics in Data Science, 2024; Lorden, 1971). Where outcomes do not
hang on each other it is far more: at 100, for 70 %, some 2,700; a strategy that wins 56 % is found after about 90, one
that wins 45 % after about 40. A ratio of wins below
80 % of what is expected says nothing of the kind: after 20 structures of a sound 70 % strategy it does so one time in
nine, and the more often one looks the surer it will.

The way back is the same test the other way: whether it wins p of the time again, against p (1 - shortfall). It needs
its own evidence, from nothing, at `false_recovery_every`; so does each further step down. That is the hysteresis: a
size moves one step at a time, and one outcome never moves it twice. A strategy that opens nothing gives no evidence:
only a person brings it back.

How large wins and losses are is not tested here; limits on losses are (`risk.breaker`).
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from pydantic import Field, model_validator

from actors.domain.orders.size_event import SizeCause
from actors.domain.portfolio.form import WIN
from actors.domain.value import Value

FULL: Final = Decimal(1)


class Expected(Value):
    """What one strategy is held to."""

    win_rate: float = Field(gt=0, lt=1)
    """Share of its structures that end above nothing, after every fee."""


class CommonDegradation(Value):
    """When a size is cut, to what, and when it is given back."""

    shortfall: float = Field(default=0.20, gt=0, lt=1)
    """How far below the expected win rate counts as degraded, as a share of it."""
    false_alarm_every: int = Field(default=100, ge=10, le=1_000_000)
    """Structures that pass on average, at least, between two false alarms of one strategy."""
    recovers: bool = True
    """Whether evidence gives a size back, step by step; otherwise a person does."""
    false_recovery_every: int = Field(default=50, ge=10, le=1_000_000)
    steps: tuple[Decimal, ...] = (Decimal("0.5"), Decimal("0.25"), Decimal(0))
    """Shares of the full size, falling."""

    @model_validator(mode="after")
    def _fall(self) -> "CommonDegradation":
        wanted = sorted(set(self.steps), reverse=True)
        if list(self.steps) != wanted or not all(0 <= step < 1 for step in self.steps):
            raise ValueError("steps are shares of the full size below 1, each smaller than the one before")
        return self


class DegradationLimits(CommonDegradation):
    """The same, with what is expected of each strategy; one that is not named is measured, and never cut."""

    strategies: Mapping[str, Expected] = Field(default_factory=dict)


class Judged(Value):
    """A size that is to move, and the evidence."""

    share: Decimal
    cause: SizeCause
    text: str


def evidence(outcomes: Iterable[str], win: float, loss: float) -> float:
    """Return the evidence after the outcomes; `win` and `loss` are the factors, 1 is none."""
    found = 1.0
    for each in outcomes:
        found = max(found, 1.0) * (win if each == WIN else loss)
    return found


def of_degradation(outcomes: Iterable[str], expected: Expected, shortfall: float) -> float:
    """Return the evidence that a strategy wins less than it should."""
    good, bad = expected.win_rate, expected.win_rate * (1 - shortfall)
    return evidence(outcomes, bad / good, (1 - bad) / (1 - good))


def of_recovery(outcomes: Iterable[str], expected: Expected, shortfall: float) -> float:
    """Return the evidence that a degraded strategy wins as it should again."""
    good, bad = expected.win_rate, expected.win_rate * (1 - shortfall)
    return evidence(outcomes, good / bad, (1 - good) / (1 - bad))


def judge(outcomes: str, share: Decimal, expected: Expected, limits: DegradationLimits) -> Judged | None:
    """Return what a strategy of size `share` is to be cut or given back to; None where it stays."""
    worse = of_degradation(outcomes, expected, limits.shortfall)
    below = [step for step in limits.steps if step < share]
    if worse >= limits.false_alarm_every and below:
        return Judged(share=below[0], cause=SizeCause.DEGRADED, text=_words(outcomes, expected, worse, "worse"))
    better = of_recovery(outcomes, expected, limits.shortfall) if share < FULL and limits.recovers else 1.0
    if better >= limits.false_recovery_every:
        above = [step for step in (*reversed(limits.steps), FULL) if step > share]
        return Judged(share=above[0], cause=SizeCause.RECOVERED, text=_words(outcomes, expected, better, "sound"))
    return None


def _words(outcomes: str, expected: Expected, found: float, what: str) -> str:
    wins, count = outcomes.count(WIN), len(outcomes)
    rate = f"{wins} of {count} won ({wins / count:.0%}), expected {expected.win_rate:.0%}"
    return f"{rate}; evidence that it is {what}: {found:,.0f} to 1"
