"""The exposure of the book: greeks in dollars and the stress grid, by underlying, and the limits they are held to.

What the figures are, of everything held, signed from the account's side:

    delta    dollars made when the underlying rises by 1 %
    gamma    dollars that delta changes by when it does
    vega     dollars made when every volatility rises by one point (0.16 to 0.17)
    theta    dollars made by one calendar day at the present rate, or by what is left of it where that is less
    cells    dollars made at each point of the grid: spot x volatility x days, every expiry's forward moved alike

They are in dollars, and per 1 %, so that those of different underlyings add up. No beta: no data of ours says one.
European closed form on the forward (`market.black`). American options held in the money by QuantLib
(`exposure_american`); all others of them, and what is asked for, never below an exercise (`exposure_exercise`).

Volatilities stick to strikes, and none falls below `_VOLATILITY_MIN`. Past its end an option is worth what it pays.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from pydantic import Field, PrivateAttr

from actors.domain.market.curve import Curve
from actors.domain.risk.exposure_limits import Grid
from actors.domain.value import Instant, Value

GREEKS: Final = ("delta", "gamma", "vega", "theta")
T = TypeVar("T")


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
    rate: float = 0.0
    """A year's, for early exercise alone."""
    _made: "tuple[Grid, Any] | None" = PrivateAttr(None)

    def kept(self, grid: Grid, make: Callable[[], T]) -> T:
        """Return what was made of these figures on that grid; made once."""
        known = self._made
        if known is None or known[0] != grid:
            known = self._made = grid, make()
        made: T = known[1]
        return made
