from datetime import UTC, datetime, timedelta

import pytest

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.silence import Silence, refusal, silence_about

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def silence(code: str = "A050", subject: str = "", *, hours: float = 1.0, reason: str = "known") -> Silence:
    return Silence(code=code, subject=subject, begins=AT, ends=AT + timedelta(hours=hours), by="ann", reason=reason)


def alert(code: str = "A050", subject: str = "route-a", level: Level = Level.P1) -> Alert:
    return Alert(alert_id="x", code=code, level=level, subject=subject, text="t", at=AT)


@pytest.mark.parametrize(
    ("wanted", "minutes", "level", "expected"),
    [
        (silence(), 0, Level.P1, True),
        (silence(), 59, Level.P1, True),
        (silence(), 60, Level.P1, False),
        (silence(), -1, Level.P1, False),
        (silence(), 14, Level.P0, True),
        (silence(), 15, Level.P0, False),
        (silence("A051"), 1, Level.P1, False),
        (silence("", "route-a"), 1, Level.P1, True),
        (silence("", "route-*"), 1, Level.P1, True),
        (silence("", "route"), 1, Level.P1, False),
        (silence("A050", "route-b"), 1, Level.P1, False),
    ],
)
def test_what_a_silence_covers(wanted, minutes, level, expected):
    assert wanted.covers(alert(level=level), AT + timedelta(minutes=minutes), 900.0) is expected


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (silence("", "*"), "names a code or a subject"),
        (silence(reason=" "), "a person and a reason"),
        (silence(hours=25), "at most 24 hours"),
        (silence(hours=-1), "ends after it begins"),
    ],
)
def test_a_silence_without_a_name_a_reason_or_a_limit_is_refused(wanted, said):
    assert said in refusal(wanted, 86_400.0)


def test_a_silence_that_names_something_and_says_why_is_taken():
    assert refusal(silence(hours=24), 86_400.0) is None


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("A050", ("A050", "")),
        ("STRATEGY_STATE_DROPPED", ("STRATEGY_STATE_DROPPED", "")),
        ("route-a", ("", "route-a")),
        ("A050:route-*", ("A050", "route-*")),
        (":A050", ("", "A050")),
    ],
)
def test_words_name_a_code_a_subject_or_both(what, expected):
    found = silence_about(what, 90, by="ann", reason="why", now=AT)
    assert (found.code, found.subject) == expected
    assert found.ends - found.begins == timedelta(seconds=90)
