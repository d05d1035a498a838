"""What crosses between actor processes on the streams. Each message has one sender and is frozen.

Quotes do not travel as messages but as columns (`actors.streams`). Replies are messages of their own: nobody waits in a
handler, so two actors can never wait for each other.
"""

from typing import Annotated, Literal

from pydantic import Field

from actors.domain.alerts.alert import Alert
from actors.domain.connection.route_health import Vitals
from actors.domain.market.market_hours import MarketHours
from actors.domain.market.quote import Universe
from actors.domain.market.quote_gaps import GapCount
from actors.domain.orders.attempt import Resolution, SubmitOutcome
from actors.domain.orders.breaker_event import BreakerTripped, BreakerWarned
from actors.domain.orders.coverage import Coverage, Covers
from actors.domain.orders.order import Contingency, Order
from actors.domain.orders.refusal import Check
from actors.domain.orders.report import AccountState, ExecutionReport
from actors.domain.orders.signal import Signal
from actors.domain.portfolio.view import BookView
from actors.domain.risk.permit import Permit
from actors.domain.value import Instant, Value


class SubmitSignal(Value):
    """Anyone to executor: please do this, and tell `reply_to` what became of it."""

    signal: Signal
    reply_to: str


class SignalAnswered(Value):
    """Executor to the asker: admitted (with the order's id) or refused, with every check."""

    signal_id: str
    admitted: bool
    cl_ord_id: str | None
    checks: tuple[Check, ...]


class IssuePermit(Value):
    """Risk to executor."""

    permit: Permit


class ReportBreaker(Value):
    """Risk to executor, until its book has it: journal this, unless a reset later than `reset` made it void."""

    event: Annotated[BreakerTripped | BreakerWarned, Field(discriminator="kind")]
    reset: int = 0


class ResetBreakers(Value):
    """A person to executor: reset every tripped breaker whose name begins so; empty: all of them."""

    beginning: str
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    reply_to: str


class BreakersReset(Value):
    """Executor to the asker: which were reset, and what is tripped now; both are durable."""

    names: tuple[str, ...]
    tripped: tuple[str, ...]


class SendOrder(Value):
    """Executor to one connection: have this ready, and send it once, when it is released.

    Refused where incarnation or epoch differ, or `deadline_ns` passed, on the machine's boot clock.
    """

    attempt_id: str
    order: Order
    executor_epoch: int
    connection_incarnation: int
    deadline_ns: int

    @property
    def attempt_ids(self) -> tuple[str, ...]:
        """What is sent."""
        return (self.attempt_id,)

    def release(self) -> "Release":
        """Return the word to send it."""
        return _release(self)


class Part(Value):
    """One order of a complex one, and the attempt it is sent as."""

    attempt_id: str
    order: Order


class SendComplex(Value):
    """Executor to one connection: have these ready, and send them once, as one message, when they are released.

    Each part is answered for itself.
    """

    contingency: Contingency
    parts: tuple[Part, ...]
    executor_epoch: int
    connection_incarnation: int
    deadline_ns: int

    @property
    def attempt_ids(self) -> tuple[str, ...]:
        """What is sent."""
        return tuple(part.attempt_id for part in self.parts)

    def release(self) -> "Release":
        """Return the word to send them."""
        return _release(self)


class Release(Value):
    """Executor to one connection: the intents are durable; send what you have ready (law 1). Named by its attempts."""

    attempt_ids: tuple[str, ...]
    executor_epoch: int
    connection_incarnation: int


def _release(send: SendOrder | SendComplex) -> Release:
    addressed = {"executor_epoch": send.executor_epoch, "connection_incarnation": send.connection_incarnation}
    return Release(attempt_ids=send.attempt_ids, **addressed)


class OrderSent(Value):
    """Connection to executor: how the send ended. Kept by the connection until `OutcomeJournaled` comes back."""

    route: str
    connection_incarnation: int
    attempt_id: str
    outcome: SubmitOutcome


class OutcomeJournaled(Value):
    """Executor to connection: the outcome is durable here; forget it."""

    attempt_id: str


class AskOutcome(Value):
    """Executor to connection: what became of an attempt sent by you or a predecessor?

    `connection_incarnation` is the one it was sent to; 0 where that is not known, which proves less.
    """

    attempt_id: str
    order: Order
    executor_epoch: int
    connection_incarnation: int = 0


class CancelOrder(Value):
    """Executor to connection: cancel what the broker knows as `broker_order_id`."""

    cl_ord_id: str
    broker_order_id: str
    executor_epoch: int


class CancelAnswered(Value):
    """Connection to executor: the broker took the request, or says why not. The end itself arrives as a report."""

    route: str
    cl_ord_id: str
    requested: bool
    text: str


class Resolve(Value):
    """Executor to connection: look for the evidence that ends this doubt. The settle window starts at `since`."""

    attempt_id: str
    order: Order
    since: Instant
    since_ns: int


class Resolved(Value):
    """Connection to executor: the evidence."""

    route: str
    attempt_id: str
    resolution: Resolution


class Reported(Value):
    """Connection to executor: a broker's order changed."""

    report: ExecutionReport


class AskAccount(Value):
    """To a connection: read the whole account since `since`, and dry-run `trial` where its broker can.

    The answer goes to whoever `reply_to` names, the executor where it names nobody.
    """

    request_id: int
    since: Instant
    reply_to: str = ""
    trial: Order | None = None


class AccountRead(Value):
    """Connection to whoever asked: one complete reading, or why there is none (law 5)."""

    route: str
    request_id: int
    state: AccountState | None
    failure: str = ""


class ConnectionState(Value):
    """Connection to executor, at each change and as a heartbeat: what this route can do now.

    Only a sick write path moves openings elsewhere. `coverage`: what it carries; `covers`: what it stands in for.
    """

    route: str
    account_domain: str
    incarnation: int
    reads: bool
    writes: bool
    stream: bool
    reason: str = ""
    at_ns: int
    account_tail: str = ""
    mode: Literal["paper", "sandbox", "live"] = "paper"
    covers: Covers = "broker"
    coverage: Coverage = Coverage()
    vitals: Vitals = Vitals()
    hours: MarketHours | None = None


class AskState(Value):
    """Executor to connection: say what you can do now, not only at your next heartbeat."""


class UniverseChanged(Value):
    """Data feed to whoever takes quotes: the contracts and their rows. Sent before the first frame that needs it."""

    universe: Universe


class AskUniverse(Value):
    """To data feed: tell `reply_to` the universe, unless it is version `known`, and publish every latest quote."""

    reply_to: str
    known: int = 0


class FeedState(Value):
    """Data feed to whoever takes quotes: counts since its start. received = accepted + the sum of rejected.

    `flagged` counts marks on accepted quotes, by name; one quote may carry several. `rejected_of` names the contracts
    that were refused most. `reason` says why it is not connected. `last_frame_ns` is 0 before the first quote; both
    times are on the boot clock.
    """

    incarnation: int
    connected: bool
    received: int
    accepted: int
    rejected: dict[str, int]
    flagged: dict[str, int] = Field(default_factory=dict)
    rejected_of: dict[str, dict[str, int]] = Field(default_factory=dict)
    gaps: GapCount | None = None
    reason: str = ""
    last_frame_ns: int
    at_ns: int


class BookChanged(Value):
    """Executor to all: the book after a change."""

    book: BookView


class AlertRaised(Value):
    """Anyone to notifier."""

    alert: Alert


class AskBook(Value):
    """To executor: send `BookChanged` to `reply_to`."""

    reply_to: str
