"""The limits of the breakers on losses, as the configuration says them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from actors.domain.orders.breaker_event import BreakerStep, Measure, ResetBy, Scope
from actors.domain.value import Value


class BreakerLimit(Value):
    """One limit, and what happens at it. `at`: a share of the baseline; of losses in a row, their number."""

    at: Decimal = Field(gt=0, le=50)
    step: BreakerStep
    reset: ResetBy = ResetBy.PERSON


Steps = tuple[BreakerLimit, ...]
"""Limits of one measure; each step stands there once at most, so that its name is one breaker's."""


class ScopeLimits(Value):
    """The limits of one scope, by measure (`actors/domain/risk/breaker.py`)."""

    loss_day: Steps = ()
    drawdown: Steps = ()
    losses_in_a_row: Steps = ()
    loss_sessions: Steps = ()

    @model_validator(mode="after")
    def _mean_something(self) -> "ScopeLimits":
        for measure in Measure:
            limits: Steps = getattr(self, measure)
            if len({limit.step for limit in limits}) < len(limits):
                raise ValueError(f"{measure}: each step once")
            for limit in limits:
                if measure is Measure.LOSSES_IN_A_ROW and limit.at != limit.at.to_integral_value():
                    raise ValueError(f"{measure}: {limit.at} is no number of structures")
                if measure is not Measure.LOSSES_IN_A_ROW and limit.at > 1:
                    raise ValueError(f"{measure}: {limit.at} is more than there is; 0.05 is 5 %")
        return self

    def each(self) -> Iterator[tuple[Measure, BreakerLimit]]:
        """Yield every limit."""
        for measure in Measure:
            for limit in getattr(self, measure):
                yield measure, limit


def _limit(at: str, step: BreakerStep, reset: ResetBy = ResetBy.PERSON) -> Steps:
    return (BreakerLimit(at=Decimal(at), step=step, reset=reset),)


class AccountLimits(ScopeLimits):
    """The limits of an account. What is not named keeps its own; [] takes a limit away, but for that of the day."""

    loss_day: Annotated[Steps, Field(min_length=1)] = _limit("0.05", BreakerStep.REDUCE)
    drawdown: Steps = _limit("0.07", BreakerStep.REDUCE, ResetBy.SESSION)
    loss_sessions: Steps = _limit("0.10", BreakerStep.REDUCE)


class CommonLimits(Value):
    """Breakers on losses: of each account, and of each strategy that has none of its own."""

    account: AccountLimits = AccountLimits()
    strategy: ScopeLimits = ScopeLimits()
    warn_shares: tuple[Decimal, ...] = (Decimal("0.5"), Decimal("0.8"))
    """Shares of a limit that are told, once a day each."""
    equity_age_max_s: float = Field(default=60.0, gt=0, le=86_400, allow_inf_nan=False)
    """Age of what a broker says an account is worth, where an opening could be sent."""
    equity_gap_max_share: Decimal = Field(default=Decimal("0.5"), gt=0, le=1)
    """How far that may be beside what the journal says, as a share of the baseline, before neither is believed."""


class BreakerLimits(CommonLimits):
    """The same, with those that strategies have of their own, by name."""

    strategies: Mapping[str, ScopeLimits] = Field(default_factory=dict)

    def of(self, scope: Scope, subject: str) -> Iterator[tuple[Measure, BreakerLimit]]:
        """Yield the limits of one account or strategy."""
        if scope is Scope.ACCOUNT:
            return self.account.each()
        return self.strategies.get(subject, self.strategy).each()
