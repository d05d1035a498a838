"""The book as others see it: published by the executor after each change, read by strategies, risk, analyst, screens.

It is a picture, not a source: everything in it is derived from the journal up to `journal_sequence`.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from actors.domain.orders.order import Intent, Leg, OrderType
from actors.domain.orders.report import Status
from actors.domain.orders.trigger import TriggerState
from actors.domain.portfolio.breakers import Breakers
from actors.domain.portfolio.result import Result
from actors.domain.portfolio.sight import Sight
from actors.domain.value import Instant, Money, Value


class Phase(StrEnum):
    """Where a structure stands in its life."""

    OPENING = "OPENING"
    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


class StructureView(Value):
    """One structure. `legs` are the opening legs; `quantity` is what is held now, in combos.

    `holdings` says what is truly held, signed contracts by symbol: an imbalance shows there. `entry_price` is the
    net price per combo it was opened at (credit > 0); `cash` everything it moved so far, fees included.
    """

    structure_id: str
    strategy: str
    underlying: str
    account_domain: str | None
    phase: Phase
    legs: tuple[Leg, ...]
    order_qty: int
    quantity: int
    holdings: Mapping[str, int]
    entry_price: Decimal | None
    cash: Money
    fees: Money
    opened_at: Instant | None
    in_doubt: bool = False
    uncovered_s: float = 0.0
    """The longest that shorts of it were uncovered beyond the grace, in seconds; an imbalance under way not counted."""
    hedges: str | None = None
    """The structure this one offsets in another account."""
    delivered: bool = False
    """Whether an exercise or an assignment brought it shares."""


class OrderView(Value):
    """One order that is not finished, or finished this session."""

    cl_ord_id: str
    structure_id: str
    strategy: str
    status: Status
    in_doubt: bool
    route: str | None
    order_qty: int
    cum_qty: int
    net_price: Decimal | None
    broker_order_id: str | None = None
    waits: str = ""
    """Why no route has it yet, of a close that waits for its account."""
    order_type: OrderType = OrderType.LIMIT
    """Every order is held by its broker from its send on."""
    is_replacing: bool = False
    """Whether another takes its place once its end is known."""
    replaces: str | None = None
    replaced_by: str | None = None
    ends_at_market: bool = False
    """Whether its plan goes on with the market in the end."""


class Holder(StrEnum):
    """Who holds an order: what Holdfast holds rests only while Holdfast runs."""

    BROKER = "BROKER"
    HOLDFAST = "HOLDFAST"


class TriggerView(Value):
    """One order that waits for its time, or was sent when it had come and is not finished."""

    trigger_id: str
    signal_id: str
    """Those of one signal cancel each other."""
    structure_id: str
    strategy: str
    intent: Intent
    order_type: OrderType
    state: TriggerState
    holder: Holder
    stop_px: Decimal | None
    """The net price that fires it now; a trail moves it."""
    net_price: Decimal | None
    """Its limit once sent."""
    cl_ord_id: str | None
    """The order it was last sent as."""


class BookView(Value):
    """The whole book."""

    journal_sequence: int
    executor_epoch: int
    ready: bool
    """False until every account was reconciled (law 8)."""
    structures: tuple[StructureView, ...]
    orders: tuple[OrderView, ...]
    triggers: tuple[TriggerView, ...] = ()
    """Orders held by Holdfast, and those they became, until they are over."""
    quarantined: tuple[str, ...] = ()
    signals: Mapping[str, int] = Field(default_factory=dict)
    """Last signal number seen of each strategy in this session."""
    cash: Mapping[str, Money] = Field(default_factory=dict)
    """By account domain, as journaled."""
    baseline: Mapping[str, Money] = Field(default_factory=dict)
    """Net liquidation at the session's start, by account domain."""
    foreign: Mapping[str, Mapping[str, int]] = Field(default_factory=dict)
    """By account domain: signed contracts by symbol that no structure of ours holds; nothing trades them unasked."""
    uncovered_s_max: float = 0.0
    """The longest that any structure was uncovered."""
    pnl_day: Money | None = None
    """Realised and unrealised since the baseline, marked where one could close; None where a mark is missing."""
    results: tuple[Result, ...] | None = None
    """What each account and strategy made, for the breakers on losses; None where that was told a moment ago."""
    sights: Mapping[str, Sight] | None = None
    """What the market says of what is held, and of its underlyings; None where that was told a moment ago."""
    openings_wait: str = ""
    """What a start still lacks to judge an opening by, for a moment; empty as a rule."""
    breakers: Breakers = Breakers()
    sizes: Mapping[str, int] = Field(default_factory=dict)
    """Most combos of one opening, of strategies whose size was cut."""
    exit_fees: Mapping[str, Money] = Field(default_factory=dict)
    """What closing each held structure now is expected to cost in fees, in dollars."""
    pnl_day_without: tuple[str, ...] = ()
    """Foreign symbols that nobody quotes: the result of their accounts is that of our structures alone."""
