"""What the shells need from outside, as protocols; adapters and fakes implement them.

Errors a peer or a device may cause are named here and nowhere else.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Protocol, TypeVar

from actors.domain.connection.route_health import Vitals
from actors.domain.market.contract import Contract
from actors.domain.market.market_hours import MarketHours
from actors.domain.market.quote import QuoteFrame, RawQuotes
from actors.domain.orders.attempt import Rejected, Resolution, SubmitOutcome
from actors.domain.orders.coverage import Coverage
from actors.domain.orders.order import Contingency, Order
from actors.domain.orders.report import AccountState, ExecutionReport
from actors.domain.value import Money, Value

S = TypeVar("S", bound=Value)


class PeerUnavailable(Exception):
    """The message certainly did not leave: the peer is not connected, or its queue is full."""


class BrokerUnavailable(Exception):
    """A read failed: refused, timed out, 5xx, or not what was asked for. Nothing may be concluded from it."""


class BrokerRefused(Exception):
    """A read or a login was answered with a plain no (4xx): trying again will not help."""


class FeedLost(Exception):
    """The quote stream ended or went silent."""


class DamagedState(Exception):
    """Something on disk does not verify: trade nothing, say what and where."""


class Clock(Protocol):
    """Two times. Sessions, quotes and strategies follow the market's; leases, permits and deadlines the machine's."""

    def market_now(self) -> datetime:
        """Return the market's time, UTC. Live: the wall clock."""
        ...

    def boot_ns(self) -> int:
        """Return nanoseconds on this machine's boot clock, which never jumps and counts sleep."""
        ...


class Watermark(Protocol):
    """Work done, moved by the work loop alone, read by the supervisor from shared memory."""

    def advance(self) -> None:
        """Count one pass of the work loop."""
        ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as it arrived: who sent it, which incarnation of them, its place in their sequence."""

    sender: str
    incarnation: int
    sequence: int
    message: Value


@dataclass(frozen=True, slots=True)
class PeerLost:
    """A peer's end was seen: its process died or closed. What was queued for it is gone."""

    peer: str


@dataclass(frozen=True, slots=True)
class Resync:
    """A peer's messages do not follow on: it was replaced, or some are missing. Ask it for what matters."""

    peer: str
    incarnation: int


Arrival = Envelope | QuoteFrame | PeerLost | Resync


class Stream(Protocol):
    """How one actor process hears and tells the others: bounded, sequenced, resends nothing."""

    def stay_awake(self, seconds: float) -> None:
        """Have `receive` not sleep for so long: what is about to come is worth it."""
        ...

    def receive(self, timeout_s: float) -> Sequence[Arrival]:
        """Wait until something arrived or `timeout_s` passed; return all there is, up to a named limit."""
        ...

    def tell(self, peer: str, message: Value) -> None:
        """Send to one peer's inbox. Raises `PeerUnavailable`: then it certainly did not leave."""
        ...

    def publish(self, message: Value) -> None:
        """Send to every subscriber of this actor."""
        ...

    def publish_quotes(self, frame: QuoteFrame) -> None:
        """Send columns to every subscriber of this actor."""
        ...

    def fileno(self) -> int:
        """Return a descriptor that turns readable when something may have arrived, for an event loop."""
        ...

    def close(self) -> None:
        """Close at once; what was not yet sent is dropped."""
        ...


class Shell(Protocol):
    """An actor: built by the composition root, run on the work thread of its process."""

    def run(self, stop: Event) -> None:
        """Work until `stop` is set, moving the watermark with each pass. An exception ends the process."""
        ...


class Checkpoints(Protocol):
    """The last state of one actor, verified on reading. A shorter way to the same state, never the truth."""

    faults: list[str]
    """What was set aside or could not be kept, since opening."""

    def save(self, state: Value, journal_sequence: int) -> None:
        """Write one generation, durable on return."""
        ...

    def load(self, kind: type[S]) -> tuple[S, int] | None:
        """Return the newest sound generation and its journal sequence; None where there never was one.

        A damaged generation is set aside, never deleted, and the one before it used.
        """
        ...


class NotingCheckpoints(Checkpoints, Protocol):
    """The checkpoints of an actor whose words must not be told before they are written, nor wait for a disk."""

    def note(self, state: Value, journal_sequence: int) -> None:
        """Write what `save` is given next so that it survives this process, and wait for nothing."""
        ...


