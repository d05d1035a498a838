"""received = accepted + rejected, whatever came."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Products
from actors.domain.market.quote import UNSOUND_MIN
from actors.domain.market.quote_check import QuoteCode
from actors.domain.market.quote_count import UNKNOWN_SYMBOL, QuoteCount

CONTRACTS = tuple(Products().contract(f"T{chr(65 + row % 26)}") for row in range(30))
ROWS = np.arange(30, dtype=np.int32)
CODES = st.sets(st.sampled_from(list(QuoteCode)), max_size=4).map(lambda bits: sum(int(bit) for bit in bits))


@given(st.lists(st.tuples(st.lists(CODES, max_size=30), st.integers(0, 3)), max_size=10))
def test_received_is_accepted_plus_rejected_and_nothing_is_lost(batches):
    count, sent = QuoteCount(CONTRACTS), 0
    for codes, unknown in batches:
        count.add(np.array(codes, np.uint16), ROWS[: len(codes)])
        count.add_unknown(unknown)
        sent += len(codes) + unknown
    assert count.received == sent
    assert count.received == count.accepted + sum(count.rejected().values())
    assert count.accepted == sum(code < UNSOUND_MIN for codes, _ in batches for code in codes)


def test_a_refused_quote_counts_once_under_its_lowest_reason():
    count = QuoteCount(CONTRACTS)
    count.add(
        np.array([QuoteCode.NEGATIVE | QuoteCode.CROSSED | QuoteCode.LOCKED, QuoteCode.CROSSED], np.uint16), ROWS[:2]
    )
    assert count.rejected() == {"NEGATIVE": 1, "CROSSED": 1}
    assert count.flagged() == {}


def test_an_accepted_quote_counts_under_each_of_its_flags():
    count = QuoteCount(CONTRACTS)
    count.add(np.array([QuoteCode.ONE_SIDED | QuoteCode.NO_SIZE, QuoteCode.NO_SIZE, 0], np.uint16), ROWS[:3])
    assert count.flagged() == {"ONE_SIDED": 1, "NO_SIZE": 2}
    assert (count.received, count.accepted, count.rejected()) == (3, 3, {})


def test_an_unknown_symbol_is_a_reason_of_its_own():
    count = QuoteCount(CONTRACTS)
    count.add_unknown(2)
    assert (count.received, count.accepted, count.rejected()) == (2, 0, {UNKNOWN_SYMBOL: 2})


def test_a_refused_quote_counts_for_its_contract_too_and_the_worst_are_told_first():
    count = QuoteCount(CONTRACTS)
    crossed, both = QuoteCode.CROSSED, QuoteCode.EMPTY | QuoteCode.JUMP | QuoteCode.LOCKED
    rows = np.array([4, 9, 9, 4, 9, 5], np.int32)
    count.add(np.array([crossed, crossed, both, 0, both, QuoteCode.LOCKED], np.uint16), rows)
    assert count.rejected_of(9) == {"TJ": {"CROSSED": 1, "EMPTY": 2}, "TE": {"CROSSED": 1}}
    assert list(count.rejected_of(1)) == ["TJ"]
