from datetime import UTC, datetime, time

import pytest
from pydantic import ValidationError

from actors.domain.alerts.alert import Level
from actors.domain.alerts.quiet import QuietHours

NIGHT = QuietHours(begins=time(22), ends=time(7))


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (utc(24, 2, 59), False),  # 21:59 in New York
        (utc(24, 3), True),
        (utc(24, 11, 59), True),
        (utc(24, 12), False),
        (utc(24, 2, month=7), True),  # 22:00 in summer
    ],
)
def test_a_night_goes_over_midnight_and_follows_new_yorks_clock(at, expected):
    assert NIGHT.holds(Level.P2, at) is expected
    assert not NIGHT.holds(Level.P0, at)


def test_a_weekend_may_be_quiet_all_day():
    saturday_noon = utc(28, 17)
    assert not NIGHT.holds(Level.P1, saturday_noon)
    assert NIGHT.model_copy(update={"weekends": True}).holds(Level.P1, saturday_noon)


def test_only_the_levels_that_are_named_wait_and_a_page_cannot_be_named():
    assert not QuietHours(begins=time(22), ends=time(7), levels=(Level.P3,)).holds(Level.P1, utc(24, 4))
    with pytest.raises(ValidationError):
        QuietHours(begins=time(22), ends=time(7), levels=("P0",))
