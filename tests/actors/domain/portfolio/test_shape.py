"""What structures are called, and what they can win and lose."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Products, Right, SettlementTime, occ_symbol
from actors.domain.orders.order import Action, Leg
from actors.domain.portfolio.shape import Name, Shape, shape_of, shape_of_legs
from tests.builders import SPXW

PRODUCTS = Products()
NEAR, FAR, LAST = date(2026, 1, 16), date(2026, 2, 20), date(2026, 3, 20)


def option(text: str) -> str:
    """`90P` is a put of the near expiry; `90P+` of the far one, `90P++` of the one after."""
    strike, right, later = text.rstrip("+")[:-1], text.rstrip("+")[-1], text.count("+")
    return occ_symbol("SPY", (NEAR, FAR, LAST)[later], Right(right), Decimal(strike))


def held(text: str) -> list[tuple[str, int]]:
    """`+1 90P -1 95P +100 SPY` as signed quantities by symbol."""
    words = text.split()
    return [
        (each if each == "SPY" else option(each), int(count))
        for count, each in zip(words[::2], words[1::2], strict=True)
    ]


def shape(text: str, **more: Decimal) -> Shape:
    pairs = held(text)
    return shape_of(pairs, {symbol: PRODUCTS.contract(symbol) for symbol, _ in pairs}, **more)


KNOWN = [
    ("+1 90C", Name.LONG_CALL),
    ("+3 90P", Name.LONG_PUT),
    ("-1 90C", Name.NAKED_CALL),
    ("-2 90P", Name.NAKED_PUT),
    ("-1 90C +1 95C", Name.CREDIT_CALL_SPREAD),
    ("+1 90C -1 95C", Name.DEBIT_CALL_SPREAD),
    ("+1 90P -1 95P", Name.CREDIT_PUT_SPREAD),
    ("-1 90P +1 95P", Name.DEBIT_PUT_SPREAD),
    ("+1 90P +1 90C", Name.LONG_STRADDLE),
    ("-1 90P -1 90C", Name.SHORT_STRADDLE),
    ("+1 85P +1 95C", Name.LONG_STRANGLE),
    ("-1 85P -1 95C", Name.SHORT_STRANGLE),
    ("+1 95P +1 85C", Name.LONG_GUTS),
    ("-1 95P -1 85C", Name.SHORT_GUTS),
    ("-1 90P +1 90C", Name.LONG_SYNTHETIC),
    ("+1 90P -1 90C", Name.SHORT_SYNTHETIC),
    ("-1 85P +1 95C", Name.RISK_REVERSAL),
    ("+1 85P -1 95C", Name.RISK_REVERSAL),
    ("+1 85C -2 90C +1 95C", Name.LONG_BUTTERFLY),
    ("+1 80P -2 90P +1 95P", Name.LONG_BUTTERFLY),
    ("-1 85P +2 90P -1 95P", Name.SHORT_BUTTERFLY),
    ("+1 80P -1 85P -1 90P +1 95P", Name.LONG_CONDOR),
    ("-1 80C +1 85C +1 90C -1 95C", Name.SHORT_CONDOR),
    ("+1 80P -1 85P -1 95C +1 99C", Name.IRON_CONDOR),
    ("+1 80P -1 90P -1 90C +1 99C", Name.IRON_BUTTERFLY),
    ("-1 80P +1 85P +1 95C -1 99C", Name.REVERSE_IRON_CONDOR),
    ("-1 80P +1 90P +1 90C -1 99C", Name.REVERSE_IRON_BUTTERFLY),
    ("+1 80P -1 96P -1 95C +1 99C", Name.CUSTOM),
    ("-1 80P +1 90P +1 80C -1 90C", Name.LONG_BOX),
    ("+1 80P -1 90P -1 80C +1 90C", Name.SHORT_BOX),
    ("-1 85P -1 95C +1 99C", Name.JADE_LIZARD),
    ("+1 80P -1 85P -1 95C", Name.JADE_LIZARD),
    ("-2 80P -1 85P +1 90P", Name.ONE_ONE_TWO),
    ("+1 90C -1 95C -2 99C", Name.ONE_ONE_TWO),
    ("+1 90C -2 95C", Name.RATIO_SPREAD),
    ("+2 80P -3 75P", Name.RATIO_SPREAD),
    ("-1 90C +2 95C", Name.BACKSPREAD),
    ("-1 90P +1 90P+", Name.CALENDAR),
    ("-1 90C +1 95C+", Name.DIAGONAL),
    ("+1 90P -1 90P+", Name.SHORT_CALENDAR),
    ("+1 90P -1 85P+", Name.SHORT_DIAGONAL),
    ("-1 85P -1 95C +1 85P+ +1 95C+", Name.DOUBLE_CALENDAR),
    ("-1 85P -1 95C +1 80P+ +1 99C+", Name.DOUBLE_DIAGONAL),
    ("-1 90P +1 90P+ -1 90P++", Name.CUSTOM),
    ("+100 SPY -1 90C", Name.COVERED_CALL),
    ("+300 SPY -3 90C", Name.COVERED_CALL),
    ("-100 SPY -1 90P", Name.COVERED_PUT),
    ("+100 SPY +1 90P", Name.PROTECTIVE_PUT),
    ("+100 SPY +1 85P -1 95C", Name.COLLAR),
    ("+100 SPY -2 90C", Name.CUSTOM),
    ("+100 SPY", Name.SHARES),
]


@pytest.mark.parametrize(("legs", "name"), KNOWN)
def test_a_structure_is_called_what_traders_call_it(legs, name):
    assert shape(legs).name is name


def test_a_short_put_is_cash_secured_by_its_whole_strike_and_by_no_dollar_less():
    assert shape("-2 90P", cash=Decimal(18_000)).name is Name.CASH_SECURED_PUT
    assert shape("-2 90P", cash=Decimal(17_999)).name is Name.NAKED_PUT


@given(
    case=st.sampled_from(KNOWN),
    scale=st.integers(1, 7),
    cuts=st.lists(st.integers(0, 6), min_size=4, max_size=4),
    data=st.data(),
)
def test_order_splitting_and_scaling_change_no_name_and_no_figure(case, scale, cuts, data):
    pairs = held(case[0])
    contracts = {symbol: PRODUCTS.contract(symbol) for symbol, _ in pairs}
    split = []
    for (symbol, quantity), cut in zip(pairs, cuts, strict=False):
        split += [(symbol, quantity * scale - cut), (symbol, cut)]
    one, other = shape_of(pairs, contracts), shape_of(data.draw(st.permutations(split)), contracts)
    figures = ("name", "parts", "lots", "width", "uncovered_calls", "uncovered_puts", "worst", "best")
    assert [getattr(one, each) for each in figures] == [getattr(other, each) for each in figures]
    assert other.combos == one.combos * scale


@pytest.mark.parametrize(
    ("legs", "net", "loss", "profit", "break_evens", "width"),
    [
        ("+1 80P -1 85P -1 95C +1 100C", "2", "3", "2", ("83", "97"), "5"),
        ("+1 80P -1 90P -1 90C +1 98C", "6", "4", "6", ("84", "96"), "10"),
        ("-1 90C +1 95C", "2", "3", "2", ("92",), "5"),
        ("+1 90C -1 95C", "-2", "2", "3", ("92",), "5"),
        ("+1 85C -2 90C +1 95C", "-1", "1", "4", ("86", "94"), "5"),
        ("-1 85P -1 95C", "3", None, "3", ("82", "98"), None),
        ("-1 90P", "4", "86", "4", ("86",), None),
        ("+1 90C", "-4", "4", None, ("94",), None),
        ("-2 80P -1 85P +1 90P", "1", "154", "6", ("77",), "5"),
        ("+1 90C -2 95C", "1", None, "6", ("101",), "5"),
        ("-1 90P +1 90P+", "-3", "3", None, (), "0"),
        ("+100 SPY -1 95C", "-90", "90", "5", ("90",), None),
    ],
)
def test_what_a_combo_can_win_and_lose(legs, net, loss, profit, break_evens, width):
    found, price = shape(legs), Decimal(net)
    assert found.loss_max(price) == (None if loss is None else Decimal(loss))
    assert found.break_evens(price) == tuple(Decimal(each) for each in break_evens)
    assert found.width == (None if width is None else Decimal(width))
    if profit is not None or "+ " not in f"{legs} ":
        assert found.profit_max(price) == (None if profit is None else Decimal(profit))


@pytest.mark.parametrize(
    ("legs", "calls", "puts"),
    [
        ("+1 80P -1 85P -1 95C +1 99C", 0, 0),
        ("-1 85P -1 95C", 1, 1),
        ("+1 90C -2 95C", 1, 0),
        ("-2 80P -1 85P +1 90P", 0, 2),
        ("-1 90P +1 90P+", 0, 0),
        ("+1 90P -1 90P+", 0, 1),
        ("-1 90C -1 90C+ +2 95C++", 0, 0),
        ("-1 90C -1 90C+ +1 95C +1 95C++", 0, 0),
        ("-2 90C+ +1 95C +1 95C++", 1, 0),
        ("+100 SPY -1 90C", 0, 0),
        ("+100 SPY -2 90C", 1, 0),
        ("-100 SPY -1 90P -1 90C", 1, 0),
    ],
)
def test_each_short_needs_a_long_that_outlives_it(legs, calls, puts):
    found = shape(legs)
    assert (found.uncovered_calls, found.uncovered_puts) == (calls, puts)
    assert found.is_naked == bool(calls or puts)


def test_a_loss_is_bounded_where_shorts_of_two_days_have_longs_of_a_third():
    assert shape("-1 90C -1 90C+ +2 95C++").loss_max(Decimal(0)) == 10


def test_the_legs_of_an_order_are_read_as_one_combo():
    legs = (
        Leg(symbol=option("90C"), action=Action.BUY_TO_OPEN),
        Leg(symbol=option("95C"), action=Action.SELL_TO_OPEN, ratio=2),
    )
    found = shape_of_legs(legs, {leg.symbol: PRODUCTS.contract(leg.symbol) for leg in legs})
    assert (found.name, found.combos) == (Name.RATIO_SPREAD, 1)


def test_what_settles_in_the_morning_covers_nothing_that_lives_until_the_close():
    morning = SPXW.model_copy(update={"root": "SPX", "settlement_time": SettlementTime.AM})
    products = Products((SPXW, morning))
    am, pm = (products.contract(occ_symbol(root, NEAR, Right.PUT, Decimal(5000))) for root in ("SPX", "SPXW"))
    contracts = {each.symbol: each for each in (am, pm)}
    assert shape_of([(am.symbol, 1), (pm.symbol, -1)], contracts).name is Name.SHORT_CALENDAR
    assert shape_of([(am.symbol, 1), (pm.symbol, -1)], contracts).uncovered_puts == 1
    assert shape_of([(am.symbol, -1), (pm.symbol, 1)], contracts).uncovered_puts == 0