Guard = Callable[[], str | None]
"""Asked right before the first byte of a write: None lets it leave, anything else is the reason why it stays."""


class Broker(Protocol):
    """One route to one account domain. Writes are never retried; expected outcomes never raise."""

    route: str
    account_domain: str
    coverage: Coverage

    def vitals(self) -> Vitals:
        """Return what the session knows of itself. Asked for in its own event loop."""
        ...

    async def connect(self) -> None:
        """Log in and open the account's event stream. Raises `BrokerUnavailable`, `BrokerRefused`."""
        ...

    def words(self, attempt_id: str, order: Order) -> bytes | Rejected:
        """Return an order, marked with `attempt_id`, in the broker's words; a refusal where it has none for it."""
        ...

    async def submit(self, attempt_id: str, words: bytes, timeout_s: float, before_first_byte: Guard) -> SubmitOutcome:
        """Send an order once. A guard that says no ends in `NotSent` with its reason."""
        ...

    async def submit_complex(
        self, contingency: Contingency, parts: Sequence[tuple[str, Order]], timeout_s: float, before_first_byte: Guard
    ) -> tuple[SubmitOutcome, ...]:
        """Send orders that depend on each other once, each marked with its attempt id; return each one's outcome."""
        ...

    async def cancel(self, broker_order_id: str, timeout_s: float, before_first_byte: Guard) -> tuple[bool, str]:
        """Ask for a cancel; return whether the broker took the request, and its words."""
        ...

    async def order(self, broker_order_id: str) -> ExecutionReport:
        """Read one order. Raises `BrokerUnavailable`, `BrokerRefused`."""
        ...

    async def hours(self) -> MarketHours | None:
        """Read the broker's own word on today's hours; None where it has none. Raises as `probe_reads` does."""
        ...

    async def probe_reads(self) -> None:
        """Make the cheapest read. Raises `BrokerUnavailable`, `BrokerRefused`."""
        ...

    async def probe_writes(self) -> None:
        """Try the path an order takes, without ordering, and leave it warm. Raises `BrokerUnavailable`.

        A path that failed is tried with a dry run, where the broker has such a thing.
        """
        ...

    async def dry_run(self, order: Order) -> Money | None:
        """Return what an opening would take of the buying power, in dollars; None where there is no dry run.

        Raises `BrokerUnavailable`, `BrokerRefused`. Nothing is ordered, and no order's wire is used.
        """
        ...

    async def resolve(self, attempt_id: str, order: Order, since: datetime) -> Resolution:
        """Look once for an order in doubt. `Absent` means this one look found nothing: the window is the caller's."""
        ...

    async def account(self, since: datetime) -> AccountState:
        """Read orders, executions, positions, cash. Raises `BrokerUnavailable` unless every part was read whole."""
        ...

    def events(self) -> AsyncIterator[ExecutionReport]:
        """Yield reports as the broker pushes them. Raises `BrokerUnavailable` when the stream dies or goes silent."""
        ...

    async def close(self) -> None:
        """Close every socket at once."""
        ...


class Feed(Protocol):
    """A source of quotes."""

    async def contracts(self, underlyings: Sequence[str]) -> tuple[Contract, ...]:
        """Return the contracts to watch: the underlyings first, then their options."""
        ...

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[RawQuotes]:
        """Yield batches of quotes as they arrive; an empty one says that the stream lives. Raises `FeedLost`."""
        ...

    async def close(self) -> None:
        """Close every socket at once."""
        ...


class Replica(Protocol):
    """The copy of the journal on another machine."""

    @property
    def fault(self) -> str | None:
        """Why what is appended is not there too; None where it is, or where no copy was asked for."""
        ...

    def look(self) -> str | None:
        """See to the line to it, as is due; return the fault."""
        ...


class Journal(Protocol):
    """The executor's append-only record: the truth about intents and fills."""

    @property
    def replica(self) -> Replica:
        """Return the copy of it on another machine, or what stands for none."""
        ...

    def append(self, events: Iterable[tuple[str, str, bytes]]) -> int:
        """Write all events (kind, correlation, body) or none, durable on return; return the sequence of the last."""
        ...

    def read(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield sequence and body of every event after `after`, verified."""
        ...

    def knows(self, correlation: str) -> bool:
        """Whether any event, however old, belongs to this id."""
        ...

    def hash_of(self, sequence: int) -> bytes | None:
        """Return the hash of one event, which stands for all before it too; None where there is no such event."""
        ...
