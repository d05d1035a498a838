"""Sessions follow the exchange's day, and vanish wherever the tables are not sure."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.session import (
    NEW_YORK,
    Closed,
    Closure,
    ExchangeDay,
    ExchangeTable,
    LastSession,
    OfficialTable,
    Session,
    SessionRule,
    Sessions,
    UnknownSession,
)

FIRST, LAST = date(2026, 11, 23), date(2026, 12, 31)
HOLIDAYS = frozenset({date(2026, 11, 26), date(2026, 12, 25)})
HALF_DAYS = frozenset({date(2026, 11, 27), date(2026, 12, 24)})
RULES = {
    "equity_option": SessionRule(),
    "index_option": SessionRule(close_lag_min=15, half_day_close_lag_min=15, expiring=LastSession.EXCHANGE_CLOSE),
    "index_option_am": SessionRule(close_lag_min=15, half_day_close_lag_min=15, expiring=LastSession.NONE),
    "globex": SessionRule(
        opens=time(18),
        opens_day_before=True,
        close_lag_min=60,
        half_day_close_lag_min=15,
        expiring=LastSession.EXCHANGE_OPEN,
    ),
}
DATES = st.dates(FIRST, LAST)


def new_york(on: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(on, time(hour, minute), NEW_YORK)


def exchange_day(on: date, closes: int) -> ExchangeDay:
    return ExchangeDay(opens_at=new_york(on, 9, 30).astimezone(UTC), closes_at=new_york(on, closes).astimezone(UTC))


def all_sessions(changes: dict[date, ExchangeDay | None] | None = None) -> Sessions:
    """Two tables that agree, but for the exchange's days in `changes`; None there is no day."""
    days = {}
    for ahead in range((LAST - FIRST).days + 1):
        on = FIRST + timedelta(days=ahead)
        if on.weekday() < 5 and on not in HOLIDAYS:
            days[on] = exchange_day(on, 13 if on in HALF_DAYS else 16)
    days = {on: day for on, day in (days | (changes or {})).items() if day is not None}
    return Sessions(
        exchange=ExchangeTable(source="the exchange", first_on=FIRST, last_on=LAST, days=days),
        official=OfficialTable(
            source="the list",
            checked_on=FIRST,
            first_on=FIRST,
            last_on=LAST,
            holidays=HOLIDAYS,
            half_days=HALF_DAYS,
        ),
        rules=RULES,
    )


@pytest.mark.parametrize(
    ("name", "on", "expiring", "opens", "closes"),
    [
        ("equity_option", date(2026, 11, 25), False, (0, 9, 30), (16, 0)),
        ("equity_option", date(2026, 11, 27), False, (0, 9, 30), (13, 0)),
        ("equity_option", date(2026, 11, 27), True, (0, 9, 30), (13, 0)),
        ("index_option", date(2026, 11, 25), False, (0, 9, 30), (16, 15)),
        ("index_option", date(2026, 11, 25), True, (0, 9, 30), (16, 0)),
        ("index_option", date(2026, 12, 24), False, (0, 9, 30), (13, 15)),
        ("index_option", date(2026, 12, 24), True, (0, 9, 30), (13, 0)),
        ("index_option_am", date(2026, 12, 17), False, (0, 9, 30), (16, 15)),
        ("globex", date(2026, 11, 25), False, (-1, 18, 0), (17, 0)),
        ("globex", date(2026, 11, 27), False, (-1, 18, 0), (13, 15)),
        ("globex", date(2026, 12, 18), True, (-1, 18, 0), (9, 30)),
    ],
)
def test_each_product_opens_and_closes_as_its_rule_says(name, on, expiring, opens, closes) -> None:
    session = all_sessions().session(name, on, expiring=expiring)
    assert session is not None
    assert session.opens_at == new_york(on + timedelta(days=opens[0]), *opens[1:])
    assert session.closes_at == new_york(on, *closes)
    assert session.is_half_day == (on in HALF_DAYS)
    assert session.opens_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("on", [date(2026, 11, 26), date(2026, 11, 28), date(2026, 11, 29), date(2026, 12, 25)])
def test_a_holiday_and_a_weekend_have_no_session(on) -> None:
    for name in RULES:
        assert all_sessions().session(name, on) is None
        assert all_sessions().find(name, on).code is Closed.Code.CLOSED


def test_a_series_settled_in_the_morning_does_not_trade_on_its_last_day() -> None:
    found = all_sessions().find("index_option_am", date(2026, 12, 18), expiring=True)
    assert isinstance(found, Closed)
    assert found.code is Closed.Code.EXPIRED


@pytest.mark.parametrize(
    ("on", "day"),
    [
        (date(2026, 12, 24), exchange_day(date(2026, 12, 24), 16)),  # the exchange misses the half day
        (date(2026, 12, 24), None),
        (date(2026, 12, 23), exchange_day(date(2026, 12, 23), 13)),  # a half day the list does not know
        (date(2026, 12, 25), exchange_day(date(2026, 12, 25), 16)),
    ],
)
def test_where_the_two_tables_disagree_there_is_no_session_and_the_reason_names_both(on, day) -> None:
    sessions = all_sessions({on: day})
    found = sessions.find("equity_option", on)
    assert isinstance(found, Closed)
    assert found.code is Closed.Code.TABLES_DISAGREE
    assert "the exchange says" in found.text
    assert "the list says" in found.text
    assert sessions.session("equity_option", on) is None


