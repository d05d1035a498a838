"""Any adapter, with the runtime's tag behind each id that goes out, and taken off each that comes back.

An order that carries another runtime's tag comes back as nobody's of ours, and says whose it is.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from actors.domain.connection.route_health import Vitals
from actors.domain.market.market_hours import MarketHours
from actors.domain.orders.attempt import Accepted, Found, Rejected, Resolution, SubmitOutcome
from actors.domain.orders.order import Contingency, Order
from actors.domain.orders.report import AccountState, ExecutionReport
from actors.domain.value import Money
from actors.ports import Broker, Guard
from actors.runtime_tag import on_wire, read_mark


class Tagged:
    """Implements `ports.Broker`."""

    def __init__(self, broker: Broker, tag: str) -> None:
        self._broker, self._tag = broker, tag
        self.route, self.account_domain, self.coverage = broker.route, broker.account_domain, broker.coverage

    def vitals(self) -> Vitals:
        """Return what the session knows of itself."""
        return self._broker.vitals()

    async def connect(self) -> None:
        """Log in. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._broker.connect()

    def words(self, attempt_id: str, order: Order) -> bytes | Rejected:
        """Return an order, marked with attempt and tag, in the broker's words; a refusal where it has none for it."""
        return self._broker.words(on_wire(attempt_id, self._tag), order)

    async def submit(self, attempt_id: str, words: bytes, timeout_s: float, before_first_byte: Guard) -> SubmitOutcome:
        """Send an order once."""
        wire = on_wire(attempt_id, self._tag)
        return self._answer(await self._broker.submit(wire, words, timeout_s, before_first_byte))

    async def submit_complex(
        self, contingency: Contingency, parts: Sequence[tuple[str, Order]], timeout_s: float, before_first_byte: Guard
    ) -> tuple[SubmitOutcome, ...]:
        """Send orders that depend on each other once, each marked with attempt and tag."""
        marked = [(on_wire(attempt_id, self._tag), order) for attempt_id, order in parts]
        outcomes = await self._broker.submit_complex(contingency, marked, timeout_s, before_first_byte)
        return tuple(map(self._answer, outcomes))

    async def cancel(self, broker_order_id: str, timeout_s: float, before_first_byte: Guard) -> tuple[bool, str]:
        """Ask for a cancel."""
        return await self._broker.cancel(broker_order_id, timeout_s, before_first_byte)

    async def order(self, broker_order_id: str) -> ExecutionReport:
        """Read one order. Raises `BrokerUnavailable`, `BrokerRefused`."""
        return self._read(await self._broker.order(broker_order_id))

    async def hours(self) -> MarketHours | None:
        """Read the broker's own word on today's hours. Raises `BrokerUnavailable`, `BrokerRefused`."""
        return await self._broker.hours()

    async def probe_reads(self) -> None:
        """Make the cheapest read. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._broker.probe_reads()

    async def probe_writes(self) -> None:
        """Try the path an order takes. Raises `BrokerUnavailable`."""
        await self._broker.probe_writes()

    async def dry_run(self, order: Order) -> Money | None:
        """Return what an opening would take of the buying power; None where there is no dry run."""
        return await self._broker.dry_run(order)

    async def resolve(self, attempt_id: str, order: Order, since: datetime) -> Resolution:
        """Look once for an order in doubt."""
        found = await self._broker.resolve(on_wire(attempt_id, self._tag), order, since)
        return Found(report=self._read(found.report)) if isinstance(found, Found) else found

    async def account(self, since: datetime) -> AccountState:
        """Read orders, executions, positions, cash. Raises `BrokerUnavailable`."""
        state = await self._broker.account(since)
        return state.model_copy(update={"orders": tuple(map(self._read, state.orders))})

    async def events(self) -> AsyncIterator[ExecutionReport]:
        """Yield reports as the broker pushes them. Raises `BrokerUnavailable`."""
        async for report in self._broker.events():
            yield self._read(report)

    async def close(self) -> None:
        """Close every socket at once."""
        await self._broker.close()

    def _answer(self, outcome: SubmitOutcome) -> SubmitOutcome:
        if not isinstance(outcome, Accepted) or outcome.report is None:
            return outcome
        return outcome.model_copy(update={"report": self._read(outcome.report)})

    def _read(self, report: ExecutionReport) -> ExecutionReport:
        mark = read_mark(report.attempt_id, self._tag)
        return report.model_copy(update={"attempt_id": mark.attempt_id, "runtime": mark.other})
