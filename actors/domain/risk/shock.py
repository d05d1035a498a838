"""A move of the whole market, and what quotes, curves and structures are after it.

Every underlying moves by the same share, every volatility by the same points, and calendar time passes. A quote moves
by what its model price does: its spread, and what it says beyond the model, stay as they are. Past its end a contract
is quoted at what it pays. What has no curve is not quoted after the move: nobody knows its price there.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from pydantic import Field

from actors.domain.market import black
from actors.domain.market.contract import Right
from actors.domain.market.curve import Curve
from actors.domain.market.quote import Floats, QuoteTable
from actors.domain.value import Value

_VOLATILITY_MIN = 0.01


class Shock(Value):
    """The move: shares of the underlying, points of volatility as a share (0.06 is six), calendar days."""

    spot: float = Field(default=0.0, gt=-1, le=10, allow_inf_nan=False)
    volatility: float = Field(default=0.0, ge=-5, le=5, allow_inf_nan=False)
    days: float = Field(default=0.0, ge=0, le=3650, allow_inf_nan=False)

    def then(self, now: datetime) -> datetime:
        """Return the moment after it."""
        return now + timedelta(days=self.days)

    @property
    def words(self) -> str:
        """The move, as a trader says it."""
        return f"spot {self.spot:+.1%}, volatility {self.volatility * 100:+g} points, {self.days:g} days on"


def shocked_curves(curves: Sequence[Curve], shock: Shock) -> tuple[Curve, ...]:
    """Return the curves after the move; each strike keeps its volatility but for the shock."""
    return tuple(
        curve.model_copy(
            update={
                "forward": curve.forward * (1 + shock.spot),
                "volatilities": tuple(max(each + shock.volatility, _VOLATILITY_MIN) for each in curve.volatilities),
            }
        )
        for curve in curves
    )


def shocked_quotes(table: QuoteTable, curves: Sequence[Curve], now: datetime, shock: Shock) -> QuoteTable:
    """Return the quotes after the move, stamped then."""
    after = QuoteTable(table.universe)
    for name in ("bid_size", "ask_size", "received_ns", "codes"):
        getattr(after, name)[:] = getattr(table, name)
    then = shock.then(now)
    after.exchange_ns[:] = np.where(table.exchange_ns > 0, int(then.timestamp() * 1e9), 0)
    rows = [row for row, contract in enumerate(table.universe.contracts) if not contract.is_option]
    after.bid[rows], after.ask[rows] = table.bid[rows] * (1 + shock.spot), table.ask[rows] * (1 + shock.spot)
    for curve, moved in zip(curves, shocked_curves(curves, shock), strict=True):
        _move(table, after, curve, moved, now, then)
    return after


def _move(table: QuoteTable, after: QuoteTable, curve: Curve, moved: Curve, now: datetime, then: datetime) -> None:
    """Move the quotes of one expiry."""
    named = [
        (row, float(contract.strike), contract.right is Right.CALL)
        for row, contract in enumerate(table.universe.contracts)
        if contract.strike is not None
        and (contract.product.root, contract.expires_on) == (curve.root, curve.expires_on)
    ]
    if not named:
        return
    rows, strikes, is_call = (np.array(column) for column in zip(*named, strict=True))
    priced = _model(moved, strikes, is_call, then)
    change = priced - _model(curve, strikes, is_call, now)
    if moved.years(then) == 0:
        after.bid[rows] = after.ask[rows] = priced
        return
    after.bid[rows] = np.maximum(table.bid[rows] + change, 0.0)
    after.ask[rows] = np.maximum(table.ask[rows] + change, 0.0)


def _model(curve: Curve, strikes: Floats, is_call: black.Mask, at: datetime) -> Floats:
    volatility = np.interp(strikes, curve.strikes, curve.volatilities)
    return black.prices(is_call, strikes, curve.forward, volatility * np.sqrt(curve.years(at)))
