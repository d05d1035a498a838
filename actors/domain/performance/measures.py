"""A strategy's results as figures that traders compare, from its `Form`.

win rate        wins / structures
expectancy      mean result of a structure, dollars
profit factor   won / lost; none without a loss
Sharpe          mean / deviation of the sessions' results x sqrt(252), of 20 sessions or more, idle ones included
drawdown        from the highest point of the results added up, structure after structure
slippage        dollars beyond the middle, against what was expected of the same orders
fees            as booked, against what was expected of the same structures
"""

import math
from decimal import Decimal
from typing import Final

from actors.domain.portfolio.form import Form
from actors.domain.value import CENT, Money, Value

SESSIONS_YEAR: Final = 252
SESSIONS_MIN: Final = 20
"""Fewer give no Sharpe ratio worth reading."""


class Measures(Value):
    """The figures; None: too little to say."""

    structures: int
    wins: int
    losses: int
    win_rate: float | None
    total: Money
    expectancy: Money | None
    profit_factor: float | None
    sessions: int
    sharpe: float | None
    drawdown: Money
    drawdown_max: Money
    fills: int
    slippage_cost: Money
    slippage_expected_cost: Money
    fees: Money
    expected_fees: Money


def measures(form: Form) -> Measures:
    """Return the figures of one strategy."""
    count = form.structures
    return Measures(
        structures=count,
        wins=form.wins,
        losses=form.losses,
        win_rate=form.wins / count if count else None,
        total=form.total,
        expectancy=(form.total / count).quantize(CENT) if count else None,
        profit_factor=float(form.won / form.lost) if form.lost else None,
        sessions=form.sessions,
        sharpe=_sharpe(form),
        drawdown=form.high - form.total,
        drawdown_max=form.drawdown_max,
        fills=form.fills,
        slippage_cost=form.slippage_cost,
        slippage_expected_cost=form.slippage_expected_cost,
        fees=form.fees,
        expected_fees=form.expected_fees,
    )


def _sharpe(form: Form) -> float | None:
    count = form.sessions
    if count < SESSIONS_MIN:
        return None
    mean = form.sessions_total / count
    variance = (form.sessions_squares - count * mean * mean) / (count - 1)
    if variance <= Decimal(0):
        return None
    return float(mean) / math.sqrt(variance) * math.sqrt(SESSIONS_YEAR)
