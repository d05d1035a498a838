"""Several sessions together: sums to the cent, and where in the week and the day results were made.

A structure's result counts at the New York hour in which it ended, on that session's weekday; a correction at the hour
in which it was told.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from pydantic import Field

from actors.domain.market.session import NEW_YORK
from actors.domain.performance.day import Day
from actors.domain.value import ZERO, Money, Value


class SessionLine(Value):
    """One session's sums. `equity` None: something held had no mark."""

    session: date
    result: Money
    ended: int
    wins: int
    fees: Money
    slippage_cost: Money
    slippage_expected_cost: Money
    signals_refused: int
    incidents: int
    baseline: Money
    equity: Money | None


class StrategyLine(Value):
    """One strategy's sums, and its running win rate at the end."""

    strategy: str
    result: Money
    ended: int
    wins: int
    losses: int
    slippage_cost: Money
    slippage_expected_cost: Money
    win_rate_ever: float | None


class HourCell(Value):
    """What ended in one hour of one weekday made. Monday is 0; hours are New York's."""

    weekday: int
    hour: int
    result: Money
    ended: int


class Week(Value):
    """The sums of sessions that follow each other."""

    first: date
    last: date
    sessions: tuple[SessionLine, ...]
    strategies: tuple[StrategyLine, ...]
    hours: tuple[HourCell, ...]
    refusals: Mapping[str, int] = Field(default_factory=dict)

    @property
    def result(self) -> Decimal:
        """What all that ended made, after fees."""
        return sum((each.result for each in self.sessions), ZERO)

    @property
    def fees(self) -> Decimal:
        """What was booked in fees."""
        return sum((each.fees for each in self.sessions), ZERO)


def week(first: date, last: date, days: Sequence[Day]) -> Week:
    """Return the sums of `days`, which lie between two dates."""
    refusals: Counter[str] = Counter()
    for day in days:
        refusals.update(day.refusals)
    return Week(
        first=first,
        last=last,
        sessions=tuple(map(_session, days)),
        strategies=tuple(_strategies(days)),
        hours=tuple(_hours(days)),
        refusals=dict(refusals.most_common()),
    )


def _session(day: Day) -> SessionLine:
    paid, expected = day.slippage
    return SessionLine(
        session=day.session,
        result=day.result,
        ended=sum(each.ended for each in day.strategies),
        wins=sum(each.wins for each in day.strategies),
        fees=day.fees,
        slippage_cost=paid,
        slippage_expected_cost=expected,
        signals_refused=day.signals_refused,
        incidents=len(day.incidents),
        baseline=day.baseline,
        equity=day.equity,
    )


def _strategies(days: Sequence[Day]) -> list[StrategyLine]:
    found = []
    for name in sorted({each.strategy for day in days for each in day.strategies}):
        own = [each for day in days for each in day.strategies if each.strategy == name]
        found.append(
            StrategyLine(
                strategy=name,
                result=sum((each.result for each in own), ZERO),
                ended=sum(each.ended for each in own),
                wins=sum(each.wins for each in own),
                losses=sum(each.losses for each in own),
                slippage_cost=sum((each.slippage_cost for each in own), ZERO),
                slippage_expected_cost=sum((each.slippage_expected_cost for each in own), ZERO),
                win_rate_ever=own[-1].ever.win_rate,
            )
        )
    return found


def _hours(days: Sequence[Day]) -> list[HourCell]:
    sums: dict[tuple[int, int], Decimal] = defaultdict(lambda: ZERO)
    counts: Counter[tuple[int, int]] = Counter()
    for day in days:
        for each in day.structures:
            if each.counted_at is None:
                continue
            cell = day.session.weekday(), each.counted_at.astimezone(NEW_YORK).hour
            sums[cell] += each.counted
            counts[cell] += each.ended_at is not None and each.ended_at >= day.opened_at
    return [
        HourCell(weekday=weekday, hour=hour, result=made, ended=counts[weekday, hour])
        for (weekday, hour), made in sorted(sums.items())
    ]