@pytest.mark.parametrize("on", [FIRST - timedelta(days=3), LAST + timedelta(days=1)])
def test_beyond_the_end_of_a_table_there_is_no_session(on) -> None:
    found = all_sessions().find("equity_option", on)
    assert isinstance(found, Closed)
    assert found.code is Closed.Code.TABLE_ENDS


def test_an_unknown_rule_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(UnknownSession, match="index_option_am"):
        all_sessions().session("stocks", FIRST)


@given(on=DATES, expiring=st.booleans(), name=st.sampled_from(sorted(RULES)))
def test_no_session_outlasts_the_ordinary_one_and_expiring_series_never_trade_longer(on, expiring, name) -> None:
    sessions = all_sessions()
    session = sessions.session(name, on, expiring=expiring)
    if session is None:
        return
    usual = sessions.session(name, on)
    assert usual is not None
    assert session.opens_at == usual.opens_at
    assert session.closes_at <= usual.closes_at
    assert usual.closes_at - usual.opens_at < timedelta(hours=24)


@given(on=DATES, minutes=st.integers(0, 24 * 60 - 1))
def test_the_session_date_is_new_yorks_date_on_trading_days_and_none_on_others(on, minutes) -> None:
    sessions = all_sessions()
    now = (datetime.combine(on, time(), NEW_YORK) + timedelta(minutes=minutes)).astimezone(UTC)
    assert sessions.session_date(now) == (on if sessions.session("equity_option", on) else None)


def test_globexs_next_day_begins_at_six_in_the_evening() -> None:
    sessions = all_sessions()
    sunday = date(2026, 11, 29)
    assert sessions.session_date(new_york(sunday, 17, 59), "globex") is None
    assert sessions.session_date(new_york(sunday, 18), "globex") == date(2026, 11, 30)


def test_a_declared_day_stands_for_every_product_whatever_the_tables_say() -> None:
    sunday = date(2026, 11, 29)
    opens_at = datetime(2026, 11, 29, 22, tzinfo=UTC)
    sessions = all_sessions().declare(sunday, opens_at, opens_at + timedelta(hours=2))
    for name in RULES:
        session = sessions.session(name, sunday, expiring=True)
        assert session is not None
        assert (session.opens_at, session.closes_at) == (opens_at, opens_at + timedelta(hours=2))
    assert all_sessions().session("globex", sunday) is None
    assert sessions.session("equity_option", date(2026, 11, 25)) is not None


def test_a_session_holds_its_open_but_no_longer_its_close() -> None:
    session = all_sessions().session("equity_option", date(2026, 11, 27))
    assert session is not None
    assert session.holds(session.opens_at)
    assert not session.holds(session.closes_at)
    assert not session.holds(session.opens_at - timedelta(microseconds=1))


def test_a_session_cannot_close_before_it_opens() -> None:
    with pytest.raises(ValueError, match="not before it closes"):
        Session(opens_at=new_york(FIRST, 16), closes_at=new_york(FIRST, 9), is_half_day=False)


@pytest.mark.parametrize("name", list(RULES))
def test_a_day_that_a_person_declares_closed_is_closed_for_every_product(name):
    on = date(2026, 12, 7)
    assert all_sessions().session(name, on)
    found = all_sessions().without([Closure(on=on, reason="day of mourning")]).find(name, on)
    assert isinstance(found, Closed)
    assert (found.code, "day of mourning" in found.text) == (Closed.Code.CLOSED, True)
    assert all_sessions().without([Closure(on=on)]).session(name, date(2026, 12, 8)) is not None


@pytest.mark.parametrize(("name", "usual"), [("equity_option", 16), ("index_option", 16), ("globex", 17)])
def test_an_early_close_on_the_day_cuts_every_session_and_never_lengthens_one(name, usual):
    on = date(2026, 12, 7)
    early = all_sessions().without([Closure(on=on, closes_at=time(12))]).session(name, on)
    assert (early.closes_at, early.is_half_day) == (new_york(on, 12), True)
    late = all_sessions().without([Closure(on=on, closes_at=time(23, 59))]).session(name, on)
    assert late.closes_at == all_sessions().session(name, on).closes_at
    assert late.closes_at.astimezone(NEW_YORK).hour == usual


def test_a_close_before_the_open_leaves_no_session():
    on = date(2026, 12, 7)
    assert all_sessions().without([Closure(on=on, closes_at=time(9))]).session("equity_option", on) is None


def test_a_made_up_day_is_closed_by_a_person_too():
    on = date(2026, 12, 5)
    made_up = all_sessions().declare(on, new_york(on, 10), new_york(on, 15))
    assert made_up.session("equity_option", on)
    assert made_up.without([Closure(on=on)]).session("equity_option", on) is None


def test_what_was_looked_up_before_is_not_believed_after():
    on, known = date(2026, 12, 7), all_sessions()
    known.session("equity_option", on)
    assert known.without([Closure(on=on)]).session("equity_option", on) is None
