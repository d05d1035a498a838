import time
from datetime import timedelta
from decimal import Decimal
from statistics import median

import numpy as np
import pytest

from actors.domain.market.contract import Right, occ_symbol
from actors.domain.orders.order import Action, Leg
from actors.venue.displayed import Displayed, Plan, Watch
from actors.venue.market import Batch
from actors.venue.paper_order import NewOrder
from tests.actors.venue.paper_exchange import (
    ACCOUNT,
    C3700,
    C3710,
    DAY,
    NOW,
    PRODUCTS,
    SPX,
    SYMBOLS,
    SmallMarket,
    batch,
    open_exchange,
)

CONTRACTS = SmallMarket().contracts
ROW = SYMBOLS.index(C3700)


def test_a_row_touches_only_the_orders_that_wait_for_it_oldest_first():
    watch = Watch(10)
    watch.add(7, Plan(((2, 1), (3, -1)), 1.0))
    watch.add(4, Plan(((3, 1),), 1.0))
    watch.add(5, Plan(((9, 1),), 1.0))
    assert watch.touched(np.array([0, 3], np.int32)) == [4, 7]
    watch.drop(7)
    watch.drop(7)
    assert watch.touched(np.array([2, 3], np.int32)) == [4]
    watch.drop(4)
    assert watch.touched(np.array([2, 3, 8], np.int32)) == []


def test_marks_are_mids_then_prints_then_nothing():
    displayed = Displayed(CONTRACTS)
    assert displayed.mark(C3700, 1) is None
    displayed.apply(batch({C3700: (1.0, 1.1), C3710: (None, 0.05)}, last={SPX: 3700.65}))
    assert displayed.mark(C3700, -1) == Decimal("1.05")
    assert displayed.level(SPX) == Decimal("3700.65")
    assert (displayed.mark(C3710, 1), displayed.mark(C3710, -1)) == (0, None), "a long without a bid is worth nothing"
    displayed.apply(batch({C3700: (None, None)}, last={SPX: float("nan")}))
    assert displayed.level(SPX) == Decimal("3700.65"), "a missing print leaves the last"
    assert displayed.level("UNKNOWN") is None


def test_what_is_taken_is_gone_until_the_next_quote():
    displayed = Displayed(CONTRACTS)
    displayed.apply(batch({C3700: (1.0, 1.1, 5, 6)}))
    displayed.take(C3700, Action.BUY_TO_OPEN, 4)
    displayed.take(C3700, Action.SELL_TO_OPEN, 5)
    shown = displayed.quote(C3700)
    assert (shown.bid_size, shown.ask_size) == (0, 2)
    displayed.apply(batch({C3700: (1.0, 1.1, 5, 6)}))
    assert displayed.quote(C3700).ask_size == 6


def test_the_quick_look_never_misses_what_the_exact_one_would_fill():
    displayed = Displayed(CONTRACTS)
    displayed.apply(batch({C3700: (0.1, 0.3), C3710: (0.2, 0.2)}))
    other = SYMBOLS.index(C3710)
    assert displayed.may_fill(Plan(((ROW, 1),), -0.3), 1.0)
    assert displayed.may_fill(Plan(((ROW, 1), (other, 2)), -0.7), 1.0), "0.1 + 0.2 is not 0.3 in floats"
    assert not displayed.may_fill(Plan(((ROW, 1),), -0.25), 1.0)
    assert displayed.may_fill(Plan(((ROW, 1),), -0.25), 0.5)
    assert displayed.may_fill(Plan(((ROW, 1),), None), 1.0)
    displayed.apply(batch({C3700: (0.1, None)}))
    assert not displayed.may_fill(Plan(((ROW, 1),), -0.3), 1.0)
    assert not displayed.may_fill(Plan(((ROW, 1),), None), 1.0)


@pytest.mark.alone
def test_advancing_2000_rows_past_20_working_condors_costs_far_less_than_a_millisecond(tmp_path):
    count, orders = 2000, 20
    symbols = [SPX, *(occ_symbol("SPXW", DAY, Right.CALL, Decimal(1000 + place)) for place in range(count))]
    market = SmallMarket(contracts=tuple(PRODUCTS.contract(symbol) for symbol in symbols))
    exchange = open_exchange(tmp_path / "venue.sqlite", market)
    quotes = Batch(
        at=NOW,
        rows=np.arange(1, count + 1, dtype=np.int32),
        bid=np.full(count, 5.0),
        ask=np.full(count, 5.2),
        bid_size=np.full(count, 50, np.float32),
        ask_size=np.full(count, 50, np.float32),
        last=np.full(count, np.nan),
        exchange_ns=np.zeros(count, np.int64),
    )
    actions = [Action.SELL_TO_OPEN, Action.BUY_TO_OPEN] * 2
    for number in range(orders):
        legs = tuple(
            Leg(symbol=symbols[1 + number * 50 + place], action=action) for place, action in enumerate(actions)
        )
        exchange.place(ACCOUNT, NewOrder(legs=legs, order_qty=1, net_price=Decimal(9)), NOW + timedelta(seconds=1))
    whole, columns = [], []
    for _ in range(100):
        started = time.perf_counter()
        exchange.advance(quotes)
        whole.append(time.perf_counter() - started)
        started = time.perf_counter()
        exchange._floor.displayed.apply(quotes)
        columns.append(time.perf_counter() - started)
    assert len([order for order in exchange.orders(ACCOUNT) if not order.is_terminal]) == orders
    assert median(whole) - median(columns) < 0.001
