"""A broker's word on the day, from recorded payloads and made-up ones; what is not said is no word."""

import asyncio
import json
from datetime import date

import pytest

from actors.brokers.market_hours import EVERY_NS, HoursWatch, of_alpaca, of_tastytrade
from actors.domain.market.market_hours import MarketHours
from actors.ports import BrokerUnavailable
from tests.expiries import at

HALF = [{"date": "2026-11-27", "open": "09:30", "close": "13:00", "session_open": "0400", "session_close": "1700"}]


@pytest.fixture
def recorded(shared) -> dict:
    file = shared / "fixtures/tastytrade/joaquinbejar/captures__market-session-current.json"
    return json.loads(file.read_text())


def test_alpacas_line_of_a_day_is_its_hours_and_no_line_is_closed():
    told = of_alpaca(HALF, date(2026, 11, 27))
    assert (told.opens_at, told.closes_at) == (at("2026-11-27T09:30"), at("2026-11-27T13:00"))
    assert of_alpaca([], date(2026, 11, 26)) == MarketHours(source="alpaca", on=date(2026, 11, 26))


@pytest.mark.parametrize(
    ("on", "closes"),
    [(date(2026, 8, 4), "2026-08-04T16:00"), (date(2026, 8, 3), "2026-08-03T16:00")],
)
def test_tastytrades_recorded_session_says_the_hours_of_the_days_it_names(recorded, on, closes):
    assert of_tastytrade(recorded, on).closes_at == at(closes)


def test_a_day_between_two_sessions_is_closed_and_of_any_other_nothing_is_said(recorded):
    recorded["previous-session"]["open-at"] = "2026-08-01T13:30:00.000+00:00"
    assert of_tastytrade(recorded, date(2026, 8, 3)) == MarketHours(source="tastytrade", on=date(2026, 8, 3))
    assert of_tastytrade(recorded, date(2026, 8, 5)) is None
    assert of_tastytrade({"state": "Closed"}, date(2026, 8, 5)) is None


@pytest.mark.parametrize("payload", [None, "html", {"open-at": "soon"}, {"open-at": "2026-08-04T13:30:00Z"}])
def test_what_cannot_be_read_is_unavailable(payload):
    with pytest.raises(BrokerUnavailable):
        of_tastytrade(payload, date(2026, 8, 4))
    with pytest.raises(BrokerUnavailable):
        of_alpaca([payload], date(2026, 8, 4))


class Teller:
    def __init__(self) -> None:
        self.asked, self.word = 0, of_alpaca(HALF, date(2026, 11, 27))

    async def hours(self) -> MarketHours:
        self.asked += 1
        if self.word is None:
            raise BrokerUnavailable("away")
        return self.word


def test_a_broker_is_asked_at_a_pace_and_its_last_word_stands_while_it_is_away():
    watch, teller = HoursWatch(), Teller()
    for now_ns in (0, 1, EVERY_NS):
        asyncio.run(watch.look(teller, now_ns))
    assert (teller.asked, watch.told) == (2, teller.word)
    said, teller.word = teller.word, None
    for now_ns in (2 * EVERY_NS, 2 * EVERY_NS + 1):
        asyncio.run(watch.look(teller, now_ns))
    assert (teller.asked, watch.told) == (4, said), "without an answer it is asked again at once"
