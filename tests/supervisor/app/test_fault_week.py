"""What a session of the week draws."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from supervisor.app.drill import SUPERVISOR
from supervisor.app.fault_week import SLOW_TO_SEE, SessionResult, draw

VICTIMS = ("venue", "notifier", "data_feed", "connection.tastytrade", "executor", "condor", "supervisor")


def blows(seed: int, count: int):
    return draw(np.random.default_rng(seed), VICTIMS, count)


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_the_same_seed_draws_the_same_blows_and_everybody_is_struck_as_often_as_the_others(seed, count):
    drawn = blows(seed, count)
    assert drawn == blows(seed, count)
    assert len(drawn) == count
    times = [sum(each.victim == name for each in drawn) for name in VICTIMS if name != SUPERVISOR]
    assert max(times) - min(times) <= 1


def test_the_supervisor_is_struck_more_seldom_than_its_keeper_bounds():
    struck = [place for place, each in enumerate(blows(1, 200)) if each.victim == SUPERVISOR]
    assert len(struck) >= 200 // (3 * len(VICTIMS))
    assert all(later - earlier > len(VICTIMS) for earlier, later in pairwise(struck))


def test_some_hang_but_nobody_whom_none_would_find_hung_soon():
    drawn = [each for seed in range(20) for each in blows(seed, 40)]
    hung = {each.victim for each in drawn if each.hangs}
    assert hung == set(VICTIMS) - set(SLOW_TO_SEE)
    assert {each.burst for each in drawn} == {0, 1, 2, 3}


def test_a_session_that_went_wrong_in_anything_has_failed():
    clean = SessionResult(seed=1, session="2025-01-06")
    assert clean.failures == ()
    assert clean.model_copy(update={"wrong": ("executor died",)}).failures == ("executor died",)
