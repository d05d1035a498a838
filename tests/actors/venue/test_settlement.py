import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Kind, Product, Products, Right, Settlement, occ_symbol
from actors.domain.orders.order import Action
from actors.venue.account import PaperPosition, TransactionType
from actors.venue.settlement import settle
from tests.actors.venue.paper_exchange import DAY, NOW

PRODUCTS = Products(
    (
        Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION, settlement=Settlement.CASH),
        Product(root="./ES", underlying="/ES", kind=Kind.FUTURE_OPTION, multiplier=50),
    )
)


def settled(symbol: str, quantity: int, price: str, shares: int = 0):
    contract = PRODUCTS.contract(symbol)
    position = PaperPosition(symbol, quantity, Decimal(1), contract.multiplier)
    return settle("A", position, contract, Decimal(price), shares, NOW)


def shown(symbol: str, quantity: int, price: str, shares: int = 0) -> list[tuple]:
    return [
        (moved.type.value, moved.symbol, moved.action.sign * moved.quantity, moved.price, moved.action.is_open)
        for moved in settled(symbol, quantity, price, shares)
    ]


CALL, PUT = "GOOG  210104C00740000", "GOOG  210104P00740000"
INDEX_CALL, INDEX_PUT = "SPXW  210104C03700000", "SPXW  210104P03700000"
FUTURE_CALL = "./ESH21 210104C03700000"


@pytest.mark.parametrize(
    ("symbol", "quantity", "price", "moves"),
    [
        (INDEX_CALL, 2, "3700.65", [("SETTLEMENT", INDEX_CALL, -2, Decimal("0.65"), False)]),
        (INDEX_CALL, -2, "3700.65", [("SETTLEMENT", INDEX_CALL, 2, Decimal("0.65"), False)]),
        (INDEX_PUT, -1, "3700.65", [("EXPIRATION", INDEX_PUT, 1, 0, False)]),
        (INDEX_PUT, -1, "3690", [("SETTLEMENT", INDEX_PUT, 1, 10, False)]),
        (FUTURE_CALL, 1, "3710.25", [("SETTLEMENT", FUTURE_CALL, -1, Decimal("10.25"), False)]),
        (CALL, 1, "740.01", [("EXERCISE", CALL, -1, 0, False), ("EXERCISE", "GOOG", 100, 740, True)]),
        (CALL, 1, "740.00", [("EXPIRATION", CALL, -1, 0, False)]),
        (CALL, 1, "740.009", [("EXPIRATION", CALL, -1, 0, False)]),
        (CALL, -1, "750", [("ASSIGNMENT", CALL, 1, 0, False), ("ASSIGNMENT", "GOOG", -100, 740, True)]),
        (PUT, 3, "700", [("EXERCISE", PUT, -3, 0, False), ("EXERCISE", "GOOG", -300, 740, True)]),
        (PUT, -3, "700", [("ASSIGNMENT", PUT, 3, 0, False), ("ASSIGNMENT", "GOOG", 300, 740, True)]),
    ],
)
def test_an_expired_option_pays_delivers_or_dies(symbol, quantity, price, moves):
    assert shown(symbol, quantity, price) == moves


def test_delivered_shares_close_what_they_offset():
    assert settled(CALL, -1, "750", shares=100)[1].action is Action.SELL_TO_CLOSE
    assert settled(PUT, -1, "700", shares=-100)[1].action is Action.BUY_TO_CLOSE
    assert settled(CALL, -2, "750", shares=100)[1].action is Action.SELL_TO_OPEN


def test_exercise_by_exception_follows_the_published_cases(shared):
    rules = json.loads((shared / "data/rules/occ_exercise_pin_risk.json").read_text())
    cases = rules["cases"]
    assert len(cases) >= 8
    for case in cases:
        symbol = occ_symbol("GOOG", DAY, Right(case["type"]), Decimal(str(case["strike"])))
        first = settled(symbol, 1, str(case["close"]))[0]
        assert (first.type is TransactionType.EXERCISE) == case["auto_exercise"], case


@given(st.integers(-5, 5).filter(bool), st.sampled_from(["C", "P"]), st.integers(1, 2000), st.integers(1, 2000))
def test_cash_settled_and_physical_options_are_worth_the_same(quantity, right, strike, price):
    values = []
    for root in ("SPXW", "GOOG"):
        symbol = occ_symbol(root, DAY, Right(right), Decimal(strike))
        moves = settled(symbol, quantity, str(price))
        cash = sum(moved.transaction(1).net for moved in moves)
        held = sum(moved.action.sign * moved.quantity for moved in moves if moved.symbol == "GOOG")
        values.append(cash + held * price)
    assert values[0] == values[1]
