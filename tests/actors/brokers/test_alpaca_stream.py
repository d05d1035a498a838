"""Alpaca's stream over real sockets: silence with a sign of life is no death, silence without one is."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr
from websockets.asyncio.server import serve
from websockets.server import ServerProtocol

from actors.brokers.alpaca_stream import AlpacaLogin, TradeUpdates, TradeUpdatesLimits
from actors.ports import BrokerUnavailable

LOGIN = AlpacaLogin(key_id=SecretStr("k"), secret_key=SecretStr("s"))
PING_S = 0.1
PATIENCE_S = 10


def answer_to(text: str) -> str | None:
    if json.loads(text)["action"] == "authenticate":
        return json.dumps({"stream": "authorization", "data": {"status": "authorized"}})
    return json.dumps({"stream": "listening", "data": {"streams": ["trade_updates"]}})


def opened(port: int) -> TradeUpdates:
    return TradeUpdates(f"ws://127.0.0.1:{port}", LOGIN, TradeUpdatesLimits(ping_s=PING_S))


@asynccontextmanager
async def goes_mute():
    """A server that logs in whoever comes, and then says nothing at all, not even to pings."""

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol, answers = ServerProtocol(), 0
        while answers < 2 and (data := await reader.read(4096)):
            protocol.receive_data(data)
            for event in protocol.events_received():
                if not hasattr(event, "opcode"):
                    protocol.send_response(protocol.accept(event))
                else:
                    answers += 1
                    protocol.send_text(answer_to(event.data.decode()).encode())
            writer.writelines(protocol.data_to_send())
        while await reader.read(4096):
            pass
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def test_a_mute_stream_is_dead_when_a_ping_stays_unanswered():
    async def scenario():
        async with goes_mute() as port, asyncio.timeout(PATIENCE_S):
            stream = opened(port)
            await stream.open()
            with pytest.raises(BrokerUnavailable, match=r"no ping answered for 0\.1 s"):
                await anext(stream.orders())
            return stream.heard_s

    assert asyncio.run(scenario()) is None


@pytest.mark.alone
def test_a_stream_that_answers_pings_lives_however_long_nothing_happens():
    async def scenario():
        pinged = asyncio.Event()

        async def hold(socket):
            for _ in range(2):
                await socket.send(answer_to(await socket.recv()))
            await pinged.wait()
            await socket.send(json.dumps({"stream": "trade_updates", "data": {"order": {"id": "7"}}}))
            await socket.wait_closed()

        async with serve(hold, "127.0.0.1", 0, ping_interval=None) as server, asyncio.timeout(PATIENCE_S):
            stream = opened(server.sockets[0].getsockname()[1])
            await stream.open()
            waiting = asyncio.ensure_future(anext(stream.orders()))
            await asyncio.sleep(4 * PING_S)  # several rounds of silence, each with its ping
            heard_s = stream.heard_s
            pinged.set()
            order = await waiting
            stream.close()
        return order, heard_s

    order, heard_s = asyncio.run(scenario())
    assert order == {"id": "7"}
    assert heard_s < 2 * PING_S
