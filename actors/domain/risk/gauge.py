"""A gauge: how much of one limit is used, by one account or strategy.

    loss_day           what was lost since the baseline of the day, realised and not, as a share of it
    drawdown           what was lost since the best of the day, as a share of what there was then
    losses_in_a_row    structures that ended with a loss since one that did not
    loss_sessions      what was lost over the last five sessions, as a share of the first one's baseline

Rules of this file:
* Of two accounts of the same loss, ours and the broker's, the worse one counts.
* A person's reset gives the limit once more: it counts from the best since the reset, which is never better than no
  loss at all. A new session's reset forgives the day nothing: its own baseline is what it counts from.
* What is unknown is no value, and no high.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from actors.domain.orders.breaker_event import BreakerStep, Measure, ResetBy, Scope
from actors.domain.portfolio.breakers import Rearmed
from actors.domain.portfolio.result import Result
from actors.domain.risk.breaker_limits import BreakerLimit
from actors.domain.value import ZERO, Money, Value

_OF_THE_DAY = {Measure.LOSS_DAY, Measure.DRAWDOWN}


class High(Value):
    """The best result of a day; the baseline at least."""

    day: date
    pnl: Money


class Reference(Value):
    """What a measure stood at when its breaker was reset, or the best it was since."""

    reset: int
    """The journal's sequence of that reset."""
    day: date
    value: Decimal


class Gauge(Value):
    """One breaker, and how much of its limit is used. `value` None: unknown."""

    name: str
    scope: Scope
    subject: str
    measure: Measure
    step: BreakerStep
    reset: ResetBy
    day: date
    value: Decimal | None
    limit: Decimal
    base: Decimal
    share: Decimal
    """The limit as it is configured: a share of the base, or a count."""
    is_tripped: bool = False

    @property
    def used(self) -> Decimal | None:
        """How much of the limit is used; 1 is all of it."""
        return None if self.value is None or self.limit <= 0 else max(self.value, ZERO) / self.limit

    def reaches(self, share: Decimal) -> bool:
        """Whether that share of the limit is used; 1 trips it."""
        return self.value is not None and self.limit > 0 and self.value >= share * self.limit

    @property
    def words(self) -> str:
        """What was seen, with its numbers."""
        whose = f"{self.scope.value} {self.subject}"
        if self.value is None:
            return f"{whose}: {_WORDS[self.measure]} unknown"
        if self.measure is Measure.LOSSES_IN_A_ROW:
            return f"{whose}: {self.value} {_WORDS[self.measure]}, limit {self.limit}"
        numbers = (
            f"{self.value:,.2f}, limit {self.limit:,.2f} ({(self.share * 100).normalize():f} % of {self.base:,.2f})"
        )
        return f"{whose}: {_WORDS[self.measure]} {numbers}"


_WORDS: Mapping[Measure, str] = {
    Measure.LOSS_DAY: "loss of the day",
    Measure.DRAWDOWN: "fall from the day's best",
    Measure.LOSSES_IN_A_ROW: "losses in a row",
    Measure.LOSS_SESSIONS: "loss of the last five sessions",
}


def _pnl(result: Result) -> Decimal | None:
    """Return the worse of the journal's result and the broker's."""
    if result.pnl is None or result.broker_pnl is None:
        return result.pnl
    return min(result.pnl, result.broker_pnl)


def high_of(result: Result, known: High | None) -> High:
    """Return the best of the day so far, the known one taken along."""
    best = known.pnl if known is not None and known.day == result.day else ZERO
    pnl = _pnl(result)
    return High(day=result.day, pnl=best if pnl is None else max(best, pnl))


def gauge_of(result: Result, high: High, measure: Measure, limit: BreakerLimit, resets: Mapping[str, Rearmed]) -> Gauge:
    """Return the gauge of one limit, as if it had never been reset."""
    name = f"{result.scope}.{result.subject}.{measure}.{limit.step}"
    reset = resets[name].sequence if name in resets else 0
    pnl, base = _pnl(result), result.base
    value: Decimal | None
    match measure:
        case Measure.LOSS_DAY:
            value = None if pnl is None else -pnl
        case Measure.DRAWDOWN:
            value, base = None if pnl is None else high.pnl - pnl, base + high.pnl
        case Measure.LOSS_SESSIONS:
            base = result.sessions_base
            worse = ZERO if pnl is None or result.pnl is None else result.pnl - pnl
            value = None if result.sessions_pnl is None else worse - result.sessions_pnl
        case Measure.LOSSES_IN_A_ROW:
            value, base = Decimal(sum(each > reset for each in result.losses)), Decimal(1)
    return Gauge(
        name=name,
        scope=result.scope,
        subject=result.subject,
        measure=measure,
        step=limit.step,
        reset=limit.reset,
        day=result.day,
        value=value,
        limit=limit.at * base,
        base=ZERO if measure is Measure.LOSSES_IN_A_ROW else base,
        share=limit.at,
    )


def reference_of(gauge: Gauge, known: Reference | None, reset: Rearmed | None) -> Reference | None:
    """Return what a breaker that was reset counts from. Losses in a row are told apart by where they ended."""
    is_forgiven = reset is not None and (reset.how is ResetBy.PERSON or gauge.measure not in _OF_THE_DAY)
    if reset is None or not is_forgiven or gauge.measure is Measure.LOSSES_IN_A_ROW:
        return None
    if gauge.value is None:
        return known
    lost = max(gauge.value, ZERO)
    if known is None or known.reset != reset.sequence:
        return Reference(reset=reset.sequence, day=gauge.day, value=lost)
    is_over = known.day != gauge.day and gauge.measure in _OF_THE_DAY
    return known.model_copy(update={"value": ZERO if is_over else min(known.value, lost)})
