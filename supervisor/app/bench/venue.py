"""The measuring venue: tastytrade's three doors with canned answers, and a control path that says what to send when.

    REST        login, chain, account: a quiet account with cash. An order is taken at once; its cancel is pushed after
                `CANCEL_AFTER_S`, so nothing fills and nothing piles up. Only the last orders are listed.
    streamer    the account's pushes
    DXLink      frames of quotes: at a steady pace with a marker in them, or as many a second as was asked for
    /bench      `fire` puts the next marker into the next frame; `pace` sets the quotes a second; `stamps` tells when
                each frame with a new marker was written, and when the first byte of each order arrived

The session of DXLink and the shapes of chain and frames are the paper venue's own. Frames for a given pace are encoded
before, and framed for the websocket once: at 300,000 quotes a second it is the reader that shall be busy.
"""

import asyncio
import json
import time
from collections import deque
from datetime import UTC, datetime
from threading import Event
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from actors.clock import MarketClockWriter
from actors.domain.market.session import NEW_YORK
from actors.ports import Shell
from actors.venue.dxlink_session import DxlinkSession
from actors.venue.logins import Credentials
from actors.venue.tastytrade_account_shapes import trading_status_json
from actors.venue.tastytrade_market_shapes import nested_chain_json
from actors.venue.tastytrade_symbols import millis, streamer_symbol
from actors.venue.venue_settings import VenueFile, publish
from supervisor.app.bench.door import Answer, Door, Request
from supervisor.app.bench.market import FRAME_QUOTES, Frames, listed
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext

ACCOUNT = "5WX00001"
CASH = "10000000.0"
_BALANCES = ("cash-balance", "net-liquidating-value", "derivative-buying-power")
FRAMES_PER_S = 100
CANCEL_AFTER_S = 0.02
ORDERS_LISTED = 10
RING_FRAMES = 600
"""Frames encoded before a paced run; they are sent over and over."""
SLICE_S = 0.002
"""A paced run sends what is due this often: that is how a busy server's frames come."""
LEVEL_EVERY_S = 1.0
"""The index is printed this often, at any pace."""
BEHIND_BYTES_MAX = 1 << 19
"""Bytes a reader may be behind before the pace waits for it."""
Json = dict[str, Any]


def venue(context: ChildContext) -> Shell:
    """Build the measuring venue."""
    place = Workplace(context)
    return BenchVenue(place)


