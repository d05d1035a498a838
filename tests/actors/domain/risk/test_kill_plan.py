"""What the kill switch decides: how a close walks to its cap, and what goes singly, shorts first."""

from decimal import Decimal
from itertools import pairwise

import pytest

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Action, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.structure import Structure
from actors.domain.risk.kill_plan import KillLimits, cancels, closes, held, is_ours, left
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, condor_legs, quotes, universe
from tests.fakes import START
from tests.rig import account, report

LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = CONDOR_SYMBOLS
CONDOR = {LONG_PUT: 1, SHORT_PUT: -1, SHORT_CALL: -1, LONG_CALL: 1}
LIMITS = KillLimits(steps=4, slippage_points=Decimal(1), slippage_share=Decimal(0))


def holding(holdings: dict[str, int], positions: dict[str, int] | None = None) -> Book:
    book = Book(PRODUCTS)
    book.structures["held"] = Structure(
        structure_id="held",
        strategy="condor",
        underlying="SPX",
        account_domain="primary-account",
        legs=condor_legs(),
        order_qty=1,
        holdings=holdings,
        opened_at=START,
    )
    book.positions["primary-account"] = dict(holdings if positions is None else positions)
    return book


def planned(book: Book, limits: KillLimits = LIMITS, *, seen: bool = True) -> list[Order]:
    state, table = account(positions=book.positions["primary-account"]), QuoteTable(universe())
    table.apply(quotes(1))
    return list(closes(state, book, table if seen else None, limits, "kill-1", START))


def test_a_structure_is_one_order_shorts_first():
    (order,) = planned(holding(CONDOR))
    assert [(leg.symbol, leg.action) for leg in order.legs][:2] == [
        (SHORT_PUT, Action.BUY_TO_CLOSE),
        (SHORT_CALL, Action.BUY_TO_CLOSE),
    ]
    assert len(order.legs) == 4


def test_where_no_order_takes_so_many_legs_no_long_goes_before_the_last_short():
    narrow = LIMITS.model_copy(update={"legs_max": 1})
    left_over, sold = dict(CONDOR), []
    while left_over:
        (order,) = planned(holding(left_over), narrow)
        (leg,) = order.legs
        sold.append(leg.action)
        del left_over[leg.symbol]
    assert sold == [Action.BUY_TO_CLOSE, Action.BUY_TO_CLOSE, Action.SELL_TO_CLOSE, Action.SELL_TO_CLOSE]


def test_the_price_walks_from_the_natural_to_the_cap_and_stays_there():
    prices = []
    for tried in range(6):
        book = holding(CONDOR)
        for number in range(tried):
            (order,) = planned(holding(CONDOR))
            order = order.model_copy(update={"cl_ord_id": f"kill-0-{number}"})
            book.orders[order.cl_ord_id] = _done(order)
        (order,) = planned(book)
        prices.append(order.net_price)
    steps = [first - second for first, second in pairwise(prices)]
    assert steps == [Decimal("0.25")] * 4 + [Decimal(0)]


def test_without_quotes_the_price_is_what_it_can_be_worth_and_without_a_bound_there_is_none():
    (order,) = planned(holding(CONDOR), seen=False)
    widths = [
        abs(PRODUCTS.contract(one).strike - PRODUCTS.contract(other).strike)
        for one, other in ((LONG_PUT, SHORT_PUT), (SHORT_CALL, LONG_CALL))
    ]
    assert order.net_price == -max(widths)
    assert planned(holding({SHORT_CALL: -1}), seen=False) == []


def test_no_close_takes_more_than_the_broker_says_there_is():
    book = holding({SHORT_PUT: -2, LONG_PUT: 2}, {SHORT_PUT: -1, LONG_PUT: 5})
    assert held(book, "primary-account") == {"held": {SHORT_PUT: -1, LONG_PUT: 2}}
    (order,) = planned(book)
    taken = {leg.symbol: leg.action.sign * leg.ratio * order.order_qty for leg in order.legs}
    assert taken == {SHORT_PUT: 1, LONG_PUT: -2}
    found = left(account(positions=book.positions["primary-account"]), book)
    assert (found.positions, found.foreign) == ({SHORT_PUT: -1, LONG_PUT: 2}, {LONG_PUT: 3})


@pytest.mark.parametrize(
    ("attempt", "runtime", "ours"),
    [("condor-1-r1", None, True), ("by-hand", None, False), (None, None, False), ("condor-1-r1", "0badcafe", False)],
)
def test_an_order_is_ours_by_the_form_of_its_id_where_the_journal_is_not_known(attempt, runtime, ours):
    told = report("p-1", Status.NEW, attempt=attempt).model_copy(update={"runtime": runtime})
    assert is_ours(told, None) is ours


def test_a_cancel_is_asked_for_again_and_a_close_of_its_own_stands_for_its_time():
    working = account(orders=[report("p-1", Status.NEW, attempt="condor-1-r1")])

    def asked(asked_s: dict[str, float]) -> int:
        return len(list(cancels(working, None, asked_s, {}, LIMITS)))

    assert [asked({}), asked({"p-1": 1.0}), asked({"p-1": 2.0})] == [1, 0, 1]


def _done(order: Order) -> OrderLife:
    return OrderLife(order=order, status=Status.CANCELED)
