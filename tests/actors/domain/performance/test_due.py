"""When a report is due: named times of New York, sessions as the tables have them, each only in its time."""

from datetime import UTC, date, datetime, time

import pytest

from actors.domain.market.session import Sessions
from actors.domain.performance.due import Due, Kind, Times, due
from tests.builders import EXPIRY, sessions

TIMES = Times(morning_at=time(9, 0), evening_at=time(16, 20))
MORNING, EVENING, WEEK = (Due(kind, EXPIRY) for kind in (Kind.MORNING, Kind.EVENING, Kind.WEEK))


def at(text: str, known: Sessions | None = None, *, traded: bool = True) -> list[Due]:
    """What is due at a time of New York, on Monday the 5th of January 2026 where only a time is given."""
    text = text if "T" in text else f"2026-01-05T{text}"
    return list(due(datetime.fromisoformat(f"{text}-05:00"), known or sessions(), TIMES, has_session=lambda _: traded))


@pytest.mark.parametrize(
    ("clock", "wanted"),
    [
        ("08:59:59", []),
        ("09:00:00", [MORNING]),
        ("09:29:59", [MORNING]),
        ("09:30:00", []),  # after the open it is of no use
        ("16:19:59", []),
        ("16:20:00", [EVENING, WEEK]),
        ("2026-01-06T04:19:59", [EVENING, WEEK]),
        ("2026-01-06T04:20:00", []),  # the journal tells it again to whoever asks
        ("2026-01-04T09:15:00", []),  # no session, no report
    ],
)
def test_each_report_is_due_in_its_time_and_no_longer(clock, wanted):
    assert at(clock) == wanted


def test_a_session_that_ends_late_has_its_evening_five_minutes_after():
    late = sessions().declare(EXPIRY, datetime(2026, 1, 5, 20, tzinfo=UTC), datetime(2026, 1, 6, 2, tzinfo=UTC))
    assert at("21:04:59", late) == []
    assert at("21:05:00", late) == [EVENING, WEEK]


def test_the_weeks_report_waits_for_the_weeks_last_session():
    later = sessions().declare(
        date(2026, 1, 6), datetime(2026, 1, 6, 14, 30, tzinfo=UTC), datetime(2026, 1, 6, 21, tzinfo=UTC)
    )
    assert at("16:20:00", later) == [EVENING]


def test_an_evening_without_a_session_in_the_journal_is_not_due():
    assert at("16:20:00", traded=False) == []
