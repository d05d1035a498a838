"""Whole combos, what is beyond them, and the legs that undo a holding."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Action, Leg
from actors.domain.portfolio.structure import Structure, closing, excess
from tests.builders import CONDOR_SYMBOLS, condor_legs, quotes, universe
from tests.fakes import START

LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = CONDOR_SYMBOLS


def structure(holdings: dict[str, int], legs: tuple[Leg, ...] | None = None) -> Structure:
    return Structure(
        structure_id="s",
        strategy="condor",
        underlying="SPX",
        account_domain="a",
        legs=legs or condor_legs(),
        order_qty=1,
        holdings=holdings,
        opened_at=START,
    )


@pytest.mark.parametrize(
    ("held", "quantity", "naked"),
    [
        ((0, 0, 0, 0), 0, {}),
        ((1, -1, -1, 1), 1, {}),
        ((3, -3, -3, 3), 3, {}),
        ((2, -1, -1, 1), 1, {}),
        ((0, -1, 0, 0), 0, {SHORT_PUT: -1}),
        ((1, -2, -1, 1), 1, {SHORT_PUT: -1}),
        ((1, 0, 0, 1), 0, {}),
        ((0, -1, -1, 0), 0, {SHORT_PUT: -1, SHORT_CALL: -1}),
        ((-1, 1, 1, -1), 0, {LONG_PUT: -1, LONG_CALL: -1}),
    ],
)
def test_whole_combos_and_the_shorts_beyond_them(held, quantity, naked):
    found = structure({symbol: count for symbol, count in zip(CONDOR_SYMBOLS, held, strict=True) if count})
    assert (found.quantity, dict(found.naked)) == (quantity, naked)


def test_a_ratio_counts_its_contracts():
    legs = (
        Leg(symbol=LONG_CALL, action=Action.BUY_TO_OPEN),
        Leg(symbol=SHORT_CALL, action=Action.SELL_TO_OPEN, ratio=2),
    )
    found = structure({LONG_CALL: 2, SHORT_CALL: -5}, legs)
    assert (found.quantity, excess(found)) == (2, {SHORT_CALL: -1})


held_somehow = st.dictionaries(st.sampled_from(CONDOR_SYMBOLS), st.integers(-6, 6).filter(bool))


@given(held_somehow)
def test_whole_combos_and_the_excess_are_what_is_held(holdings):
    found = structure(holdings)
    total = dict(excess(found))
    for leg in found.legs:
        total[leg.symbol] = total.get(leg.symbol, 0) + found.quantity * leg.ratio * leg.action.sign
    assert {symbol: count for symbol, count in total.items() if count} == holdings
    assert found.quantity >= 0


@given(held_somehow)
def test_the_closing_legs_leave_nothing_and_buy_before_they_sell(holdings):
    legs, quantity = closing(holdings)
    left = dict(holdings)
    for leg in legs:
        left[leg.symbol] += leg.action.sign * leg.ratio * quantity
        assert not leg.action.is_open
    assert not any(left.values())
    assert [leg.action.is_buy for leg in legs] == sorted((leg.action.is_buy for leg in legs), reverse=True)


@given(st.lists(st.tuples(st.sampled_from(CONDOR_SYMBOLS), st.integers(-3, 3)), max_size=12))
def test_moves_add_up_and_a_holding_of_nothing_is_gone(moves):
    found = structure({})
    expected: dict[str, int] = {}
    for symbol, count in moves:
        found = found.moved(symbol, count)
        expected[symbol] = expected.get(symbol, 0) + count
    assert found.holdings == {symbol: count for symbol, count in expected.items() if count}
    assert found.is_flat is not any(expected.values())


def test_cash_counts_as_entry_and_as_fee_only_where_it_is_said():
    found = structure({}).paid(Decimal(200), entry=True).paid(Decimal(-3), fee=True).paid(Decimal(-80))
    assert (found.cash, found.entry_cash, found.fees) == (117, 200, 3)


def test_a_long_nobody_bids_for_is_kept_and_a_short_nobody_bids_for_is_not():
    table = QuoteTable(universe())
    table.apply(quotes(1))
    for symbol in (LONG_PUT, SHORT_PUT):
        table.bid[table.row_of[symbol]] = float("nan")
    legs, quantity = closing({LONG_PUT: 1, SHORT_PUT: -1, LONG_CALL: 1}, table)
    assert ([leg.symbol for leg in legs], quantity) == ([SHORT_PUT, LONG_CALL], 1)
    assert closing({LONG_PUT: 1}, table) == ((), 0)


def test_a_long_without_any_quote_is_not_taken_for_worthless():
    assert [leg.symbol for leg in closing({LONG_PUT: 1}, QuoteTable(universe()))[0]] == [LONG_PUT]


@pytest.mark.parametrize(
    ("held", "against"),
    [
        ((1, -1, -1, 1), {}),
        ((0, 0, 0, 0), {}),
        ((-1, 1, 1, -1), {LONG_PUT: -1, SHORT_PUT: 1, SHORT_CALL: 1, LONG_CALL: -1}),
        ((0, 1, 0, 0), {SHORT_PUT: 1}),
    ],
)
def test_more_closed_than_was_there_shows_as_held_against_the_legs(held, against):
    assert structure(dict(zip(CONDOR_SYMBOLS, held, strict=True))).reversed == against
