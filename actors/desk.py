"""What the executor's deciding parts share: the book, the seats, the permit, and the shape of a decision.

`order_desk` decides about signals and sends, `chase` about what is unanswered, `account_desk` about what brokers say,
`fill_desk` about fills that do not fit.
None of them does I/O: messages in, one `Step` out. The shell commits the step's events, then tells its messages
(law 1).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pydantic import Field

from actors.alone import ALONE
from actors.domain.alerts.alert import Alert, Level
from actors.domain.costs.estimate import Costs, CostTerms
from actors.domain.market.contract import Contract
from actors.domain.market.quote import QuoteTable
from actors.domain.market.session import Sessions
from actors.domain.orders import event as happened
from actors.domain.orders.coverage import Load
from actors.domain.orders.fill_check import FillLimits
from actors.domain.orders.lease import Route, openable
from actors.domain.orders.order import Intent, Order, cl_ord_id_of
from actors.domain.orders.report import ExecutionReport
from actors.domain.orders.watch_settings import WatchSettings
from actors.domain.performance.degradation import DegradationLimits
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.imbalance import ImbalanceLimits
from actors.domain.risk.almanac import Almanac
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.exposure_pricer import pricer_of
from actors.domain.risk.margin_table import MarginTable
from actors.domain.risk.permit import Permit
from actors.domain.value import Value
from actors.messages import IssuePermit, Part, SendComplex, SendOrder
from actors.ports import Clock, Journal
from actors.seats import Seats


class DeskSettings(Value):
    """The executor's limits."""

    send_deadline_s: float = Field(default=2.0, gt=0)
    """How long a message to a connection may be under way before it must not be sent any more."""
    attempts_max: int = Field(default=4, gt=0)
    close_attempts_max: int = Field(default=50, gt=0)
    """Sends of one close: a path that comes and goes may cost many, and each proved that nothing was left."""
    close_retry_s: float = Field(default=1.0, gt=0)
    """Least time between two sends of one close to the same route."""
    queue_alert_s: float = Field(default=15.0, gt=0)
    """How often a close or a cancel that waits for its domain is paged."""
    hedge_after_s: float | None = Field(default=None, gt=0)
    """How long a close waits for an unreachable account before it is offset in another; None: never."""
    failback_after_s: float = Field(default=60.0, ge=0)
    """How long a route that was failed over from must be healthy before it takes openings again."""
    ask_again_s: float = Field(default=1.0, gt=0)
    """Pace at which outcomes and evidence are asked for again."""
    silence_s: float = Field(default=3.0, gt=0)
    """A connection not heard of for so long gets no new order."""
    doubt_alert_s: float = Field(default=5.0, gt=0)
    account_interval_s: float = Field(default=10.0, gt=0)
    account_timeout_s: float = Field(default=15.0, gt=0)
    after_fill_s: float = Field(default=0.5, ge=0)
    """How soon after a fill the account is read for its fees."""
    disagreements_max: int = Field(default=3, gt=0)
    """Readings in a row that may disagree before an underlying is quarantined."""
    foreign_after_s: float = Field(default=60.0, gt=0)
    """How long every reading must show the same foreign position before it is adopted."""
    cash_gap_after_s: float = Field(default=60.0, gt=0)
    """How long the same gap in cash may be a fee under way."""
    start_report_s: float = Field(default=30.0, gt=0)
    """When a start is told at the latest, though not every account was read."""
    imbalance_deadline_s: float = Field(default=10.0, gt=0)
    """How long a short may be uncovered, counted from when it was first seen."""
    imbalance_grace_s: float = Field(default=1.0, ge=0)
    """How long legs of one combo may be told one after the other before that is called an imbalance."""
    completion_slippage: Decimal = Field(default=Decimal("0.20"), ge=0)
    """Points per combo beyond the opening's limit that completing it may cost; beyond, it is unwound."""
    unwind_pace_s: float = Field(default=2.0, gt=0)
    """How long an unwinding may work before it follows the market, and the pause after one that failed."""
    unwind_rejections_max: int = Field(default=5, gt=0)
    """Unwindings of one structure that may be refused for good in a row; then a person must look."""
    history_hours: int = Field(default=36, gt=0)
    """How far back an account is read, before the last agreement or the oldest order that may still trade."""
    replace_wait_s: float = Field(default=30.0, gt=0)
    """How long what takes another order's place waits for routes, quotes and accounts to be back; market time."""
    watch: WatchSettings = WatchSettings()
    """How the orders that rest here are watched and pursued."""
    history_days_max: int = Field(default=30, gt=0)
    """The longest reading: what is older and was never seen shows as a break, and a person looks."""
    fills: FillLimits = FillLimits()
    margins: MarginTable | None = None
    """The margin rules; None: what is naked has no known margin."""
    costs: CostTerms | None = None
    """Fee tables and what openings must leave; None: nothing is estimated."""
    sizes: DegradationLimits = DegradationLimits()
    almanac: Almanac | None = None
    """Events and expiries that openings keep clear of."""

    @property
    def imbalance(self) -> ImbalanceLimits:
        """What the unwinding of legs out of ratio, and of combos too many, is bounded by."""
        return ImbalanceLimits(
            deadline_s=self.imbalance_deadline_s,
            grace_s=self.imbalance_grace_s,
            slippage=self.completion_slippage,
            pace_s=self.unwind_pace_s,
            rejections_max=self.unwind_rejections_max,
            refusals_max=self.close_attempts_max,
        )


