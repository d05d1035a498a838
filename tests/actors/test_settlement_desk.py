"""Assignments, exercises and expiries as brokers book them: known as such, booked whole, told, what is left closed."""

from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pytest

from actors.breaker_watch import BreakerPorts, BreakerWatch
from actors.domain.market.contract import Kind
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteFrame, Universe
from actors.domain.orders.attempt import Accepted
from actors.domain.orders.event import Quarantined, parse_event
from actors.domain.orders.finding import OptionSettled
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.report import CashEvent, SettlementCause, Status
from actors.domain.orders.story import tell
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.expiry_policy import ExpiryPolicy, Measure
from actors.expiry_watch import ExpiryPorts, ExpiryWatch
from actors.messages import SendOrder, SubmitSignal, UniverseChanged
from supervisor.cli.retelling import retell
from tests.builders import PRODUCTS, close_signal, open_signal, sessions
from tests.expiries import SESSIONS, TABLE, at
from tests.fakes import START, MemoryCheckpoints
from tests.rig import Rig, fills_of, report

LONG, SHORT = "GOOG  260116P00250000", "GOOG  260116P00260000"
SYMBOLS = ("GOOG", LONG, SHORT)
SPREAD = "condor-20260105-1"
LEGS = (Leg(symbol=LONG, action=Action.BUY_TO_OPEN), Leg(symbol=SHORT, action=Action.SELL_TO_OPEN))
CASH = Decimal(100_000)


def movement(event_id: str, symbol: str, quantity: int, amount: str, cause: SettlementCause | None) -> CashEvent:
    return CashEvent(
        event_id=event_id,
        account_domain="primary-account",
        type=CashEvent.Type.SETTLEMENT,
        symbol=symbol,
        quantity=quantity,
        amount=Decimal(amount),
        cause=cause,
        at=START,
    )


ASSIGNED = movement("t1", SHORT, 1, "0", SettlementCause.ASSIGNMENT)
SHARES = movement("t2", "GOOG", 100, "-26000", None)


class Shop(Rig):
    """A rig that quotes GOOG, and holds a put spread of it."""

    def __init__(self) -> None:
        super().__init__()
        self.ready()
        self.opened(open_signal(1, underlying="GOOG", legs=LEGS, net_price=Decimal("4.90")))

    def start(self) -> None:
        super().start()
        contracts = tuple(PRODUCTS.contract(symbol) for symbol in SYMBOLS)
        self.hear("data_feed", UniverseChanged(universe=Universe(version=2, contracts=contracts)))
        self.quote()

    def connect(self, route: str = "primary", **said: object) -> None:
        """Connect a route that carries shares too, as the options brokers' do."""
        super().connect(route, **said)
        state = self.executor._desk.seats.of(route).state
        kinds = (*state.coverage.kinds, Kind.EQUITY)
        coverage = state.coverage.model_copy(update={"kinds": kinds})
        self.hear(f"connection-{route}", state.model_copy(update={"coverage": coverage}))

    def quote(self) -> None:
        bid = np.array([255.0, 1.00, 6.00])
        count = len(bid)
        self.stream.arrivals.append(
            QuoteFrame(
                universe=2,
                sequence=1,
                rows=np.arange(count, dtype=np.int32),
                bid=bid,
                ask=bid + 0.05,
                bid_size=np.full(count, 200, np.float32),
                ask_size=np.full(count, 200, np.float32),
                exchange_ns=np.full(count, int(self.clock.now.timestamp() * 1e9), np.int64),
                received_ns=self.clock.ns,
                codes=np.zeros(count, np.uint16),
            )
        )
        self.stream.arrive("data_feed", Survey(universe=2, at_ns=self.clock.ns))
        self.executor.turn(0)

    def booked(self, *events: CashEvent, positions: dict[str, int], cash: Decimal | None = None) -> None:
        """Let the account be read with these movements, whatever is asked afterwards says the same."""
        has = self.book.cash["primary-account"] + sum((each.amount for each in events), Decimal(0))
        for _ in range(4):
            self.after(2)
            self.read(positions=positions, cash_events=events, cash=has if cash is None else cash)

    def held(self) -> dict[str, int]:
        return dict(self.book.structures[SPREAD].holdings)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_an_early_assignment_is_booked_as_such_and_is_no_break(shop):
    before = shop.book.structures[SPREAD].cash
    shop.booked(ASSIGNED, SHARES, positions={LONG: 1, "GOOG": 100})
    (event,) = shop.events(OptionSettled)
    assert (event.cause, event.is_early, event.parts[0].shares) == (SettlementCause.ASSIGNMENT, True, 100)
    assert event.correlation == SPREAD
    assert shop.events(Quarantined) == []
    assert shop.held() == {LONG: 1, "GOOG": 100}
    assert shop.book.structures[SPREAD].cash - before == -26_000
    (text,) = shop.alerts("A135")
    assert "assignment early, +100 GOOG at 260 for -26,000.00" in text
    assert f"{SPREAD} is left with +1 {LONG}, +100 GOOG" in text


