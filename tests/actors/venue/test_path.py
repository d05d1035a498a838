"""The drawn day moves as an index does, and as it was asked to."""

import numpy as np
import pytest

from actors.venue.path import SESSION_S, Gap, Halt, draw_path

SECONDS = np.arange(0.0, SESSION_S + 1)


def path(seed: int = 1, seconds=SECONDS, halts=(), gaps=()):
    return draw_path(np.random.default_rng(seed), seconds, 5_000.0, 0.16, halts, gaps)


def test_a_day_moves_as_much_as_its_volatility_says_and_most_days_calmly() -> None:
    moves = [path(seed, np.arange(0.0, SESSION_S + 1, 10)).level[-1] / 5_000 - 1 for seed in range(200)]
    assert 0.007 < np.std(moves) < 0.013  # 16 % a year is 0.9 % a session
    assert abs(np.mean(moves)) < 0.003


def test_volatility_rises_when_the_index_falls() -> None:
    day = path(3)
    returns, changes = np.diff(np.log(day.level)), np.diff(np.log(day.volatility))
    assert np.corrcoef(returns, changes)[0, 1] < -0.4


def test_the_same_seed_draws_the_same_day_and_another_one_another() -> None:
    np.testing.assert_array_equal(path(5).level, path(5).level)
    assert not np.array_equal(path(5).level, path(6).level)


def test_a_gap_moves_the_index_at_its_second_and_frightens_the_makers() -> None:
    plain, gapped = path(7), path(7, gaps=(Gap(after_s=3_600, move=-0.03),))
    at = 3_600
    np.testing.assert_array_equal(plain.level[:at], gapped.level[:at])
    assert gapped.level[at] / plain.level[at] == pytest.approx(0.97, rel=0.005)
    assert gapped.volatility[at] > 1.3 * plain.volatility[at]
    assert gapped.stress[at] > 3 * plain.stress[at]
    assert gapped.stress[at + 900] < 1.1 * plain.stress[at + 900]


def test_stress_is_high_at_the_open_after_a_halt_and_at_the_close() -> None:
    day = path(8, halts=(Halt(after_s=7_200, length_s=600),))
    calm = np.median(day.stress)
    assert calm < 1.3
    for at in (0, 7_800, int(SESSION_S)):
        assert day.stress[at] > 2 * calm
    assert (day.stress >= 1).all()
    assert np.flatnonzero(day.is_halted).tolist() == list(range(7_200, 7_800))
