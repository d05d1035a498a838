from concurrent.futures import ProcessPoolExecutor

import pytest

from actors.runtime_tag import FILE, TagDamaged, on_wire, read_mark, runtime_tag


def test_a_state_folder_has_one_tag_for_good(tmp_path):
    tag = runtime_tag(tmp_path)
    assert runtime_tag(tmp_path) == tag
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_processes_that_start_together_agree_on_it(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        assert len(set(pool.map(runtime_tag, [tmp_path] * 16))) == 1


def test_a_damaged_tag_is_refused_and_not_replaced(tmp_path):
    (tmp_path / FILE).write_text("12")
    with pytest.raises(TagDamaged):
        runtime_tag(tmp_path)
    assert (tmp_path / FILE).read_text() == "12"


@pytest.mark.parametrize(
    ("told", "attempt", "other"),
    [
        ("condor-20260105-1-r2.0123abcd", "condor-20260105-1-r2", None),
        ("condor-20260105-1-r2.ffff0000", None, "ffff0000"),
        ("condor-20260105-1-r2", "condor-20260105-1-r2", None),
        ("a.signal-r1.0123abcd-r1.0123abcd", "a.signal-r1.0123abcd-r1", None),
        ("another-program", "another-program", None),
        (None, None, None),
    ],
)
def test_what_a_broker_tells_is_ours_another_runtime_s_or_neither(told, attempt, other):
    assert read_mark(told, "0123abcd") == (attempt, other)


def test_what_goes_out_comes_back():
    assert read_mark(on_wire("condor-20260105-1-r1", "0123abcd"), "0123abcd").attempt_id == "condor-20260105-1-r1"
