"""The book forgets what ended long ago, and nothing that may still matter."""

from datetime import timedelta
from decimal import Decimal

import pytest

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, Attempt
from actors.domain.orders.event import Event
from actors.domain.orders.order import Intent, Order
from actors.domain.orders.report import CashEvent, Status
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.book_state import BookState, dump, restore
from actors.domain.portfolio.reconcile import news
from tests.builders import PRODUCTS, condor_legs, open_signal
from tests.fakes import START
from tests.rig import account, fills_of, report

DOMAIN, KEPT = "primary-account", 5
DAY = timedelta(days=1)


class Days:
    """A book that is told one event after the other, and remembers them."""

    def __init__(self, sessions_kept: int | None = KEPT) -> None:
        self.book, self.events, self.now = Book(PRODUCTS, sessions_kept), [], START
        self.tell(
            happened.AccountAdopted(
                account_domain=DOMAIN,
                cash=0,
                positions={},
                executions=(),
                cash_events=(),
                orders=(),
                since=None,
                at=START,
            )
        )

    def tell(self, *events: Event) -> None:
        for event in events:
            self.events.append(event)
            self.book.apply(event, len(self.events))

    def session(self, *domains: str) -> None:
        """Begin the next session, in which the named domains agreed."""
        self.now += DAY
        baseline = dict.fromkeys(domains or (DOMAIN,), Decimal(1))
        self.tell(happened.SessionOpened(session=self.now.date(), baseline=baseline, cash={}, at=self.now))

    def sessions(self, count: int) -> None:
        for _ in range(count):
            self.session()

    def order(self, number: int, status: Status, intent: Intent = Intent.OPEN, **changes: object) -> Order:
        """Place an order, and have it end so."""
        signal = open_signal(number, self.now)
        name = signal.signal_id
        structure = {"structure_id": name} | changes
        order = Order(
            cl_ord_id=name,
            signal_id=name,
            strategy="condor",
            intent=intent,
            underlying="SPX",
            legs=condor_legs(),
            order_qty=1,
            net_price=Decimal("1.90"),
            created_at=self.now,
            expires_at=self.now + DAY,
            **structure,
        )
        attempt = Attempt(
            number=1,
            executor_epoch=1,
            route="primary",
            account_domain=DOMAIN,
            connection_incarnation=1,
            started_at=self.now,
        )
        fills = fills_of(order, at=self.now) if status is Status.FILLED else ()
        told = report(f"theirs-{number}", status, *fills, attempt=f"{name}-r1")
        self.tell(
            happened.OrderPlaced(signal=signal, order=order, checks=(), at=self.now),
            happened.AttemptStarted(cl_ord_id=name, attempt=attempt),
            happened.AttemptEnded(
                attempt_id=f"{name}-r1", outcome=Accepted(broker_order_id=told.broker_order_id), at=self.now
            ),
            happened.ReportTaken(cl_ord_id=name, report=told.model_copy(update={"at": self.now}), at=self.now),
        )
        return order

    def fee(self, event_id: str) -> CashEvent:
        event = CashEvent(
            event_id=event_id, account_domain=DOMAIN, type=CashEvent.Type.FEE, amount=Decimal(-1), at=self.now
        )
        self.tell(happened.CashBooked(event=event, at=self.now))
        return event


def test_an_order_that_ended_is_forgotten_with_all_its_ids_after_the_kept_sessions():
    days = Days()
    days.session()
    order = days.order(1, Status.CANCELED)
    days.fee("fee-1")
    days.sessions(KEPT)
    assert order.cl_ord_id in days.book.orders
    days.sessions(1)
    book = days.book
    assert (book.orders, book.by_broker_id, book.signals, book.cash_events) == ({}, {}, {}, {})


@pytest.mark.parametrize("status", [Status.NEW, Status.PARTIALLY_FILLED, Status.PENDING_CANCEL])
def test_an_order_that_may_still_trade_is_never_forgotten(status):
    days = Days()
    days.session()
    order = days.order(1, status)
    days.sessions(4 * KEPT)
    assert order.cl_ord_id in days.book.orders
    assert order.signal_id in days.book.signals


