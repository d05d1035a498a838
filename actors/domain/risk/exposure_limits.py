"""What openings are held to about greeks and stress, and the points of the stress grid. Dollars as in `exposure`."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from actors.domain.value import Money, Value

_Move = Annotated[float, Field(gt=-1, le=10, allow_inf_nan=False)]
_Points = Annotated[float, Field(ge=-5, le=5, allow_inf_nan=False)]
_Days = Annotated[float, Field(ge=0, le=3650, allow_inf_nan=False)]


class Grid(Value):
    """The points of the stress grid. Its default reaches as far as the exchange's own for broad indices."""

    spot: tuple[_Move, ...] = Field(default=(-0.08, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06), min_length=1, max_length=25)
    """Moves of every underlying, as shares of it; none takes all of it, for what is worth nothing has no price."""
    volatility: tuple[_Points, ...] = Field(default=(-0.05, 0.0, 0.10), min_length=1, max_length=9)
    """Added to every volatility; 0.10 is ten points."""
    days: tuple[_Days, ...] = Field(default=(0.0, 1.0), min_length=1, max_length=5)
    """Calendar days that have passed."""

    def point(self, cell: int) -> tuple[float, float, float]:
        """Return spot, volatility and days of a cell; the last of them turns fastest."""
        rest, days = divmod(cell, len(self.days))
        spot, volatility = divmod(rest, len(self.volatility))
        return self.spot[spot], self.volatility[volatility], self.days[days]

    @property
    def size(self) -> int:
        """The number of cells."""
        return len(self.spot) * len(self.volatility) * len(self.days)

    def words(self, cell: int) -> str:
        """Return where a cell lies."""
        spot, volatility, days = self.point(cell)
        return f"spot {spot:+.1%}, volatility {volatility * 100:+g} points, day +{days:g}"


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