def test_it_is_told_once_however_often_it_is_read_and_survives_a_restart(shop):
    for _ in range(2):
        shop.booked(ASSIGNED, SHARES, positions={LONG: 1, "GOOG": 100})
    shop.start()
    shop.ready()
    assert len(shop.events(OptionSettled)) == 1
    assert shop.held() == {LONG: 1, "GOOG": 100}


def test_the_shares_may_be_told_in_a_later_reading(shop):
    shop.booked(ASSIGNED, positions={LONG: 1})
    shop.booked(ASSIGNED, SHARES, positions={LONG: 1, "GOOG": 100})
    assert shop.held() == {LONG: 1, "GOOG": 100}
    assert shop.book.positions["primary-account"] == {LONG: 1, "GOOG": 100}
    assert shop.events(Quarantined) == []


@pytest.mark.parametrize(
    ("symbol", "change", "cause", "shares"),
    [
        (SHORT, 1, SettlementCause.ASSIGNMENT, 100),
        (LONG, -1, SettlementCause.EXERCISE, -100),
        (LONG, -1, SettlementCause.EXPIRATION, 0),
        (SHORT, 1, SettlementCause.CASH, 0),
    ],
)
def test_each_cause_brings_the_shares_it_should(shop, symbol, change, cause, shares):
    shop.booked(movement("t1", symbol, change, "0", cause), positions={})
    assert [part.shares for event in shop.events(OptionSettled) for part in event.parts] == [shares]
    assert len(shop.alerts("A135" if shares else "A139")) == 1


def test_what_no_cause_is_told_of_stays_a_movement(shop):
    shop.booked(movement("t1", SHORT, 1, "0", None), positions={LONG: 1})
    assert shop.events(OptionSettled) == []


class Morning:
    """Risk's watches over that shop, and a broker that fills."""

    def __init__(self, shop: Shop, policy: ExpiryPolicy | None = None) -> None:
        self.shop = shop
        ports = ExpiryPorts(products=PRODUCTS, sessions=sessions(), table=TABLE, adapters={})
        self.watch = ExpiryWatch(policy or ExpiryPolicy(), ports)
        self.breakers = BreakerWatch("risk", BreakerLimits(), BreakerPorts(MemoryCheckpoints(), lambda latch: latch))

    def look(self, seconds: float = 10) -> list[SubmitSignal]:
        self.shop.after(seconds)
        view, now_ns, now = self.shop.executor._picture().book, self.shop.clock.ns, self.shop.clock.now
        told = self.breakers.on_book(view, now_ns, now, wishes=self.watch.on_book(view, now_ns, now))
        asked = [each for each in told if isinstance(each, SubmitSignal)]
        self.shop.hear("risk", *asked)
        return asked

    def fill(self) -> Iterable[tuple[str, int]]:
        for number, (_, sent) in enumerate(self.shop.told(SendOrder), start=len(self.shop.book.orders) * 100):
            self.shop.outcome(sent.attempt_id, Accepted(broker_order_id=f"primary-{number}"))
            fills = fills_of(sent.order, sent.order.order_qty, px="255.00", tag=f"x{number}")
            self.shop.push(report(f"primary-{number}", Status.FILLED, *fills, attempt=sent.attempt_id))
            yield from ((leg.symbol, leg.action.sign * leg.ratio * sent.order.order_qty) for leg in sent.order.legs)


def test_what_an_assignment_left_is_closed_whole_in_two_orders(shop):
    shop.booked(ASSIGNED, SHARES, positions={LONG: 1, "GOOG": 100})
    shop.told(SendOrder)
    morning = Morning(shop)
    morning.look()
    assert list(morning.fill()) == [("GOOG", -100)]
    morning.look()
    assert list(morning.fill()) == [(LONG, -1)]
    assert shop.book.structures[SPREAD].is_flat
    assert morning.look() == []


def test_shares_are_left_alone_before_the_open_and_where_the_policy_only_warns(shop):
    shop.booked(ASSIGNED, SHARES, positions={LONG: 1, "GOOG": 100})
    shop.told(SendOrder)
    warned = Morning(shop, ExpiryPolicy(leftover=Measure.WARN))
    assert warned.look() == []
    assert "A137" in [each.code for each in warned.watch.news]
    morning = Morning(shop)
    view = shop.executor._picture().book
    assert morning.watch.on_book(view, 0, at("2026-01-05T09:30:59")) == {}
    assert list(morning.watch.on_book(view, 0, at("2026-01-05T09:31:00"))) == [SPREAD]


def differs(shop: Shop, positions: dict[str, int], cash: str = "0") -> None:
    """Let the account show these positions, reading after reading, and its broker say nothing of them."""
    shop.booked(positions=positions, cash=shop.book.cash["primary-account"] + Decimal(cash))