def test_a_structure_that_is_held_stays_with_its_orders_and_executions():
    days = Days()
    days.session()
    order = days.order(1, Status.FILLED)
    days.sessions(4 * KEPT)
    assert order.cl_ord_id in days.book.structures
    assert len(days.book.executions) == len(order.legs)


def test_what_is_tied_to_something_held_stays():
    days = Days()
    days.session()
    days.order(1, Status.CANCELED)
    days.order(2, Status.FILLED, hedges="condor-20260105-1")
    days.sessions(4 * KEPT)
    assert set(days.book.orders) == {"condor-20260105-1", "condor-20260105-2"}


def test_a_late_end_counts_from_when_it_was_seen_not_from_the_order():
    days = Days()
    days.session()
    order = days.order(1, Status.NEW)
    days.sessions(2 * KEPT)
    ended = report("theirs-1", Status.CANCELED, attempt=f"{order.cl_ord_id}-r1")
    days.tell(happened.ReportTaken(cl_ord_id=order.cl_ord_id, report=ended, at=days.now))
    days.sessions(KEPT)
    assert order.cl_ord_id in days.book.orders
    days.sessions(1)
    assert order.cl_ord_id not in days.book.orders


def test_a_forgotten_execution_and_a_forgotten_fee_that_are_told_again_are_no_news():
    days = Days()
    days.session()
    stranger = fills_of(days.order(1, Status.CANCELED), at=days.now)
    told = report("stranger", Status.FILLED, *stranger)
    days.tell(happened.ReportTaken(cl_ord_id=None, report=told, at=days.now))
    for symbol in {fill.symbol for fill in stranger}:
        days.book.move(DOMAIN, symbol, -days.book.positions[DOMAIN].get(symbol, 0))
    fee = days.fee("fee-1")
    held = dict(days.book.cash)
    days.sessions(2 * KEPT)
    assert (days.book.executions, days.book.strangers) == ({}, {})
    reading = account(orders=[told], cash_events=[fee])
    assert news(days.book, reading) == ([], [])
    assert days.book.cash == held


def test_nothing_is_forgotten_while_an_account_that_holds_something_does_not_agree():
    days = Days()
    days.session()
    days.order(1, Status.FILLED)
    order = days.order(2, Status.CANCELED)
    for _ in range(2 * KEPT):
        days.session("backup-account")
    assert order.cl_ord_id in days.book.orders
    days.session()
    assert order.cl_ord_id not in days.book.orders


def test_a_book_that_was_told_of_no_limit_forgets_nothing():
    days = Days(sessions_kept=None)
    days.session()
    order = days.order(1, Status.CANCELED)
    days.sessions(10 * KEPT)
    assert order.cl_ord_id in days.book.orders


def test_a_checkpoint_and_what_followed_give_the_book_of_the_whole_journal():
    days = Days()
    for number in range(1, 4 * KEPT):
        days.session()
        days.order(number, (Status.CANCELED, Status.FILLED, Status.REJECTED)[number % 3])
        days.fee(f"fee-{number}")
    for place in range(0, len(days.events), 7):
        early = Book(PRODUCTS, KEPT)
        for sequence, event in enumerate(days.events[:place], start=1):
            early.apply(event, sequence)
        book = restore(BookState.model_validate_json(dump(early).model_dump_json()), PRODUCTS, KEPT)
        for sequence, event in enumerate(days.events[place:], start=place + 1):
            book.apply(event, sequence)
        assert dump(book) == dump(days.book)


def test_the_book_stays_as_large_as_the_kept_sessions_however_long_the_history():
    days, sizes = Days(), []
    for number in range(1, 60):
        days.session()
        days.order(number, Status.CANCELED)
        sizes.append(len(dump(days.book).model_dump_json()))
    assert max(sizes[2 * KEPT :]) <= 1.02 * sizes[2 * KEPT]
