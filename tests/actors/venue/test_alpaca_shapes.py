"""The second broker's words, both ways."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders.order import Action
from actors.venue.alpaca_shapes import (
    Unprocessable,
    alpaca_symbol,
    canonical_symbol,
    new_order,
    order_number,
    order_uuid,
)
from tests.actors.venue.wire_clients import mleg

SINGLE = {"symbol": "SPXW261120C05000000", "qty": "2", "type": "limit", "time_in_force": "day", "limit_price": "1.5"}
CALL = "SPXW  261120C05000000"


@given(st.integers(1, 2**40), st.integers(0, 4))
def test_an_id_is_a_uuid_that_holds_the_number(number: int, leg: int):
    name = order_uuid(number, leg)
    assert order_number(name) == (number if leg == 0 else None)
    assert len({order_uuid(number, other) for other in range(5)}) == 5


@pytest.mark.parametrize("name", ["", "7", "61e69015-8549-4bfd-b9c3-01e75843f47d"])
def test_a_strange_id_is_nobodys(name: str):
    assert order_number(name) is None


@pytest.mark.parametrize("symbol", [CALL, "GOOG  151224C00750000", "SPY"])
def test_symbols_go_both_ways(symbol: str):
    assert canonical_symbol(alpaca_symbol(symbol)) == symbol


@pytest.mark.parametrize(
    ("side", "held", "intent", "action", "net"),
    [
        ("buy", 0, None, Action.BUY_TO_OPEN, "-1.5"),
        ("sell", 0, None, Action.SELL_TO_OPEN, "1.5"),
        ("buy", -2, None, Action.BUY_TO_CLOSE, "-1.5"),
        ("sell", 2, None, Action.SELL_TO_CLOSE, "1.5"),
        ("sell", 2, "sell_to_open", Action.SELL_TO_OPEN, "1.5"),
    ],
)
def test_a_simple_order_says_what_it_does_or_the_position_does(side, held, intent, action, net):
    body = SINGLE | {"side": side} | ({"position_intent": intent} if intent else {})
    new = new_order(body, {CALL: held})
    assert (new.legs[0].action, new.net_price, new.order_qty) == (action, Decimal(net), 2)
    assert new.strict_close is not action.is_open


def test_a_combos_price_is_the_buyers():
    assert new_order(mleg("1.25"), {}).net_price == Decimal("1.25")
    assert new_order(mleg("1.25") | {"limit_price": "0.4"}, {}).net_price == Decimal("-0.4")


@pytest.mark.parametrize(
    "change",
    [
        {"type": "stop"},
        {"time_in_force": "cls"},
        {"qty": "1.5"},
        {"qty": "0"},
        {"limit_price": None},
        {"limit_price": "NaN"},
        {"side": "buy", "position_intent": "sell_to_open"},
        {"position_intent": "hold"},
        {"order_class": "bracket"},
        {"client_order_id": "x" * 129},
        {"order_class": "mleg", "legs": [SINGLE | {"side": "buy"}]},
    ],
)
def test_what_the_broker_does_not_take_is_unprocessable(change: dict):
    with pytest.raises(Unprocessable):
        new_order(SINGLE | {"side": "buy"} | change, {})
