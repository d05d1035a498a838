"""The client against a real websocket server that speaks DXLink, and a real REST server beside it."""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from pydantic import SecretStr
from websockets.asyncio.server import serve

from actors.brokers.reads import ReadLimits
from actors.brokers.tastytrade_token import TastytradeLogin
from actors.clock import WallClock
from actors.domain.market.contract import Kind, Product, Products
from actors.domain.market.interest import Held
from actors.feeds.dxlink import DxlinkFeed, DxlinkSettings
from actors.ports import BrokerRefused, FeedLost

PRODUCTS = Products((Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION),))
SPX = (PRODUCTS.contract("SPX"),)
LOGIN = TastytradeLogin(client_secret=SecretStr("secret"), refresh_token=SecretStr("refresh"))
CHAIN = {
    "items": [
        {
            "root-symbol": "SPXW",
            "expirations": [
                {
                    "expiration-date": "2021-01-04",
                    "days-to-expiration": 0,
                    "strikes": [
                        {
                            "strike-price": "3700.0",
                            "call": "SPXW  210104C03700000",
                            "call-streamer-symbol": ".SPXW210104C3700",
                            "put": "SPXW  210104P03700000",
                            "put-streamer-symbol": ".SPXW210104P3700",
                        }
                    ],
                }
            ],
        }
    ]
}
QUOTE = ["Quote", [".SPXW210104C3700", 1.0, 1.1, 5, 7, 1000, 2000, ".MSFT1", 1, 2, 3, 4, 5, 6]]
PRINT = ["Trade", ["SPX", 3700.65, 1000]]


@dataclass
class Broker:
    """One broker: REST and DXLink on loopback, doing what `play` says once everything was subscribed."""

    play: object
    keepalive_s: float = 60.0
    token_good: bool = True
    login_status: int = 200
    heard: list[dict] = field(default_factory=list)
    logins: int = 0
    dxlink_url: str = ""
    wanted: int = 4
    """Subscriptions until everything is."""

    async def rest(self, request):
        if request.path == "/oauth/token":
            self.logins += 1
            return web.json_response({"access_token": "a", "expires_in": 900}, status=self.login_status)
        if request.headers.get("Authorization") != "Bearer a" or "holdfast" not in request.headers["User-Agent"]:
            return web.json_response({"error": {"code": "token_invalid"}}, status=401)
        if request.path == "/api-quote-tokens":
            return web.json_response({"data": {"dxlink-url": self.dxlink_url, "token": "quote-token", "level": "demo"}})
        assert request.path == "/option-chains/SPX/nested"
        return web.json_response({"data": CHAIN})

    async def converse(self, ws):
        subscribed = 0
        async for text in ws:
            message = json.loads(text)
            self.heard.append(message)
            for answer in self.answers(message):
                await ws.send(json.dumps(answer))
            subscribed += len(message.get("add", ()))
            if "add" in message and subscribed == self.wanted:
                await self.play(ws)

    def answers(self, message):
        match message["type"]:
            case "SETUP":
                yield {"type": "SETUP", "channel": 0, "keepaliveTimeout": self.keepalive_s, "version": "1.0"}
                yield {"type": "AUTH_STATE", "channel": 0, "state": "UNAUTHORIZED"}
            case "AUTH":
                good = self.token_good and message["token"] == "quote-token"
                yield {"type": "AUTH_STATE", "channel": 0, "state": "AUTHORIZED" if good else "UNAUTHORIZED"}
            case "CHANNEL_REQUEST":
                yield {"type": "CHANNEL_OPENED", "channel": message["channel"], "service": "FEED"}
            case "FEED_SETUP":
                yield {
                    "type": "FEED_CONFIG",
                    "channel": message["channel"],
                    "dataFormat": "COMPACT",
                    "eventFields": message["acceptEventFields"],
                }


