"""The calendar's refusals of openings, each alone, and that no close is ever asked any of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from pydantic import ValidationError

from actors.domain.market.market_hours import MarketHours, disagreement
from actors.domain.market.session import Closure
from actors.domain.orders.refusal import Admitted, Refused
from actors.domain.risk.almanac import Almanac, Blackout
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.gate import review
from tests.actors.domain.risk.test_gate import circumstances
from tests.builders import close_signal, open_signal
from tests.expiries import SESSIONS, TABLE, at
from tests.fakes import START
from tests.rig import Rig

ALMANAC = Almanac(table=TABLE, openings_until_min=15, adapters=())
FOMC = Blackout(begins=at("2026-01-05T09:55"), ends=at("2026-01-05T10:30"), reason="FOMC")


def codes(seen: Circumstances) -> list[str]:
    verdict = review(open_signal(1), seen)
    return [code.value for code in verdict.codes] if isinstance(verdict, Refused) else []


def test_an_ordinary_opening_passes_the_whole_calendar():
    seen = circumstances(almanac=ALMANAC)
    assert codes(seen) == []
    asked = {check.code.value for check in review(open_signal(1), seen).checks}
    assert {"R024", "R025", "R026", "R027"} <= asked


@pytest.mark.parametrize(
    ("event", "refused"),
    [
        (FOMC, True),
        (FOMC.model_copy(update={"underlyings": ("SPX",)}), True),
        (FOMC.model_copy(update={"underlyings": ("GOOG", "AAPL")}), False),
        (FOMC.model_copy(update={"ends": START}), False),
        (FOMC.model_copy(update={"begins": START}), True),
        (FOMC.model_copy(update={"begins": START + timedelta(seconds=1)}), False),
    ],
)
def test_nothing_is_opened_while_an_event_is_due_on_its_underlying(event, refused):
    seen = circumstances(almanac=ALMANAC.model_copy(update={"blackouts": (event,)}))
    assert codes(seen) == (["R025"] if refused else [])
    if refused:
        check = next(each for each in review(open_signal(1), seen).checks if not each.passed)
        assert "FOMC, until Mon 05 Jan 10:30 ET" in check.value or event.ends != FOMC.ends


def test_a_blackout_that_ends_before_it_begins_is_a_fault_of_the_configuration():
    with pytest.raises(ValidationError, match="not before it ends"):
        Blackout(begins=FOMC.ends, ends=FOMC.begins, reason="FOMC")


def test_a_product_without_an_expiry_row_is_not_opened():
    table = TABLE.model_copy(update={"products": ()})
    seen = circumstances(almanac=ALMANAC.model_copy(update={"table": table}))
    assert codes(seen) == ["R026"] * 4
    over = TABLE.model_copy(update={"last_on": date(2026, 1, 4)})
    assert codes(circumstances(almanac=ALMANAC.model_copy(update={"table": over}))) == ["R026"] * 4


@pytest.mark.parametrize(
    ("clock", "adapters", "refused"),
    [
        ("15:44:59", (), False),
        ("15:45:00", (), True),
        ("15:29:59", ("tastytrade",), False),
        ("15:30:00", ("tastytrade", "alpaca"), True),
        ("15:44:59", ("alpaca",), False),
    ],
)
def test_what_ends_today_is_not_opened_at_its_very_end_nor_when_its_broker_refuses_it(clock, adapters, refused):
    almanac = ALMANAC.model_copy(update={"adapters": adapters})
    seen = circumstances(almanac=almanac, now=at(f"2026-01-05T{clock}"))
    assert ("R027" in codes(seen)) == refused


def test_two_sources_of_the_hours_that_disagree_open_nothing():
    seen = circumstances(hours_disagree="tastytrade says 09:30 to 13:00, the tables say 09:30 to 16:00")
    assert codes(seen) == ["R024"]


@pytest.mark.parametrize("mends", [{"completes": True}, {"accounts": frozenset({"backup"})}])
def test_an_opening_that_mends_is_asked_none_of_it(mends):
    worst = ALMANAC.model_copy(update={"blackouts": (FOMC,), "openings_until_min": 390})
    assert {"R025", "R027"} <= set(codes(circumstances(almanac=worst)))
    assert not {"R024", "R025", "R026", "R027"} & set(codes(circumstances(almanac=worst, **mends)))


def test_no_close_is_asked_any_of_it():
    rig = Rig().ready()
    held = rig.opened(open_signal(1))
    nothing = TABLE.model_copy(update={"products": (), "last_on": date(2000, 1, 1)})
    worst = Almanac(table=nothing, openings_until_min=390, adapters=("tastytrade",), blackouts=(FOMC,))
    seen = replace(rig.executor._desk.circumstances(), almanac=worst, hours_disagree="they disagree")
    assert isinstance(review(close_signal(2, held), seen), Admitted)


FULL = MarketHours(
    source="alpaca", on=date(2026, 11, 25), opens_at=at("2026-11-25T09:30"), closes_at=at("2026-11-25T16:00")
)


@pytest.mark.parametrize(
    ("told", "now", "words"),
    [
        (None, "2026-11-25T12:00", ""),
        (FULL, "2026-11-25T12:00", ""),
        (FULL, "2026-11-24T12:00", ""),
        (
            FULL.model_copy(update={"closes_at": at("2026-11-25T13:00")}),
            "2026-11-25T12:00",
            "alpaca says 09:30 to 13:00, the tables say 09:30 to 16:00",
        ),
        (
            MarketHours(source="alpaca", on=date(2026, 11, 25)),
            "2026-11-25T12:00",
            "alpaca says closed, the tables say 09:30 to 16:00",
        ),
        (MarketHours(source="alpaca", on=date(2026, 11, 26)), "2026-11-26T12:00", ""),
    ],
)
def test_a_brokers_word_on_today_is_held_against_the_tables(told, now, words):
    assert disagreement(told, SESSIONS, at(now)) == words


def test_a_connections_word_on_the_hours_reaches_the_gate_and_stops_openings_alone():
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    early = MarketHours(
        source="primary", on=START.date(), opens_at=at("2026-01-05T09:30"), closes_at=at("2026-01-05T13:00")
    )
    state = rig.executor._desk.seats.of("primary").state.model_copy(update={"hours": early})
    rig.hear("connection-primary", state)
    refused = rig.ask(open_signal(2))
    assert [check.code.value for check in refused.checks if not check.passed] == ["R024"]
    assert rig.ask(close_signal(3, name)).admitted
    rig.after(2)
    (text,) = rig.alerts("A133")
    assert "primary says 09:30 to 13:00, the tables say 09:30 to 16:00" in text


def test_what_a_person_declared_closed_is_held_against_nobody():
    declared = SESSIONS.without([Closure(on=date(2026, 11, 25), closes_at=time(12), reason="storm")])
    assert disagreement(FULL, declared, at("2026-11-25T11:00")) == ""


def test_a_broker_that_trades_while_the_tables_say_closed_disagrees_too():
    thanksgiving = MarketHours(
        source="alpaca", on=date(2026, 11, 26), opens_at=at("2026-11-26T09:30"), closes_at=at("2026-11-26T16:00")
    )
    text = disagreement(thanksgiving, SESSIONS, datetime(2026, 11, 26, 17, tzinfo=UTC))
    assert text.startswith("alpaca says 09:30 to 16:00, the tables say closed (Thu 2026-11-26")
