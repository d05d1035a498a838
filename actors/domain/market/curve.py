"""One expiry of the volatility surface, as a value that travels: its forward, its end, its volatilities by strike."""

from datetime import date, datetime, timedelta
from typing import Final

from actors.domain.value import Instant, Value

YEAR: Final = timedelta(days=365)


class Curve(Value):
    """One expiry of one root. Prices and moves in points, volatilities of a year (0.16)."""

    root: str
    underlying: str
    expires_on: date
    ends_at: Instant
    forward: float
    expected_move: float
    strikes: tuple[float, ...]
    """Rising; at least one."""
    volatilities: tuple[float, ...]

    def years(self, now: datetime) -> float:
        """Return the years left; never negative."""
        return max((self.ends_at - now) / YEAR, 0.0)
