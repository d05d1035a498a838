"""The largest loss at expiry, against a search over prices."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.config import SHIPPED
from actors.domain.market.contract import Right, future_option_symbol
from actors.domain.orders.order import Action, Leg
from actors.domain.portfolio.cover import combo_of
from actors.domain.risk.structure_loss import exposure, loss_at_expiry, naked_exposure
from actors.products import load_products
from tests.builders import PRODUCTS, spxw

BUY, SELL = Action.BUY_TO_OPEN, Action.SELL_TO_OPEN


def leg(action: Action, strike: int, right: str = "C", ratio: int = 1, expires_on: date = date(2026, 1, 5)) -> Leg:
    return Leg(symbol=spxw(strike, right, expires_on), action=action, ratio=ratio)


def loss(legs: list[Leg], net_price: str, quantity: int = 1) -> Decimal | None:
    contracts = {each.symbol: PRODUCTS.contract(each.symbol) for each in legs}
    return loss_at_expiry(legs, contracts, Decimal(net_price), quantity)


@pytest.mark.parametrize(
    ("name", "legs", "net_price", "expected"),
    [
        ("long call", [leg(BUY, 5000)], "-3", 300),
        ("long put", [leg(BUY, 5000, "P")], "-3", 300),
        ("call credit spread", [leg(SELL, 5000), leg(BUY, 5010)], "3", 700),
        ("put credit spread", [leg(SELL, 5000, "P"), leg(BUY, 4990, "P")], "3", 700),
        ("call debit spread", [leg(BUY, 5000), leg(SELL, 5010)], "-3", 300),
        ("condor", [leg(BUY, 4900, "P"), leg(SELL, 4910, "P"), leg(SELL, 5000), leg(BUY, 5010)], "2", 800),
        ("uneven condor", [leg(BUY, 4900, "P"), leg(SELL, 4930, "P"), leg(SELL, 5000), leg(BUY, 5010)], "2", 2800),
        ("butterfly", [leg(BUY, 4990), leg(SELL, 5000, ratio=2), leg(BUY, 5010)], "-1", 100),
        (
            "box for more than it pays",
            [leg(BUY, 5000), leg(SELL, 5010), leg(BUY, 5010, "P"), leg(SELL, 5000, "P")],
            "-9",
            0,
        ),
        ("short call", [leg(SELL, 5000)], "3", None),
        ("short straddle", [leg(SELL, 5000), leg(SELL, 5000, "P")], "9", None),
        ("call ratio", [leg(BUY, 5000), leg(SELL, 5010, ratio=2)], "1", None),
        ("short put", [leg(SELL, 5000, "P")], "3", 499_700),
        (
            "calendar: the debit, and the interest that a European long may lack",
            [leg(SELL, 5000, "P"), leg(BUY, 5000, "P", expires_on=date(2026, 2, 20))],
            "-4",
            400 + 3_781,
        ),
        ("diagonal", [leg(SELL, 5000), leg(BUY, 5010, expires_on=date(2026, 1, 6))], "2", 800 + 83),
        (
            "the far short is covered by nothing",
            [leg(BUY, 5000, "P"), leg(SELL, 5000, "P", expires_on=date(2026, 2, 20))],
            "4",
            499_600,
        ),
    ],
)
def test_the_loss_of_a_structure_a_trader_knows(name, legs, net_price, expected):
    assert loss(legs, net_price) == expected


strikes = st.integers(min_value=90, max_value=110)
legs_drawn = st.lists(
    st.builds(leg, st.sampled_from([BUY, SELL]), strikes, st.sampled_from(["C", "P"]), st.integers(1, 3)),
    min_size=1,
    max_size=4,
    unique_by=lambda each: each.symbol,
)


@given(legs=legs_drawn, net=st.integers(-10, 10), quantity=st.integers(1, 5))
def test_no_price_at_expiry_loses_more_and_one_loses_as_much(legs, net, quantity):
    def profit(spot: int) -> Decimal:
        total = Decimal(net)
        for each in legs:
            contract = PRODUCTS.contract(each.symbol)
            distance = spot - contract.strike if contract.right is Right.CALL else contract.strike - spot
            total += each.action.sign * each.ratio * max(Decimal(0), distance)
        return total * 100 * quantity

    profits = [profit(spot) for spot in range(301)]
    found = loss(legs, str(net), quantity)
    if found is None:
        assert profits[-1] < profits[-2]
    else:
        assert found == max(Decimal(0), -min(profits))


def test_the_stand_in_for_an_unbounded_loss_is_a_fifth_of_the_larger_side():
    legs = [leg(SELL, 5000), leg(SELL, 4800, "P")]
    contracts = {each.symbol: PRODUCTS.contract(each.symbol) for each in legs}
    assert naked_exposure(legs, contracts.__getitem__, 2) == Decimal("0.20") * 5000 * 100 * 2


@pytest.mark.parametrize("action", [BUY, SELL])
def test_shares_have_no_bound_and_count_whole_so_a_limit_holds_for_them_too(action):
    shares = (Leg(symbol="SPY", action=action),)
    combo = combo_of(shares, PRODUCTS.contract)
    assert exposure(combo, shares, PRODUCTS.contract, Decimal("-600.25"), 200) == Decimal("600.25") * 200


ES = load_products(SHIPPED / "products.toml")
QUARTERLY, THIRD_WEEK = ("", date(2026, 12, 18)), ("EW3", date(2026, 12, 18))


def on_es(action: Action, strike: int, right: str = "C", series=THIRD_WEEK, future: str = "/ESZ26") -> Leg:
    root, on = series
    return Leg(symbol=future_option_symbol(future, on, Right(right), Decimal(strike), root), action=action)


def loss_on_es(legs: list[Leg], net_price: str) -> Decimal | None:
    return loss_at_expiry(legs, {each.symbol: ES.contract(each.symbol) for each in legs}, Decimal(net_price), 1)


CONDOR = [(BUY, 4900, "P"), (SELL, 4950, "P"), (SELL, 5050, "C"), (BUY, 5100, "C")]


@pytest.mark.parametrize("series", [QUARTERLY, THIRD_WEEK], ids=["quarterly", "weekly"])
@pytest.mark.parametrize(
    ("legs", "net_price", "points"),
    [
        (CONDOR, "9", 41),
        (CONDOR[:2], "4", 46),
        (CONDOR[2:], "4", 46),
        ([(BUY, 5050, "C"), (SELL, 5100, "C")], "-12", 12),
        ([(SELL, 4950, "P"), (SELL, 5050, "C")], "30", None),
    ],
    ids=["condor", "puts", "calls", "debit", "strangle"],
)
def test_a_structure_on_one_future_loses_what_one_on_an_index_does_at_fifty_dollars_a_point(
    series, legs, net_price, points
):
    expected = None if points is None else points * 50
    assert loss_on_es([on_es(*each, series) for each in legs], net_price) == expected
    on_index = loss([leg(*each) for each in legs], net_price)
    assert on_index == (None if points is None else points * 100)


def test_what_settles_in_the_morning_covers_nothing_that_lives_until_that_days_close():
    short, long = on_es(SELL, 5050), on_es(BUY, 5100, series=QUARTERLY)
    assert loss_on_es([short, long], "4") is None
    assert loss_on_es([on_es(SELL, 5050, series=QUARTERLY), on_es(BUY, 5100, series=QUARTERLY)], "4") == 46 * 50


def test_a_later_series_of_the_same_future_covers_an_earlier_one_by_its_strike():
    weekly = ("EW2", date(2026, 12, 11))
    assert loss_on_es([on_es(SELL, 5050, series=weekly), on_es(BUY, 5060, series=QUARTERLY)], "-1") == (10 + 1) * 50
