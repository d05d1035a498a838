"""Who is heard: the table at the head of `admission`."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.config_phone import PhoneSection, gaps
from supervisor.phone.admission import Admission, Door, Said

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
SECTION = PhoneSection(token="TOKEN", users={"ann": 11}, chats=(11, -77), commands_max=3)


def said(seconds_ago: float = 0, **changes: object) -> Said:
    plain = Said(1, 11, 11, is_bot=False, is_forwarded=False, written_at=NOW - timedelta(seconds=seconds_ago), text="x")
    return plain._replace(**changes)


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        (said(), Admission.ADMITTED),
        (said(chat=-77), Admission.ADMITTED),
        (said(chat=99), Admission.STRANGER),
        (said(chat=99, user=99), Admission.STRANGER),
        (said(chat=-77, user=99), Admission.REFUSED),
        (said(chat=-77, user=0), Admission.REFUSED),
        (said(is_bot=True), Admission.REFUSED),
        (said(is_forwarded=True), Admission.REFUSED),
        (said(119), Admission.ADMITTED),
        (said(121), Admission.OLD),
        (said(-121), Admission.OLD),
    ],
)
def test_who_is_not_listed_where_they_write_is_not_heard(message, verdict):
    assert Door(SECTION).admit(message, NOW) is verdict


def test_one_user_may_ask_so_often_in_a_minute():
    door = Door(SECTION)
    asked = [door.admit(said(written_at=NOW), NOW) for _ in range(5)]
    assert asked == [Admission.ADMITTED] * 3 + [Admission.TOO_MANY] * 2
    later = NOW + timedelta(seconds=61)
    assert door.admit(said(written_at=later), later) is Admission.ADMITTED


def test_a_bot_that_would_hear_nobody_is_a_mistake_and_so_is_one_account_with_two_names():
    assert [path for path, _ in gaps(PhoneSection(token="TOKEN"))] == [("phone", "users"), ("phone", "chats")]
    twice = PhoneSection(token="TOKEN", users={"ann": 1, "bob": 1}, chats=(1,))
    assert [path for path, _ in gaps(twice)] == [("phone", "users")]
    assert list(gaps(SECTION)) == []


@pytest.mark.parametrize("url", ["http://api.example.com", "http://127.0.0.1.example.com", "ftp://x", "https://a@b"])
def test_the_token_travels_over_tls_or_stays_here(url):
    with pytest.raises(ValueError, match="api_url"):
        PhoneSection(api_url=url)
