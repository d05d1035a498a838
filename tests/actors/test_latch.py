from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.latch import Latch, LatchChanged, ReasonMissing, StopLevel, history, read_latch, resume, tighten

NOW = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def stop(level: StopLevel, reason: str = "drill") -> Latch:
    return Latch(level=level, reason=reason, by="test", at=NOW)


def test_a_fresh_folder_has_no_latch(tmp_path):
    assert read_latch(tmp_path / "latch").level is StopLevel.NONE


@given(st.lists(st.sampled_from(StopLevel), min_size=1, max_size=6))
def test_a_latch_is_as_tight_as_the_tightest_ever_asked_for(tmp_path_factory, levels):
    path = tmp_path_factory.mktemp("latch") / "latch"
    for level in levels:
        tighten(path, stop(level))
    assert read_latch(path).level.rank == max(level.rank for level in levels)


def test_tighteners_at_the_same_time_leave_the_tightest(tmp_path):
    path = tmp_path / "latch"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda level: tighten(path, stop(level)), [*StopLevel] * 5))
    assert read_latch(path).level is StopLevel.FLATTEN


def test_the_first_reason_stays(tmp_path):
    path = tmp_path / "latch"
    tighten(path, stop(StopLevel.HALT, "daily loss"))
    assert tighten(path, stop(StopLevel.HALT, "later")).reason == "daily loss"
    assert tighten(path, stop(StopLevel.REDUCE, "later")).reason == "daily loss"


def test_only_a_person_with_a_reason_loosens(tmp_path):
    path = tmp_path / "latch"
    tighten(path, stop(StopLevel.FLATTEN))
    for by, reason in (("", "fixed"), ("ann", " ")):
        with pytest.raises(ReasonMissing):
            resume(path, by, reason, NOW)
    assert read_latch(path).level is StopLevel.FLATTEN
    assert resume(path, "ann", "fixed", NOW).level is StopLevel.FLATTEN
    assert read_latch(path).level is StopLevel.NONE


@pytest.mark.parametrize("content", [b"", b"{", b'{"level": "none", "unknown": 1}', b'{"level": "open"}'])
def test_a_latch_that_cannot_be_read_is_a_halt(tmp_path, content):
    path = tmp_path / "latch"
    path.write_bytes(content)
    assert read_latch(path).level is StopLevel.HALT


def test_a_stop_that_was_not_looked_at_is_not_loosened(tmp_path):
    path = tmp_path / "latch"
    seen = tighten(path, stop(StopLevel.REDUCE, "lunch"))
    tighten(path, stop(StopLevel.HALT, "a bad fill"))
    with pytest.raises(LatchChanged, match="halt by test: a bad fill"):
        resume(path, "ann", "lunch is over", NOW, seen)
    assert read_latch(path).level is StopLevel.HALT
    assert history(path)[-1].level is StopLevel.HALT


def test_each_change_is_kept_with_who_when_and_why(tmp_path):
    path = tmp_path / "latch"
    tighten(path, stop(StopLevel.REDUCE, "first"))
    tighten(path, stop(StopLevel.REDUCE, "changes nothing"))
    tighten(path, stop(StopLevel.HALT, "second"))
    resume(path, "ann", "looked", NOW)
    assert [(each.level, each.by, each.reason, each.at) for each in history(path)] == [
        (StopLevel.REDUCE, "test", "first", NOW),
        (StopLevel.HALT, "test", "second", NOW),
        (StopLevel.NONE, "ann", "looked", NOW),
    ]


def test_a_line_that_a_crash_cut_short_costs_no_other(tmp_path):
    path = tmp_path / "latch"
    tighten(path, stop(StopLevel.REDUCE, "first"))
    (kept,) = tmp_path.glob("*.history.jsonl")
    kept.write_bytes(kept.read_bytes() + b'{"level": "ha')
    resume(path, "ann", "looked", NOW)
    assert [each.reason for each in history(path)] == ["first", "looked"]


def test_a_history_that_cannot_be_written_keeps_no_stop_out_and_lets_none_go(tmp_path):
    path = tmp_path / "latch"
    (tmp_path / "latch.history.jsonl").mkdir()
    tighten(path, stop(StopLevel.HALT))
    with pytest.raises(IsADirectoryError):
        resume(path, "ann", "looked", NOW)
    assert read_latch(path).level is StopLevel.HALT
