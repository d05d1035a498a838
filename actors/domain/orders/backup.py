"""What stands behind each strategy when its first route is away: told before anything starts, and in every status.

A route behind the first is a pipe, where it trades an account that a route before it trades too, or a broker of its own
(`coverage.Covers`). A broker takes openings only: what is open elsewhere is closed there, or waits. A strategy is
judged by the largest order it may send, a limit for the day on as many legs as an order has.
"""

from collections.abc import Sequence
from typing import Protocol

from actors.domain.market.contract import Kind
from actors.domain.orders.coverage import Coverage, Covers, Load, cannot_carry
from actors.domain.orders.order import LEGS_MAX
from actors.domain.value import Value


class OnAccount(Protocol):
    """A route, as far as its account goes."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def account_domain(self) -> str:
        """The account it trades."""
        ...


class StatedRoute(Value):
    """A route as configuration and adapter state it."""

    name: str
    account_domain: str
    covers: Covers
    coverage: Coverage


class Backing(Value):
    """What stands behind one strategy. `backups` empty: nothing does, and `reason` says why."""

    strategy: str
    backups: tuple[str, ...]
    reason: str


def covers(routes: Sequence[OnAccount], route: OnAccount) -> Covers:
    """Return what a route stands in for, given all routes in their order."""
    names = [each.name for each in routes]
    before = routes[: names.index(route.name)]
    return "pipe" if any(each.account_domain == route.account_domain for each in before) else "broker"


def backing(strategy: str, kinds: frozenset[Kind], routes: Sequence[StatedRoute]) -> Backing:
    """Return what stands behind a strategy that trades instruments of `kinds`; the first route is its own."""
    load = Load(kinds=kinds, legs=LEGS_MAX)
    refusals = {route.name: cannot_carry(route.coverage, load) for route in routes}
    backups = [route for route in routes[1:] if not refusals[route.name]]
    own = routes[0].name
    itself = f"; and {own} itself {refusals[own]}" if refusals[own] else ""
    if not backups:
        told = "; ".join(f"{name} {why}" for name, why in list(refusals.items())[1:])
        return Backing(strategy=strategy, backups=(), reason=(told or "there is one route only") + itself)
    first = routes[0].account_domain
    told = "; ".join(
        f"{route.name}, another path to {route.account_domain}"
        if route.account_domain == first
        else f"{route.name}, for openings: what is open at {first} waits for {first}"
        for route in backups
    )
    return Backing(strategy=strategy, backups=tuple(route.name for route in backups), reason=told + itself)
