from hypothesis import given
from hypothesis import strategies as st

from supervisor.poison import DEATHS_MAX, SET_ASIDE_MAX, Suspicion, after_death


def after(*in_hand: int) -> Suspicion:
    suspicion = Suspicion()
    for number in in_hand:
        suspicion = after_death(suspicion, number)
    return suspicion


def test_a_message_is_set_aside_after_so_many_deaths_over_it_in_a_row():
    assert after(*[7] * (DEATHS_MAX - 1)).set_aside == ()
    assert after(*[7] * DEATHS_MAX).set_aside == (7,)


def test_a_death_over_something_else_or_over_nothing_starts_the_count_anew():
    assert after(7, 7, 0, 7, 7).set_aside == ()
    assert after(7, 7, 8, 7, 7).set_aside == ()


def test_deaths_with_nothing_in_hand_blame_no_message():
    assert after(*[0] * 50).set_aside == ()


def test_what_was_set_aside_stays_so_when_another_follows():
    assert after(*[7] * DEATHS_MAX, *[8] * DEATHS_MAX).set_aside == (7, 8)


@given(st.lists(st.integers(0, 3)))
def test_the_list_is_bounded_and_holds_only_what_was_in_hand(deaths):
    suspicion = after(*deaths)
    assert len(suspicion.set_aside) <= SET_ASIDE_MAX
    assert set(suspicion.set_aside) <= set(deaths) - {0}
