"""The exposure of the book: greeks in dollars and the stress grid, by underlying, and the limits they are held to.

What the figures are, of everything held, signed from the account's side:

    delta    dollars made when the underlying rises by 1 %
    gamma    dollars that delta changes by when it does
    vega     dollars made when every volatility rises by one point (0.16 to 0.17)
    theta    dollars made by one calendar day at the present rate, or by what is left of it where that is less
    cells    dollars made at each point of the grid: spot x volatility x days, every expiry's forward moved alike

They are in dollars, and per 1 %, so that those of different underlyings add up. No beta: no data of ours says one.
European closed form on the forward (`market.black`); of an American option this leaves out what early exercise is
worth, which is next to nothing out of the money and moves a delta in the money towards that of shares.

Volatilities stick to strikes, and none falls below `_VOLATILITY_MIN`. Past its end an option is worth what it pays.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

import numpy as np
from pydantic import Field, PrivateAttr

from actors.domain.market import black
from actors.domain.market.contract import Contract, Right
from actors.domain.market.quote import Floats
from actors.domain.market.surface import Curve
from actors.domain.value import Instant, Money, Value

GREEKS: Final = ("delta", "gamma", "vega", "theta")
_VOLATILITY_MIN: Final = 0.01
_DAYS_A_YEAR: Final = 365.0
_PERCENT: Final = 0.01


class Grid(Value):
    """The points of the stress grid. Its default reaches as far as the exchange's own for broad indices."""

    spot: tuple[float, ...] = Field(default=(-0.08, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06), min_length=1, max_length=25)
    """Moves of every underlying, as shares of it."""
    volatility: tuple[float, ...] = Field(default=(-0.05, 0.0, 0.10), min_length=1, max_length=9)
    """Added to every volatility; 0.10 is ten points."""
    days: tuple[float, ...] = Field(default=(0.0, 1.0), min_length=1, max_length=5)
    """Calendar days that have passed."""

    @property
    def shocks(self) -> tuple[Floats, Floats, Floats]:
        """Spot, volatility and days of each cell, in the order of `Figures.cells`."""
        return _shocks(self.spot, self.volatility, self.days)

    def words(self, cell: int) -> str:
        """Return where a cell lies."""
        spot, volatility, days = (float(each[cell]) for each in self.shocks)
        return f"spot {spot:+.1%}, volatility {volatility * 100:+g} points, day +{days:g}"


@lru_cache(maxsize=8)  # every permit brings its grid anew
def _shocks(*axes: tuple[float, ...]) -> tuple[Floats, Floats, Floats]:
    spot, volatility, days = np.meshgrid(*axes, indexing="ij")
    return spot.ravel(), volatility.ravel(), days.ravel()


class GreekLimits(Value):
    """The most, up or down, that each greek may be, in dollars; None: no limit."""

    delta_max: Money | None = Field(default=None, gt=0)
    gamma_max: Money | None = Field(default=None, gt=0)
    """None by default: at the money in the last hours it has no bound that means anything; the grid sees those."""
    vega_max: Money | None = Field(default=None, gt=0)
    theta_max: Money | None = Field(default=None, gt=0)
    """None by default: what a day brings is what is sold; its danger is gamma's and the grid's."""

    def of(self, greek: str) -> Decimal | None:
        """Return the limit of one greek."""
        found: Decimal | None = getattr(self, f"{greek}_max")
        return found


class ExposureLimits(Value):
    """What openings are held to. The defaults are for the default account of 100,000 dollars."""

    underlying: GreekLimits = GreekLimits(delta_max=Decimal(2_500), vega_max=Decimal(1_500))
    whole: GreekLimits = GreekLimits(delta_max=Decimal(4_000), vega_max=Decimal(2_500))
    stress_loss_max: Money | None = Field(default=None, gt=0)
    """The most that any cell of the grid may lose; in a configuration, none means `risk.account_loss_max`."""
    grid: Grid = Grid()
    age_max_s: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    """Age of the quotes that the figures rest on, the permit's own age not counted."""


class Figures(Value):
    """The figures of one underlying, or of all of them."""

    delta: float = 0.0
    gamma: float = 0.0
    vega: float = 0.0
    theta: float = 0.0
    cells: tuple[float, ...] = ()
    unknown: tuple[str, ...] = ()
    """What is held and cannot be priced now: these figures leave it out."""


