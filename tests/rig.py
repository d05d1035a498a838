"""One executor in a small world of its own: two routes to two accounts, whose connections the test plays."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from actors.desk import DeskSettings
from actors.domain.market.flaw import Survey
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, SubmitOutcome
from actors.domain.orders.coverage import Coverage, Terms
from actors.domain.orders.order import Contingency, Fill, Order, OrderType, TimeInForce
from actors.domain.orders.report import AccountState, BrokerPosition, CashEvent, DryRun, ExecutionReport, Status
from actors.domain.orders.signal import Signal
from actors.domain.orders.trading_status import TradingStatus
from actors.domain.portfolio.book import Book
from actors.domain.value import Value
from actors.executor import Executor
from actors.executor_settings import ExecutorSettings
from actors.messages import (
    AccountRead,
    AskAccount,
    ConnectionState,
    IssuePermit,
    OrderSent,
    Reported,
    SendOrder,
    SignalAnswered,
    SubmitSignal,
    UniverseChanged,
)
from tests.builders import (
    CONDOR_SYMBOLS,
    MARGINS,
    PRODUCTS,
    close_signal,
    condor_legs,
    open_signal,
    permit,
    quotes,
    sessions,
    universe,
)
from tests.fakes import START, CountingWatermark, FakeClock, FakeStream, MemoryCheckpoints, MemoryJournal

ROUTES = ("primary", "backup")
CASH = Decimal(100_000)
ANYTHING = TradingStatus()
M = TypeVar("M", bound=Value)


def fills_of(order: Order, combos: int = 1, px: str = "1.50", tag: str = "e", at: datetime = START) -> tuple[Fill, ...]:
    """Fills of every leg of `combos` combos, at one price."""
    return tuple(
        Fill(
            exec_id=f"{order.cl_ord_id}-{tag}{place}",
            symbol=leg.symbol,
            action=leg.action,
            last_qty=combos * leg.ratio,
            last_px=Decimal(px),
            at=at,
        )
        for place, leg in enumerate(order.legs)
    )


def quoted_fills(order: Order) -> tuple[Fill, ...]:
    """Fills of the whole order at the bids of the builders' quotes: nothing to be said against any."""
    bids = dict(zip(CONDOR_SYMBOLS, ("1.00", "2.00", "2.00", "1.00"), strict=True))
    fills = fills_of(order, order.order_qty)
    return tuple(fill.model_copy(update={"last_px": Decimal(bids[fill.symbol])}) for fill in fills)


def report(
    theirs: str,
    status: Status | None,
    *fills: Fill,
    attempt: str | None = None,
    route: str = "primary",
    text: str = "",
    busted: tuple[str, ...] = (),
) -> ExecutionReport:
    return ExecutionReport(
        route=route,
        account_domain=f"{route}-account",
        broker_order_id=theirs,
        attempt_id=attempt,
        status=status,
        fills=fills,
        busted=busted,
        text=text,
        at=START,
    )


def account(
    route: str = "primary",
    *,
    orders: Iterable[ExecutionReport] = (),
    positions: Mapping[str, int] | None = None,
    cash_events: Iterable[CashEvent] = (),
    cash: Decimal = CASH,
    net_liquidation: Decimal = CASH,
    buying_power: Decimal | None = CASH,
    trading: TradingStatus | None = ANYTHING,
    dry_run: DryRun | None = None,
    read_at: datetime = START,
    since: datetime | None = None,
) -> AccountState:
    held = (BrokerPosition(symbol=symbol, quantity=quantity) for symbol, quantity in (positions or {}).items())
    return AccountState(
        route=route,
        account_domain=f"{route}-account",
        since=since or read_at - timedelta(days=1),
        read_at=read_at,
        orders=tuple(orders),
        positions=tuple(held),
        cash_events=tuple(cash_events),
        cash=cash,
        net_liquidation=net_liquidation,
        buying_power=buying_power,
        trading=trading,
        dry_run=dry_run,
    )


