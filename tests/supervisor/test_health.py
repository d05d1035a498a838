from hypothesis import given
from hypothesis import strategies as st

from supervisor.child_spec import ChildSpec
from supervisor.health import (
    LOOK_MAX_S,
    SUSPECT_S,
    Account,
    Mark,
    Progress,
    alive,
    charge,
    hung,
    observe,
    suspect,
    watched,
)

SPEC = ChildSpec(name="executor", factory="module:function", hang_after_s=0.3, stall_max_s=5.0)
LOOK_S = 0.05
FROM_S = 10.0


def look_on(states: str, waited_s: float = 0.0) -> tuple[Progress, float]:
    """A child whose count stands still, looked at once a letter of `states`."""
    progress, now_s, waited = Progress(7, FROM_S), FROM_S, 0.0
    for state in states:
        now_s, waited = now_s + LOOK_S, waited + waited_s
        progress = observe(progress, Mark(1, 7, 0), 1, now_s)
        if suspect(SPEC, progress, now_s):
            progress = charge(progress, Account(state, waited), now_s)
        if hung(SPEC, progress, now_s):
            break
    return progress, now_s


def found_after_s(states: str, waited_s: float = 0.0) -> float | None:
    progress, now_s = look_on(states, waited_s)
    return round(now_s - FROM_S, 3) if hung(SPEC, progress, now_s) else None


def test_a_stopped_child_is_found_once_its_deadline_passed():
    assert 0.3 <= found_after_s("T" * 100) <= 0.35


def test_a_child_that_sleeps_instead_of_working_is_found_soon_after():
    assert found_after_s("S" * 100) <= 0.3 + SUSPECT_S + 2 * LOOK_S


def test_one_that_waits_for_the_disk_or_computes_is_no_hang_before_it_stalls():
    assert found_after_s("D" * 90) is None
    assert found_after_s("R" * 90) is None
    assert found_after_s("D" * 110) >= SPEC.stall_max_s
    assert found_after_s("R" * 110) >= SPEC.stall_max_s


def test_one_whose_threads_wait_for_a_processor_is_starved_and_not_hung():
    assert found_after_s("S" * 90, waited_s=LOOK_S) is None
    assert found_after_s("S" * 90, waited_s=0.0) is not None


def test_a_pass_starts_the_deadline_anew():
    progress, now_s = look_on("S" * 6)
    assert progress.charged_s > 0
    assert observe(progress, Mark(1, 8, 0), 1, now_s) == Progress(8, now_s)


def test_an_account_that_cannot_be_read_charges_nothing():
    assert charge(Progress(7, 1.0, seen_s=1.2), None, 1.4).charged_s == 0


def test_who_has_a_long_deadline_is_not_looked_at_early():
    lazy = SPEC.model_copy(update={"hang_after_s": 2.0})
    assert not suspect(lazy, Progress(7, 10.0), 10.4)
    assert suspect(lazy, Progress(7, 10.0), 10.6)


def test_a_child_without_a_watermark_is_never_called_hung():
    assert not hung(SPEC.model_copy(update={"hang_after_s": None}), Progress(0, 0.0, charged_s=9.0), 1e9)


def test_a_predecessors_mark_is_no_sign_of_life():
    assert observe(Progress(0, 0.0), Mark(6, 99, 0), 7, 5.0) == Progress(0, 0.0)
    assert not alive(Mark(6, 99, 0), 7)
    assert not alive(Mark(7, 0, 0), 7)
    assert alive(Mark(7, 1, 0), 7)
    assert not alive(None, 7)


def test_a_watcher_that_was_stopped_for_an_hour_kills_nobody():
    now = watched(10.0, 3600.0)
    assert not suspect(SPEC, Progress(5, 10.0), now)
    assert not hung(SPEC, Progress(5, 9.9), now)


@given(st.floats(0, 1e6), st.floats(-10, 1e6))
def test_watched_time_never_runs_back_and_never_faster_than_looks_allow(before, gap):
    after = watched(before, gap)
    assert before <= after <= before + LOOK_MAX_S


@given(st.lists(st.tuples(st.sampled_from("STDR"), st.floats(0, 0.2)), max_size=60))
def test_never_more_is_charged_than_time_has_passed(looks):
    progress, now_s = Progress(7, FROM_S), FROM_S
    for state, waited_s in looks:
        now_s += LOOK_S
        progress = charge(progress, Account(state, waited_s), now_s)
    assert progress.charged_s <= now_s - FROM_S + 1e-9
