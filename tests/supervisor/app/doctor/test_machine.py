import pytest

from supervisor.app.doctor.finding import Verdict
from supervisor.app.doctor.machine import UNSYNCHRONISED, clock, examine, free, sync


@pytest.mark.parametrize(
    ("status", "error_s", "verdict"),
    [
        (0, 0.003, Verdict.OK),
        (0, 0.3, Verdict.WARN),
        (0, 3.0, Verdict.FAIL),
        (UNSYNCHRONISED, 0.0, Verdict.WARN),
    ],
)
def test_a_clock_is_judged_by_who_keeps_it_and_how_far_off_it_may_be(status, error_s, verdict):
    assert clock(status, error_s).verdict is verdict


@pytest.mark.parametrize(("octets", "verdict"), [(10**11, Verdict.OK), (10**9, Verdict.WARN), (10**8, Verdict.FAIL)])
def test_a_full_disk_forbids_trading(octets, verdict):
    assert free(octets).verdict is verdict


def test_one_slow_write_among_many_does_not_condemn_a_disk_and_a_slow_disk_is_told():
    assert sync([0.001] * 9 + [1.0]).verdict is Verdict.OK
    assert sync([0.05] * 10).verdict is Verdict.WARN
    assert sync([0.6] * 10).verdict is Verdict.FAIL


def test_this_machine_is_examined_and_nothing_is_left_behind(tmp_path):
    found = {each.subject for each in examine(tmp_path)}
    assert found == {"clock", "disk", "fsync"}
    assert not list(tmp_path.iterdir())
