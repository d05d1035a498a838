from hypothesis import given
from hypothesis import strategies as st

from actors.domain.connection.absence import Search, SettleLimits, after_look, proof

SECOND = 1_000_000_000
LIMITS = SettleLimits(window_s=45, looks_min=3)


def looked(since_s, *looks):
    search = Search(since_ns=since_s * SECOND)
    for at_s, whole in looks:
        search = after_look(search, whole=whole, now_ns=int(at_s * SECOND), limits=LIMITS)
    return proof(search, LIMITS)


def test_whole_looks_over_the_window_prove_absence_and_say_so():
    words = looked(100, (100, True), (115, True), (130, True), (145, True))
    assert words is not None
    assert "4 whole looks in a row over 45.0 s" in words
    assert "window 45 s" in words


def test_no_number_of_looks_proves_absence_before_the_window_has_passed():
    assert looked(100, *((100 + second, True) for second in range(45))) is None


def test_one_look_after_the_window_is_not_enough():
    assert looked(100, (100, True), (146, True)) is None


def test_a_look_that_was_not_whole_breaks_the_row():
    assert looked(100, (100, True), (115, True), (130, False), (145, True), (160, True)) is None
    assert looked(100, (100, True), (130, False), (145, True), (160, True), (175, True)) is not None


def test_looks_in_one_breath_count_once():
    assert looked(100, (146, True), (146.1, True), (146.2, True), (146.3, True)) is None


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=30))
def test_absence_always_has_enough_whole_looks_and_one_past_the_window(looks):
    ordered = sorted(looks)
    if looked(100, *((100 + at_s, whole) for at_s, whole in ordered)) is not None:
        assert sum(whole for _, whole in ordered) >= LIMITS.looks_min
        assert ordered[-1][1]
        assert max(at_s for at_s, _ in ordered) >= LIMITS.window_s - 1e-6
