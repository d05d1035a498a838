"""The book: quantities follow fills and settlements, each once, whatever came first."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import UnknownSymbol
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, Attempt, AttemptState
from actors.domain.orders.order import Action, Fill, Leg, Order
from actors.domain.orders.report import CashEvent, ExecutionReport, Status
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.intent import opening_order
from actors.domain.portfolio.structure import Structure
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, condor_legs, open_signal, spxw
from tests.fakes import START
from tests.rig import fills_of

DOMAIN = "primary-account"
SYMBOL = spxw(6050)


def tell(book: Book, *events: happened.Event) -> None:
    for event in events:
        book.apply(event, book.sequence + 1)


def working(book: Book, number: int = 1, **changes: object) -> Order:
    """Put an opening into a book, accepted at the primary."""
    signal = open_signal(number, **changes)
    order = opening_order(signal, signal.request, START)
    attempt = Attempt(
        number=1, route="primary", account_domain=DOMAIN, connection_incarnation=1, executor_epoch=1, started_at=START
    )
    tell(
        book,
        happened.OrderPlaced(signal=signal, order=order, checks=(), at=START),
        happened.AttemptStarted(cl_ord_id=order.cl_ord_id, attempt=attempt),
        happened.AttemptEnded(
            attempt_id=f"{order.cl_ord_id}-r1", outcome=Accepted(broker_order_id=f"b{number}"), at=START
        ),
    )
    return order


def told(order: Order, *fills: Fill, status: Status | None = None) -> happened.ReportTaken:
    number = order.cl_ord_id.rpartition("-")[2]
    report = ExecutionReport(
        route="primary",
        account_domain=DOMAIN,
        broker_order_id=f"b{number}",
        attempt_id=f"{order.cl_ord_id}-r1",
        status=status,
        fills=fills,
        at=START,
    )
    return happened.ReportTaken(cl_ord_id=order.cl_ord_id, report=report, at=START)


def booked(event_id: str, amount: str, **fields: object) -> happened.CashBooked:
    usual = {"account_domain": DOMAIN, "type": CashEvent.Type.FEE, "at": START}
    event = CashEvent(event_id=event_id, amount=Decimal(amount), **(usual | fields))
    return happened.CashBooked(event=event, at=START)


def settled(quantity: int, amount: str, event_id: str = "s1") -> happened.CashBooked:
    return booked(event_id, amount, type=CashEvent.Type.SETTLEMENT, symbol=SYMBOL, quantity=quantity)


def holding(book: Book, number: int, quantity: int, *, strategy: str = "condor") -> str:
    """Let a structure of its own hold `quantity` contracts of one call."""
    action = Action.BUY_TO_OPEN if quantity > 0 else Action.SELL_TO_OPEN
    order = working(book, number, legs=(Leg(symbol=SYMBOL, action=action),), order_qty=abs(quantity))
    fill = Fill(
        exec_id=f"x{number}", symbol=SYMBOL, action=action, last_qty=abs(quantity), last_px=Decimal(1), at=START
    )
    tell(book, told(order, fill, status=Status.FILLED))
    return order.cl_ord_id


def test_a_condor_that_fills_is_a_structure_a_position_and_cash():
    book = Book(PRODUCTS)
    order = working(book)
    prices = [Decimal(1), Decimal(2), Decimal(2), Decimal(1)]
    fills = [fill.model_copy(update={"last_px": px}) for fill, px in zip(fills_of(order), prices, strict=True)]
    tell(book, told(order, *fills, status=Status.FILLED))
    structure = book.structures[order.cl_ord_id]
    assert (structure.quantity, structure.entry_cash, structure.cash) == (1, 200, 200)
    assert book.positions[DOMAIN] == dict(zip(CONDOR_SYMBOLS, (1, -1, -1, 1), strict=True))
    assert book.cash[DOMAIN] == 200


fill_picks = st.lists(st.lists(st.integers(0, 7), max_size=4), max_size=12)


@given(fill_picks)
def test_positions_and_orders_hold_every_execution_once_however_it_is_repeated(reports):
    book = Book(PRODUCTS)
    order = working(book, order_qty=2)
    pool = [*fills_of(order, tag="a"), *fills_of(order, tag="b")]
    for picks in reports:
        tell(book, told(order, *(pool[pick] for pick in picks)))
    distinct = {pool[pick].exec_id: pool[pick] for picks in reports for pick in picks}
    expected: dict[str, int] = {}
    for fill in distinct.values():
        expected[fill.symbol] = expected.get(fill.symbol, 0) + fill.action.sign
    assert book.positions.get(DOMAIN, {}) == expected
    assert book.cash.get(DOMAIN, 0) == sum(fill.cash(100) for fill in distinct.values())
    assert {fill.exec_id for fill in book.orders[order.cl_ord_id].fills} == set(distinct)
    assert len(book.orders[order.cl_ord_id].fills) == len(distinct)


@given(st.permutations(["fill", "fee", "fee again", "second fee"]))
def test_fees_reach_their_structure_before_or_after_the_fill_once(order_of_telling):
    book = Book(PRODUCTS)
    order = working(book)
    fill = fills_of(order)[0]
    events = {
        "fill": told(order, fill),
        "fee": booked("f1", "-1.25", exec_id=fill.exec_id),
        "fee again": booked("f1", "-1.25", exec_id=fill.exec_id),
        "second fee": booked("f2", "-0.50", exec_id=fill.exec_id),
    }
    tell(book, *(events[name] for name in order_of_telling))
    structure = book.structures[order.cl_ord_id]
    assert (structure.fees, structure.cash) == (Decimal("1.75"), fill.cash(100) - Decimal("1.75"))
    assert (book.cash[DOMAIN], book.pending_fees) == (structure.cash, {})


def test_a_fee_of_nobody_is_paid_by_the_account_alone():
    book = Book(PRODUCTS)
    name = holding(book, 1, -1)
    before = book.structures[name]
    tell(book, booked("f1", "-3"))
    assert (book.structures[name], book.cash[DOMAIN]) == (before, 97)


quantities = st.lists(st.integers(-3, 3).filter(bool), min_size=1, max_size=4)


@given(quantities, st.integers(-3, 3), st.integers(-99_999, 99_999))
def test_a_settlement_that_ends_the_position_ends_every_holding_and_no_cent_is_lost(held, foreign, cents):
    """Several structures, long and short, and contracts that are nobody's."""
    book = Book(PRODUCTS)
    names = [holding(book, number, quantity) for number, quantity in enumerate(held, start=1)]
    if foreign:
        book.move(DOMAIN, SYMBOL, foreign)
    net = sum(held) + foreign
    before = {name: book.structures[name].cash for name in names}
    amount = Decimal(cents) / 100
    tell(book, settled(-net, str(amount)))
    if net == 0:
        assert {name: book.structures[name].cash for name in names} == before
        return
    assert book.positions[DOMAIN] == {}
    assert all(book.structures[name].is_flat for name in names)
    paid = sum(book.structures[name].cash - before[name] for name in names)
    if foreign == 0:
        assert paid == amount
    for name in names:
        assert -book.structures[name].cash.as_tuple().exponent <= 2
        Structure.model_validate(book.structures[name].model_dump())


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.data())
def test_a_part_that_is_assigned_is_taken_from_the_shorts_and_never_beyond(held, data):
    book = Book(PRODUCTS)
    names = [holding(book, number, -quantity) for number, quantity in enumerate(held, start=1)]
    part = data.draw(st.integers(1, sum(held)))
    tell(book, settled(part, str(-100 * part)))
    left = [book.structures[name].holdings.get(SYMBOL, 0) for name in names]
    assert sum(left) == book.positions[DOMAIN].get(SYMBOL, 0) == part - sum(held)
    assert all(-before <= now <= 0 for before, now in zip(held, left, strict=True))
    assert sum(book.structures[name].cash for name in names) == 100 * sum(held) - 100 * part