def test_an_assignment_that_only_the_positions_show_is_booked_as_one_and_is_no_break(shop):
    differs(shop, {LONG: 1, "GOOG": 100}, "-26000")
    (event,) = shop.events(OptionSettled)
    assert (event.cause, [part.shares for part in event.parts]) == (SettlementCause.ASSIGNMENT, [100])
    assert shop.events(Quarantined) == []
    assert shop.held() == {LONG: 1, "GOOG": 100}
    assert len(shop.alerts("A135")) == 1


def test_what_its_broker_says_of_it_later_is_not_booked_twice_but_for_cash_that_differs(shop):
    differs(shop, {LONG: 1, "GOOG": 100}, "-26000")
    fee = SHARES.model_copy(update={"amount": Decimal(-26005)})
    shop.booked(ASSIGNED, fee, positions={LONG: 1, "GOOG": 100}, cash=shop.book.cash["primary-account"] - 5)
    assert shop.held() == {LONG: 1, "GOOG": 100}
    assert shop.book.positions["primary-account"] == {LONG: 1, "GOOG": 100}
    assert shop.book.cash["primary-account"] == CASH - 26_005 + shop.book.structures[SPREAD].entry_cash
    assert len(shop.events(OptionSettled)) == 1
    assert shop.events(Quarantined) == []


@pytest.mark.parametrize(
    "positions",
    [
        {LONG: 1},  # the short is gone, and no shares came
        {LONG: 1, "GOOG": -100},  # the wrong way round
        {LONG: 1, "GOOG": 99},
        {LONG: 1, "GOOG": 100, "MSFT": 1, SHORT: -2},
        {LONG: 2, "GOOG": 100},
        {},  # both are gone, and neither has ended
    ],
)
def test_a_difference_that_no_exercise_explains_whole_stays_a_break(shop, positions):
    differs(shop, positions)
    assert shop.events(OptionSettled) == []
    assert [event.underlying for event in shop.events(Quarantined)][:1] == ["GOOG"]


@pytest.mark.parametrize(
    ("cash", "causes"),
    [("0", {"EXPIRATION"}), ("-1000", {"ASSIGNMENT", "EXERCISE"}), ("-700", set())],
)
def test_a_spread_that_is_gone_after_its_end_was_exercised_or_not_as_the_cash_says(shop, cash, causes):
    shop.clock.advance((at("2026-01-16T16:10") - shop.clock.now).total_seconds())
    shop.executor._desk.sessions = SESSIONS
    differs(shop, {}, cash)
    assert {event.cause.value for event in shop.events(OptionSettled)} == causes
    assert bool(shop.events(Quarantined)) == (not causes)
    assert shop.held() == ({} if causes else {LONG: 1, SHORT: -1})


def test_a_single_reading_books_nothing(shop):
    shop.after(2)
    shop.read(positions={LONG: 1, "GOOG": 100}, cash=CASH)
    assert shop.events(OptionSettled) == []
    assert shop.held() == {LONG: 1, SHORT: -1}


def test_nothing_is_read_out_of_positions_while_an_order_on_them_may_trade(shop):
    shop.ask(close_signal(2, SPREAD))
    differs(shop, {LONG: 1, "GOOG": 100}, "-26000")
    assert shop.events(OptionSettled) == []


@pytest.mark.parametrize(("cash", "cause"), [("0", "EXPIRATION"), ("-350", "CASH"), ("-1.25", "EXPIRATION")])
def test_an_index_condor_that_is_gone_after_its_last_trade_expired_or_was_paid(cash, cause):
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    rig.clock.advance((at("2026-01-05T16:05") - rig.clock.now).total_seconds())
    before = rig.book.cash["primary-account"]
    for _ in range(4):
        rig.after(2)
        rig.read(positions={}, cash=before + Decimal(cash))
    assert {event.cause.value for event in rig.events(OptionSettled)} <= {cause, "EXPIRATION"}
    assert cause in {event.cause.value for event in rig.events(OptionSettled)}
    assert rig.book.structures[name].is_flat
    assert rig.events(Quarantined) == []
    assert rig.book.cash["primary-account"] - before == (Decimal(cash) if cause == "CASH" else 0)


def test_an_index_condor_that_is_gone_before_its_last_trade_is_a_break():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    for _ in range(4):
        rig.after(2)
        rig.read(positions={})
    assert rig.events(OptionSettled) == []
    assert len(rig.events(Quarantined)) == 1


def test_the_story_of_the_order_and_the_days_retelling_say_it(shop):
    shop.booked(ASSIGNED, SHARES, positions={LONG: 1, "GOOG": 100})
    events = [parse_event(body) for body in shop.journal.bodies]
    story = tell(event for event in events if event.correlation == SPREAD)
    assert story.moments[-1].text == f"short 1 {SHORT}: assignment early, +100 GOOG at 260 for -26,000.00"
    (line,) = (retell(event) for event in events if isinstance(event, OptionSettled))
    assert line.endswith(f"OPTION    {SPREAD}: {story.moments[-1].text}")
