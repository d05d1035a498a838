"""The test of wins: what it says at once, how seldom it is wrong, and that no outcome ever moves a size twice."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from actors.domain.orders.size_event import SizeCause
from actors.domain.performance.degradation import (
    FULL,
    CommonDegradation,
    DegradationLimits,
    Expected,
    judge,
    of_degradation,
    of_recovery,
)

SEVENTY = Expected(win_rate=0.7)
LIMITS = DegradationLimits(strategies={"condor": SEVENTY})
HALF, QUARTER, NOTHING = Decimal("0.5"), Decimal("0.25"), Decimal(0)


def structures_to(threshold: float, win_rate: float, seed: int, *, most: int) -> int:
    """How many structures a strategy that wins so often is watched before it is called degraded; `most` where never."""
    expected, found = SEVENTY.win_rate, 1.0
    win, loss = 0.8, (1 - 0.8 * expected) / (1 - expected)
    won = np.random.default_rng(seed).random(most) < win_rate
    for count, each in enumerate(won.tolist(), start=1):
        found = max(found, 1.0) * (win if each else loss)
        if found >= threshold:
            return count
    return most


def test_the_walk_of_this_test_is_the_rule_of_the_code():
    outcomes = "".join("W" if each else "L" for each in np.random.default_rng(5).random(300) < 0.5)
    when = next(n for n in range(301) if of_degradation(outcomes[:n], SEVENTY, 0.2) >= 100)
    assert when == structures_to(100, 0.5, 5, most=300)


@pytest.mark.parametrize("win_rate", [0.70, 0.75, 0.85])
def test_a_sound_strategy_is_called_degraded_no_more_often_than_is_stated(win_rate):
    """Stated: on average at least 50 structures to a false alarm. Cut off at 5,000, which only lowers the average."""
    lengths = [structures_to(50, win_rate, seed, most=5_000) for seed in range(400)]
    assert sum(lengths) / len(lengths) >= 50


def test_at_the_shipped_rate_few_sound_strategies_are_cut_in_two_hundred_structures():
    alarms = sum(structures_to(LIMITS.false_alarm_every, 0.7, seed, most=200) < 200 for seed in range(1_000))
    assert alarms / 1_000 < 0.10


def test_a_strategy_that_wins_a_third_less_is_found_long_before_a_false_alarm_would_come():
    lengths = sorted(structures_to(LIMITS.false_alarm_every, 0.45, seed, most=2_000) for seed in range(400))
    assert lengths[len(lengths) // 2] < 80


def test_a_good_year_hides_no_bad_month():
    after_none = next(n for n in range(200) if of_degradation("L" * n, SEVENTY, 0.2) >= 100)
    after_wins = next(n for n in range(200) if of_degradation("W" * 500 + "L" * n, SEVENTY, 0.2) >= 100)
    assert after_none == 13
    assert after_wins <= after_none + 1, "the first loss only makes up for the last win"


def test_a_raw_ratio_would_cut_a_sound_strategy_that_the_test_leaves_alone():
    outcomes = "WL" * 10  # half won: 29 % below what is expected, and nothing unusual
    assert outcomes.count("W") / 20 < 0.8 * 0.7
    assert judge(outcomes, FULL, SEVENTY, LIMITS) is None


def test_the_shortfall_of_the_requirement_can_be_said():
    assert CommonDegradation().shortfall == 0.20
    assert of_degradation("W", SEVENTY, 0.20) == pytest.approx(0.8)
    assert of_degradation("L", SEVENTY, 0.20) == pytest.approx((1 - 0.56) / 0.3)


@given(rate=st.floats(0.05, 0.95), shortfall=st.floats(0.05, 0.9), better=st.floats(0, 1))
def test_no_strategy_that_wins_as_often_as_expected_gains_evidence_on_average(rate, shortfall, better):
    expected = Expected(win_rate=rate)
    truth = rate + better * (1 - rate)
    win, loss = of_degradation("W", expected, shortfall), of_degradation("L", expected, shortfall)
    assert truth * win + (1 - truth) * loss <= 1 + 1e-9


@given(rate=st.floats(0.05, 0.95), shortfall=st.floats(0.05, 0.9), worse=st.floats(0, 1))
def test_no_degraded_strategy_gains_evidence_of_recovery_on_average(rate, shortfall, worse):
    expected = Expected(win_rate=rate)
    truth = rate * (1 - shortfall) * worse
    win, loss = of_recovery("W", expected, shortfall), of_recovery("L", expected, shortfall)
    assert truth * win + (1 - truth) * loss <= 1 + 1e-9


@pytest.mark.parametrize(("share", "to"), [(FULL, HALF), (HALF, QUARTER), (QUARTER, NOTHING)])
def test_a_size_is_cut_one_step_at_a_time_with_its_numbers(share, to):
    found = judge("L" * 60, share, SEVENTY, LIMITS)
    assert (found.share, found.cause) == (to, SizeCause.DEGRADED)
    assert "0 of 60 won (0%), expected 70%" in found.text


@pytest.mark.parametrize(("share", "to"), [(NOTHING, QUARTER), (QUARTER, HALF), (HALF, FULL)])
def test_a_size_is_given_back_one_step_at_a_time(share, to):
    found = judge("W" * 60, share, SEVENTY, LIMITS)
    assert (found.share, found.cause) == (to, SizeCause.RECOVERED)


def test_where_configuration_says_so_only_a_person_gives_it_back():
    limits = LIMITS.model_copy(update={"recovers": False})
    assert judge("W" * 60, HALF, SEVENTY, limits) is None


def test_below_the_last_step_there_is_none():
    assert judge("L" * 60, NOTHING, SEVENTY, LIMITS) is None


def test_what_is_at_its_full_size_has_nothing_to_recover():
    assert judge("W" * 500, FULL, SEVENTY, LIMITS) is None


@given(st.text("WL", max_size=200), st.sampled_from([FULL, HALF, QUARTER, NOTHING]))
def test_after_a_move_the_evidence_begins_anew_so_no_outcome_counts_twice(outcomes, share):
    found = judge(outcomes, share, SEVENTY, LIMITS)
    if found is not None:
        assert found.share != share
        assert judge("", found.share, SEVENTY, LIMITS) is None
        assert judge("L", found.share, SEVENTY, LIMITS) is None
        assert judge("W", found.share, SEVENTY, LIMITS) is None


@pytest.mark.parametrize("steps", [("0.25", "0.5"), ("1", "0.5"), ("0.5", "0.5"), ("-0.5",)])
def test_steps_that_do_not_fall_are_no_steps(steps):
    with pytest.raises(ValidationError, match="steps are shares"):
        CommonDegradation(steps=steps)
