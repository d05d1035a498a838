from hypothesis import given
from hypothesis import strategies as st

from actors.domain.connection.backoff import BackoffLimits, delay_s

LIMITS = BackoffLimits(first_s=0.1, factor=2, longest_s=15, luck_share=0.5)


def test_waits_double_until_the_cap():
    assert [delay_s(failures, 0.0, LIMITS) for failures in (1, 2, 3, 9, 1000)] == [0.1, 0.2, 0.4, 15, 15]


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_luck_shortens_a_wait_by_at_most_its_share(failures, luck):
    full = delay_s(failures, 0.0, LIMITS)
    assert full * 0.5 <= delay_s(failures, luck, LIMITS) <= full <= LIMITS.longest_s
