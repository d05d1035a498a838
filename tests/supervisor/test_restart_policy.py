import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.child_spec import ChildSpec, Restart
from supervisor.restart_policy import (
    BACKOFF_MAX_S,
    BACKOFF_SPREAD,
    SLOW_S,
    Escalate,
    History,
    Leave,
    Retry,
    backoff,
    decide,
    forgive,
)


def child(**fields: object) -> ChildSpec:
    return ChildSpec.model_validate({"name": "executor", "factory": "module:function", **fields})


@pytest.mark.parametrize(
    ("restart", "end", "kind"),
    [
        (Restart.PERMANENT, "finished", Retry),
        (Restart.PERMANENT, "failed", Retry),
        (Restart.TRANSIENT, "finished", Leave),
        (Restart.TRANSIENT, "failed", Retry),
        (Restart.TEMPORARY, "finished", Leave),
        (Restart.TEMPORARY, "failed", Leave),
    ],
)
def test_the_restart_type_says_who_comes_back(restart, end, kind):
    assert isinstance(decide(child(restart=restart), History(), end, 0.0, 0.0), kind)


def test_waits_double_from_nothing_to_a_limit():
    assert [backoff(n, 0.0) for n in range(8)] == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0]


def test_a_child_that_keeps_dying_is_escalated_at_the_first_death_beyond_its_window():
    spec, history, kinds = child(restarts_max=3, period_s=60), History(), []
    for second in range(5):
        decision = decide(spec, history, "failed", float(second), 0.0)
        history = decision.history
        kinds.append(type(decision))
    assert kinds == [Retry, Retry, Retry, Escalate, Escalate]


def test_deaths_that_left_the_window_do_not_count():
    spec, history = child(restarts_max=1, period_s=10), History()
    for second in (0.0, 10.0, 20.0, 30.0):
        decision = decide(spec, history, "failed", second, 0.0)
        assert isinstance(decision, Retry)
        history = decision.history


def test_an_escalated_child_stays_slow_although_its_window_has_emptied():
    decision = decide(child(), History((), escalated=True), "failed", 1e6, 0.0)
    assert isinstance(decision, Escalate)
    assert decision.delay_s == SLOW_S


def test_an_escalated_child_is_forgiven_after_a_whole_period_up_and_not_before():
    spec, history = child(period_s=60), History((1.0,), escalated=True)
    assert forgive(spec, history, up_since_s=100.0, now_s=159.9) == history
    assert forgive(spec, history, up_since_s=100.0, now_s=160.0) == History()


@given(st.lists(st.floats(0, 300), max_size=60), st.integers(0, 5), st.floats(1, 100), st.floats(0, 0.999))
def test_no_sequence_of_deaths_makes_a_fast_endless_loop(gaps, allowed, period_s, jitter):
    spec, history, now, fast = child(restarts_max=allowed, period_s=period_s), History(), 0.0, []
    for gap in gaps:
        now += gap
        decision = decide(spec, history, "failed", now, jitter)
        history = decision.history
        assert 0 <= decision.delay_s <= (1 + BACKOFF_SPREAD) * max(SLOW_S, BACKOFF_MAX_S)
        if isinstance(decision, Retry):
            fast.append(now)
        else:
            assert decision.delay_s >= SLOW_S
        assert sum(now - at < period_s for at in fast) <= allowed
