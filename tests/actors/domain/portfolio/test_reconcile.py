"""A reading adds and never removes; what still differs is a break, by underlying."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Product, Products
from actors.domain.orders import event as happened
from actors.domain.orders.report import CashEvent, Status
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.book_state import dump
from actors.domain.portfolio.reconcile import breaks, foreign, news
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, SPXW, open_signal
from tests.fakes import START
from tests.rig import Rig, account, fills_of, report

DOMAIN = "primary-account"
SYMBOLS = (*CONDOR_SYMBOLS, "GOOG", "BTC/USD")
positions = st.dictionaries(st.sampled_from(SYMBOLS), st.integers(-3, 3))


def holding(held: dict[str, int]) -> Book:
    book = Book(PRODUCTS)
    book.positions[DOMAIN] = {symbol: count for symbol, count in held.items() if count}
    return book


@given(positions, positions)
def test_there_is_a_break_exactly_where_the_quantities_differ(ours, theirs):
    book = holding(ours)
    differing = {symbol for symbol in SYMBOLS if ours.get(symbol, 0) != theirs.get(symbol, 0)}
    found = breaks(book, account(positions=theirs))
    assert found.keys() == {book.underlying(symbol) for symbol in differing}
    assert all(symbol in "; ".join(found.values()) for symbol in differing)


@given(positions, positions)
def test_comparing_and_looking_for_news_change_nothing(ours, theirs):
    book = holding(ours)
    before = dump(book)
    breaks(book, account(positions=theirs))
    news(book, account(positions=theirs))
    assert dump(book) == before


def test_an_account_never_read_has_no_positions_to_agree_with():
    assert breaks(Book(PRODUCTS), account(positions={"GOOG": 1})).keys() == {"GOOG"}


def cash_event(event_id: str, **fields: object) -> CashEvent:
    usual = {"account_domain": DOMAIN, "type": CashEvent.Type.FEE, "amount": Decimal(-1), "at": START}
    return CashEvent(event_id=event_id, **(usual | fields))


def test_what_the_book_holds_is_no_news_and_the_rest_is():
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    order = rig.book.orders[name].order
    known = report("primary-1", Status.FILLED, *fills_of(order), attempt=f"{name}-r1")
    stranger = report("theirs-1", Status.FILLED, *fills_of(order, tag="z"))
    rig.book.apply(happened.CashBooked(event=cash_event("f1"), at=START), rig.book.sequence + 1)
    state = account(orders=[known, stranger], cash_events=[cash_event("f1"), cash_event("f2")])
    reports, cash = news(rig.book, state)
    assert (reports, [event.event_id for event in cash]) == ([stranger], ["f2"])


def test_an_order_missing_from_a_reading_is_no_news():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    assert news(rig.book, account()) == ([], [])


def test_cash_from_before_the_adoption_is_history_unless_it_concerns_what_the_book_holds():
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    exec_id = fills_of(rig.book.orders[name].order)[0].exec_id
    long_ago = START - timedelta(days=30)
    settlement = {"type": CashEvent.Type.SETTLEMENT, "quantity": 1, "at": long_ago}
    events = [
        cash_event("old fee", at=long_ago, exec_id="unknown"),
        cash_event("old settlement", symbol="GOOG", **settlement),
        cash_event("our fee", at=long_ago, exec_id=exec_id),
        cash_event("our settlement", symbol=CONDOR_SYMBOLS[1], **settlement),
    ]
    assert [event.event_id for event in news(rig.book, account(cash_events=events))[1]] == [
        "our fee",
        "our settlement",
    ]


# Adjusted contracts and splits: what a corporate action makes of a position.

ADJUSTED = "GOOG1 260116C00100000"
BEFORE, AFTER = "GOOG  260116C00100000", "GOOG  260116C00050000"


def test_an_adjusted_contract_breaks_the_underlying_it_came_from_though_its_quantity_agrees():
    found = breaks(holding({ADJUSTED: 1}), account(positions={ADJUSTED: 1}))
    assert found == {"GOOG": f"{ADJUSTED}: an adjusted contract; its root is not in the product table"}


def test_a_row_of_the_product_table_maps_it():
    mapped = Product(root="GOOG1", underlying="GOOG", multiplier=150)
    book = Book(Products((SPXW, mapped)))
    book.positions[DOMAIN] = {ADJUSTED: 1}
    assert breaks(book, account(positions={ADJUSTED: 1})) == {}
    assert (book.multiplier(ADJUSTED), book.underlying(ADJUSTED)) == (150, "GOOG")


def test_an_ordinary_contract_that_became_an_adjusted_one_is_one_break():
    found = breaks(holding({BEFORE: -2}), account(positions={ADJUSTED: -2}))
    assert found.keys() == {"GOOG"}
    assert BEFORE in found["GOOG"]
    assert ADJUSTED in found["GOOG"]


def test_a_split_is_a_break_that_says_what_it_looks_like():
    found = breaks(holding({BEFORE: -2}), account(positions={AFTER: -4}))
    assert f"-2 {BEFORE} may have become -4 {AFTER} by a split" in found["GOOG"]
    assert "split" not in breaks(holding({BEFORE: -2}), account(positions={AFTER: -5}))["GOOG"]


# What is not ours.


def test_what_no_structure_and_no_order_of_ours_touches_is_foreign():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    held = rig.book.positions[DOMAIN]
    assert foreign(rig.book, account(positions={**held, "GOOG": 100})) == {"GOOG": {"GOOG": 100}}


def test_what_differs_beside_a_symbol_of_ours_that_differs_is_not_foreign():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    held = rig.book.positions[DOMAIN]
    hand = "SPXW  260105C09999000"
    assert foreign(rig.book, account(positions={**held, hand: 1})) == {"SPX": {hand: 1}}
    less = {**held, CONDOR_SYMBOLS[1]: -2}
    assert foreign(rig.book, account(positions={**less, hand: 1})) == {}


def test_nothing_is_foreign_while_an_order_of_ours_on_it_may_still_trade():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    assert foreign(rig.book, account(positions={"SPXW  260105C09999000": 1})) == {}


def test_a_split_of_what_we_hold_is_never_foreign_nor_is_anything_adjusted():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    held = dict(rig.book.positions[DOMAIN])
    split = {"SPXW  260105C03025000": 2 * held.pop(CONDOR_SYMBOLS[2])}
    assert foreign(rig.book, account(positions={**held, **split})) == {}
    assert foreign(Book(PRODUCTS), account(positions={ADJUSTED: 1})) == {}
