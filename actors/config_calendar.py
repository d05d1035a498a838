"""The configuration's section on days that no table knows to be closed."""

from pydantic import Field

from actors.domain.market.session import Closure
from actors.domain.value import Value


class CalendarSection(Value):
    """Closures announced too late for any table: a day of mourning, a storm."""

    closures: tuple[Closure, ...] = Field(default=(), max_length=100)
    """Closed for every product, or closing early where `closes_at` (New York) is given."""
