"""The feed against the paper venue, over real sockets, into a consumer: a recorded day, every row accounted for."""

import contextlib
import json
import shutil
import threading
import time
import urllib.request
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from actors.brokers.tastytrade_token import TastytradeLogin
from actors.calendars import load_sessions
from actors.clock import SharedMarketClock
from actors.data_feed import DataFeed, DataFeedSettings
from actors.domain.costs.fees import fee_schedules
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteFrame, QuoteTable
from actors.feeds.dxlink import DxlinkFeed, DxlinkSettings
from actors.messages import AskUniverse, FeedState, UniverseChanged
from actors.places import places
from actors.ports import Envelope, Resync
from actors.products import load_products
from actors.streams import LocalStream
from actors.venue.account import AccountSpec
from actors.venue.exchange import Exchange
from actors.venue.replay import ReplayMarket
from actors.venue.store import VenueStore
from actors.venue.venue import Venue
from actors.venue.venue_settings import VenueSettings, read_venue_file, venue_file

CONFIG = Path(__file__).resolve().parents[2] / "config"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PATIENCE_S = 100.0


class NoWatermark:
    def advance(self):
        pass


@contextlib.contextmanager
def on_a_thread(shell):
    stop = threading.Event()
    thread = threading.Thread(target=shell.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def recorded(shared, tmp_path_factory):
    products = load_products(CONFIG / "products.toml")
    sessions = load_sessions(CONFIG / "sessions.toml", tmp_path_factory.mktemp("calendar") / "xnys.json")

    def of(underlying, on):
        return ReplayMarket.of_path(shared / "data" / "market" / "lean", on, underlying, products, sessions)

    return of


@pytest.fixture(scope="module")
def market(recorded):
    return recorded("GOOG", date(2015, 12, 24))


@pytest.fixture
def here(tmp_path):
    found = places(tmp_path / "state")
    yield found
    shutil.rmtree(found.run)


@contextlib.contextmanager
def paper_venue(market, here, speed=3600):
    """Run the venue, fast and from the first subscription on; yield where its doors are."""
    products = load_products(CONFIG / "products.toml")
    fees = fee_schedules((CONFIG / "fees.toml").read_text())
    settings = VenueSettings(speed=speed)
    accounts = [
        AccountSpec(account=settings.tastytrade_accounts[0], fee_schedule="tastytrade"),
        AccountSpec(account=settings.alpaca_account, fee_schedule="alpaca"),
    ]
    exchange = Exchange(products=products, fees=fees, store=VenueStore(here.state / "books.sqlite"), accounts=accounts)
    with on_a_thread(Venue(market, exchange, products, settings, here, NoWatermark())):
        until(lambda: venue_file(here).exists())
        yield read_venue_file(here)


def feed_shell(doors, here, underlying="GOOG", silence_max_s=20.0):
    login = TastytradeLogin(
        client_secret=SecretStr(doors.credentials.client_secret),
        refresh_token=SecretStr(doors.credentials.refresh_token),
    )
    clock = SharedMarketClock.open(here.clock)
    settings = DxlinkSettings(url=doors.tastytrade, dte_max=1_000, silence_max_s=silence_max_s)
    feed = DxlinkFeed(settings, login, load_products(CONFIG / "products.toml"), clock)
    stream = LocalStream(here, "data_feed", incarnation=1)
    return DataFeed(feed, stream, clock, NoWatermark(), DataFeedSettings(underlyings=(underlying,), incarnation=1))


def until(done):
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not done():
        assert time.monotonic() < deadline
        pause.wait(0.01)


def control(doors, path, body=None):
    request = urllib.request.Request(f"{doors.control}{path}", data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", f"Bearer {doors.control_token}")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


class Consumer:
    """What any consumer does: a table, kept by the stream; the universe asked for where it is not known."""

    def __init__(self, here):
        self.stream = LocalStream(
            here, "consumer", incarnation=1, peers=("data_feed",), hears=("data_feed",), hears_quotes_of="data_feed"
        )
        self.table, self.state, self.survey = None, None, None

    def until(self, **figures):
        """Hear until the feed's state has these figures; return it."""

        def has_come():
            self.hear()
            return self.state and all(getattr(self.state, name) == value for name, value in figures.items())

        until(has_come)
        return self.state

    def hear(self):
        """Take in what came; return whether anything did."""
        arrivals = self.stream.receive(0.05)
        for arrival in arrivals:
            if isinstance(arrival, QuoteFrame) and self.table is not None:
                self.table.apply(arrival)
            elif isinstance(arrival, Envelope) and isinstance(arrival.message, UniverseChanged):
                self.table = QuoteTable(arrival.message.universe)
            elif isinstance(arrival, Envelope) and isinstance(arrival.message, FeedState):
                self.state = arrival.message
            elif isinstance(arrival, Envelope) and isinstance(arrival.message, Survey):
                self.survey = arrival.message
            elif isinstance(arrival, Resync) and self.table is None:
                self.stream.tell("data_feed", AskUniverse(reply_to="consumer"))
        return bool(arrivals)


@pytest.mark.parametrize(
    ("word", "underlying", "on"), [("GOOG", "GOOG", date(2015, 12, 24)), ("SPXW", "SPX", date(2021, 1, 4))]
)
def test_every_row_of_a_recorded_day_is_received_and_counted(recorded, here, word, underlying, on):
    market = recorded(word, on)
    with paper_venue(market, here) as doors, on_a_thread(feed_shell(doors, here, underlying)):
        consumer, status = Consumer(here), {"state": ""}

        def is_over():
            if consumer.hear():
                return False  # the day goes on: the venue has better to do than to answer
            status.update(control(doors, "/status"))
            if consumer.state is None or status["state"] != "over":
                return False
            (client,) = status["quotes"]["clients"]
            return consumer.state.received == client["quotes"] + client["trades"] + client["snapshots"]

        until(is_over)
    (client,), state = status["quotes"]["clients"], consumer.state
    played = sum(len(batch.rows) for batch in market.batches(LONG_AGO))
    assert client["quotes"] + client["trades"] + status["rows_before"] == played
    assert state.received == state.accepted + sum(state.rejected.values())
    assert set(state.rejected) <= {"EMPTY"}
    assert {c.symbol for c in consumer.table.universe.contracts} == {c.symbol for c in market.contracts}
    assert consumer.table.quote(underlying).bid is not None


def test_a_mute_stream_is_told_and_made_anew_and_the_counts_go_on(market, here):
    with paper_venue(market, here, speed=60) as doors, on_a_thread(feed_shell(doors, here, silence_max_s=1.0)):
        consumer = Consumer(here)
        before = consumer.until(connected=True)
        control(doors, "/faults", {"route": "dxlink", "kind": "mute", "duration_s": 1.2})
        lost = consumer.until(connected=False)
        assert lost.reason == "mute for 1 s"
        assert lost.received >= before.received
        again = consumer.until(connected=True)
        assert again.received >= lost.received


def test_a_door_that_refuses_is_named_until_it_opens(market, here):
    with paper_venue(market, here, speed=60) as doors, on_a_thread(feed_shell(doors, here)):
        consumer = Consumer(here)
        consumer.until(connected=True)
        control(doors, "/faults", {"route": "dxlink", "kind": "refuse", "duration_s": 0.5})
        assert "ConnectionClosed" in consumer.until(connected=False).reason
        consumer.until(connected=True)


@pytest.mark.parametrize(("kind", "name"), [("nan", "EMPTY"), ("cross", "CROSSED")])
def test_spoiled_quotes_are_counted_by_what_is_wrong_and_move_no_mark(market, here, kind, name):
    with paper_venue(market, here, speed=60) as doors, on_a_thread(feed_shell(doors, here)):
        consumer = Consumer(here)
        consumer.until(connected=True)
        control(doors, "/faults", {"route": "dxlink", "kind": kind})

        def is_spoiled():
            consumer.hear()
            return consumer.state.rejected.get(name, 0) > 1_000

        until(is_spoiled)
        table = consumer.table
        assert not (table.bid > table.ask).any()


def test_a_halt_of_the_exchange_is_in_the_next_survey_and_so_is_its_end(market, here):
    with paper_venue(market, here, speed=60) as doors, on_a_thread(feed_shell(doors, here)):
        consumer = Consumer(here)
        consumer.until(connected=True)

        def halted(*names):
            def is_so():
                consumer.hear()
                return consumer.survey is not None and consumer.survey.halted == names

            return is_so

        until(halted())
        fault = control(doors, "/faults", {"route": "dxlink", "kind": "halt", "path": "^GOOG$"})["fault"]
        until(halted("GOOG"))
        rows = control(doors, "/status")["quotes"]["clients"][0]["quotes"]
        control(doors, "/clock", {"action": "hold"})
        assert control(doors, "/status")["quotes"]["clients"][0]["quotes"] == rows
        request = urllib.request.Request(f"{doors.control}/faults/{fault}", method="DELETE")
        request.add_header("Authorization", f"Bearer {doors.control_token}")
        urllib.request.urlopen(request, timeout=5).close()
        until(halted())