def test_a_settlement_told_twice_counts_once():
    book = Book(PRODUCTS)
    name = holding(book, 1, -2)
    tell(book, settled(2, "-130"), settled(2, "-130"))
    assert (book.structures[name].cash, book.positions[DOMAIN]) == (200 - 130, {})


def test_a_settlement_in_another_account_is_not_ours():
    book = Book(PRODUCTS)
    name = holding(book, 1, -1)
    other = booked("s9", "-65", account_domain="elsewhere", type=CashEvent.Type.SETTLEMENT, symbol=SYMBOL, quantity=1)
    tell(book, other)
    assert book.structures[name].holdings == {SYMBOL: -1}


def test_deposits_move_the_baseline_with_the_cash():
    book = Book(PRODUCTS)
    opened = happened.SessionOpened(session=START.date(), baseline={DOMAIN: Decimal(1000)}, cash={}, at=START)
    tell(book, opened, booked("d1", "500", type=CashEvent.Type.DEPOSIT))
    assert (book.cash[DOMAIN], book.baseline[DOMAIN]) == (500, 1500)
    tell(book, booked("d2", "30", type=CashEvent.Type.DEPOSIT, symbol="GOOG"))
    assert (book.cash[DOMAIN], book.baseline[DOMAIN]) == (530, 1500), "a dividend is a result"


