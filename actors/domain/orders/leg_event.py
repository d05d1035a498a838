"""A combo that goes leg by leg: that it began, and how it ended. Each leg is an order with events of its own."""

from typing import Literal

from actors.domain.orders.report import Status
from actors.domain.value import Instant, Value


class LegsStarted(Value):
    """No route takes the combo whole: its legs go singly, to one account."""

    kind: Literal["legs_started"] = "legs_started"
    cl_ord_id: str
    account_domain: str
    since_ns: int
    """When it began, on the boot clock: a successor goes on with the same deadline."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The combo's order."""
        return self.cl_ord_id


class LegsEnded(Value):
    """None of its legs works any more, and none will be sent."""

    kind: Literal["legs_ended"] = "legs_ended"
    cl_ord_id: str
    status: Status
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The combo's order."""
        return self.cl_ord_id


LegEvent = LegsStarted | LegsEnded