class BenchVenue:
    """Implements `ports.Shell`."""

    def __init__(self, place: Workplace) -> None:
        self._place, self._watermark = place, place.watermark()
        market = place.config.market
        assert market.start is not None
        self._clock = MarketClockWriter.create(place.places.clock)
        self._clock.start(datetime.now(UTC))
        self._session = market.start.astimezone(NEW_YORK).date()
        self._contracts = listed(self._session, place.products)
        self._account = _Account()
        self._quotes = _Quotes(self._contracts)
        self._routes: dict[str, Any] = self._canned()

    def run(self, stop: Event) -> None:
        """Serve until `stop` is set."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: Event) -> None:
        market = self._place.config.market
        door = Door(market.tastytrade_port, self._answer)
        door.open()
        async with (
            serve(self._account.serve, "127.0.0.1", market.streamer_port, ping_interval=None),
            serve(self._quotes.serve, "127.0.0.1", market.dxlink_port, ping_interval=None, compression=None),
        ):
            self._publish()
            sending = asyncio.create_task(self._quotes.send())
            while not stop.is_set() and not sending.done():
                self._watermark.advance()
                await asyncio.wait({sending}, timeout=0.1)
            sending.cancel()
        door.close()

    def _publish(self) -> None:
        market = self._place.config.market
        nowhere = f"http://127.0.0.1:{market.alpaca_port}"
        publish(
            self._place.places,
            VenueFile(
                pid=0,
                tastytrade=f"http://127.0.0.1:{market.tastytrade_port}",
                streamer=f"ws://127.0.0.1:{market.streamer_port}",
                dxlink=f"ws://127.0.0.1:{market.dxlink_port}",
                alpaca=nowhere,
                alpaca_stream=nowhere,
                control=f"http://127.0.0.1:{market.tastytrade_port}/bench",
                control_token="",
                tastytrade_accounts=(ACCOUNT,),
                alpaca_account="",
                credentials=Credentials(),
            ),
        )

    def _canned(self) -> dict[str, Any]:
        market, base = self._place.config.market, f"/accounts/{ACCOUNT}"
        return {
            "POST /oauth/token": {"access_token": "bench", "token_type": "Bearer", "expires_in": 86_400},
            "GET /api-quote-tokens": _data({"dxlink-url": f"ws://127.0.0.1:{market.dxlink_port}", "token": "bench"}),
            f"GET /option-chains/{market.underlying}/nested": _items(
                nested_chain_json(list(self._contracts[1:]), self._session)
            ),
            f"GET {base}/trading-status": _data(trading_status_json(ACCOUNT, datetime.now(UTC))),
            f"GET {base}/positions": _items([]),
            f"GET {base}/transactions": _items([]),
            f"GET {base}/balances": _data(dict.fromkeys(_BALANCES, CASH)),
        }

    def _answer(self, request: Request) -> Answer:
        if request.method == "POST" and request.path == f"/accounts/{ACCOUNT}/orders":
            return 201, _data({"order": self._account.take(msgspec.json.decode(request.body), request.first_byte_ns)})
        if request.path == f"/accounts/{ACCOUNT}/orders":
            return 200, _items(list(self._account.latest))
        if request.path == "/bench/stamps":
            return 200, {"fired": self._quotes.fired, "orders": self._account.arrived}
        if request.path == "/bench/fire":
            self._quotes.fire()
            return 200, {}
        if request.path == "/bench/pace":
            self._quotes.pace(int(request.body))
            return 200, {}
        found = self._routes.get(f"{request.method} {request.path}")
        return (200, found) if found is not None else (404, {"error": {"code": "not_found", "message": request.path}})


class _Account:
    """Takes orders, cancels each a moment later, and pushes what becomes of them."""

    def __init__(self) -> None:
        self.arrived: dict[str, int] = {}
        """When the first byte of each order came, by its external identifier; boot clock."""
        self.latest: deque[Json] = deque(maxlen=ORDERS_LISTED)
        self._number = 0
        self._listeners: set[ServerConnection] = set()

    def take(self, body: Json, first_byte_ns: int) -> Json:
        """Take an order; return it as the broker shows it."""
        self.arrived[body["external-identifier"]] = first_byte_ns
        self._number += 1
        now = datetime.now(UTC)
        order = body | {"id": self._number, "account-number": ACCOUNT, "status": "Routed", "updated-at": millis(now)}
        order["legs"] = [leg | {"remaining-quantity": leg["quantity"], "fills": []} for leg in body["legs"]]
        self.latest.append(order)
        asyncio.get_running_loop().call_later(CANCEL_AFTER_S, self._cancel, order)
        return dict(order)

    async def serve(self, socket: ServerConnection) -> None:
        """Answer one client of the account streamer."""
        self._listeners.add(socket)
        try:
            async for text in socket:
                asked = json.loads(text)
                known = {name: asked[name] for name in ("action", "request-id", "value") if name in asked}
                await socket.send(json.dumps(known | {"status": "ok"}))
        except ConnectionClosed:
            pass  # a connection that was killed says no farewell
        finally:
            self._listeners.discard(socket)

    def _cancel(self, order: Json) -> None:
        order |= {"status": "Cancelled", "updated-at": millis(datetime.now(UTC))}
        push = json.dumps({"type": "Order", "data": order, "timestamp": order["updated-at"]})
        for socket in self._listeners:
            socket.protocol.send_text(push.encode())
            socket.send_data()


class _Quotes:
    """Sends frames to whoever subscribed, at the pace of the moment."""

    def __init__(self, contracts: Any) -> None:
        self._contracts = contracts
        self._symbols = [streamer_symbol(contract) for contract in contracts]
        self._frames = Frames(contracts, self._symbols)
        self._rows = {symbol: row for row, symbol in enumerate(self._symbols)}
        self._clients: dict[ServerConnection, tuple[int, tuple[str, ...]]] = {}
        self._listeners: dict[ServerConnection, tuple[int, tuple[str, ...]]] = {}
        """Who wants the index."""
        self._level_due = 0.0
        self._marker, self._is_fired = 1, False
        self._per_s = 0
        self.fired: dict[int, int] = {}
        """When the frame with each marker was written; boot clock."""

    def fire(self) -> None:
        """Put a new marker into the next frame."""
        self._is_fired = True

    def pace(self, per_s: int) -> None:
        """Send so many quotes a second from now on; 0 sends single frames with markers, less than that nothing."""
        self._per_s = per_s

    async def serve(self, socket: ServerConnection) -> None:
        """Hold one DXLink conversation."""
        session = DxlinkSession(self._rows, lambda _: True)
        try:
            async for text in socket:
                heard = session.hear(text)
                for reply in heard.replies:
                    await socket.send(msgspec.json.encode(reply).decode())
                for channel, event, rows in heard.added:
                    fields = channel.fields[event]
                    if event == "Trade":
                        self._listeners[socket], self._level_due = (channel.number, fields), 0.0
                    if event == "Quote":
                        await socket.send(self._frames.snapshot(channel.number, fields, rows).decode())
                        self._clients[socket] = (channel.number, fields)
        except ConnectionClosed:
            pass
        finally:
            self._clients.pop(socket, None)
            self._listeners.pop(socket, None)

    async def send(self) -> None:
        """Send for ever."""
        while True:
            if self._per_s < 0:
                await asyncio.sleep(1 / FRAMES_PER_S)
            elif self._per_s:
                await self._send_paced(self._per_s)
            else:
                await self._send_marked()

    def _print_level(self, now: float) -> None:
        if now >= self._level_due:
            self._level_due = now + LEVEL_EVERY_S
            for socket, (channel, fields) in self._listeners.items():
                socket.transport.write(_framed(self._frames.level(channel, fields)))

    async def _send_marked(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._per_s:
            due = max(due + 1 / FRAMES_PER_S, loop.time())
            await asyncio.sleep(due - loop.time())
            self._print_level(loop.time())
            self._marker += self._is_fired
            frames = {
                socket: _framed(self._frames.frame(channel, fields, self._marker))
                for socket, (channel, fields) in self._clients.items()
            }
            if self._is_fired and frames:
                self._is_fired = False
                self.fired[self._marker] = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            for socket, frame in frames.items():
                socket.transport.write(frame)

    async def _send_paced(self, per_s: int) -> None:
        """Send what is due in slices. A reader far behind is waited for, and the pace is then not held."""
        loop = asyncio.get_running_loop()
        ((socket, (channel, fields)),) = self._clients.items()
        ring = [_framed(self._frames.frame(channel, fields, self._marker)) for _ in range(RING_FRAMES)]
        began, sent = loop.time(), 0
        while self._per_s == per_s:
            await asyncio.sleep(SLICE_S)
            if socket.transport.get_write_buffer_size() > BEHIND_BYTES_MAX:
                continue
            self._print_level(loop.time())
            due = int((loop.time() - began) * per_s / FRAME_QUOTES)
            due = min(due, sent + RING_FRAMES)
            socket.transport.write(b"".join(ring[number % RING_FRAMES] for number in range(sent, due)))
            sent = due


def _framed(text: bytes) -> bytes:
    return Frame(Opcode.TEXT, text).serialize(mask=False)


def _data(content: Any) -> Json:
    return {"data": content, "context": "/"}


def _items(content: list[Any]) -> Json:
    return _data({"items": content}) | {"pagination": {"total-pages": 1, "total-items": len(content)}}
