"""What broke off with a session, contract by contract, and what is not mended."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Products
from actors.domain.market.quote_gaps import GapCount, QuoteGaps

NAMES = tuple(f"T{chr(65 + row)}" for row in range(4))
CONTRACTS = tuple(map(Products().contract, NAMES))


def stamps(*received: int) -> np.ndarray:
    return np.array(received, np.int64)


def test_a_first_session_breaks_nothing_off():
    gaps = QuoteGaps(CONTRACTS)
    gaps.begin(10)
    assert gaps.told(stamps(0, 10, 11, 0), 9) == GapCount(sessions=1)


def test_whatever_was_quoted_has_a_gap_until_its_next_quote():
    gaps = QuoteGaps(CONTRACTS)
    gaps.begin(10)
    gaps.end(20, stamps(0, 10, 19, 15))
    assert gaps.told(stamps(0, 10, 19, 15), 2) == GapCount(
        sessions=1, gaps=3, unmended=3, of={"TB": 1, "TC": 1}, unmended_of=("TB", "TC")
    )
    gaps.begin(30)
    assert gaps.told(stamps(0, 30, 19, 31), 9).unmended_of == ("TC",)


def test_what_was_not_mended_has_no_second_gap():
    gaps = QuoteGaps(CONTRACTS)
    gaps.begin(10)
    gaps.end(20, stamps(10, 10, 0, 0))
    gaps.begin(30)
    gaps.end(40, stamps(35, 10, 0, 0))
    told = gaps.told(stamps(35, 10, 0, 0), 9)
    assert (told.gaps, told.of) == (3, {"TA": 2, "TB": 1})


def test_a_quote_at_the_very_moment_a_session_begins_is_of_that_session():
    gaps = QuoteGaps(CONTRACTS)
    gaps.begin(30)
    assert gaps.told(stamps(30, 29, 30, 31), 9).unmended_of == ("TB",)


@given(st.lists(st.sets(st.integers(0, 3)), max_size=8))
def test_the_gaps_of_each_contract_are_the_sessions_that_quoted_it_and_broke_off(sessions):
    gaps, received, now = QuoteGaps(CONTRACTS), stamps(0, 0, 0, 0), 0
    for quoted in sessions:
        now += 10
        gaps.begin(now)
        received[list(quoted)] = now + 1
        gaps.end(now + 5, received)
    told = gaps.told(received, 4)
    counts = {name: sum(row in quoted for quoted in sessions) for row, name in enumerate(NAMES)}
    assert told.of == {name: count for name, count in counts.items() if count}
    assert (told.sessions, told.gaps) == (len(sessions), sum(counts.values()))
    assert told.unmended == len(told.of)
