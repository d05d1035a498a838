"""The mirror of what cannot be closed."""

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.portfolio.hedge import hedge_order, is_hedged
from tests.actors.domain.portfolio.test_late_close import CLOSE, ORDER, has, waiting
from tests.builders import CONDOR_SYMBOLS
from tests.fakes import START

quantities = st.fixed_dictionaries({symbol: st.integers(-3, 3) for symbol in CONDOR_SYMBOLS})


@given(quantities, quantities)
def test_it_offsets_and_never_more_than_the_account_holds(holdings, positions):
    book, table = waiting()
    has(book, {each: held for each, held in holdings.items() if held}, positions)
    order = hedge_order(book.orders[CLOSE].order, book, table, START)
    for leg in () if order is None else order.legs:
        taken = leg.action.sign * leg.ratio * order.order_qty
        assert leg.action.is_open
        assert taken * holdings[leg.symbol] < 0
        assert abs(taken) <= min(abs(holdings[leg.symbol]), abs(positions[leg.symbol]))


def test_without_quotes_or_anything_left_there_is_none():
    book, table = waiting()
    assert hedge_order(book.orders[CLOSE].order, book, None, START) is None
    has(book, {}, {})
    assert hedge_order(book.orders[CLOSE].order, book, table, START) is None
    assert not is_hedged(book, ORDER)
