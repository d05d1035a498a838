"""A future that an option delivered: in its structure at the strike, paged, closed; the account pays nothing for it."""

from decimal import Decimal

import numpy as np
import pytest

from actors.brokers.coverages import COVERAGES
from actors.domain.market.contract import Right, future_option_symbol
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteFrame, Universe
from actors.domain.orders.attempt import Accepted
from actors.domain.orders.event import Quarantined
from actors.domain.orders.finding import OptionSettled
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.report import CashEvent, SettlementCause, Status
from actors.domain.portfolio.day_result import account_result, structure_value
from actors.domain.risk.expiry_policy import ExpiryPolicy
from actors.expiry_watch import ExpiryWatch
from actors.messages import SendOrder, UniverseChanged
from tests import expiries
from tests.builders import close_signal, open_signal
from tests.fakes import START
from tests.rig import Rig, fills_of, report

FUTURE = "/ESH26"
EXPIRY = expiries.at("2026-03-20").date()
LONG, SHORT = (future_option_symbol(FUTURE, EXPIRY, Right.PUT, Decimal(strike)) for strike in (5900, 6000))
LONG_CALL, SHORT_CALL = (future_option_symbol(FUTURE, EXPIRY, Right.CALL, Decimal(strike)) for strike in (6000, 5900))
SPREAD, ACCOUNT = "condor-20260105-1", "primary-account"


def movement(event_id: str, symbol: str, quantity: int, amount: str = "0", **said: object) -> CashEvent:
    usual = {"type": CashEvent.Type.SETTLEMENT, "cause": None, "at": START, "account_domain": ACCOUNT}
    return CashEvent(event_id=event_id, symbol=symbol, quantity=quantity, amount=Decimal(amount), **(usual | said))


ASSIGNED = movement("t1", SHORT, 1, cause=SettlementCause.ASSIGNMENT)
DELIVERED = movement("t2", FUTURE, 1)


class Pit(Rig):
    """A rig that quotes /ESH26 and two puts on it, and holds the spread of these for a credit of 40 points."""

    products, sessions = expiries.PRODUCTS, staticmethod(lambda: expiries.SESSIONS)
    spot = 5980.0

    def __init__(self, long: str = LONG, short: str = SHORT) -> None:
        self.options = (long, short)
        super().__init__()
        self.ready()
        legs = (Leg(symbol=long, action=Action.BUY_TO_OPEN), Leg(symbol=short, action=Action.SELL_TO_OPEN))
        self.opened(open_signal(1, underlying=FUTURE, legs=legs, net_price=Decimal(40)))

    def start(self) -> None:
        super().start()
        contracts = tuple(self.products.contract(symbol) for symbol in (FUTURE, *self.options))
        self.hear("data_feed", UniverseChanged(universe=Universe(version=2, contracts=contracts)))
        self.quote()

    def connect(self, route: str = "primary", **said: object) -> None:
        super().connect(route, **said)
        state = self.executor._desk.seats.of(route).state
        self.hear(f"connection-{route}", state.model_copy(update={"coverage": COVERAGES["tastytrade"]}))

    def quote(self) -> None:
        bid = np.array([self.spot, 20.0, 60.0])
        count = len(bid)
        self.stream.arrivals.append(
            QuoteFrame(
                universe=2,
                sequence=1,
                rows=np.arange(count, dtype=np.int32),
                bid=bid,
                ask=bid + 0.25,
                bid_size=np.full(count, 200, np.float32),
                ask_size=np.full(count, 200, np.float32),
                exchange_ns=np.full(count, int(self.clock.now.timestamp() * 1e9), np.int64),
                received_ns=self.clock.ns,
                codes=np.zeros(count, np.uint16),
            )
        )
        self.stream.arrive("data_feed", Survey(universe=2, at_ns=self.clock.ns))
        self.executor.turn(0)

    def booked(self, *events: CashEvent, positions: dict[str, int]) -> None:
        """Let the account be read with these movements, several times, whatever is asked says the same."""
        cash = self.book.cash[ACCOUNT] + sum(
            (each.amount for each in events if each.event_id not in self.book.cash_events), Decimal(0)
        )
        for _ in range(4):
            self.after(2)
            self.read(positions=positions, cash_events=events, cash=cash)

    def delivered(self) -> "Pit":
        """Let the short be assigned, and its future be there."""
        self.booked(ASSIGNED, DELIVERED, positions={LONG: 1, FUTURE: 1})
        return self

    def held(self) -> dict[str, int]:
        return dict(self.book.structures[SPREAD].holdings)

    def made(self) -> tuple[Decimal | None, Decimal | None]:
        """Return what the account and the structure made, by the marks."""
        quotes = self.executor._desk.quotes
        day = account_result(self.book, ACCOUNT, quotes).pnl
        return day, structure_value(self.book, self.book.structures[SPREAD], quotes)


