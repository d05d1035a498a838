"""A modelled connection's ledger, and its searches for orders in doubt: by the product's own rule of absence.

A broker that keeps no ids is searched by what an order is. That proves something only while no other send of ours that
looks the same may be there; until then neither Found nor Absent is said, and the doubt stays.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from actors.domain.connection.absence import Search, SettleLimits, after_look, proof
from actors.domain.orders.attempt import Absent, Accepted, Found, InDoubt, SubmitOutcome
from actors.domain.orders.order import Order
from actors.domain.orders.report import ExecutionReport
from actors.domain.value import Value
from actors.messages import Resolve, Resolved
from supervisor.app.order_machine.broker import Kind, ModelBroker
from supervisor.app.order_machine.surroundings import Surroundings


@dataclass(slots=True)
class Ledger:
    """What outlives a connection's process, and is lost with the machine. All by attempt."""

    entries: dict[str, tuple[int, Order]] = field(default_factory=dict)
    """The incarnation that began to send it."""
    outcomes: dict[str, SubmitOutcome] = field(default_factory=dict)
    unconfirmed: set[str] = field(default_factory=set)
    resolutions: dict[str, Found | Absent] = field(default_factory=dict)

    def lose(self) -> None:
        """Lose what was never fsynced."""
        self.entries.clear()
        self.outcomes.clear()
        self.unconfirmed.clear()


class Searches:
    """The searches of one connection."""

    def __init__(
        self,
        broker: ModelBroker,
        world: Surroundings,
        settle: SettleLimits,
        ledger: Ledger,
        tell: Callable[[Value], None],
        later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._broker, self._world, self._settle, self._ledger = broker, world, settle, ledger
        self._tell, self._later = tell, later
        self._searches: dict[str, Search] = {}

    def end_all(self) -> None:
        """Forget them: a new incarnation is asked again."""
        self._searches.clear()

    def pushed(self, told: ExecutionReport) -> None:
        """Take a push as evidence: an order that is reported exists."""
        if told.attempt_id is not None and told.attempt_id in self._searches:
            self._resolved(told.attempt_id, Found(report=told))

    def resolve(self, message: Resolve) -> None:
        """Begin to search, unless this search is under way."""
        known = self._searches.get(message.attempt_id)
        if known is None or known.since_ns < message.since_ns:
            self._searches[message.attempt_id] = Search(since_ns=message.since_ns)
            self._look(message, message.since_ns)

    def _look(self, message: Resolve, since_ns: int) -> None:
        """Look once, and again until something is proved."""
        attempt_id, search = message.attempt_id, self._searches.get(message.attempt_id)
        if search is None or search.since_ns != since_ns:
            return
        is_whole, now_ns = self._world.luck.read_s() is not None, self._world.clock.boot_ns()
        now, claimed = self._world.clock.market_now(), self._claimed(attempt_id)
        seen = self._broker.look(attempt_id, message.order, message.since, claimed, now)
        is_proof = is_whole and not self._is_ambiguous(attempt_id, message.order)
        if is_proof and isinstance(seen, Found):
            self._resolved(attempt_id, seen)
            return
        is_empty = is_proof and isinstance(seen, Absent)
        search = self._searches[attempt_id] = after_look(search, whole=is_empty, now_ns=now_ns, limits=self._settle)
        if is_empty and (proved := proof(search, self._settle)):
            self._resolved(attempt_id, Absent(proof=proved))
            return
        self._later(self._settle.look_every_s, lambda: self._look(message, since_ns))

    def _resolved(self, attempt_id: str, resolution: Found | Absent) -> None:
        del self._searches[attempt_id]
        self._ledger.resolutions[attempt_id] = resolution
        self._tell(Resolved(route=self._broker.route, attempt_id=attempt_id, resolution=resolution))

    def _claimed(self, attempt_id: str) -> set[str]:
        """Return the broker's ids that are known to be other attempts'."""
        outcomes, resolutions = self._ledger.outcomes.items(), self._ledger.resolutions.items()
        answered = {name: each.broker_order_id for name, each in outcomes if isinstance(each, Accepted)}
        found = {name: each.report.broker_order_id for name, each in resolutions if isinstance(each, Found)}
        return {theirs for name, theirs in (answered | found).items() if name != attempt_id}

    def _is_ambiguous(self, attempt_id: str, order: Order) -> bool:
        """Whether another send that looks the same may be there, where looks are all there is to know an order by."""
        if self._broker.kind is not Kind.LISTS:
            return False
        looks = (order.legs, order.order_qty, order.net_price)
        open_sends = (
            other
            for name, (_, other) in self._ledger.entries.items()
            if name not in {attempt_id, *self._ledger.resolutions}
            and isinstance(self._ledger.outcomes.get(name), InDoubt | None)
        )
        return any((other.legs, other.order_qty, other.net_price) == looks for other in open_sends)
