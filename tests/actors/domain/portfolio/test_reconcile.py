"""A reading adds and never removes; what still differs is a break, by underlying."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders import event as happened
from actors.domain.orders.report import CashEvent, Status
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.book_state import dump
from actors.domain.portfolio.reconcile import breaks, news
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, open_signal
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
