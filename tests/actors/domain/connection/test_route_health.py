import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.connection.route_health import (
    HealthLimits,
    PathHealth,
    Vitals,
    after_failure,
    after_outcome,
    after_success,
    after_waiting,
    route_status,
)
from actors.domain.orders.attempt import Accepted, InDoubt, NotSent, Rejected

SECOND = 1_000_000_000
LIMITS = HealthLimits(failures_to_trip=2, quiet_s=5)
SICK = PathHealth(healthy=False, failures=2, failed_ns=10 * SECOND, reason="refused")


def test_one_failure_does_not_trip_a_path_and_two_in_a_row_do():
    once = after_failure(PathHealth(), "refused", SECOND, LIMITS)
    assert once.healthy
    assert after_failure(once, "refused", 2 * SECOND, LIMITS) == PathHealth(
        healthy=False, failures=2, failed_ns=2 * SECOND, reason="refused"
    )


def test_a_success_between_two_failures_starts_the_count_anew():
    path = after_failure(PathHealth(), "refused", SECOND, LIMITS)
    path = after_success(path, 2 * SECOND, LIMITS)
    assert after_failure(path, "refused", 3 * SECOND, LIMITS).healthy


@pytest.mark.parametrize(("at_s", "healthy"), [(10.1, False), (14.9, False), (15, True), (99, True)])
def test_a_sick_path_heals_by_a_success_after_the_quiet_time_alone(at_s, healthy):
    assert after_success(SICK, int(at_s * SECOND), LIMITS).healthy is healthy


@pytest.mark.parametrize(
    ("outcome", "failures"),
    [
        (Accepted(broker_order_id="1"), 0),
        (Rejected(code="preflight", text="no"), 0),
        (Rejected(code="", text="slow down", retryable=True), 2),
        (NotSent(cause="refused"), 2),
        (InDoubt(cause="reset"), 2),
    ],
    ids=lambda value: getattr(value, "kind", str(value)),
)
def test_an_outcome_counts_by_what_it_says_of_the_path(outcome, failures):
    before = PathHealth(failures=1, failed_ns=SECOND)
    after = after_outcome(before, outcome, 2 * SECOND, LIMITS)
    assert (after.failures, after.healthy) == (failures, failures == 0)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10 * SECOND)), max_size=60))
def test_a_sick_path_says_why_and_never_heals_within_the_quiet_time(steps):
    path, now_ns = PathHealth(), 0
    for works, pause_ns in steps:
        now_ns += pause_ns
        was_sick = not path.healthy
        path = after_success(path, now_ns, LIMITS) if works else after_failure(path, "broken", now_ns, LIMITS)
        assert path.healthy == (path.reason == "")
        if was_sick and path.healthy:
            assert works
            assert now_ns - path.failed_ns >= 5 * SECOND


@pytest.mark.parametrize(("waited_s", "healthy"), [(0, True), (0.74, True), (0.75, False), (9, False)])
def test_a_send_that_waits_too_long_for_its_answer_makes_the_path_sick(waited_s, healthy):
    now_ns = 100 * SECOND
    path = after_waiting(PathHealth(), now_ns - int(waited_s * SECOND), now_ns, LIMITS)
    assert path.healthy is healthy
    assert after_success(path, now_ns + SECOND, LIMITS).healthy is healthy, "its late answer does not heal it at once"
    assert after_success(path, now_ns + 5 * SECOND, LIMITS).healthy


def test_where_nothing_waits_nothing_changes():
    assert after_waiting(SICK, None, 99 * SECOND, LIMITS) == SICK


WELL = PathHealth()


@pytest.mark.parametrize(
    ("seen", "can", "reason"),
    [
        ((WELL, WELL, None, None, Vitals()), (True, True, True), ""),
        ((WELL, SICK, None, None, Vitals()), (True, False, True), "refused"),
        ((SICK, WELL, None, None, Vitals()), (False, True, True), "refused"),
        ((WELL, WELL, "mute", None, Vitals()), (True, True, False), "mute"),
        ((WELL, WELL, "refused", "refused", Vitals()), (False, False, False), "refused"),
        ((WELL, WELL, None, None, Vitals(token_left_s=1)), (True, True, True), ""),
        ((WELL, WELL, None, None, Vitals(token_left_s=0)), (False, False, True), "the login's token has ended"),
        ((WELL, WELL, None, None, Vitals(token_left_s=9, token_refused="400")), (True, True, True), "400"),
    ],
)
def test_reads_writes_and_stream_are_three_things(seen, can, reason):
    status = route_status(*seen)
    assert (status.reads, status.writes, status.stream) == can
    assert status.reason == reason
