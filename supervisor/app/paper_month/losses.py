"""Whether an account lost more in a day than was configured, and how much of that was the market's own leap.

Measured from outside: the venue's true positions at the venue's true quotes, a long at its bid, a short at its ask, so
that nothing Holdfast believes can flatter it; but no worse than what they can come to be worth at their expiry, which
nobody need pay more than. The day counts from the baseline that was journaled.

    limit   what the configuration says may be lost in a day: the baseline's share at which a breaker flattens; where
            none does, the share at which openings stop, and all that may be held then on top
    gap     what was lost beyond the limit between the first quotes that showed it passed and those `REACTION` later,
            the first that exits could be sure to meet; time in which nothing was quoted does not count
    held    worst <= limit + gap + the fees of getting out, and where a breaker flattens, nothing that could still lose
            once the reaction is over and the limit is passed still
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from actors.config import RuntimeConfig
from actors.domain.orders.breaker_event import BreakerStep
from actors.domain.portfolio.cover import bounds, parts_of
from actors.domain.value import ZERO, Money, Value
from actors.venue.board import Board

REACTION: Final = timedelta(minutes=5)
"""Market time. A month runs a minute in one of the machine's seconds: this is the machine's time to see, ask and fill,
a dead executor's takeover included."""


class Sighted(NamedTuple):
    """What an account is worth closed now, in dollars, and whether shorts of it could still lose."""

    equity: Decimal
    is_exposed: bool


def sighted(cash: Decimal, positions: Mapping[str, int], board: Board) -> Sighted | None:
    """Return an account as the quotes on the board show it; None where a side of what it holds is missing."""
    held, marked = [], ZERO
    for symbol, quantity in positions.items():
        row = board.row_of.get(symbol)
        price = None if row is None else _closing_price(board, row, quantity)
        if row is None or price is None:
            return None
        contract = board.contracts[row]
        held.append((contract, quantity))
        marked += quantity * price * contract.multiplier
    floor = bounds(parts_of(held)).worst if held else ZERO
    least = None if floor is None else floor * held[0][0].multiplier if held else ZERO
    worth = marked if least is None else max(marked, least)
    has_shorts = min(positions.values(), default=0) < 0
    return Sighted(cash + worth, has_shorts and (least is None or worth > least))


def _closing_price(board: Board, row: int, quantity: int) -> Decimal | None:
    bid, ask = float(board.bid[row]), float(board.ask[row])
    if math.isnan(ask):
        return None
    price = ask if quantity < 0 else 0.0 if math.isnan(bid) else bid
    return Decimal(repr(price))


class DayLoss(Value):
    """One account's day, in dollars."""

    account: str
    baseline: Money
    limit: Money
    worst: Money
    gap: Money
    fees: Money = ZERO
    """Charged since the limit was passed."""
    crossed_at: datetime | None = None
    """When the limit was first seen passed."""
    exposed_after: bool = False
    """Whether it held shorts that could still lose when the reaction was over."""

    @property
    def is_held(self) -> bool:
        """Whether the account lost no more than was configured, and the gap."""
        return self.worst <= self.limit + self.gap + self.fees and not self.exposed_after


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
        self._worst = self._gap = self._fees = ZERO
        self._fees_before: Decimal | None = None
        self._crossed_at: datetime | None = None
        self._deadline: datetime | None = None
        self._seen_at: datetime | None = None
        self._exposed_after = False

    def see(self, at: datetime, seen: Sighted | None, fees: Decimal) -> None:
        """Take in the account at new quotes, and the fees charged so far; None: something it holds had no quotes."""
        if seen is None:
            if self._deadline is not None and self._seen_at is not None:
                self._deadline += at - self._seen_at
            self._seen_at = at
            return
        self._seen_at, loss = at, self._baseline - seen.equity
        self._worst = max(self._worst, loss)
        if loss < self._limit:
            self._deadline = None
        elif self._deadline is None:
            self._crossed_at, self._deadline = self._crossed_at or at, at + REACTION
        if self._crossed_at is not None:
            self._fees_before = fees if self._fees_before is None else self._fees_before
            self._fees = fees - self._fees_before
        if self._deadline is None:
            return
        if at <= self._deadline:
            self._gap = max(self._gap, loss - self._limit)
        elif self._flattens:
            self._exposed_after = self._exposed_after or seen.is_exposed

    @property
    def result(self) -> DayLoss:
        """Return what is to be said of the day."""
        return DayLoss(
            account=self._account,
            baseline=self._baseline,
            limit=self._limit,
            worst=self._worst,
            gap=self._gap,
            fees=self._fees,
            crossed_at=self._crossed_at,
            exposed_after=self._exposed_after,
        )
