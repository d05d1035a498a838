"""What each quote is worth: the table of codes, and what must hold of any batch."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Kind, Product, Products
from actors.domain.market.quote import UNSOUND_MIN, QuoteFrame, QuoteTable, RawQuotes, Universe
from actors.domain.market.quote_check import LastGood, QuoteCode, QuoteLimits, check, reasons

NOW_NS = 1_609_772_400_000_000_000
SECOND_NS = 1_000_000_000
OIL = Product(root="/CL", underlying="/CL", kind=Kind.FUTURE, multiplier=1000)
PRODUCTS = Products((Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION), OIL))
CONTRACTS = tuple(map(PRODUCTS.contract, ("SPX", "GOOG", "/CLK20", "SPXW  210104C03700000", "GOOG  151224C00750000")))
INDEX, EQUITY, FUTURE, OPTION, OTHER = range(5)
NAN, INF = math.nan, math.inf


def batch(*quotes):
    """Make a batch of (row, bid, ask, bid_size, ask_size, exchange_ns)."""
    rows, bid, ask, bid_size, ask_size, exchange_ns = zip(*quotes, strict=True)
    return RawQuotes(
        rows=np.array(rows, np.int32),
        bid=np.array(bid, np.float64),
        ask=np.array(ask, np.float64),
        bid_size=np.array(bid_size, np.float32),
        ask_size=np.array(ask_size, np.float32),
        exchange_ns=np.array(exchange_ns, np.int64),
    )


def last_good():
    return LastGood(CONTRACTS, QuoteLimits())


@pytest.mark.parametrize(
    ("row", "bid", "ask", "bid_size", "ask_size", "names"),
    [
        (OPTION, 1.0, 1.1, 5, 5, ()),
        (OPTION, 0.0, 0.05, 0, 9, ("ONE_SIDED", "NO_SIZE")),
        (OPTION, NAN, 0.05, 0, 9, ("ONE_SIDED", "NO_SIZE")),
        (OPTION, 1.0, NAN, 5, 0, ("ONE_SIDED", "NO_SIZE")),
        (OPTION, 1.0, 1.0, 5, 5, ("LOCKED",)),
        (OPTION, 1.0, 1.1, 5, 0, ("NO_SIZE",)),
        (OPTION, 1.0, 1.1, NAN, 5, ("NO_SIZE",)),
        (OPTION, NAN, NAN, 5, 5, ("EMPTY", "ONE_SIDED")),
        (OPTION, -0.1, 1.1, 5, 5, ("NEGATIVE",)),
        (OPTION, 1.0, -1.1, 5, 5, ("NEGATIVE", "CROSSED")),
        (OPTION, 1.0, INF, 5, 5, ("ABSURD",)),
        (OPTION, -INF, INF, 5, 5, ("NEGATIVE", "ABSURD")),
        (OPTION, 0.0, 0.0, 5, 5, ("WORTHLESS", "ONE_SIDED", "LOCKED")),
        (OPTION, 1.0, 0.0, 5, 5, ("WORTHLESS", "CROSSED")),
        (FUTURE, -1.0, 0.0, 5, 5, ()),
        (FUTURE, 1.0, INF, 5, 5, ("ABSURD",)),
        (OPTION, 1.2, 1.1, 5, 5, ("CROSSED",)),
        (EQUITY, 750.2, 750.1, 5, 5, ("CROSSED",)),
        (EQUITY, 750.1, 750.1, 5, 5, ("LOCKED",)),
        (INDEX, 3700.65, 3700.65, 0, 0, ()),
        (INDEX, NAN, NAN, 0, 0, ("EMPTY", "ONE_SIDED")),
        (FUTURE, -37.63, -37.6, 5, 5, ()),
        (FUTURE, -37.6, -37.63, 5, 5, ("CROSSED",)),
    ],
)
def test_each_fault_has_its_code(row, bid, ask, bid_size, ask_size, names):
    (code,) = check(batch((row, bid, ask, bid_size, ask_size, NOW_NS)), last_good(), NOW_NS)
    assert set(reasons(int(code))) == set(names)


@pytest.mark.parametrize(
    ("seconds", "names"), [(-899, ()), (-901, ("OLD",)), (4.9, ()), (5.1, ("FUTURE",)), (None, ())]
)
def test_a_stamp_may_be_absent_but_neither_old_nor_ahead(seconds, names):
    stamp = 0 if seconds is None else NOW_NS + int(seconds * SECOND_NS)
    (code,) = check(batch((OPTION, 1.0, 1.1, 5, 5, stamp)), last_good(), NOW_NS)
    assert reasons(int(code)) == names


def codes_at(last, *seconds, ask=1.1):
    stamps = [NOW_NS - 60 * SECOND_NS + int(second * SECOND_NS) for second in seconds]
    return [int(check(batch((OPTION, 1.0, ask, 5, 5, stamp)), last, NOW_NS)[0]) for stamp in stamps]


def test_a_quote_stamped_well_before_the_last_is_refused_once_and_a_stream_that_begins_further_back_is_believed():
    assert codes_at(last_good(), 30, 25, 20, 14.9, 15, 31) == [0, 0, 0, QuoteCode.REWOUND, 0, 0]


def test_neither_a_missing_stamp_nor_a_missing_side_is_called_rewound():
    last = last_good()
    codes_at(last, 30)
    assert int(check(batch((OPTION, 1.0, 1.1, 5, 5, 0)), last, NOW_NS)[0]) == 0
    codes_at(last, 30)
    assert codes_at(last, 1, ask=NAN) == [QuoteCode.ONE_SIDED]


def test_a_rewound_quote_moves_no_middle():
    last = last_good()
    codes_at(last, 30)
    codes_at(last, 1, ask=3.1)
    assert last.mid[OPTION] == pytest.approx(1.05)


def codes_of(last, row, *mids):
    return [int(check(batch((row, m - 0.05, m + 0.05, 5, 5, NOW_NS)), last, NOW_NS)[0]) for m in mids]


def test_a_jump_is_refused_once_and_believed_when_a_second_quote_confirms_it():
    assert codes_of(last_good(), EQUITY, 750.0, 1000.0, 1001.0, 1002.0) == [0, QuoteCode.JUMP, 0, 0]


def test_a_single_stray_print_is_refused_and_the_old_level_goes_on():
    assert codes_of(last_good(), INDEX, 3700.0, 37.0, 3701.0, 3702.0) == [0, QuoteCode.JUMP, 0, 0]


def test_an_option_may_multiply_where_its_underlying_may_not():
    assert codes_of(last_good(), OPTION, 2.0, 15.0) == [0, 0]
    assert codes_of(last_good(), EQUITY, 50.0, 70.0) == [0, QuoteCode.JUMP]


def test_a_move_of_a_few_points_is_never_a_jump():
    assert codes_of(last_good(), OPTION, 0.1, 4.9) == [0, 0]


def test_an_unsound_quote_is_not_remembered():
    last = last_good()
    check(batch((EQUITY, 100.0, 100.1, 5, 5, NOW_NS)), last, NOW_NS)
    check(batch((EQUITY, 180.0, 170.0, 5, 5, NOW_NS)), last, NOW_NS)
    assert last.mid[EQUITY] == pytest.approx(100.05)
    assert np.isnan(last.doubted).all()


def test_one_bad_row_leaves_the_others_of_its_batch_alone():
    last = last_good()
    codes = check(
        batch((OPTION, 1.0, 1.1, 5, 5, NOW_NS), (OTHER, 2.0, 1.0, 5, 5, NOW_NS), (INDEX, 9.0, 9.0, 0, 0, 0)),
        last,
        NOW_NS,
    )
    assert [reasons(int(code)) for code in codes] == [(), ("CROSSED",), ()]
    assert last.mid[OPTION] == pytest.approx(1.05)
    assert np.isnan(last.mid[OTHER])


def test_a_flagged_quote_moves_the_mark_and_an_unsound_one_does_not():
    last, table = last_good(), QuoteTable(Universe(version=1, contracts=CONTRACTS))
    for number, (bid, ask) in enumerate(((1.0, 1.1), (2.0, 2.0), (9.0, 3.0))):
        raw = batch((OPTION, bid, ask, 5, 5, NOW_NS))
        columns = (raw.rows, raw.bid, raw.ask, raw.bid_size, raw.ask_size, raw.exchange_ns)
        table.apply(QuoteFrame(1, number, *columns, received_ns=number + 1, codes=check(raw, last, NOW_NS)))
    assert (table.bid[OPTION], table.ask[OPTION], table.received_ns[OPTION]) == (2.0, 2.0, 2)
    assert table.codes[OPTION] == QuoteCode.CROSSED


def test_reasons_come_before_flags():
    assert reasons(QuoteCode.EMPTY | QuoteCode.ONE_SIDED) == ("EMPTY", "ONE_SIDED")


def test_every_flag_lies_below_the_line_and_every_reason_above():
    flags = [bit for bit in QuoteCode if bit < UNSOUND_MIN]
    assert [bit.name for bit in flags] == ["ONE_SIDED", "LOCKED", "NO_SIZE", "FUTURE", "OLD"]
    assert max(QuoteCode) < 2**16


PRICES = st.one_of(st.floats(-10, 1e8), st.sampled_from([NAN, INF, -INF, 0.0]), st.floats(0.01, 20))
SIZES = st.one_of(st.integers(0, 100), st.just(NAN))
STAMPS = st.sampled_from([0, NOW_NS, NOW_NS - 3600 * SECOND_NS, NOW_NS + 3600 * SECOND_NS])
QUOTES = st.tuples(st.integers(0, len(CONTRACTS) - 1), PRICES, PRICES, SIZES, SIZES, STAMPS)


@given(st.lists(st.lists(QUOTES, min_size=1, max_size=8), max_size=6))
def test_no_quote_that_moves_a_mark_is_nonsense(batches):
    last, table = last_good(), QuoteTable(Universe(version=1, contracts=CONTRACTS))
    for number, quotes in enumerate(batches):
        raw = batch(*quotes)
        codes = check(raw, last, NOW_NS)
        columns = (raw.rows, raw.bid, raw.ask, raw.bid_size, raw.ask_size, raw.exchange_ns)
        table.apply(QuoteFrame(1, number, *columns, received_ns=1, codes=codes))
    marked = table.received_ns > 0
    assert not (np.isnan(table.bid) & np.isnan(table.ask))[marked].any()
    assert not (table.bid > table.ask).any()
    assert not (np.nan_to_num(table.bid) < 0)[[INDEX, EQUITY, OPTION, OTHER]].any()
    assert not np.isinf(table.bid).any()
    assert not np.isinf(last.mid).any()


@given(st.lists(QUOTES, min_size=1, max_size=20, unique_by=lambda quote: quote[0]))
def test_a_batch_is_judged_as_its_rows_one_by_one(quotes):
    together, apart = last_good(), last_good()
    codes = check(batch(*quotes), together, NOW_NS)
    assert codes.tolist() == [int(check(batch(quote), apart, NOW_NS)[0]) for quote in quotes]
    assert np.array_equal(together.mid, apart.mid, equal_nan=True)
