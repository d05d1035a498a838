from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.record import Window
from actors.domain.alerts.repeat import TURNS_MAX, WINDOWS_MAX, Hearing, Windows

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
WINDOW_S = 60.0


def alert(number: int, code: str = "A1", subject: str = "SPX", level: Level = Level.P1) -> Alert:
    return Alert(alert_id=f"a{number}", code=code, level=level, subject=subject, text=f"text {number}", at=AT)


class Heard:
    """Windows, and what follows when an alert is heard `at` seconds."""

    def __init__(self) -> None:
        self.windows = Windows()

    def hear(self, each: Alert, at: float) -> Hearing:
        now = AT + timedelta(seconds=at)
        verdict = self.windows.hear(each, now, WINDOW_S)
        if verdict is Hearing.SEND:
            self.windows.sent(each, now)
        elif verdict is Hearing.COUNT:
            self.windows.counted(each, now)
        return verdict

    def summaries(self, at: float) -> list[Alert]:
        found = list(self.windows.summaries(AT + timedelta(seconds=at), WINDOW_S))
        for each in found:
            self.windows.close(each.key)
        return found


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
        "lost, back and lost again are each said",
        [
            (alert(1, "A050"), 0, Hearing.SEND),
            (alert(2, "A050", level=Level.P2), 1, Hearing.SEND),
            (alert(3, "A050"), 2, Hearing.SEND),
            (alert(4, "A050"), 3, Hearing.COUNT),
        ],
    ),
    (
        "a clock that was set back ends the window",
        [(alert(1), 0, Hearing.SEND), (alert(2), -5, Hearing.SEND)],
    ),
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
    heard = Heard()
    assert [heard.hear(each, at) for each, at, _ in steps] == [expected for _, _, expected in steps]


def test_a_window_that_counted_ends_with_one_summary():
    heard = Heard()
    for number in range(4):
        heard.hear(alert(number), number)
    assert list(heard.summaries(59)) == []
    (summary,) = heard.summaries(60)
    assert summary.text == "text 3 (x3 more since 10:00:00 ET)"
    assert summary.alert_id == "a0+3"
    assert list(heard.summaries(200)) == []


def test_a_window_that_counted_nothing_ends_quietly():
    heard = Heard()
    heard.hear(alert(1), 0)
    assert list(heard.summaries(60)) == []


def test_more_kinds_than_the_limit_are_sent_rather_than_lost():
    heard = Heard()
    for number in range(WINDOWS_MAX + 1):
        assert heard.hear(alert(number, subject=str(number)), 0) is Hearing.SEND
    assert heard.hear(alert(-1, subject="0"), 1) is Hearing.SEND


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(Level)), st.integers(0, 40)), max_size=60))
def test_every_alert_is_sent_or_counted_once_and_all_counts_are_told(steps):
    heard = Heard()
    now = sent = counted = told = 0
    for number, (subject, level, pause) in enumerate(steps):
        now += pause
        told += sum(int(each.alert_id.rpartition("+")[2]) for each in heard.summaries(now))
        verdict = heard.hear(alert(number, subject=subject, level=level), now)
        sent += verdict is Hearing.SEND
        counted += verdict is Hearing.COUNT
    told += sum(int(each.alert_id.rpartition("+")[2]) for each in heard.summaries(now + 1000))
    assert sent + counted == len(steps)
    assert told == counted


def test_what_turns_without_end_is_counted_at_last():
    heard = Heard()
    levels = [Level.P1, Level.P2] * TURNS_MAX
    verdicts = [heard.hear(alert(number, "A050", level=level), 1) for number, level in enumerate(levels)]
    assert verdicts.count(Hearing.SEND) == TURNS_MAX + 1


def test_the_windows_survive_the_disk():
    heard = Heard()
    for number in range(3):
        heard.hear(alert(number), number)
    kept = [Window.model_validate_json(each.model_dump_json()) for each in heard.windows.all()]
    assert Windows(kept).hear(alert(4), AT + timedelta(seconds=5), WINDOW_S) is Hearing.COUNT
