"""Whether an account lost more in a day than was configured, and how much of that was the market's own leap.

Measured from outside: the venue's true positions at the venue's true quotes, a long at its bid, a short at its ask, so
that nothing Holdfast believes can flatter it. The day counts from the baseline that was journaled.

    limit   what the configuration says may be lost in a day: the baseline's share at which a breaker flattens; where
            none does, the share at which openings stop, and all that may be held then on top
    gap     what was lost between the last quotes that showed the account inside its limit and those `REACTION` later,
            the first that exits could be sure to meet; time in which nothing was quoted does not count
    held    worst <= limit + gap, and nothing held once the reaction is over, where a breaker flattens
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from actors.config import RuntimeConfig
from actors.domain.orders.breaker_event import BreakerStep
from actors.domain.value import ZERO, Money, Value

REACTION: Final = timedelta(minutes=5)
"""Market time. A month runs a minute in one of the machine's seconds: this is the machine's time to see, ask and fill,
a dead executor's takeover included."""


class DayLoss(Value):
    """One account's day, in dollars."""

    account: str
    baseline: Money
    limit: Money
    worst: Money
    gap: Money
    crossed_at: datetime | None = None
    """When the limit was first seen passed."""
    held_after: bool = False
    """Whether anything was still held when the reaction was over."""

    @property
    def is_held(self) -> bool:
        """Whether the account lost no more than was configured, and the gap."""
        return self.worst <= self.limit + self.gap and not self.held_after


def day_limit(config: RuntimeConfig, baseline: Decimal) -> tuple[Decimal, bool]:
    """Return what an account may lose in a day, and whether a breaker flattens it there."""
    limits = config.breakers.account.loss_day
    flattening = [each.at for each in limits if each.step is BreakerStep.FLATTEN]
    if flattening:
        return min(flattening) * baseline, True
    return min(each.at for each in limits) * baseline + config.risk.account_loss_max, False


class LossWatch:
    """One account over one day."""

    def __init__(self, account: str, baseline: Decimal, limit: Decimal, *, flattens: bool) -> None:
        self._account, self._baseline, self._limit, self._flattens = account, baseline, limit, flattens
        self._worst = self._gap = ZERO
        self._crossed_at: datetime | None = None
        self._deadline: datetime | None = None
        self._seen_at: datetime | None = None
        self._held_after = False

    def see(self, at: datetime, equity: Decimal | None, *, holds: bool) -> None:
        """Take in the account's worth at new quotes; None: something it holds had none."""
        if equity is None:
            if self._deadline is not None and self._seen_at is not None:
                self._deadline += at - self._seen_at
            self._seen_at = at
            return
        self._seen_at, loss = at, self._baseline - equity
        self._worst = max(self._worst, loss)
        if self._crossed_at is None and loss >= self._limit:
            self._crossed_at, self._deadline = at, at + REACTION
        if self._deadline is None:
            return
        if at <= self._deadline:
            self._gap = max(self._gap, loss - self._limit)
        elif self._flattens:
            self._held_after = self._held_after or holds

    @property
    def result(self) -> DayLoss:
        """Return what is to be said of the day."""
        return DayLoss(
            account=self._account,
            baseline=self._baseline,
            limit=self._limit,
            worst=self._worst,
            gap=self._gap,
            crossed_at=self._crossed_at,
            held_after=self._held_after,
        )