@contextlib.asynccontextmanager
async def connected(broker, **settings):
    """Yield a feed that was told nothing but the REST server's address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", broker.rest)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    async with serve(broker.converse, "127.0.0.1", 0, compression=None, close_timeout=0.1) as server:
        broker.dxlink_url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/realtime"
        defaults = {"silence_max_s": 5.0, "subscription_chunk": 2, "reads": ReadLimits(timeout_s=2.0, tries=1)}
        feed = DxlinkFeed(DxlinkSettings(url=url, **defaults | settings), LOGIN, PRODUCTS, WallClock())
        yield feed
        await feed.close()
    await runner.cleanup()


async def data(ws, *events):
    for event in events:
        await ws.send(json.dumps({"type": "FEED_DATA", "channel": 1, "data": event}))


async def batches(feed, count):
    """Return the first batches that hold anything."""
    contracts, found = await feed.contracts(["SPX"]), []
    async for batch in feed.quotes(contracts):
        if len(batch.rows) or batch.unknown:
            found.append(batch)
        if len(found) == count:
            return found
    raise AssertionError("the stream ended")


def lost(play, **settings):
    """Return what a feed says when it is lost, and how many seconds after the last batch that was."""

    async def run():
        broker = Broker(play, **{key: settings.pop(key) for key in ("keepalive_s", "token_good") if key in settings})
        async with connected(broker, **settings) as feed:
            at = time.monotonic()
            try:
                async for _ in feed.quotes(await feed.contracts(["SPX"])):
                    at = time.monotonic()
            except FeedLost as error:
                return str(error), time.monotonic() - at
        raise AssertionError("the feed was not lost")

    return asyncio.run(run())


def test_contracts_come_from_the_chain_and_quotes_from_the_wire():
    async def play(ws):
        await data(ws, QUOTE, PRINT)

    async def run():
        broker = Broker(play)
        async with connected(broker) as feed:
            contracts = await feed.contracts(["SPX"])
            assert [c.symbol for c in contracts] == ["SPX", "SPXW  210104C03700000", "SPXW  210104P03700000"]
            quote, level = await batches(feed, 2)
            assert (quote.rows.tolist(), quote.bid.tolist(), quote.unknown) == ([1], [1.0], 1)
            assert (level.rows.tolist(), level.ask.tolist()) == ([0], [3700.65])
        return broker

    broker = asyncio.run(run())
    assert broker.logins == 1
    asked = [(entry["type"], entry["symbol"]) for said in broker.heard for entry in said.get("add", ())]
    options = [("Quote", ".SPXW210104C3700"), ("Quote", ".SPXW210104P3700")]
    assert asked == [("Trade", "SPX"), *options, ("Profile", "SPX")]
    assert [len(said["add"]) for said in broker.heard if "add" in said] == [2, 2]


def test_open_interest_is_asked_for_where_somebody_wants_it():
    async def run():
        async def play(ws):
            await data(ws, ["Summary", [".SPXW210104C3700", 4_000, 120]])

        broker = Broker(play, wanted=6)
        async with connected(broker, summaries=True) as feed, asyncio.timeout(3):
            contracts = await feed.contracts(["SPX"])
            async for batch in feed.quotes(contracts):
                if batch.held:
                    return contracts[batch.held[0][0]].symbol, batch.held[0][1]
        return None

    assert asyncio.run(run()) == ("SPXW  210104C03700000", Held(4_000, 120))


def test_an_empty_batch_says_that_everything_was_subscribed():
    async def run():
        subscribed = asyncio.Event()

        async def play(_):
            subscribed.set()

        broker = Broker(play)
        async with connected(broker) as feed, asyncio.timeout(3):
            contracts = await feed.contracts(["SPX"])
            batch = await anext(feed.quotes(contracts))
            await subscribed.wait()
        return len(batch.rows), [said["type"] for said in broker.heard]

    length, heard = asyncio.run(run())
    assert length == 0
    assert heard == ["SETUP", "AUTH", "CHANNEL_REQUEST", "FEED_SETUP", "FEED_SUBSCRIPTION", "FEED_SUBSCRIPTION"]


def test_more_contracts_than_the_limit_are_cut_at_the_far_end():
    async def run():
        async with connected(Broker(None), contracts_max=2) as feed:
            return await feed.contracts(["SPX"])

    assert [c.symbol for c in asyncio.run(run())] == ["SPX", "SPXW  210104C03700000"]


@pytest.mark.alone
def test_a_mute_socket_is_lost_within_the_limit():
    async def mute(ws):
        await data(ws, QUOTE)
        await ws.wait_closed()

    reason, seconds = lost(mute, silence_max_s=0.3)
    assert reason == "mute for 0.3 s"
    assert 0.3 <= seconds < 0.9


def test_a_keepalive_is_enough_to_live():
    async def keep_alive(ws):
        for _ in range(4):
            await asyncio.sleep(0.15)
            await ws.send('{"type":"KEEPALIVE","channel":0}')
        await ws.close()

    reason, _ = lost(keep_alive, silence_max_s=0.3)
    assert reason.startswith("ConnectionClosed")


def test_what_came_while_we_slept_ourselves_is_read_before_anyone_is_called_mute():
    async def sleep_over_it(ws):
        await asyncio.sleep(0.2)
        await ws.send('{"type":"KEEPALIVE","channel":0}')
        time.sleep(0.3)  # the whole loop, client included
        await ws.close()

    reason, _ = lost(sleep_over_it, silence_max_s=0.3)
    assert reason.startswith("ConnectionClosed")


def test_we_say_that_we_are_here_as_often_as_the_server_wants():
    async def run():
        arrived = asyncio.Event()

        async def until_third(ws):
            beats = 0
            async for text in ws:
                beats += json.loads(text)["type"] == "KEEPALIVE"
                if beats == 3:
                    arrived.set()

        async with connected(Broker(until_third, keepalive_s=0.3)) as feed:
            contracts = await feed.contracts(["SPX"])

            async def read():
                async for _ in feed.quotes(contracts):
                    pass

            reading = asyncio.create_task(read())
            async with asyncio.timeout(3):
                await arrived.wait()
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading

    asyncio.run(run())


async def close(ws):
    await ws.close(1009)


async def abort(ws):
    ws.transport.abort()


async def error(ws):
    await ws.send('{"type":"ERROR","channel":1,"error":"BAD_ACTION","message":"no such symbol"}')


async def garbage(ws):
    await ws.send("<html>502 Bad Gateway</html>")


async def half(ws):
    await ws.send('{"type":"FEED_DATA","channel":1,"data":["Quote",[".SPXW210104C3700",1.0]]}')


async def huge(ws):
    await ws.send("x" * 5000)


async def channel_closed(ws):
    await ws.send('{"type":"CHANNEL_CLOSED","channel":1}')


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        (close, "ConnectionClosed"),
        (abort, "ConnectionClosed"),
        (error, "BAD_ACTION: no such symbol"),
        (garbage, "malformed"),
        (half, "do not divide"),
        (huge, "ConnectionClosed"),
        (channel_closed, "heard CHANNEL_CLOSED in OPEN"),
    ],
)
def test_every_end_of_a_stream_is_named(play, reason):
    text, seconds = lost(play, frame_bytes_max=4096, silence_max_s=60)
    assert reason in text
    assert seconds < 30, "told by the stream itself, not by its silence"


def test_a_refused_token_is_named():
    reason, _ = lost(None, token_good=False)
    assert reason == "heard AUTH_STATE UNAUTHORIZED in VERDICT"


def test_a_server_that_is_not_there_is_a_lost_feed():
    async def run():
        broker = Broker(None)
        async with connected(broker) as feed:
            broker.dxlink_url = "ws://127.0.0.1:1/realtime"
            with pytest.raises(FeedLost):
                await anext(feed.quotes(SPX))

    asyncio.run(run())


def test_a_server_that_accepts_and_says_nothing_is_a_lost_feed():
    async def run():
        broker = Broker(None)
        silent = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
        async with silent, connected(broker, connect_timeout_s=0.2) as feed:
            broker.dxlink_url = f"ws://127.0.0.1:{silent.sockets[0].getsockname()[1]}/realtime"
            with pytest.raises(FeedLost):
                await anext(feed.quotes(SPX))

    asyncio.run(run())


def test_a_login_that_is_refused_is_not_tried_again():
    async def run():
        broker = Broker(None, login_status=401)
        async with connected(broker) as feed:
            for _ in range(2):
                with pytest.raises(BrokerRefused):
                    await feed.contracts(["SPX"])
            with pytest.raises(BrokerRefused):
                await anext(feed.quotes(SPX))
        return broker.logins

    assert asyncio.run(run()) == 1
