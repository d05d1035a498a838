from hypothesis import given
from hypothesis import strategies as st

from supervisor.child_spec import ChildSpec
from supervisor.health import LOOK_MAX_S, Mark, Progress, alive, hung, observe, watched

SPEC = ChildSpec(name="executor", factory="module:function", hang_after_s=1.0)


def test_a_count_that_stands_still_past_the_deadline_is_a_hang():
    progress = observe(Progress(0, 0.0), Mark(7, 5, 0), 7, 0.5)
    assert observe(progress, Mark(7, 5, 0), 7, 1.4) == progress
    assert not hung(SPEC, progress, 1.5)
    assert hung(SPEC, progress, 1.51)


def test_a_child_without_a_watermark_is_never_called_hung():
    assert not hung(SPEC.model_copy(update={"hang_after_s": None}), Progress(0, 0.0), 1e9)


def test_a_predecessors_mark_is_no_sign_of_life():
    assert observe(Progress(0, 0.0), Mark(6, 99, 0), 7, 5.0) == Progress(0, 0.0)
    assert not alive(Mark(6, 99, 0), 7)
    assert not alive(Mark(7, 0, 0), 7)
    assert alive(Mark(7, 1, 0), 7)
    assert not alive(None, 7)


def test_a_watcher_that_was_stopped_for_an_hour_kills_nobody():
    now = watched(10.0, 3600.0)
    assert not hung(SPEC, Progress(5, 9.9), now)


@given(st.floats(0, 1e6), st.floats(-10, 1e6))
def test_watched_time_never_runs_back_and_never_faster_than_looks_allow(before, gap):
    after = watched(before, gap)
    assert before <= after <= before + LOOK_MAX_S