class Rig:
    """The executor, its clock, journal and stream; `stop` is the latched stop in force."""

    products, sessions = PRODUCTS, staticmethod(sessions)

    def __init__(self, checkpoint_events: int = 10_000, alerts_max: int = 1000, **desk: object) -> None:
        self.settings = ExecutorSettings(
            checkpoint_events=checkpoint_events,
            alerts_max=alerts_max,
            desk=DeskSettings(**{"silence_s": 1e6, "margins": MARGINS, **desk}),
        )
        self.clock, self.journal, self.checkpoints = FakeClock(), MemoryJournal(), MemoryCheckpoints()
        self.stop: str | None = None
        self.disk: str | None = None
        self.reduced: list[str] = []
        """Why the executor latched a reduce, each time."""
        self.dearer = 0.0
        """By how much the shorts of the condor are dearer than at the start."""
        self.epoch = 0
        self.start()

    def start(self) -> None:
        """Start an executor, the first or a successor, over the same journal."""
        self.epoch += 1
        self.stream = FakeStream()
        self.executor = Executor(
            name="executor",
            started=happened.ExecutorStarted(epoch=self.epoch, incarnation=self.epoch, boot_id="b", at=START),
            stream=self.stream,
            journal=self.journal,
            checkpoints=self.checkpoints,
            clock=self.clock,
            watermark=CountingWatermark(),
            products=self.products,
            sessions=self.sessions(),
            latch=lambda: self.stop,
            routes=ROUTES,
            feed="data_feed",
            notifier="notifier",
            settings=self.settings,
            disk=lambda: self.disk,
            reduce=self.reduced.append,
        )
        self.hear("data_feed", UniverseChanged(universe=universe()))
        self.quote()
        self.hear("risk", IssuePermit(permit=permit(sequence=self.epoch)))

    @property
    def book(self) -> Book:
        return self.executor._desk.book

    def hear(self, sender: str, *messages: Value) -> None:
        for message in messages:
            self.stream.arrive(sender, message)
        self.executor.turn(0)

    def quote(self) -> None:
        self.stream.arrivals.append(quotes(self.clock.ns, at=self.clock.now, dearer=self.dearer))
        self.stream.arrive("data_feed", Survey(universe=1, at_ns=self.clock.ns))
        self.executor.turn(0)

    def after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.quote()

    def market(self, dearer: float, seconds: float = 2.0) -> None:
        """Move the market, and stay there for some looks."""
        self.dearer = dearer
        for _ in range(5):
            self.after(seconds / 5)

    def connect(
        self,
        route: str = "primary",
        *,
        incarnation: int = 1,
        writes: bool = True,
        reads: bool = True,
        stops: bool = False,
        pairs: bool = False,
        combo_legs_max: int = 4,
    ) -> None:
        types = (OrderType.LIMIT, OrderType.MARKET, *((OrderType.STOP, OrderType.STOP_LIMIT) if stops else ()))
        coverage = Coverage(
            single=Terms(order_types=types, times_in_force=(TimeInForce.DAY,)),
            contingencies=(Contingency.OCO,) if pairs else (),
        ).narrowed(combo_legs_max)
        state = ConnectionState(
            route=route,
            account_domain=f"{route}-account",
            incarnation=incarnation,
            reads=reads,
            writes=writes,
            stream=True,
            at_ns=0,
            coverage=coverage,
        )
        self.hear(f"connection-{route}", state)

    def read(self, route: str = "primary", request_id: int | None = None, **said: object) -> None:
        """Answer the last question for an account; what is not said is an account that holds nothing."""
        asked = [message.request_id for peer, message in self.all_told(AskAccount) if peer == f"connection-{route}"]
        number = (asked[-1] if asked else 0) if request_id is None else request_id
        state = account(route, **{"read_at": self.clock.now, **said})
        self.hear(f"connection-{route}", AccountRead(route=route, request_id=number, state=state))

    def ready(self) -> "Rig":
        for route in ROUTES:
            self.connect(route)
            self.read(route)
        return self

    def ask(self, signal: Signal) -> SignalAnswered:
        self.hear("strategy", SubmitSignal(signal=signal, reply_to="strategy"))
        return self.all_told(SignalAnswered)[-1][1]

    def outcome(self, attempt_id: str, outcome: SubmitOutcome | None = None, route: str = "primary") -> None:
        sent = OrderSent(
            route=route,
            connection_incarnation=1,
            attempt_id=attempt_id,
            outcome=outcome or Accepted(broker_order_id=f"{route}-1"),
        )
        self.hear(f"connection-{route}", sent)

    def push(self, *told: ExecutionReport) -> None:
        self.hear(f"connection-{told[0].route}", *(Reported(report=each) for each in told))

    def all_told(self, kind: type[M]) -> list[tuple[str, M]]:
        return [(peer, message) for peer, message in self.stream.told if isinstance(message, kind)]

    def told(self, kind: type[M]) -> list[tuple[str, M]]:
        """Return what was told of one kind since the last time, and forget it."""
        found = self.all_told(kind)
        self.stream.told = [each for each in self.stream.told if not isinstance(each[1], kind)]
        return found

    def events(self, kind: type[M]) -> list[M]:
        parsed = (happened.parse_event(body) for body in self.journal.bodies)
        return [event for event in parsed if isinstance(event, kind)]

    def alerts(self, code: str) -> list[str]:
        """Return the texts of every alert of one code that the notifier was told."""
        told = (message.alert for peer, message in self.stream.told if peer == "notifier")
        return [alert.text for alert in told if alert.code == code]

    def closed_twice(self) -> tuple[str, str]:
        """Hold a condor beside a call spread whose close filled twice, after its cancel too; return spread and condor.

        What the second fill took were the condor's calls: the account is left with its puts.
        """
        spread = self.opened(open_signal(1, legs=condor_legs()[2:], net_price=Decimal("0.90")))
        condor = self.opened(open_signal(2))
        first = self.ask(close_signal(3, spread)).cl_ord_id
        self.outcome(f"{first}-r1", Accepted(broker_order_id="primary-3"))
        self.push(report("primary-3", Status.CANCELED, attempt=f"{first}-r1"))
        second = self.ask(close_signal(4, spread)).cl_ord_id
        self.outcome(f"{second}-r1", Accepted(broker_order_id="primary-4"))
        for theirs, name, status in (("primary-4", second, Status.FILLED), ("primary-3", first, Status.CANCELED)):
            fills = fills_of(self.book.orders[name].order)
            self.push(report(theirs, status, *fills, attempt=f"{name}-r1"))
        self.told(SendOrder)
        return spread, condor

    def opened(self, signal: Signal, combos: int = 1) -> str:
        """Open and fill a structure over the primary route; return its id."""
        order_id = self.ask(signal).cl_ord_id
        assert order_id is not None
        theirs = f"primary-{len(self.book.orders)}"
        self.outcome(f"{order_id}-r1", Accepted(broker_order_id=theirs))
        order = self.book.orders[order_id].order
        status = Status.FILLED if combos == order.order_qty else Status.PARTIALLY_FILLED
        self.push(report(theirs, status, *fills_of(order, combos), attempt=f"{order_id}-r1"))
        self.told(SendOrder)
        return order_id
