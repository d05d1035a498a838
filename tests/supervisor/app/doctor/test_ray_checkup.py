from supervisor.app.doctor.finding import Verdict
from supervisor.app.doctor.ray_checkup import examine, judge
from supervisor.ray_settings import AUTH_MODE, GCS_STORAGE, OURS, SHARED

WHOLE = {setting.name: setting.value for setting in (*OURS, *SHARED, GCS_STORAGE)}


def test_a_ray_that_was_told_everything_lacks_nothing():
    assert [found.verdict for found in judge(WHOLE, private=True)] == [Verdict.OK]


def test_each_setting_that_is_missing_is_named_with_its_cost():
    found = list(judge({}, private=False))
    assert [each.subject for each in found] == [setting.name for setting in (*OURS, *SHARED)]
    assert all(setting.cost in each.text for each, setting in zip(found, (*OURS, *SHARED), strict=True))


def test_a_ray_without_authentication_forbids_trading_and_a_slow_one_does_not():
    open_to_all = {name: value for name, value in WHOLE.items() if name != AUTH_MODE.name}
    assert [each.verdict for each in judge(open_to_all, private=True)] == [Verdict.FAIL]
    assert [each.verdict for each in judge(WHOLE | {"RAY_worker_niceness": "15"}, private=True)] == [Verdict.WARN]


def test_no_ray_is_no_fault():
    assert [each.verdict for each in examine(None)] == [Verdict.UNKNOWN]
