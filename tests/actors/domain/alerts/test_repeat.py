from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.repeat import NANOSECONDS, WINDOWS_MAX, Hearing, RepeatFilter

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
WINDOW_S = 60.0


def alert(number: int, code: str = "A1", subject: str = "SPX", level: Level = Level.P1) -> Alert:
    return Alert(alert_id=f"a{number}", code=code, level=level, subject=subject, text=f"text {number}", at=AT)


def seconds(value: float) -> int:
    return int(value * NANOSECONDS)


TABLE = [
    ("the first is sent", [(alert(1), 0, Hearing.SEND)]),
    ("the same within the window is counted", [(alert(1), 0, Hearing.SEND), (alert(2), 59, Hearing.COUNT)]),
    ("the same after the window is sent", [(alert(1), 0, Hearing.SEND), (alert(2), 60, Hearing.SEND)]),
    ("another subject is sent", [(alert(1), 0, Hearing.SEND), (alert(2, subject="GOOG"), 1, Hearing.SEND)]),
    ("another code is sent", [(alert(1), 0, Hearing.SEND), (alert(2, code="A2"), 1, Hearing.SEND)]),
    ("a louder one is sent", [(alert(1), 0, Hearing.SEND), (alert(2, level=Level.P0), 1, Hearing.SEND)]),
    ("a quieter one is counted", [(alert(1), 0, Hearing.SEND), (alert(2, level=Level.P3), 1, Hearing.COUNT)]),
    ("the same alert is ignored", [(alert(1), 0, Hearing.SEND), (alert(1), 1, Hearing.IGNORE)]),
    (
        "a louder one opens the window anew",
        [
            (alert(1), 0, Hearing.SEND),
            (alert(2, level=Level.P0), 50, Hearing.SEND),
            (alert(3, level=Level.P0), 100, Hearing.COUNT),
        ],
    ),
]


@pytest.mark.parametrize("steps", [case[1] for case in TABLE], ids=[case[0] for case in TABLE])
def test_what_is_done_with_an_alert(steps):
    heard = RepeatFilter(WINDOW_S)
    assert [heard.hear(each, seconds(at)) for each, at, _ in steps] == [expected for _, _, expected in steps]


def test_a_window_that_counted_ends_with_one_summary():
    heard = RepeatFilter(WINDOW_S)
    for number in range(4):
        heard.hear(alert(number), seconds(number))
    assert list(heard.summaries(seconds(59))) == []
    (summary,) = heard.summaries(seconds(60))
    assert summary.text == "text 3 (x3 more since 15:00:00 UTC)"
    assert summary.alert_id == "a0+3"
    assert list(heard.summaries(seconds(200))) == []


def test_a_window_that_counted_nothing_ends_quietly():
    heard = RepeatFilter(WINDOW_S)
    heard.hear(alert(1), 0)
    assert list(heard.summaries(seconds(60))) == []


def test_more_kinds_than_the_limit_are_sent_rather_than_lost():
    heard = RepeatFilter(WINDOW_S)
    for number in range(WINDOWS_MAX + 1):
        assert heard.hear(alert(number, subject=str(number)), 0) is Hearing.SEND
    assert heard.hear(alert(-1, subject="0"), 1) is Hearing.SEND


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(Level)), st.integers(0, 40)), max_size=60))
def test_every_alert_is_sent_or_counted_once_and_all_counts_are_told(steps):
    heard = RepeatFilter(WINDOW_S)
    now = sent = counted = told = 0
    for number, (subject, level, pause) in enumerate(steps):
        now += pause
        told += sum(int(each.alert_id.rpartition("+")[2]) for each in heard.summaries(seconds(now)))
        verdict = heard.hear(alert(number, subject=subject, level=level), seconds(now))
        sent += verdict is Hearing.SEND
        counted += verdict is Hearing.COUNT
    told += sum(int(each.alert_id.rpartition("+")[2]) for each in heard.summaries(seconds(now + 1000)))
    assert sent + counted == len(steps)
    assert told == counted
