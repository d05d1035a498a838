"""The quotes' door: its deadlines, on a real socket."""

import asyncio
import json

from websockets.asyncio.client import connect

from actors.venue.board import Board
from actors.venue.dxlink_server import DxlinkServer
from actors.venue.faults import FaultBook
from actors.venue.listener import Listener
from tests.actors.venue.conftest import OPENS_AT, SmallMarket

SETUP = {"type": "SETUP", "channel": 0, "version": "0.1-test/1", "acceptKeepaliveTimeout": 60}


async def at_door(scenario, keepalive_s: float) -> None:
    market = SmallMarket()
    symbols = tuple(contract.symbol for contract in market.contracts)
    server = DxlinkServer(Board(market), symbols, lambda token: token == "good", FaultBook(), keepalive_s)
    door = Listener(server.app)
    await door.open()
    try:
        async with asyncio.timeout(10), connect(f"ws://{door.address}/realtime") as wire:
            await scenario(server, wire)
    finally:
        await door.close()


def test_a_silent_client_is_told_and_cut():
    async def scenario(_, wire) -> None:
        while (message := json.loads(await wire.recv()))["type"] == "KEEPALIVE":
            pass
        assert message["error"] == "TIMEOUT"
        await wire.wait_closed()

    asyncio.run(at_door(scenario, 0.2))


def test_keepalives_go_both_ways():
    async def scenario(_, wire) -> None:
        await wire.send(json.dumps(SETUP))
        heard = []
        while heard.count("KEEPALIVE") < 4:  # twice the time that a silent one has
            heard.append(json.loads(await wire.recv())["type"])
            await wire.send('{"type":"KEEPALIVE","channel":0}')
        assert "ERROR" not in heard

    asyncio.run(at_door(scenario, 0.2))


def test_a_client_that_neither_reads_nor_speaks_lets_the_market_go_on():
    async def scenario(server, wire) -> None:
        for message in (
            SETUP,
            {"type": "AUTH", "channel": 0, "token": "good"},
            {"type": "CHANNEL_REQUEST", "channel": 1, "service": "FEED"},
            {"type": "FEED_SUBSCRIPTION", "channel": 1, "add": [{"type": "Quote", "symbol": "SPXW  261120C05000000"}]},
        ):
            await wire.send(json.dumps(message))
        while server.status()["clients"][0]["subscribed"] != 1:
            await asyncio.sleep(0)
        wire.transport.pause_reading()
        batch = SmallMarket().batch(OPENS_AT)
        while server.status()["clients"]:  # until it is cut
            await server.publish(batch)
        assert server.rows_played > 1000
        wire.transport.abort()

    asyncio.run(at_door(scenario, 0.5))
