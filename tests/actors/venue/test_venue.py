"""The whole venue: the market in time, every row told once, the books over a restart."""

import json
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import httpx2
import pytest

from actors.clock import MarketClockWriter, SharedMarketClock
from actors.venue.venue_settings import Begin, read_venue_file, venue_file
from tests.actors.venue.conftest import (
    CLOSES_AT,
    OPENS_AT,
    TASTYTRADE,
    Running,
    SmallMarket,
    eventually,
    option,
    places_in,
    running,
    serve_until_killed,
)
from tests.actors.venue.dxlink_client import DxlinkClient
from tests.actors.venue.wire_clients import NATURAL, Tastytrade, condor

ALL = [f".SPXW261120{right}{strike}" for strike in (4900, 4950, 5000, 5050, 5100) for right in "CP"]


def test_every_row_played_is_one_event_of_who_subscribed(venue: Running):
    with DxlinkClient(venue) as quotes:
        quotes.subscribe(ALL)
        quotes.subscribe(["SPX"], "Trade")
        assert {event[0] for event in quotes.events("Quote", 10)} == set(ALL)
        eventually(lambda: venue.status()["quotes"]["clients"][0]["snapshots"] == 11)
        venue.step(59)
        assert len(quotes.events("Quote", 590)) == 590
        client = venue.status()["quotes"]["clients"][0]
        assert (client["quotes"], client["trades"], client["subscribed"]) == (590, 59, 11)
        assert venue.status()["rows"] == 11 * 60


def test_the_market_waits_for_its_first_subscriber_and_then_tells_it_everything(tmp_path: Path):
    waiting = running(places_in(tmp_path), speed=60, begin=Begin.ON_SUBSCRIPTION, quiet_s=0.1)
    with waiting as venue, DxlinkClient(venue) as quotes:
        assert venue.status()["state"] == "waiting"
        quotes.subscribe(ALL)
        assert len(quotes.events("Quote", 600)) == 600


def test_a_reader_that_does_not_read_holds_the_markets_clock(tmp_path: Path):
    market = SmallMarket(seconds=20_000)
    with running(places_in(tmp_path), market, speed=3600) as venue:
        with DxlinkClient(venue) as quotes:
            quotes.subscribe(ALL)
            quotes.wire.protocol.max_size = None
            quotes.wire.close_timeout = 0.1  # it reads nothing, so it would not read a goodbye
            stuck = eventually(lambda: _standing_still(venue))
            assert stuck < OPENS_AT + timedelta(seconds=20_000)
        eventually(lambda: _market_now(venue) > stuck)  # the reader is gone: the market goes on


def _market_now(venue: Running) -> datetime:
    return datetime.fromisoformat(venue.status()["market_now"])


def _standing_still(venue: Running) -> datetime | None:
    import time

    before = _market_now(venue)
    time.sleep(0.3)  # the absence of movement has no event
    return before if _market_now(venue) == before else None


def test_the_clock_in_shared_memory_is_the_markets(venue: Running):
    clock = SharedMarketClock.open(venue.places.clock)
    assert clock.market_now() == OPENS_AT
    venue.step(10)
    assert clock.market_now() == OPENS_AT + timedelta(seconds=10)
    venue.control("POST", "/clock", {"action": "start", "speed": 60})
    eventually(lambda: clock.market_now() > OPENS_AT + timedelta(seconds=12))
    venue.control("POST", "/clock", {"action": "hold"})
    held = clock.market_now()
    assert held == clock.market_now()
    assert venue.status()["state"] == "held"


def test_the_books_and_the_markets_time_survive_the_venues_restart(tmp_path: Path):
    places = places_in(tmp_path)
    with running(places) as venue:
        venue.step(5)
        client = Tastytrade(venue)
        client.place(condor(NATURAL, "filled"))
        resting = client.place(condor(name="resting")).json()["data"]["order"]["id"]
        eventually(lambda: client.order(resting)["status"] == "Live")
        before = client.get(f"/accounts/{TASTYTRADE}/positions")
    with running(places) as venue:
        assert _market_now(venue) == OPENS_AT + timedelta(seconds=5)
        eventually(lambda: venue.status()["rows_before"])
        again = Tastytrade(venue)
        assert again.order(resting)["status"] == "Live"
        after = again.get(f"/accounts/{TASTYTRADE}/positions")
        assert [p["quantity"] for p in after["data"]["items"]] == [p["quantity"] for p in before["data"]["items"]]
        with DxlinkClient(venue) as quotes:
            quotes.subscribe([ALL[0]])
            assert quotes.prices() == [104.9, 105.1]  # the board was filled again
        venue.step(59)
        assert venue.status()["rows"] == 54 * 11  # what was played is not played again
        old = client.token
        answer = httpx2.get(
            f"{venue.file.tastytrade}/customers/me/accounts",
            headers={"User-Agent": "t/1", "Authorization": f"Bearer {old}"},
        )
        assert answer.status_code == 200  # and nobody was logged out


