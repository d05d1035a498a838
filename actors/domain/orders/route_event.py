"""What the journal remembers of routes, and of orders that wait for one. `orders.event` says what events are."""

from typing import Literal

from actors.domain.orders.order import Order
from actors.domain.value import Instant, Value


class RouteTurned(Value):
    """A route's write path went away or came back; kept so that the time to fail over can be read."""

    kind: Literal["route_turned"] = "route_turned"
    route: str
    writes: bool
    incarnation: int
    reason: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The route."""
        return f"route-{self.route}"


class RouteFailedOver(Value):
    """An opening went to another route because this one could not take it: it gets none until it failed back."""

    kind: Literal["route_failed_over"] = "route_failed_over"
    route: str
    to: str
    cl_ord_id: str
    reason: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The route."""
        return f"route-{self.route}"


class RouteFailedBack(Value):
    """A route that was failed over from takes openings again."""

    kind: Literal["route_failed_back"] = "route_failed_back"
    route: str
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The route."""
        return f"route-{self.route}"


class OrderQueued(Value):
    """A close that its domain cannot take now: no route holds it, and it waits there until it expires."""

    kind: Literal["order_queued"] = "order_queued"
    cl_ord_id: str
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return self.cl_ord_id


class OrderRevised(Value):
    """A close that waited is sent late: bounded again by the book, priced again from the quotes. No route held it."""

    kind: Literal["order_revised"] = "order_revised"
    cl_ord_id: str
    order: Order
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return self.cl_ord_id


RouteEvent = RouteTurned | RouteFailedOver | RouteFailedBack | OrderQueued | OrderRevised
