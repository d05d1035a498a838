"""What a position is worth: the price at which one could close it, or nothing."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Action, Leg
from actors.domain.portfolio.mark import closing_price, mid_price, natural_price, worth
from tests.builders import CONDOR_SYMBOLS, condor_legs, quotes, universe

LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = CONDOR_SYMBOLS
NAN = float("nan")


def table(**changes: tuple[str, float]) -> QuoteTable:
    """Put prices of the longs 1.00 / 1.05, of the shorts 2.00 / 2.05; `bid=(symbol, value)` changes one."""
    found = QuoteTable(universe())
    found.apply(quotes(1))
    for column, (symbol, value) in changes.items():
        getattr(found, column)[found.row_of[symbol]] = value
    return found


def test_a_condor_opens_at_the_bids_of_its_shorts_less_the_asks_of_its_longs():
    assert natural_price(condor_legs(), table()) == Decimal("1.90")
    assert mid_price(condor_legs(), table()) == Decimal("2.00")


def test_a_ratio_counts():
    legs = (Leg(symbol=SHORT_CALL, action=Action.SELL_TO_OPEN, ratio=2),)
    assert natural_price(legs, table()) == Decimal("4.00")


@pytest.mark.parametrize(
    ("changes", "quantity", "expected"),
    [
        ({}, 1, "1.00"),
        ({}, -1, "1.05"),
        ({"bid": (LONG_PUT, NAN)}, 1, "0"),
        ({"bid": (LONG_PUT, NAN)}, -1, "1.05"),
        ({"ask": (LONG_PUT, NAN)}, 1, "1.00"),
        ({"ask": (LONG_PUT, NAN)}, -1, None),
    ],
)
def test_a_missing_bid_is_worth_nothing_and_a_missing_ask_is_unknown(changes, quantity, expected):
    found = closing_price(table(**changes).quote(LONG_PUT), quantity)
    assert found == (None if expected is None else Decimal(expected))


def test_without_a_quote_there_is_no_price():
    empty = QuoteTable(universe())
    assert closing_price(empty.quote(LONG_PUT), 1) is None
    assert (natural_price(condor_legs(), empty), mid_price(condor_legs(), empty)) == (None, None)
    assert worth({LONG_PUT: 1}, empty, {LONG_PUT: 100}) is None


@pytest.mark.parametrize("column", ["bid", "ask"])
def test_a_mid_needs_both_sides(column):
    assert mid_price(condor_legs(), table(**{column: (LONG_CALL, NAN)})) is None


def test_nothing_held_is_worth_nothing():
    assert worth({}, QuoteTable(universe()), {}) == 0


@given(st.dictionaries(st.sampled_from(CONDOR_SYMBOLS), st.integers(-4, 4)))
def test_turning_a_holding_round_never_pays(holdings):
    """Closing it and closing its opposite together cost the spread."""
    multipliers = dict.fromkeys(holdings, 100)
    there = worth(holdings, table(), multipliers)
    back = worth({symbol: -count for symbol, count in holdings.items()}, table(), multipliers)
    spread = sum(abs(count) for count in holdings.values()) * Decimal("0.05") * 100
    assert there + back == -spread


@given(st.lists(st.sampled_from([Action.BUY_TO_OPEN, Action.SELL_TO_OPEN]), min_size=4, max_size=4))
def test_the_natural_price_is_never_better_than_the_mid(actions):
    legs = tuple(Leg(symbol=symbol, action=action) for symbol, action in zip(CONDOR_SYMBOLS, actions, strict=True))
    assert natural_price(legs, table()) < mid_price(legs, table())
