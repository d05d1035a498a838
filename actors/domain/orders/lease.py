"""Which route may take an order next, and why the others may not (laws 3 and 4).

Rules of this file:
* The lease moves only when the last attempt proves that its route holds nothing.
* A route that cannot carry an order is not asked to.
* An order that names its account domain goes there or nowhere: every close, to what holds the position, and an opening
  that completes a structure. A close waits there; the rules below are for the others.
* An opening goes to the first route, in the order of the configuration, that can write, was reconciled, is not barred
  since it was failed over from, and was not tried for this order yet. Only a sick write path moves it further on: where
  that route's account is not followed (its stream is out, or not yet read since), the opening stays unsent.
"""

from collections.abc import Mapping, Sequence

from actors.domain.orders.coverage import Coverage, Load, cannot_carry
from actors.domain.orders.order import Intent, Order
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
    followed: bool = True
    """Whether the account's stream is up, and journal and account agreed since it came up."""
    fresh: bool = True
    """Whether journal and account agreed since its write path came back: what was held before may be gone."""
    barred: str = ""
    """Why it takes no openings although it may be able to: it was failed over from."""
    coverage: Coverage = Coverage()


def carrying(load: Load, routes: Sequence[Route]) -> tuple[Route, ...]:
    """Return the routes that can carry an order."""
    return tuple(route for route in routes if not cannot_carry(route.coverage, load))


def next_route(life: OrderLife, routes: Sequence[Route], attempts_max: int) -> Route | None:
    """Return the route to try next; None where there is none, or the order may still exist somewhere."""
    if life.last is not None and not life.last.lets_lease_move:
        return None
    if len(life.attempts) >= attempts_max:
        return None
    for route in routes:
        if not _obstacle(life, route):
            return route if route.followed or _is_bound(life) else None
    return None


def may_wait(life: OrderLife) -> bool:
    """Whether an order without a route waits for one: a close does, in its own domain; an opening never does."""
    moves = life.last is None or life.last.lets_lease_move
    return _is_close(life) and moves and not life.cancel_asked


def passed_over(life: OrderLife, routes: Sequence[Route], chosen: Route) -> Mapping[str, str]:
    """Return the routes that an opening is failed over from when `chosen` gets it, each with the reason.

    That is every route before it that cannot write, or was tried and holds nothing. One that is barred already, or
    merely not reconciled since its start, is not failed over from.
    """
    if _is_bound(life):
        return {}
    tried = {attempt.route: attempt.text for attempt in life.attempts}
    found = {}
    for route in routes:
        if route.name == chosen.name:
            break
        if not route.barred and (route.name in tried or not route.writes):
            found[route.name] = tried.get(route.name) or "cannot send"
    return found


def obstacles(life: OrderLife, load: Load, routes: Sequence[Route]) -> str:
    """Return why each route does not take an order now, in words."""
    told = []
    for route in routes:
        obstacle = cannot_carry(route.coverage, load) or _obstacle(life, route)
        if not obstacle and not route.followed and not _is_bound(life):
            obstacle = "its account is not followed: the stream is out, or was not read since"
        if obstacle:
            told.append(f"{route.name}: {obstacle}")
    return "; ".join(told) or "no route is known"


def openable(routes: Sequence[Route]) -> tuple[tuple[Route, ...], tuple[str, ...]]:
    """Return the routes that an opening nobody has seen yet could take, best first, and why each other cannot."""
    able: list[Route] = []
    told: list[str] = []
    for route in routes:
        if not route.writes:
            told.append(f"{route.name}: cannot send")
        elif not route.reconciled:
            told.append(f"{route.name}: its account has not agreed yet")
        elif route.barred:
            told.append(f"{route.name}: {route.barred}")
        elif not route.followed:
            told.append(f"{route.name}: its account is not followed: the stream is out, or was not read since")
            break
        else:
            able.append(route)
    return tuple(able), tuple(told)


def _is_close(life: OrderLife) -> bool:
    return life.order.intent is Intent.CLOSE


def _is_bound(life: OrderLife) -> bool:
    return life.order.account_domain is not None


def _obstacle(life: OrderLife, route: Route) -> str:
    if _is_bound(life) and route.account_domain != life.order.account_domain:
        return f"trades {route.account_domain}, what it is for is at {life.order.account_domain}"
    if not route.writes:
        return "cannot send"
    if not route.reconciled:
        return "its account has not agreed yet"
    if _is_bound(life):
        return ""
    if any(attempt.route == route.name for attempt in life.attempts):
        return "was tried"
    return route.barred


def legs_domain(order: Order, load: Load, routes: Sequence[Route]) -> str | None:
    """Return the account domain where a combo may go leg by leg; None where some route may yet take it whole."""
    there = [route for route in routes if order.account_domain in {None, route.account_domain}]
    if load.legs == 1 or carrying(load, there):
        return None
    able = [
        route
        for route in carrying(load.model_copy(update={"legs": 1}), there)
        if not _obstacle(OrderLife(order=order), route)
    ]
    return next((route.account_domain for route in able if route.followed or order.account_domain), None)