def test_a_killed_venue_comes_back_with_the_same_orders_fills_and_positions(tmp_path: Path):
    places = places_in(tmp_path)
    process = get_context("spawn").Process(target=serve_until_killed, args=(str(tmp_path),))
    process.start()
    eventually(lambda: venue_file(places).exists(), within_s=30)
    client = Tastytrade(Running(read_venue_file(places), places, None, SmallMarket()))
    eventually(lambda: client.get("/market-data/by-type", **{"equity-option": option(5000, "C")})["data"]["items"])
    eventually(lambda: client.place(condor(NATURAL, "filled")).status_code == 201)
    eventually(lambda: client.get(f"/accounts/{TASTYTRADE}/positions")["data"]["items"])
    client.place(condor(name="resting"))

    def books(of: Tastytrade) -> list:
        kinds = ("orders", "transactions")
        orders, moves = (of.get(f"/accounts/{TASTYTRADE}/{kind}")["data"]["items"] for kind in kinds)
        held = of.get(f"/accounts/{TASTYTRADE}/positions")["data"]["items"]
        shown = sorted((p["symbol"], p["quantity"], p["quantity-direction"]) for p in held)
        return [orders, moves, shown, of.get(f"/accounts/{TASTYTRADE}/balances")["data"]["cash-balance"]]

    before = books(client)
    process.kill()
    process.join(10)
    with running(places, speed=1.0, keep_file=True) as venue:
        assert books(Tastytrade(venue)) == before
        assert venue.file.tastytrade == client.http.base_url  # peers find it where it was
        assert books(client) == before


def test_the_markets_time_does_not_go_back_and_the_rows_of_the_absence_follow(tmp_path: Path):
    places = places_in(tmp_path)
    with running(places) as venue:
        venue.step(5)
    ahead = OPENS_AT + timedelta(seconds=20)
    MarketClockWriter.create(places.clock).step_to(ahead)  # as it runs on while the venue is away
    with running(places, speed=1.0) as venue:
        assert _market_now(venue) >= ahead
        eventually(lambda: venue.status()["rows"] >= 15 * 11)
        assert _market_now(venue) < ahead + timedelta(seconds=15)


def test_the_session_ends_at_the_close_and_settles_in_cash(venue: Running):
    client = Tastytrade(venue)
    day_order = client.place(condor(name="resting")).json()["data"]["order"]["id"]
    bought = {
        "time-in-force": "Day",
        "order-type": "Limit",
        "price": "60.1",
        "price-effect": "Debit",
        "legs": [
            {
                "instrument-type": "Equity Option",
                "symbol": option(4950, "C"),
                "action": "Buy to Open",
                "quantity": 1,
            }
        ],
    }
    number = client.place(bought).json()["data"]["order"]["id"]
    eventually(lambda: client.order(number)["status"] == "Filled")
    after_close = CLOSES_AT + timedelta(minutes=1)
    venue.control("POST", "/clock", {"action": "step_to", "at": after_close.isoformat()})
    assert client.order(day_order)["status"] == "Expired"
    settled = client.get(f"/accounts/{TASTYTRADE}/transactions")["data"]["items"][0]
    assert (settled["transaction-sub-type"], settled["value"]) == ("Cash Settled Exercise", "5000.0")
    assert client.get(f"/accounts/{TASTYTRADE}/positions")["data"]["items"] == []


def test_the_venue_file_is_for_its_owner_alone_and_names_every_door(venue: Running):
    path = venue.places.run / "venue.json"
    assert path.stat().st_mode & 0o077 == 0
    assert read_venue_file(venue.places) == venue.file
    assert {"tastytrade", "streamer", "dxlink", "alpaca", "control"} <= set(json.loads(path.read_text()))


@pytest.mark.parametrize("agent", ["", "curl"])
def test_a_request_without_a_user_agent_is_not_authorised(venue: Running, agent: str):
    client = Tastytrade(venue)
    client.http.headers["User-Agent"] = agent
    assert client.http.get("/customers/me/accounts").status_code == 401


def test_pages_of_orders_follow_each_other(venue: Running):
    client = Tastytrade(venue)
    for n in range(5):
        client.place(condor(name=f"n{n}"))
    url = f"/accounts/{TASTYTRADE}/orders"
    pages = [client.get(url, **{"per-page": 2, "page-offset": n, "sort": "Asc"}) for n in range(3)]
    names = [order["external-identifier"] for page in pages for order in page["data"]["items"]]
    assert names == [f"n{n}" for n in range(5)]
    assert pages[0]["pagination"]["total-pages"] == 3
    assert client.get(url, **{"status[]": "Filled"})["data"]["items"] == []
    assert client.get(url, **{"start-date": "2026-11-21"})["data"]["items"] == []
    assert len(client.get(url, **{"start-at": OPENS_AT.isoformat()})["data"]["items"]) == 5