def test_a_report_is_ours_by_the_id_we_sent_or_the_brokers_and_else_a_strangers():
    book = Book(PRODUCTS)
    order = working(book)
    report = told(order).report
    assert book.order_of(report) == order.cl_ord_id
    assert book.order_of(report.model_copy(update={"attempt_id": None})) == order.cl_ord_id
    elsewhere = {"attempt_id": None, "account_domain": "elsewhere"}
    assert book.order_of(report.model_copy(update=elsewhere)) is None
    assert book.order_of(report.model_copy(update={"attempt_id": "theirs", "broker_order_id": "z"})) is None


def test_only_a_change_is_news():
    book = Book(PRODUCTS)
    order = working(book)
    fresh = told(order, fills_of(order)[0], status=Status.PARTIALLY_FILLED)
    assert book.is_news(fresh.report)
    tell(book, fresh)
    assert not book.is_news(fresh.report)
    stale = fresh.report.model_copy(update={"status": Status.NEW})
    assert not book.is_news(stale)
    end = fresh.report.model_copy(update={"status": Status.CANCELED})
    assert book.is_news(end)


@pytest.mark.parametrize("state", [AttemptState.REJECTED, AttemptState.NOT_SENT, AttemptState.ABSENT])
def test_what_turns_up_of_an_attempt_that_was_given_up_is_no_report_of_the_order(state):
    book = Book(PRODUCTS)
    order = working(book)
    life = book.orders[order.cl_ord_id]
    given_up = life.attempts[0].model_copy(update={"state": state, "broker_order_id": None})
    book.orders[order.cl_ord_id] = life.model_copy(update={"attempts": (given_up,)})
    late = told(order, *fills_of(order), status=Status.FILLED)
    assert book.is_news(late.report)
    tell(book, late)
    assert (book.orders[order.cl_ord_id].fills, book.structures) == ((), {})
    assert book.positions[DOMAIN] == {leg.symbol: leg.action.sign for leg in condor_legs()}
    assert not book.is_news(late.report)


def test_a_symbol_we_cannot_name_is_a_position_of_its_own_underlying_and_a_dollar_a_point():
    book = Book(PRODUCTS)
    with pytest.raises(UnknownSymbol):
        book.contract("BTC/USD")
    assert (book.underlying("BTC/USD"), book.multiplier("BTC/USD")) == ("BTC/USD", 1)
    assert (book.underlying(SYMBOL), book.multiplier(SYMBOL)) == ("SPX", 100)


def test_fills_of_strangers_before_the_adoption_are_history_and_ours_never_are():
    book = Book(PRODUCTS)
    adopted = happened.AccountAdopted(
        account_domain=DOMAIN,
        cash=Decimal(0),
        positions={},
        executions=(),
        cash_events=(),
        orders=(),
        since=START,
        at=START,
    )
    tell(book, adopted)
    order = working(book)
    early = tuple(fill.model_copy(update={"at": START - timedelta(days=9)}) for fill in fills_of(order))
    stranger = told(order, *early).report.model_copy(update={"attempt_id": None, "broker_order_id": "theirs"})
    assert not book.is_news(stranger)
    tell(book, told(order, *early, status=Status.FILLED))
    assert book.structures[order.cl_ord_id].quantity == 1


def test_the_domains_with_exposure_are_those_that_hold_or_may_trade():
    book = Book(PRODUCTS)
    assert book.domains() == set()
    order = working(book)
    assert book.domains() == {DOMAIN}
    tell(book, told(order, status=Status.CANCELED))
    assert book.domains() == set()
    book.move("elsewhere", SYMBOL, 1)
    assert book.domains() == {"elsewhere"}
