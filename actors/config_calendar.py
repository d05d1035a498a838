"""The configuration's section on days that no table knows to be closed, and on events that openings keep clear of."""

from pydantic import Field

from actors.domain.market.session import Closure
from actors.domain.risk.almanac import Blackout
from actors.domain.value import Value


class CalendarSection(Value):
    """Closures announced too late for any table (a day of mourning, a storm), and the trader's own dates."""

    closures: tuple[Closure, ...] = Field(default=(), max_length=100)
    """Closed for every product, or closing early where `closes_at` (New York) is given."""
    blackouts: tuple[Blackout, ...] = Field(default=(), max_length=1_000)
    """Nothing is opened from `begins` to `ends`, of `underlyings` or of all; exits go on."""
