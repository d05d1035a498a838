"""What a position is worth: the price at which one could close it, or nothing."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Right, Settlement, Style
from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Action, Leg
from actors.domain.portfolio.mark import closing_price, mid_price, natural_price, worth
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, condor_legs, quotes, universe

LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = CONDOR_SYMBOLS
NAN = float("nan")
CONTRACTS = {symbol: PRODUCTS.contract(symbol) for symbol in CONDOR_SYMBOLS}
SHORT_CONDOR = {LONG_PUT: 1, SHORT_PUT: -1, SHORT_CALL: -1, LONG_CALL: 1}
WIDTH = Decimal(50) * 100


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
    assert worth({LONG_PUT: 1}, empty, CONTRACTS) is None


@pytest.mark.parametrize("column", ["bid", "ask"])
def test_a_mid_needs_both_sides(column):
    assert mid_price(condor_legs(), table(**{column: (LONG_CALL, NAN)})) is None


def test_nothing_held_is_worth_nothing():
    assert worth({}, QuoteTable(universe()), {}) == 0


@given(st.dictionaries(st.sampled_from(CONDOR_SYMBOLS), st.integers(-4, 4)))
def test_turning_a_holding_round_never_pays(holdings):
    """Closing it and closing its opposite together cost the spread."""
    there = worth(holdings, table(), CONTRACTS)
    back = worth({symbol: -count for symbol, count in holdings.items()}, table(), CONTRACTS)
    spread = sum(abs(count) for count in holdings.values()) * Decimal("0.05") * 100
    assert there + back == -spread


@given(st.lists(st.sampled_from([Action.BUY_TO_OPEN, Action.SELL_TO_OPEN]), min_size=4, max_size=4))
def test_the_natural_price_is_never_better_than_the_mid(actions):
    legs = tuple(Leg(symbol=symbol, action=action) for symbol, action in zip(CONDOR_SYMBOLS, actions, strict=True))
    assert natural_price(legs, table()) < mid_price(legs, table())


# What is European and settled in cash is marked within what it can come to be worth.

PRICES = st.decimals(0, 400, places=2)
SIDES = st.tuples(PRICES, PRICES).map(lambda two: (float(min(two)), float(max(two))))


def quoted(sides: dict[str, tuple[float, float]]) -> QuoteTable:
    found = table()
    for symbol, (bid, ask) in sides.items():
        found.bid[found.row_of[symbol]], found.ask[found.row_of[symbol]] = bid, ask
    return found


def raw(holdings: dict[str, int], seen: QuoteTable) -> Decimal:
    return sum(n * closing_price(seen.quote(symbol), n) * 100 for symbol, n in holdings.items())


def test_a_condor_quoted_wide_is_worth_no_less_than_its_width():
    seen = table(ask=(SHORT_PUT, 90.0))
    assert raw(SHORT_CONDOR, seen) < -WIDTH
    assert worth(SHORT_CONDOR, seen, CONTRACTS) == -WIDTH


def test_the_same_options_american_or_settled_in_shares_are_worth_what_closing_them_costs():
    seen = table(ask=(SHORT_PUT, 90.0))
    for change in ({"style": Style.AMERICAN}, {"settlement": Settlement.PHYSICAL}):
        others = {
            symbol: each.model_copy(update={"product": each.product.model_copy(update=change)})
            for symbol, each in CONTRACTS.items()
        }
        assert worth(SHORT_CONDOR, seen, others) == raw(SHORT_CONDOR, seen)


def test_a_short_nobody_offers_is_unknown_though_its_spread_has_a_width():
    assert worth(SHORT_CONDOR, table(ask=(SHORT_PUT, NAN)), CONTRACTS) is None


@given(st.fixed_dictionaries(dict.fromkeys(CONDOR_SYMBOLS, SIDES)), st.integers(1, 3))
def test_a_condor_is_marked_between_its_width_and_nothing_and_elsewhere_where_it_closes(sides, count):
    held, seen = {symbol: n * count for symbol, n in SHORT_CONDOR.items()}, quoted(sides)
    closing = raw(held, seen)
    assert worth(held, seen, CONTRACTS) == min(max(closing, -WIDTH * count), 0)


@given(
    st.fixed_dictionaries(dict.fromkeys(CONDOR_SYMBOLS, SIDES)),
    st.fixed_dictionaries(dict.fromkeys(CONDOR_SYMBOLS, st.integers(-3, 3))),
    st.integers(5_000, 7_000),
)
def test_no_mark_lies_outside_every_settlement_and_a_bare_short_is_marked_where_it_closes(sides, held, spot):
    seen, at_end = quoted(sides), Decimal(0)
    for symbol, n in held.items():
        strike, sign = CONTRACTS[symbol].strike, 1 if CONTRACTS[symbol].right is Right.CALL else -1
        at_end += n * max(Decimal(0), sign * (spot - strike)) * 100
    marked, closing = worth(held, seen, CONTRACTS), raw(held, seen)
    if closing > marked:  # it was taken down: nothing pays more at any end
        assert at_end <= marked
    if closing < marked:  # it was taken up: nothing pays less
        assert at_end >= marked
    if held[SHORT_CALL] + held[LONG_CALL] < 0:
        assert marked <= closing
