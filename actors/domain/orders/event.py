"""What the journal remembers: every event the state of orders, positions and cash follows from, and nothing else.

The state is the fold of these (`portfolio.book.Book.apply`). Events are facts in the past tense; they are never
changed, only added to. `correlation` is the order, signal or account an event belongs to, so that `holdfast why ID`
reads one life.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from actors.domain.orders.attempt import Absent, Attempt, Found, SubmitOutcome
from actors.domain.orders.breaker_event import BreakerEvent
from actors.domain.orders.cost_event import CostCompared, Estimate
from actors.domain.orders.finding import Finding
from actors.domain.orders.gate_event import GateSigned
from actors.domain.orders.kill_event import KillSwitchFired
from actors.domain.orders.leg_event import LegEvent
from actors.domain.orders.order import Order, cl_ord_id_of
from actors.domain.orders.refusal import Check
from actors.domain.orders.replace_event import ReplaceEvent
from actors.domain.orders.report import CashEvent, ExecutionReport
from actors.domain.orders.route_event import RouteEvent
from actors.domain.orders.signal import Signal
from actors.domain.orders.size_event import SizeMoved
from actors.domain.orders.trigger_event import TriggerEvent
from actors.domain.value import Instant, Money, Value


class ExecutorStarted(Value):
    """An executor took the epoch."""

    kind: Literal["executor_started"] = "executor_started"
    epoch: int
    incarnation: int
    boot_id: str
    at: Instant
    took_over: str = ""
    """The person's word this start rests on: which node is dead, who says so, when, why. Empty: an ordinary start."""

    @property
    def correlation(self) -> str:
        """The executor's life."""
        return f"epoch-{self.epoch}"


class SessionOpened(Value):
    """A trading day began: limits count from here (law 10)."""

    kind: Literal["session_opened"] = "session_opened"
    session: date
    baseline: Mapping[str, Money]
    """Net liquidation by account domain."""
    cash: Mapping[str, Money]
    at: Instant

    @property
    def correlation(self) -> str:
        """The day."""
        return f"session-{self.session}"


class SignalRefused(Value):
    """Nothing was sent, and every check says why."""

    kind: Literal["signal_refused"] = "signal_refused"
    signal: Signal
    checks: tuple[Check, ...]
    at: Instant

    @property
    def correlation(self) -> str:
        """The signal, which is the order it never became."""
        return self.signal.signal_id


class CancelAsked(Value):
    """A cancel was admitted; it is told to the route that owns the order, now or when it can be."""

    kind: Literal["cancel_asked"] = "cancel_asked"
    signal: Signal | None
    """None where a latched stop asks."""
    cl_ord_id: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return self.cl_ord_id


class OrderPlaced(Value):
    """A signal became an order: the intent, durable before anything is sent (law 1)."""

    kind: Literal["order_placed"] = "order_placed"
    signal: Signal | None
    """None for an order the executor owes itself: the unwinding of an imbalance."""
    order: Order
    checks: tuple[Check, ...]
    estimate: Estimate | None = None
    """What it was expected to cost; None where nothing could be said."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return self.order.cl_ord_id


class AttemptStarted(Value):
    """The lease went to a route; the send may follow, never precede (laws 1, 3)."""

    kind: Literal["attempt_started"] = "attempt_started"
    cl_ord_id: str
    attempt: Attempt

    @property
    def correlation(self) -> str:
        """The order."""
        return self.cl_ord_id


class AttemptEnded(Value):
    """How the send ended."""

    kind: Literal["attempt_ended"] = "attempt_ended"
    attempt_id: str
    outcome: SubmitOutcome
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return cl_ord_id_of(self.attempt_id)


class DoubtEnded(Value):
    """Evidence from the route that owns the attempt."""

    kind: Literal["doubt_ended"] = "doubt_ended"
    attempt_id: str
    resolution: Annotated[Found | Absent, Field(discriminator="kind")]
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return cl_ord_id_of(self.attempt_id)


class OrderAbandoned(Value):
    """No route holds the order and none will be tried."""

    kind: Literal["order_abandoned"] = "order_abandoned"
    cl_ord_id: str
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The order."""
        return self.cl_ord_id


class ReportTaken(Value):
    """A broker's report that changed something. `cl_ord_id` None: an order that is not ours."""

    kind: Literal["report_taken"] = "report_taken"
    cl_ord_id: str | None
    report: ExecutionReport
    at: Instant

    @property
    def correlation(self) -> str:
        """The order, or the stranger."""
        return self.cl_ord_id or f"foreign-{self.report.broker_order_id}"


class CashBooked(Value):
    """Fees, settlements, deposits as the broker booked them."""

    kind: Literal["cash_booked"] = "cash_booked"
    event: CashEvent
    at: Instant

    @property
    def correlation(self) -> str:
        """The account."""
        return f"cash-{self.event.account_domain}"


class AccountAdopted(Value):
    """An account was read for the first time: what was there before us is its start, and not ours to explain."""

    kind: Literal["account_adopted"] = "account_adopted"
    account_domain: str
    cash: Money
    positions: Mapping[str, int]
    """Signed contracts by symbol; foreign, never traded without being told."""
    executions: tuple[str, ...]
    cash_events: tuple[str, ...]
    orders: tuple[str, ...]
    """The broker's ids of what was ordered before us; whatever ids of ours they carry, they are foreign."""
    since: Instant | None
    """What was traded or booked before is in the start, though the reading did not list it."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The account."""
        return f"account-{self.account_domain}"


class AccountAgreed(Value):
    """Journal and account were compared, and their positions agree."""

    kind: Literal["account_agreed"] = "account_agreed"
    account_domain: str
    route: str
    cash: Money
    net_liquidation: Money
    orders: int
    positions: int
    cash_gap: Money
    """The account's cash less the journal's: what the broker has booked and not yet told."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The account."""
        return f"account-{self.account_domain}"


class Quarantined(Value):
    """Journal and account disagree about one underlying: reduce-only until a person or a later reading says why."""

    kind: Literal["quarantined"] = "quarantined"
    underlying: str
    account_domain: str
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The underlying."""
        return f"underlying-{self.underlying}"


class QuarantineLifted(Value):
    """The break is gone."""

    kind: Literal["quarantine_lifted"] = "quarantine_lifted"
    underlying: str
    text: str
    at: Instant

    @property
    def correlation(self) -> str:
        """The underlying."""
        return f"underlying-{self.underlying}"


Event = Annotated[
    ExecutorStarted
    | SessionOpened
    | SignalRefused
    | CancelAsked
    | OrderPlaced
    | AttemptStarted
    | AttemptEnded
    | DoubtEnded
    | OrderAbandoned
    | ReportTaken
    | CashBooked
    | AccountAdopted
    | AccountAgreed
    | Quarantined
    | QuarantineLifted
    | RouteEvent
    | Finding
    | TriggerEvent
    | ReplaceEvent
    | LegEvent
    | BreakerEvent
    | CostCompared
    | SizeMoved
    | KillSwitchFired
    | GateSigned,
    Field(discriminator="kind"),
]

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def parse_event(body: bytes) -> Event:
    """Read one event from its JSON."""
    return _EVENT.validate_json(body)