@pytest.fixture
def pit() -> Pit:
    return Pit()


def test_it_belongs_to_the_structure_it_came_from_is_no_break_and_is_paged(pit):
    pit.delivered()
    (event,) = pit.events(OptionSettled)
    assert (event.is_early, event.parts[0].shares, event.point) == (True, 1, 50)
    assert pit.events(Quarantined) == []
    assert pit.held() == {LONG: 1, FUTURE: 1}
    (text,) = pit.alerts("A135")
    assert f"assignment early, +1 {FUTURE} at 6000. {SPREAD} is left with +1 {LONG}, +1 {FUTURE}" in text


def test_the_account_pays_nothing_for_it_and_both_are_worth_the_same_as_before(pit):
    before, cash = pit.made(), pit.book.cash[ACCOUNT]
    pit.delivered()
    assert pit.book.cash[ACCOUNT] == cash
    gain = (Decimal("60.25") - 20) * 50  # the short was marked there, and 20 points in the money are left of it
    assert pit.made() == tuple(each + gain for each in before)
    pit.spot = 5970.0
    pit.after(2)
    assert pit.made() == tuple(each + gain - 10 * 50 for each in before)


def test_what_is_settled_of_it_from_day_to_day_is_not_counted_twice(pit):
    pit.delivered()
    before = pit.made()
    marked = movement("t3", FUTURE, 0, "-1000", type=CashEvent.Type.DEPOSIT)  # 20 points under the strike
    pit.booked(ASSIGNED, DELIVERED, marked, positions={LONG: 1, FUTURE: 1})
    assert pit.made() == before
    assert pit.book.found.variation_of(ACCOUNT, FUTURE) == -6000 * 50 + 1000


def test_one_that_is_short_is_bought_back_at_once_and_does_not_wait_for_the_morning():
    pit = Pit(LONG_CALL, SHORT_CALL)
    pit.told(SendOrder)
    assigned = movement("t1", SHORT_CALL, 1, cause=SettlementCause.ASSIGNMENT)
    held = {LONG_CALL: 1, FUTURE: -1}
    pit.booked(assigned, movement("t2", FUTURE, -1), positions=held)
    assert pit.held() == held
    for _ in range(5):
        pit.after(2)
    ((leg,),) = {sent.order.legs for _, sent in pit.told(SendOrder)}
    assert (leg.symbol, leg.action) == (FUTURE, Action.BUY_TO_CLOSE)


def test_positions_alone_show_it_too(pit):
    pit.booked(positions={LONG: 1, FUTURE: 1})
    (event,) = pit.events(OptionSettled)
    assert (event.cause, event.parts[0].shares) == (SettlementCause.ASSIGNMENT, 1)
    assert pit.held() == {LONG: 1, FUTURE: 1}
    assert (pit.events(Quarantined), len(pit.alerts("A135"))) == ([], 1)


@pytest.mark.parametrize("count", [50, 2, -1])
def test_fifty_of_it_or_the_wrong_side_are_a_break(pit, count):
    pit.booked(positions={LONG: 1, FUTURE: count})
    assert pit.events(OptionSettled) == []
    assert [each.underlying for each in pit.events(Quarantined)] == [FUTURE]


