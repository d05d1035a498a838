"""The table of latest quotes: later rows win, and an unsound one moves no mark."""

from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.quote import UNSOUND_MIN, QuoteFrame, QuoteTable, price
from tests.builders import CONDOR_SYMBOLS, quotes, universe
from tests.fakes import START

SYMBOL = CONDOR_SYMBOLS[1]
COUNT = len(CONDOR_SYMBOLS) + 1


def frame(rows: list[int], bids: list[float], codes: list[int], received_ns: int = 5) -> QuoteFrame:
    bid = np.array(bids)
    return QuoteFrame(
        universe=1,
        sequence=1,
        rows=np.array(rows, np.int32),
        bid=bid,
        ask=bid + 1,
        bid_size=np.full(len(rows), 3, np.float32),
        ask_size=np.full(len(rows), 4, np.float32),
        exchange_ns=np.full(len(rows), int(START.timestamp() * 1e9), np.int64),
        received_ns=received_ns,
        codes=np.array(codes, np.uint16),
    )


def test_a_quote_reads_as_money_and_aware_time():
    table = QuoteTable(universe())
    table.apply(quotes(7))
    quote = table.quote(SYMBOL)
    assert (quote.bid, quote.ask, quote.mid) == (Decimal("2.0000"), Decimal("2.0500"), Decimal("2.0250"))
    assert (quote.bid_size, quote.ask_size, quote.received_ns, quote.code) == (20, 20, 7, 0)
    assert (quote.exchange_at, quote.exchange_at.tzinfo) == (START, UTC)


def test_nothing_is_quoted_before_it_came_or_outside_the_universe():
    table = QuoteTable(universe())
    assert table.quote(SYMBOL) is None
    table.apply(quotes(7))
    assert table.quote("GOOG") is None


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9)), max_size=9))
def test_a_quote_that_was_asked_for_shows_what_later_frames_bring(moves):
    table, stands = QuoteTable(universe()), {}
    symbols = [contract.symbol for contract in table.universe.contracts]
    for row, bid in moves:
        table.apply(frame([row], [bid], [0]))
        stands[row] = Decimal(bid)
        seen = [table.quote(symbol) for symbol in symbols]
        assert {place: quote.bid for place, quote in enumerate(seen) if quote is not None} == stands


@pytest.mark.parametrize("column", ["bid", "ask"])
def test_a_missing_side_is_none_and_leaves_no_mid(column):
    table = QuoteTable(universe())
    table.apply(quotes(7))
    getattr(table, column)[table.row_of[SYMBOL]] = np.nan
    quote = table.quote(SYMBOL)
    assert (getattr(quote, column), quote.mid) == (None, None)


def test_a_quote_without_the_exchanges_time_has_none():
    table = QuoteTable(universe())
    sent = quotes(7)
    table.apply(replace(sent, exchange_ns=np.zeros(len(sent.rows), np.int64)))
    assert table.quote(SYMBOL).exchange_at is None


rows = st.lists(
    st.tuples(
        st.integers(0, COUNT - 1), st.integers(1, 999), st.sampled_from([0, 1, UNSOUND_MIN - 1, UNSOUND_MIN, 0xFFFF])
    ),
    max_size=6,
)


@given(st.lists(rows, max_size=5))
def test_each_row_holds_its_last_sound_quote_and_its_last_code(frames):
    table = QuoteTable(universe())
    marks: dict[int, tuple[float, int]] = {}
    codes: dict[int, int] = {}
    for stamp, batch in enumerate(frames, start=1):
        table.apply(frame([r for r, _, _ in batch], [b for _, b, _ in batch], [c for _, _, c in batch], stamp))
        for row, bid, code in batch:
            codes[row] = code
            if code < UNSOUND_MIN:
                marks[row] = (bid, stamp)
    for row in range(COUNT):
        assert table.codes[row] == codes.get(row, 0)
        if row in marks:
            assert (table.bid[row], table.ask[row], table.received_ns[row]) == (
                marks[row][0],
                marks[row][0] + 1,
                marks[row][1],
            )
        else:
            assert np.isnan(table.bid[row])
            assert table.received_ns[row] == 0


@pytest.mark.parametrize(
    ("value", "expected"), [(float("nan"), None), (0.1, "0.1000"), (2.05, "2.0500"), (0.00004, "0.0000")]
)
def test_a_price_is_exact_to_the_hundredth_of_a_cent(value, expected):
    assert price(value) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(("market_s", "boot_s", "age_s"), [(3, 1, 3.0), (1, 3, 3.0)])
def test_a_quote_is_as_old_as_the_worse_of_two_clocks_says(market_s, boot_s, age_s):
    table = QuoteTable(universe())
    table.apply(quotes(7))
    now = START + timedelta(seconds=market_s)
    assert table.quote(SYMBOL).age_s(now, 7 + boot_s * 10**9) == age_s