class Exposure(Value):
    """What the book stood at, and what it takes to price one more structure beside it."""

    at: Instant
    """Market time of the quotes."""
    age_s: float
    """Their age when this was told."""
    underlyings: Mapping[str, Figures] = Field(default_factory=dict)
    counted: Mapping[str, int] = Field(default_factory=dict)
    """The signed contracts by symbol that the figures hold."""
    without: tuple[str, ...] = ()
    """Foreign symbols that nobody prices: the figures leave them out."""
    curves: tuple[Curve, ...] = ()
    spots: Mapping[str, float] = Field(default_factory=dict)
    """Prices of shares, indices and futures by symbol."""
    _pricer: "Pricer | None" = PrivateAttr(None)

    def pricer(self, grid: Grid) -> "Pricer":
        """Return what prices contracts on these curves; made once."""
        known = self._pricer
        if known is None or known.grid != grid:
            known = self._pricer = Pricer(self.curves, self.spots, self.at, grid, self.underlyings)
        return known


class Pricer:
    """Prices contracts on the curves of one moment: one row a contract, the four greeks and then the cells."""

    def __init__(
        self,
        curves: Sequence[Curve],
        spots: Mapping[str, float],
        now: datetime,
        grid: Grid,
        held: Mapping[str, Figures] | None = None,
    ) -> None:
        self.grid, self._held = grid, held or {}
        self._rows: dict[str | None, Floats] = {}
        self._spots = spots
        self._curves = {(curve.root, curve.expires_on): curve for curve in curves}
        self._years = {key: curve.years(now) for key, curve in self._curves.items()}
        self._known: dict[str, tuple[float, ...] | None] = {}
        spot, volatility, days = grid.shocks
        self._up, self._volatility, self._passed = _with_now(spot) + 1.0, _with_now(volatility), _with_now(days)
        self._passed /= _DAYS_A_YEAR
        self.width = len(GREEKS) + len(spot)

    def held(self, underlying: str | None) -> Floats:
        """Return the figures of one underlying, or of the whole book, as a row."""
        if underlying not in self._rows:
            told = self._held.values() if underlying is None else [self._held.get(underlying, Figures())]
            self._rows[underlying] = sum((row_of(each, self.width) for each in told), np.zeros(self.width))
        return self._rows[underlying]

    def rows(self, contracts: Sequence[Contract]) -> Floats:
        """Return a row for one contract of each, in dollars; NaN where it cannot be priced."""
        options = [self._option(contract) for contract in contracts]
        if options and all(options):  # as a rule
            return self._priced(np.array(options))
        found = np.full((len(contracts), self.width), np.nan)
        for place, contract in enumerate(contracts):
            if not contract.is_option and (spot := self._spots.get(contract.symbol)) is not None:
                found[place] = self._straight(spot * contract.multiplier)
        if places := [place for place, option in enumerate(options) if option is not None]:
            found[places] = self._priced(np.array([options[place] for place in places]))
        return found

    def _straight(self, worth: float) -> Floats:
        """Return the row of shares or a future worth so many dollars."""
        return np.concatenate([[worth * _PERCENT, 0.0, 0.0, 0.0], worth * (self._up[1:] - 1.0)])

    def _option(self, contract: Contract) -> tuple[float, ...] | None:
        """Return is_call, strike, forward, volatility, years and multiplier; None where there is no curve."""
        symbol = contract.symbol
        if symbol not in self._known:
            self._known[symbol] = self._facts(contract)
        return self._known[symbol]

    def _facts(self, contract: Contract) -> tuple[float, ...] | None:
        key: tuple[str, date | None] = contract.product.root, contract.expires_on
        curve = self._curves.get(key)  # type: ignore[arg-type]  # a contract without an end has no curve
        if curve is None or contract.strike is None:
            return None
        strike = float(contract.strike)
        volatility = float(np.interp(strike, curve.strikes, curve.volatilities))
        years = self._years[curve.root, curve.expires_on]
        return float(contract.right is Right.CALL), strike, curve.forward, volatility, years, float(contract.multiplier)

    def _priced(self, facts: Floats) -> Floats:
        """Price now and all cells in one pass: the first column is now."""
        call, strike, forward, volatility, years, multiplier = facts.T[:, :, None]
        volatilities = np.maximum(volatility + self._volatility, _VOLATILITY_MIN)
        left = np.maximum(years - self._passed, 0.0)
        found = black.greeks(call > 0, strike, forward * self._up, volatilities, left)
        row = np.empty((len(facts), self.width))
        move = forward[:, 0] * _PERCENT
        row[:, 0], row[:, 1] = found.delta[:, 0] * move, found.gamma[:, 0] * move * move
        row[:, 2], row[:, 3] = (
            found.vega[:, 0] * _PERCENT,
            found.theta[:, 0] * np.minimum(years[:, 0], 1 / _DAYS_A_YEAR),
        )
        row[:, 4:] = found.price[:, 1:] - found.price[:, :1]
        row *= multiplier
        return row


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
