"""One expiry of the volatility surface, as a value that travels: its forward, its end, its volatilities by strike."""

from bisect import bisect_right
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

    def volatility(self, strike: float) -> float:
        """Return the volatility at a strike: on the line between its neighbours, beyond the last ones theirs."""
        above = bisect_right(self.strikes, strike)
        if not 0 < above < len(self.strikes):
            return self.volatilities[-1 if above else 0]
        low, high = self.strikes[above - 1 : above + 1]
        at_low, at_high = self.volatilities[above - 1 : above + 1]
        return at_low + (at_high - at_low) * (strike - low) / (high - low)
