"""What a seed draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.venue.faults import FaultKind
from supervisor.app.fault_day import SETTINGS
from supervisor.app.fault_plan import BURST_MAX, DELAY_S, draw

VICTIMS = ("venue", "notifier", "data_feed", "connection.tastytrade", "executor", "condor", "supervisor")
LENGTH_S = 25.0
seeds = st.integers(0, 2**32)


def acts_of(seed: int):
    return draw(np.random.default_rng(seed), VICTIMS, LENGTH_S)


@settings(deadline=None)
@given(seeds)
def test_the_same_seed_draws_the_same_acts(seed):
    assert acts_of(seed) == acts_of(seed)


def test_another_seed_draws_others():
    assert len({repr(acts_of(seed)) for seed in range(20)}) == 20


@settings(deadline=None)
@given(seeds)
def test_every_process_dies_at_least_once_and_within_the_run(seed):
    acts = acts_of(seed)
    assert {name for act in acts for name in act.victims} == set(VICTIMS)
    assert all(0 <= act.at_s < LENGTH_S for act in acts)
    assert [act.at_s for act in acts] == sorted(act.at_s for act in acts)


@settings(deadline=None)
@given(seeds)
def test_nobody_is_killed_twice_by_one_act(seed):
    assert all(len(set(act.victims)) == len(act.victims) for act in acts_of(seed))
    assert all(0 <= act.burst <= BURST_MAX for act in acts_of(seed))


def test_some_deaths_come_in_pairs_and_some_on_the_heels_of_orders():
    acts = [act for seed in range(20) for act in acts_of(seed)]
    assert any(len(act.victims) == 2 for act in acts)
    assert any(act.burst for act in acts)
    assert any(act.burst and act.faults for act in acts), "some answers are held back over the kill"
    assert {FaultKind.DROP, FaultKind.STATUS, FaultKind.REFUSE, FaultKind.DUPLICATE, FaultKind.REORDER} <= {
        fault.kind for act in acts for fault in act.faults
    }


@settings(deadline=None)
@given(seeds)
def test_every_fault_ends_by_itself(seed):
    assert all(fault.duration_s is not None for act in acts_of(seed) for fault in act.faults)


@pytest.mark.parametrize("route", ["tastytrade", "alpaca"])
def test_no_request_is_delayed_beyond_what_absence_is_proved_over(route):
    assert DELAY_S[1] < SETTINGS[f"routes.{route}.settle_window_s"]


@settings(deadline=None)
@given(seeds)
def test_the_primary_connection_and_the_executor_die_with_an_order_under_way_in_every_run(seed):
    held = {act.victims[0] for act in acts_of(seed) if act.burst and act.faults}
    assert {"executor", "connection.tastytrade"} <= held
