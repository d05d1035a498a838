"""Which route may take an order next (laws 3 and 4).

Rules of this file:
* The lease moves only when the last attempt proves that its route holds nothing.
* An order that names its account domain goes there or nowhere: every close, to what holds the position, and an opening
  that completes a structure.
* An opening goes to the first route, in the order of the configuration, that can write, was reconciled, and was not
  tried for this order yet.
"""

from collections.abc import Sequence

from actors.domain.orders.order_state import OrderLife
from actors.domain.value import Value


class Route(Value):
    """One way to one account domain, as the executor sees it now."""

    name: str
    account_domain: str
    incarnation: int
    writes: bool
    reconciled: bool
    """Whether journal and account agreed since the connection's last start."""


def next_route(life: OrderLife, routes: Sequence[Route], attempts_max: int) -> Route | None:
    """Return the route to try next; None where there is none, or the order may still exist somewhere."""
    if life.last is not None and not life.last.lets_lease_move:
        return None
    if len(life.attempts) >= attempts_max:
        return None
    tried = {attempt.route for attempt in life.attempts}
    domain = life.order.account_domain
    for route in routes:
        if domain is not None and route.account_domain != domain:
            continue
        if not (route.writes and route.reconciled) or (route.name in tried and domain is None):
            continue
        return route
    return None
