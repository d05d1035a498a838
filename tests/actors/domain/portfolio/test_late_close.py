"""A close that waited is bounded and priced again, for every way a position may have changed meanwhile."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders.order import Order, OrderType
from actors.domain.portfolio.late_close import NoPrice, NothingToClose, late_close
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal
from tests.rig import Rig

ORDER, CLOSE = "condor-20260105-1", "condor-20260105-2"


def waiting(**asked: object):
    """A book with a close that waits, and its quotes."""
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.connect(writes=False)
    rig.ask(close_signal(2, ORDER, **asked))
    return rig.book, rig.executor._desk.quotes


def has(book, holdings: dict[str, int], positions: dict[str, int]) -> None:
    structure = book.structures[ORDER]
    book.structures[ORDER] = structure.model_copy(update={"holdings": holdings})
    book.positions["primary-account"] = positions


quantities = st.fixed_dictionaries({symbol: st.integers(-3, 3) for symbol in CONDOR_SYMBOLS})


@given(quantities, quantities)
def test_it_only_ever_takes_what_was_asked_for_and_is_held_by_structure_and_account(holdings, positions):
    book, table = waiting()
    asked = {leg.symbol: leg.action.sign for leg in book.orders[CLOSE].order.legs}
    has(book, {each: held for each, held in holdings.items() if held}, positions)
    try:
        fresh = late_close(book.orders[CLOSE].order, book, table)
    except NothingToClose:
        return
    for leg in fresh.legs:
        taken = leg.action.sign * leg.ratio * fresh.order_qty
        assert taken == asked[leg.symbol]
        assert taken * holdings[leg.symbol] < 0
        assert abs(taken) <= min(abs(holdings[leg.symbol]), max(0, -asked[leg.symbol] * positions[leg.symbol]))


def test_an_unchanged_position_gives_the_same_close():
    book, table = waiting()
    order = book.orders[CLOSE].order
    assert late_close(order, book, table) == order


def test_without_quotes_a_price_of_the_quotes_cannot_be_had_and_a_limit_needs_none():
    book, _ = waiting()
    with pytest.raises(NoPrice, match="nobody quotes"):
        late_close(book.orders[CLOSE].order, book, None)
    book, _ = waiting(net_price=Decimal("-1.50"))
    assert late_close(book.orders[CLOSE].order, book, None).net_price == Decimal("-1.50")


def test_a_limit_says_nothing_of_other_legs():
    book, table = waiting(net_price=Decimal("-1.50"))
    holdings = dict(book.structures[ORDER].holdings)
    del holdings[CONDOR_SYMBOLS[0]]
    has(book, holdings, holdings)
    with pytest.raises(NoPrice, match="was meant for"):
        late_close(book.orders[CLOSE].order, book, table)


@pytest.mark.parametrize(
    "terms",
    [
        {"order_type": OrderType.MARKET, "net_price": None},
        {"order_type": OrderType.STOP, "net_price": None, "stop_px": Decimal("-3.00")},
        {"order_type": OrderType.STOP_LIMIT, "net_price": Decimal("-3.50"), "stop_px": Decimal("-3.00")},
    ],
)
def test_a_market_order_or_a_stop_that_waited_stays_what_it_is(terms):
    book, table = waiting()
    order = book.orders[CLOSE].order
    stop = order.model_copy(update={**terms, "legs": order.legs[:1], "follows_quotes": True})
    fresh = late_close(stop, book, table)
    assert Order.model_validate(fresh.model_dump()) == stop
