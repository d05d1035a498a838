"""What the executor knows of its routes right now: who sits at each, and whether it may be used.

All of it is volatile: a new executor learns it again from the connections' heartbeats. `reconciled` is lost with every
new incarnation of a connection, for what a dead one saw last is not known (law 8). Since when a write path works, and
when an account was last seen to agree, is counted on the boot clock, from what this executor itself heard. What a
process said before its end may be heard after it, and is not believed: one that goes on saying it, for as long as a
silent one is trusted, was not at its end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from actors.domain.market.market_hours import disagreement
from actors.domain.market.session import Sessions
from actors.domain.orders.lease import Route
from actors.domain.orders.order import Contingency, OrderType
from actors.domain.portfolio.cover import MarginKind
from actors.domain.risk.dry_run import Factor
from actors.domain.risk.standing import Standing
from actors.messages import ConnectionState


@dataclass(slots=True)
class Seat:
    """One route's connection, as last heard."""

    route: str
    peer: str
    account_domain: str
    incarnation: int
    state: ConnectionState
    """What it last said of itself."""
    writes: bool
    reads: bool
    is_lost: bool = False
    """Whether the end of this incarnation was seen."""
    reconciled: bool = False
    heard_ns: int = 0
    writes_since_ns: int = 0
    """Since when its write path works without a break, as far as was heard."""
    stream_since_ns: int = 0
    """Since when its account's stream is up."""
    agreed_ns: int = 0
    """When the reading was begun that last agreed."""
    asked_ns: int = 0
    """When the reading that is waited for was asked for, boot clock; 0 where none is."""
    question_ns: int = 0
    """When the reading `request_id` was asked for, waited for or not."""
    question_at: datetime | None = None
    """The same, on the market's clock."""
    read_due_ns: int = 0
    """When it is to be read next."""
    request_id: int = 0
    disagreements: int = 0
    worth: Decimal | None = None
    """What the broker said the account is worth when it was last read; None before."""
    worth_ns: int = 0
    """When that was heard, boot clock."""
    standing: Standing | None = None
    """What the broker said of the account then."""
    factors: dict[MarginKind, Factor] = field(default_factory=dict)
    """What the broker's dry runs have said of each kind of structure."""
    agreed_at: datetime | None = None
    """When its account was last read and agreed, market clock; None before the first time."""


class Seats:
    """The routes, in the order of the configuration; a route nobody spoke for yet has no seat."""

    def __init__(self, order: Sequence[str], silence_ns: int) -> None:
        self._order, self._silence_ns = tuple(order), silence_ns
        self._seats: dict[str, Seat] = {}

    def hear(self, peer: str, state: ConnectionState, now_ns: int) -> tuple[Seat, bool, bool]:
        """Take in a heartbeat; return the seat, whether its incarnation is new, and whether its write path turned."""
        seat = self._seats.get(state.route)
        is_new = seat is None or seat.incarnation != state.incarnation
        if seat is not None and not is_new and seat.is_lost and now_ns - seat.heard_ns <= self._silence_ns:
            return seat, False, False
        turned = seat is None or seat.writes != state.writes
        if seat is None or is_new:
            seat = self._seats[state.route] = Seat(
                route=state.route,
                peer=peer,
                account_domain=state.account_domain,
                incarnation=state.incarnation,
                state=state,
                writes=state.writes,
                reads=state.reads,
                writes_since_ns=now_ns,
                stream_since_ns=now_ns,
            )
        if not seat.writes or now_ns - seat.heard_ns > self._silence_ns:
            seat.writes_since_ns = now_ns
        if turned and state.writes:
            seat.read_due_ns = 0  # what happened there meanwhile is wanted before anything is sent again
        if not seat.state.stream and state.stream:
            seat.stream_since_ns, seat.read_due_ns = now_ns, 0
        seat.is_lost = False
        seat.state, seat.writes, seat.reads, seat.heard_ns = state, state.writes, state.reads, now_ns
        return seat, is_new, turned

    def lose(self, peer: str) -> Seat | None:
        """Note that a connection's process ended; return its seat if its write path was thought well."""
        for seat in self._seats.values():
            if seat.peer == peer:
                was_well, seat.is_lost = seat.writes, True
                seat.writes = seat.reads = False
                return seat if was_well else None
        return None

    def of(self, route: str) -> Seat | None:
        """Return the seat of a route."""
        return self._seats.get(route)

    def all(self) -> list[Seat]:
        """Return the seats in the order of the configuration."""
        return [self._seats[name] for name in self._order if name in self._seats]

    def can_write(self, seat: Seat, now_ns: int) -> bool:
        """Return whether a route can send; one not heard of for too long cannot."""
        return seat.writes and now_ns - seat.heard_ns <= self._silence_ns

    def routes(self, now_ns: int, failed_over: Mapping[str, str] | None = None) -> list[Route]:
        """Return the routes as the lease rule wants them; `failed_over` names those that take no openings, and why."""
        return [
            Route(
                name=seat.route,
                account_domain=seat.account_domain,
                incarnation=seat.incarnation,
                writes=self.can_write(seat, now_ns),
                reconciled=seat.reconciled,
                followed=seat.state.stream and seat.agreed_ns >= seat.stream_since_ns,
                fresh=seat.agreed_ns >= seat.writes_since_ns,
                barred=(failed_over or {}).get(seat.route, ""),
                coverage=seat.state.coverage,
            )
            for seat in self.all()
        ]

    def takes(self, account_domain: str, order_type: OrderType) -> bool:
        """Whether a route of the domain takes orders of this type for a single leg."""
        terms = (seat.state.coverage.single for seat in self.all() if seat.account_domain == account_domain)
        return any(order_type in each.order_types for each in terms)

    def holds(self, account_domain: str, contingency: Contingency) -> bool:
        """Whether a broker of the domain holds complex orders of this kind."""
        coverages = (seat.state.coverage for seat in self.all() if seat.account_domain == account_domain)
        return any(contingency in each.contingencies for each in coverages)

    def standings(self) -> dict[str, Standing]:
        """Return what is known of the account of each route, the newest word of any route of its domain."""
        told: dict[str, Standing] = {}
        for seat in self._seats.values():
            known = told.get(seat.account_domain)
            if seat.standing is not None and (known is None or known.heard_ns < seat.standing.heard_ns):
                told[seat.account_domain] = seat.standing
        return {seat.route: told[seat.account_domain] for seat in self._seats.values() if seat.account_domain in told}

    def hours_disagree(self, sessions: Sessions, now: datetime) -> str:
        """Return what a broker says of today's hours that the tables do not; empty where all agree."""
        told = (disagreement(seat.state.hours, sessions, now) for seat in self.all())
        return "; ".join(text for text in told if text)

    def reconciled_domains(self) -> frozenset[str]:
        """Return the account domains that agreed with the journal through at least one of their routes."""
        return frozenset(seat.account_domain for seat in self.all() if seat.reconciled)