def test_it_survives_a_restart(pit):
    pit.delivered()
    pit.start()
    pit.ready()
    assert pit.held() == {LONG: 1, FUTURE: 1}
    assert pit.book.found.variation_of(ACCOUNT) == -6000 * 50


def test_the_watch_over_expiries_wishes_it_gone_while_globex_is_open_and_not_while_it_halts(pit):
    pit.delivered()
    watch = ExpiryWatch(ExpiryPolicy(), expiries.EXPIRY_PORTS)
    view = pit.executor._picture().book
    assert list(watch.on_book(view, 0, expiries.at("2026-01-05T17:30"))) == []
    assert list(watch.on_book(view, 0, expiries.at("2026-01-05T18:30"))) == [SPREAD]
    assert "A137" in [each.code for each in watch.news]


def test_it_is_closed_by_itself_first_its_option_after_and_the_result_is_the_brokers(pit):
    cash, before = pit.book.cash[ACCOUNT], pit.book.structures[SPREAD].cash
    pit.delivered()
    pit.told(SendOrder)
    for number, price in ((2, "5980"), (3, "20")):
        pit.ask(close_signal(number, SPREAD, net_price=Decimal(price)))
        ((_, sent),) = pit.told(SendOrder)
        ((leg,),) = [sent.order.legs]
        pit.outcome(sent.attempt_id, Accepted(broker_order_id=f"primary-{number}"))
        fills = fills_of(sent.order, 1, px=price, tag=f"x{number}")
        pit.push(report(f"primary-{number}", Status.FILLED, *fills, attempt=sent.attempt_id))
        assert (leg.symbol, leg.action) == ((FUTURE, LONG)[number - 2], Action.SELL_TO_CLOSE)
    assert pit.book.structures[SPREAD].is_flat
    assert pit.book.structures[SPREAD].cash - before == (-20 + 20) * 50
    assert pit.book.cash[ACCOUNT] == cash + 20 * 50, "the future's loss is cash once its broker settles it"
    made = pit.made()
    settled = movement("t3", FUTURE, 0, "-1000", type=CashEvent.Type.DEPOSIT)
    pit.booked(settled, positions={})
    assert pit.book.cash[ACCOUNT] == cash
    assert pit.made() == made
    assert pit.book.found.variation_of(ACCOUNT) == 0


def test_one_that_is_settled_for_good_leaves_its_structure_what_the_account_got(pit):
    before = pit.book.structures[SPREAD].cash
    pit.delivered()
    gone = movement("t3", FUTURE, -1, "-1500")
    pit.booked(ASSIGNED, DELIVERED, gone, positions={LONG: 1})
    assert pit.held() == {LONG: 1}
    assert pit.book.structures[SPREAD].cash - before == -1500
    assert pit.book.found.variation_of(ACCOUNT) == 0


def test_at_its_end_a_quarterly_brings_no_future_for_that_is_settled_at_the_same_moment(pit):
    end = expiries.at("2026-03-20T10:00")
    both = [
        movement(f"t{number}", symbol, change, amount, cause=cause, at=end)
        for number, (symbol, change, amount, cause) in enumerate(
            ((SHORT, 1, "-2500", SettlementCause.ASSIGNMENT), (LONG, -1, "0", SettlementCause.EXPIRATION))
        )
    ]
    before = pit.book.structures[SPREAD].cash
    pit.booked(*both, positions={})
    assert [part.shares for event in pit.events(OptionSettled) for part in event.parts] == [0, 0]
    assert pit.book.structures[SPREAD].is_flat
    assert pit.book.structures[SPREAD].cash - before == -2500


def test_a_future_that_a_person_holds_hides_nothing_of_what_is_ours():
    pit = Pit.__new__(Pit)
    pit.options = (LONG, SHORT)
    Rig.__init__(pit)
    pit.connect()
    pit.read(positions={FUTURE: -1}, net_liquidation=Decimal(100_000))
    told = account_result(pit.book, ACCOUNT, pit.executor._desk.quotes)
    assert (told.pnl, told.without) == (0, (FUTURE,))