@dataclass(slots=True)
class Step:
    """What one message leads to: events first, then messages and alerts."""

    events: list[happened.Event] = field(default_factory=list)
    tells: list[tuple[str, Value]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    reduce: str = ""
    """Why openings are to stop for good, where they are: latched before anything else of the step is carried out."""


class Desk:
    """The facts all decisions are taken on. The shell keeps `quotes` and `contracts` current.

    `latch` reads the stop in force, at each admission (law 10); `journal` knows every id ever used.
    """

    def __init__(
        self,
        book: Book,
        seats: Seats,
        sessions: Sessions,
        clock: Clock,
        latch: Callable[[], str | None],
        settings: DeskSettings,
        *,
        journal: Journal | None = None,
        disk: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.disk, self.replica = disk, journal.replica if journal else ALONE
        self._journal, self._seen_at_brokers = journal, set[str]()
        self.book, self.seats, self.sessions, self.settings = book, seats, sessions, settings
        self.quotes: QuoteTable | None = None
        self.costs = Costs(settings.costs) if settings.costs is not None else None
        self.contracts: Mapping[str, Contract] = {}
        self.latch = latch
        self._permit: Permit | None = None
        self._permit_until_ns = 0
        self._clock = clock

    def now(self) -> datetime:
        """Return the market's time."""
        return self._clock.market_now()

    def now_ns(self) -> int:
        """Return the machine's boot clock."""
        return self._clock.boot_ns()

    def is_taken(self, identifier: str) -> bool:
        """Whether an id was ever used: the journal has it, or a broker has shown an order of that name."""
        return identifier in self._seen_at_brokers or (self._journal is not None and self._journal.knows(identifier))

    def note_seen(self, report: ExecutionReport) -> None:
        """Keep the id of an order that bears one of ours and is not in the book: sent after a backup, or elsewhere."""
        is_foreign = (report.account_domain, report.broker_order_id) in self.book.foreign
        name = cl_ord_id_of(report.attempt_id or "")
        if name and name not in self.book.orders and not is_foreign:
            self._seen_at_brokers.add(name)

    def take_permit(self, issued: IssuePermit) -> bool:
        """Take in a permit; one from an older risk actor, or out of order, is refused (returns False)."""
        permit, held = issued.permit, self._permit
        if held is not None and (permit.risk_epoch, permit.sequence) <= (held.risk_epoch, held.sequence):
            return False
        self._permit, self._permit_until_ns = permit, self.now_ns() + int(permit.ttl_s * 1e9)
        if permit.exposure is not None and permit.exposure_limits is not None:
            pricer = pricer_of(permit.exposure, permit.exposure_limits.grid)
            pricer.held(None)  # now, and not while an order waits
            if held is not None and held.exposure is not None:
                pricer.follow(pricer_of(held.exposure, permit.exposure_limits.grid))
        return True

    def permit(self) -> Permit | None:
        """Return the permit; None where none is live."""
        return self._permit if self.now_ns() < self._permit_until_ns else None

    def peer(self, route: str) -> str:
        """Return who sits at a route."""
        seat = self.seats.of(route)
        return seat.peer if seat else route

    def routes(self) -> list[Route]:
        """Return the routes as they are now."""
        return self.seats.routes(self.now_ns(), self.book.failed_over)

    def routes_for(self, order: Order) -> list[Route]:
        """Return the routes an order may take at all: a hedge never goes to the account of what it hedges."""
        hedged = self.book.structures.get(order.hedges) if order.hedges else None
        return [route for route in self.routes() if hedged is None or route.account_domain != hedged.account_domain]

    def load(self, order: Order) -> Load:
        """Return what decides who can carry an order."""
        return Load(
            kinds=frozenset(self.book.contract(leg.symbol).product.kind for leg in order.legs),
            legs=len(order.legs),
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            opens=any(leg.action.is_open for leg in order.legs),
        )

    @property
    def ready(self) -> bool:
        """Whether every account with exposure agreed with the journal since this executor started (law 8)."""
        reconciled = self.seats.reconciled_domains()
        return bool(reconciled) and self.book.domains() <= reconciled

    def circumstances(self, *excluding: str) -> Circumstances:
        """Gather what a verdict depends on; the orders in `excluding` do not count against what is asked."""
        boot_ns = self.now_ns()
        routes = self.routes()
        able, obstacles = openable(routes)
        reconciled = self.seats.reconciled_domains()
        return Circumstances(
            now=self.now(),
            boot_ns=boot_ns,
            book=self.book,
            quotes=self.quotes,
            contracts=self.contracts,
            sessions=self.sessions,
            permit=self._permit if boot_ns < self._permit_until_ns else None,
            latch=self.latch(),
            disk=self.disk(),
            replica=self.replica.fault,
            ready=self.ready,
            reconciled=reconciled,
            routes=tuple(route.name for route in able),
            obstacles=obstacles,
            coverages={route.name: route.coverage for route in able},
            almanac=self.settings.almanac,
            hours_disagree=self.seats.hours_disagree(self.sessions, self.now()),
            writable=frozenset(route.account_domain for route in routes if route.writes),
            excluding=frozenset(excluding),
            standings=self.seats.standings(),
            margins=self.settings.margins,
            costs=self.costs,
        )

    def withheld(self, message: Value) -> str:
        """Return why a message may not leave although what it rests on is journaled; empty where it may.

        An opening whose intent the follower did not acknowledge would be unknown to whoever takes over on its node.
        """
        fault = self.replica.fault
        if fault is None:
            return ""
        parts = message.parts if isinstance(message, SendComplex) else (message,)
        opens = any(isinstance(each, SendOrder | Part) and each.order.intent is Intent.OPEN for each in parts)
        return fault if opens else ""

    def alert(self, code: str, level: Level, subject: str, text: str) -> Alert:
        """Return an alert; its id says after which event it was raised."""
        identifier = f"{code}-{subject}-{self.book.sequence}"
        return Alert(alert_id=identifier, code=code, level=level, subject=subject, text=text, at=self.now())
