"""Live trading is armed by a person for one session, and not armed is a stop that keeps openings in and no exit."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.armed import Armed, read_armed, refusal, set_armed, stop
from actors.latch import Latch, StopLevel

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
CLOSE = NOW + timedelta(hours=6)
ACCOUNTS = {"tastytrade": "0001", "alpaca": ""}
ARMED = Armed(accounts=ACCOUNTS, by="ann", reason="first live day", at=NOW, until=CLOSE)


@pytest.mark.parametrize(
    ("armed", "now", "words"),
    [
        (ARMED, CLOSE - timedelta(seconds=1), ""),
        (ARMED, CLOSE, "the session's close"),
        (None, NOW, "not armed"),
        (ARMED.model_copy(update={"until": None}), NOW, "disarmed by ann"),
        (ARMED.model_copy(update={"accounts": {"tastytrade": "9999", "alpaca": ""}}), NOW, "tastytrade 9999"),
    ],
)
def test_it_is_armed_for_these_accounts_until_the_close_and_otherwise_not(armed, now, words):
    assert words in refusal(armed, ACCOUNTS, now)
    assert bool(refusal(armed, ACCOUNTS, now)) == bool(words)
    level = stop(Latch(), armed, ACCOUNTS, now).level
    assert level is (StopLevel.REDUCE if words else StopLevel.NONE)


def test_when_it_ended_is_known_and_that_it_never_began_is_no_end():
    assert stop(Latch(), ARMED, ACCOUNTS, CLOSE).at == CLOSE
    assert stop(Latch(), ARMED.model_copy(update={"until": None}), ACCOUNTS, NOW).at == NOW
    assert stop(Latch(), None, ACCOUNTS, NOW).at is None


def test_a_latched_stop_stays_the_one_in_force(tmp_path):
    halted = Latch(level=StopLevel.HALT, reason="enough", by="ann")
    assert stop(halted, None, ACCOUNTS, NOW) is halted
    assert stop(halted, ARMED, ACCOUNTS, NOW) is halted


def test_what_was_said_is_kept_whole_and_each_saying_is_a_line_of_the_history(tmp_path):
    path = tmp_path / "armed.json"
    ended = ARMED.model_copy(update={"until": None, "reason": "lunch"})
    for each in (ARMED, ended):
        set_armed(path, each)
    assert read_armed(path) == ended
    told = [Armed.model_validate_json(line) for line in (tmp_path / "armed.history.jsonl").read_bytes().splitlines()]
    assert told == [ARMED, ended]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"until": "2099-01-01"'])
def test_a_file_that_cannot_be_understood_arms_nothing(tmp_path, content):
    path = tmp_path / "armed.json"
    path.write_bytes(content)
    assert refusal(read_armed(path), ACCOUNTS, NOW)


def test_what_cannot_be_written_down_arms_nothing(tmp_path):
    (tmp_path / "armed.history.jsonl").mkdir()
    with pytest.raises(OSError, match="directory"):
        set_armed(tmp_path / "armed.json", ARMED)
    assert read_armed(tmp_path / "armed.json") is None
