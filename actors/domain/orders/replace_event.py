"""What the journal remembers of a replacement: that it was asked for, and that it came to nothing.

What came of one that was placed is an `OrderPlaced` whose order says what it `replaces`.
"""

from decimal import Decimal
from typing import Literal

from actors.domain.orders.signal import Signal
from actors.domain.value import Instant, Value


class ReplaceAsked(Value):
    """What is left of an order is to work at another price: its cancel is asked for, and its end decides the rest."""

    kind: Literal["replace_asked"] = "replace_asked"
    signal: Signal | None
    """None where the order's own plan asks."""
    cl_ord_id: str
    net_price: Decimal
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return self.cl_ord_id


class ReplaceEnded(Value):
    """Nothing takes an order's place: it filled first, or the gate or the account left nothing."""

    kind: Literal["replace_ended"] = "replace_ended"
    cl_ord_id: str
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return self.cl_ord_id


ReplaceEvent = ReplaceAsked | ReplaceEnded
