"""Prices contracts in dollars on the curves of one moment: the greeks and the stress cells of `exposure`, as rows.

All contracts of a call, and now with every cell of the grid, are one pass of the closed form: an admission asks for a
few at once, risk for the whole book. What was priced stays priced, and when new curves come the contracts asked for
last are priced on them at once (`follow`): openings are asked for step by step, at the same legs, and none should wait.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final

import numpy as np

from actors.domain.market import black
from actors.domain.market.contract import Contract, Right, Style
from actors.domain.market.curve import Curve
from actors.domain.market.quote import Floats
from actors.domain.risk.exposure import GREEKS, Exposure, Figures
from actors.domain.risk.exposure_exercise import Early
from actors.domain.risk.exposure_limits import Grid

_VOLATILITY_MIN: Final = 0.01
_DAYS_A_YEAR: Final = 365.0
_PERCENT: Final = 0.01
_FOLLOWED_MAX: Final = 64
"""Contracts that are priced ahead: a few dozen legs at work or asked for lately."""


@lru_cache(maxsize=8)  # every permit brings its grid anew
def shocks(grid: Grid) -> tuple[Floats, Floats, Floats]:
    """Return spot, volatility and days of each cell."""
    spot, volatility, days = np.array([grid.point(cell) for cell in range(grid.size)]).T
    return spot, volatility, days


class Pricer:
    """Prices contracts on the curves of one moment: one row a contract, the four greeks and then the cells."""

    def __init__(
        self,
        curves: Sequence[Curve],
        spots: Mapping[str, float],
        now: datetime,
        grid: Grid,
        held: Mapping[str, Figures] | None = None,
        rate: float = 0.0,
    ) -> None:
        self.grid, self._held, self._rate = grid, held or {}, rate
        self._rows: dict[str | None, Floats] = {}
        self._asked: dict[str, tuple[Contract, Floats]] = {}
        """What was priced, the last asked for at the end."""
        self._spots = spots
        self._curves = {(curve.root, curve.expires_on): (curve, curve.years(now)) for curve in curves}
        spot, volatility, days = shocks(grid)
        self._up, self._volatility, self._passed = _with_now(spot) + 1.0, _with_now(volatility), _with_now(days)
        self._passed /= _DAYS_A_YEAR
        self.width = len(GREEKS) + len(spot)

    def held(self, underlying: str | None) -> Floats:
        """Return the figures of one underlying, or of the whole book, as a row."""
        if underlying not in self._rows:
            told = self._held.values() if underlying is None else [self._held.get(underlying, Figures())]
            self._rows[underlying] = sum((row_of(each, self.width) for each in told), np.zeros(self.width))
        return self._rows[underlying]

    def follow(self, before: "Pricer") -> None:
        """Price now what the one before was asked for last."""
        if latest := before.latest():
            self.rows(latest)

    def latest(self) -> list[Contract]:
        """Return the contracts asked for last, at most `_FOLLOWED_MAX`."""
        return [contract for contract, _ in self._asked.values()][-_FOLLOWED_MAX:]

    def rows(self, contracts: Sequence[Contract]) -> Floats:
        """Return a row for one contract of each, in dollars; NaN where it cannot be priced."""
        fresh = [contract for contract in contracts if contract.symbol not in self._asked]
        if fresh:
            self._asked |= {each.symbol: (each, row) for each, row in zip(fresh, self._found(fresh), strict=True)}
        for contract in contracts:
            self._asked[contract.symbol] = self._asked.pop(contract.symbol)
        return np.array([self._asked[contract.symbol][1] for contract in contracts]).reshape(-1, self.width)

    def _found(self, contracts: Sequence[Contract]) -> Floats:
        options = [self.facts(contract) for contract in contracts]
        if options and all(options):  # as a rule
            return self._priced(np.array(options), self._early(contracts))
        found = np.full((len(contracts), self.width), np.nan)
        for place, contract in enumerate(contracts):
            if not contract.is_option and (spot := self._spots.get(contract.symbol)) is not None:
                found[place] = self._straight(spot * contract.multiplier)
        if places := [place for place, option in enumerate(options) if option is not None]:
            early = self._early([contracts[place] for place in places])
            found[places] = self._priced(np.array([options[place] for place in places]), early)
        return found

    def _early(self, contracts: Sequence[Contract]) -> Floats | None:
        """Return the spot of each that may be exercised early, NaN of the others; None where none may, as a rule."""
        if all(each.product.style is not Style.AMERICAN for each in contracts):
            return None
        return np.array(
            [
                self._spots.get(each.underlying, np.nan) if each.product.style is Style.AMERICAN else np.nan
                for each in contracts
            ]
        )[:, None]

    def _straight(self, worth: float) -> Floats:
        """Return the row of shares or a future worth so many dollars."""
        return np.concatenate([[worth * _PERCENT, 0.0, 0.0, 0.0], worth * (self._up[1:] - 1.0)])

    def facts(self, contract: Contract) -> tuple[float, ...] | None:
        """Return is_call, strike, forward, volatility, years and multiplier; None where there is no curve."""
        key: tuple[str, date | None] = contract.product.root, contract.expires_on
        found = self._curves.get(key)  # type: ignore[arg-type]  # a contract without an end has no curve
        if found is None or contract.strike is None:
            return None
        (curve, years), strike = found, float(contract.strike)
        is_call, multiplier = float(contract.right is Right.CALL), float(contract.multiplier)
        return is_call, strike, curve.forward, curve.volatility(strike), years, multiplier

    def _priced(self, facts: Floats, spots: Floats | None) -> Floats:
        """Price now and all cells in one pass: the first column is now. `spots` are `_early`'s."""
        call, strike, forward, volatility, years, multiplier = facts.T[:, :, None]
        volatilities = np.maximum(volatility + self._volatility, _VOLATILITY_MIN)
        left = np.maximum(years - self._passed, 0.0)
        early = None if spots is None else Early.of(spots, forward, years, left, self._rate)
        forwards = forward * self._up if early is None else forward * self._up * early.carried
        found = black.greeks(call > 0, strike, forwards, volatilities, left)
        price, row = found.price, np.empty((len(facts), self.width))
        move = forward[:, 0] * _PERCENT
        row[:, 0], row[:, 1] = found.delta[:, 0] * move, found.gamma[:, 0] * move * move
        row[:, 2], row[:, 3] = (
            found.vega[:, 0] * _PERCENT,
            found.theta[:, 0] * np.minimum(years[:, 0], 1 / _DAYS_A_YEAR),
        )
        if early is not None:
            price, row[:, :4] = early.exercised(price, row[:, :4], call, strike, self._up)
        row[:, 4:] = price[:, 1:] - price[:, :1]
        row *= multiplier
        return row


def pricer_of(exposure: Exposure, grid: Grid) -> Pricer:
    """Return the pricer on an exposure's curves; made once."""
    told = exposure
    return told.kept(grid, lambda: Pricer(told.curves, told.spots, told.at, grid, told.underlyings, told.rate))


def _with_now(shocks: Floats) -> Floats:
    return np.concatenate([[0.0], shocks])


def figures(row: Floats, unknown: Sequence[str] = ()) -> Figures:
    """Return a row as figures."""
    delta, gamma, vega, theta, *cells = np.round(row, 2).tolist()
    return Figures(
        delta=delta, gamma=gamma, vega=vega, theta=theta, cells=tuple(cells), unknown=tuple(sorted(set(unknown)))
    )


def row_of(found: Figures, width: int) -> Floats:
    """Return figures as a row; those that have no cells count as nothing."""
    if not found.cells:
        return np.zeros(width)
    return np.array([found.delta, found.gamma, found.vega, found.theta, *found.cells])
