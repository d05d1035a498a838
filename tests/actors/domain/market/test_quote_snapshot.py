"""A latecomer's table ends as ours, and no quote looks younger than it is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Products
from actors.domain.market.quote import UNSOUND_MIN, QuoteFrame, QuoteTable, Universe
from actors.domain.market.quote_check import QuoteCode
from actors.domain.market.quote_snapshot import snapshot

CONTRACTS = tuple(Products().contract(f"GOOG  151224C00{strike}000") for strike in range(700, 720))
UNIVERSE = Universe(version=3, contracts=CONTRACTS)
NOW_NS = 10**15
OLDER_MAX = 2**0.25
"""A quarter of a doubling."""


def frame(rows, received_ns, codes, bid=1.0):
    count = len(rows)
    prices, sizes = np.full(count, bid), np.full(count, 5, np.float32)
    return QuoteFrame(
        universe=3,
        sequence=1,
        rows=np.array(rows, np.int32),
        bid=prices,
        ask=prices + 0.1,
        bid_size=sizes,
        ask_size=sizes,
        exchange_ns=np.full(count, 7, np.int64),
        received_ns=received_ns,
        codes=np.array(codes, np.uint16),
    )


ROWS = st.lists(st.integers(0, len(CONTRACTS) - 1), min_size=1, unique=True)
CODE = st.sampled_from([0, QuoteCode.LOCKED, QuoteCode.CROSSED, QuoteCode.EMPTY | QuoteCode.ONE_SIDED])
FRAMES = st.lists(st.tuples(ROWS, st.integers(0, 3_600_000_000_000), CODE), max_size=12)


@given(FRAMES)
def test_a_latecomer_ends_with_the_same_figures_and_never_a_younger_age(frames):
    ours, theirs = QuoteTable(UNIVERSE), QuoteTable(UNIVERSE)
    for number, (rows, age_ns, code) in enumerate(sorted(frames, key=lambda f: -f[1])):
        ours.apply(frame(rows, NOW_NS - age_ns, [code] * len(rows), bid=1.0 + number))
    for part in snapshot(ours, NOW_NS, 1):
        theirs.apply(part)
    for column in ("bid", "ask", "bid_size", "ask_size", "exchange_ns", "codes"):
        assert np.array_equal(getattr(ours, column), getattr(theirs, column), equal_nan=column in {"bid", "ask"})
    held = ours.received_ns > 0
    assert np.array_equal(held, theirs.received_ns > 0)
    age, seen = NOW_NS - ours.received_ns[held], NOW_NS - theirs.received_ns[held]
    assert (seen >= age).all()
    assert (seen <= np.maximum(age, 1_000_000) * OLDER_MAX + 1).all()


def test_frames_follow_on_in_sequence():
    table = QuoteTable(UNIVERSE)
    for row, age_ns in enumerate((10**9, 60 * 10**9, 3600 * 10**9)):
        table.apply(frame([row], NOW_NS - age_ns, [0]))
    table.apply(frame([5], NOW_NS, [QuoteCode.EMPTY]))
    assert [part.sequence for part in snapshot(table, NOW_NS, 41)] == [41, 42, 43, 44]


def test_a_quote_that_was_refused_keeps_its_last_good_figures_and_its_code():
    table, theirs = QuoteTable(UNIVERSE), QuoteTable(UNIVERSE)
    table.apply(frame([2], NOW_NS - 10**9, [QuoteCode.LOCKED], bid=4.0))
    table.apply(frame([2], NOW_NS, [QuoteCode.CROSSED], bid=9.0))
    for part in snapshot(table, NOW_NS, 1):
        theirs.apply(part)
    assert (theirs.bid[2], theirs.codes[2]) == (4.0, QuoteCode.CROSSED)
    assert theirs.received_ns[2] == NOW_NS - 10**9


def test_an_empty_table_has_no_snapshot():
    assert list(snapshot(QuoteTable(UNIVERSE), NOW_NS, 1)) == []


def test_the_codes_of_a_snapshot_are_on_the_right_side_of_the_line():
    table = QuoteTable(UNIVERSE)
    table.apply(frame([0, 1], NOW_NS, [0, QuoteCode.CROSSED]))
    moves, moves_not = snapshot(table, NOW_NS, 1)
    assert (moves.rows.tolist(), moves_not.rows.tolist()) == ([0], [1])
    assert (moves.codes < UNSOUND_MIN).all()
    assert (moves_not.codes >= UNSOUND_MIN).all()
