"""When options trade for the last time: half days, morning settlement, expiries on days without a session."""

import time
from datetime import date, datetime

import pytest

from actors.domain.market.contract import Kind, Product, Settlement, SettlementTime, Style
from actors.domain.market.last_trade import last_trade
from tests.expiries import PRODUCTS, SESSIONS, TABLE, at


@pytest.mark.parametrize(
    ("symbol", "ends"),
    [
        ("SPXW  210104C03700000", "2021-01-04T16:00"),
        ("SPXW  261127C06000000", "2026-11-27T13:00"),
        ("SPXW  261224C06000000", "2026-12-24T13:00"),
        ("XSP   250703P00600000", "2025-07-03T13:00"),
        ("GOOG  151224C00750000", "2015-12-24T13:00"),
        ("SPY   261120P00600000", "2026-11-20T16:15"),
        ("SPY   261224P00600000", "2026-12-24T13:15"),
        ("SPX   261218C05000000", "2026-12-17T16:15"),
        ("VIX   261216C00020000", "2026-12-15T16:15"),
        ("./ESZ25 EW3 251017C06500000", "2025-10-17T16:00"),
        ("./ESZ26 261218C06500000", "2026-12-18T09:30"),
    ],
)
def test_each_product_ends_when_its_own_rule_says(symbol, ends):
    last = last_trade(PRODUCTS.contract(symbol), SESSIONS)
    assert last is not None
    assert last.at == at(ends)


@pytest.mark.parametrize(
    ("symbol", "settles_on", "ends"),
    [
        ("GOOG  150117C00500000", date(2015, 1, 16), "2015-01-16T16:00"),  # a Saturday, as until February 2015
        ("SPX   150117C02000000", date(2015, 1, 16), "2015-01-15T16:15"),
        ("SPX   140419C01800000", date(2014, 4, 17), "2014-04-16T16:15"),  # the Saturday after Good Friday
        ("SPXW  260403C06000000", date(2026, 4, 2), "2026-04-02T16:00"),  # Good Friday itself
        ("GOOG  250109C00200000", date(2025, 1, 8), "2025-01-08T16:00"),  # a day of mourning
    ],
)
def test_what_expires_on_a_weekend_or_holiday_is_settled_on_the_session_before(symbol, settles_on, ends):
    last = last_trade(PRODUCTS.contract(symbol), SESSIONS)
    assert last is not None
    assert (last.settles_on, last.at) == (settles_on, at(ends))


def test_where_a_table_ends_nothing_is_known():
    assert last_trade(PRODUCTS.contract("GOOG  300118C00500000"), SESSIONS) is None
    assert last_trade(PRODUCTS.contract("GOOG"), SESSIONS) is None


def test_the_last_session_is_that_day_until_its_end():
    last = last_trade(PRODUCTS.contract("GOOG  151224C00750000"), SESSIONS)
    assert not last.is_last_session(at("2015-12-23T15:59"))
    assert last.is_last_session(at("2015-12-24T08:00"))
    assert last.is_last_session(at("2015-12-24T12:59:59"))
    assert not last.is_last_session(at("2015-12-24T13:00"))


def test_every_product_of_the_shipped_table_has_an_expiry_row():
    for root in ("SPX", "SPXW", "XSP", "NDX", "NDXP", "RUT", "RUTW", "VIX", "VIXW", "SPY", "GOOG", "./ES", "./EW3"):
        assert TABLE.row(PRODUCTS.of_root(root), date(2026, 11, 23)) is not None, root


def test_what_no_row_fits_is_not_known():
    on = date(2026, 11, 23)
    assert TABLE.row(PRODUCTS.contract("DJX   261218C00400000").product, on) is None
    strange = Product(
        root="XYZ", underlying="XYZ", kind=Kind.INDEX_OPTION, style=Style.AMERICAN, settlement=Settlement.CASH
    )
    assert TABLE.row(strange, on) is None
    assert TABLE.row(PRODUCTS.of_root("SPXW"), date(2028, 1, 3)) is None, "the table's last day is over"


def test_rows_are_dated_the_newest_in_force_counts():
    equity = PRODUCTS.of_root("GOOG")
    found = [TABLE.row(equity, on) for on in (date(2006, 10, 1), date(2007, 6, 1), date(2008, 6, 2))]
    assert [None if row is None else str(row.exercised_from) for row in found] == [None, "0.05", "0.01"]
    assert equity.settlement_time is SettlementTime.PM


@pytest.mark.parametrize(
    ("symbol", "utc"),
    [
        ("SPXW  260306C06000000", "2026-03-06T21:00:00+00:00"),
        ("SPXW  260309C06000000", "2026-03-09T20:00:00+00:00"),  # the clocks went forward in between
        ("SPXW  261030C06000000", "2026-10-30T20:00:00+00:00"),
        ("SPXW  261102C06000000", "2026-11-02T21:00:00+00:00"),  # and back
        ("./ESH26 EW2 260313C06500000", "2026-03-13T20:00:00+00:00"),
    ],
)
@pytest.mark.parametrize("zone", ["America/New_York", "Europe/London", "Asia/Tokyo", "UTC"])
def test_the_end_is_new_yorks_in_both_weeks_that_change_the_clocks_whatever_the_hosts_zone(
    symbol, utc, zone, monkeypatch
):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert last_trade(PRODUCTS.contract(symbol), SESSIONS).at == datetime.fromisoformat(utc)
    finally:
        monkeypatch.undo()
        time.tzset()
