"""tastytrade's account streamer: connect, heartbeats, and whole objects pushed, never a difference and never a replay.

    connect      auth-token good      ok, and pushes of the named accounts begin
                 bad                  error "failed"
    heartbeat    connected            ok
                 not connected        error "not-implemented"
    subscribe    connected            ok, and nothing is ever pushed: the venue has no such news
                 not connected        error "connect-not-completed"

A client that says nothing for `SILENCE_MAX_S` is cut. What was pushed while it was away is lost to it: it must read.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from actors.venue.account import BalanceChanged, OrderChanged, PositionChanged, VenueEvent
from actors.venue.exchange import Exchange
from actors.venue.fault_middleware import fault_middleware
from actors.venue.faults import FaultBook, Route
from actors.venue.logins import Tokens
from actors.venue.push import Pusher, account_of
from actors.venue.tastytrade_shapes import order_json
from actors.venue.tastytrade_views import AccountViews

SILENCE_MAX_S = 65.0
"""The broker asks for a heartbeat every 2 to 60 seconds."""
QUEUE_MAX = 10_000
MESSAGE_BYTES_MAX = 1 << 16
Json = dict[str, Any]


@dataclass(eq=False)
class _Client:
    """One connection and what waits to be pushed to it."""

    name: str
    socket: web.WebSocketResponse
    pusher: Pusher
    outbox: asyncio.Queue[Json] = field(default_factory=lambda: asyncio.Queue(QUEUE_MAX))
    accounts: frozenset[str] = frozenset()
    leave: Callable[[], None] | None = None

    @property
    def is_connected(self) -> bool:
        return bool(self.accounts)


class AccountStreamer:
    """Pushes an exchange's events to whoever connected for the account."""

    def __init__(
        self,
        exchange: Exchange,
        views: AccountViews,
        tokens: Tokens,
        faults: FaultBook,
        silence_max_s: float = SILENCE_MAX_S,
    ) -> None:
        self._exchange = exchange
        self._views = views
        self._tokens = tokens
        self._faults = faults
        self._silence_max_s = silence_max_s
        self._sessions = 0
        self.pushed = 0
        self.app = web.Application(middlewares=[fault_middleware(faults, Route.STREAMER)])
        self.app.router.add_get("/", self._serve)

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False, max_msg_size=MESSAGE_BYTES_MAX)
        await ws.prepare(request)
        self._sessions += 1
        client = _Client(f"{self._sessions:08x}", ws, Pusher(ws, self._faults, Route.STREAMER))
        pusher = asyncio.create_task(self._push(client))
        try:
            with contextlib.suppress(ConnectionError):
                await self._converse(client)
        finally:
            pusher.cancel()
            if client.leave is not None:
                client.leave()
        return ws

    async def _converse(self, client: _Client) -> None:
        while True:
            try:
                message = await client.socket.receive(timeout=self._silence_max_s)
            except TimeoutError:
                await client.socket.close()
                return
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                return
            try:
                request = msgspec.json.decode(message.data)
                answer = self._answer(client, request)
            except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
                request, answer = {}, {"status": "error", "message": "invalid-message"}
            answer["web-socket-session-id"] = client.name
            if "request-id" in request:
                answer["request-id"] = request["request-id"]
            self._post(client, answer)

    def _answer(self, client: _Client, request: Json) -> Json:
        action = request["action"]
        token = str(request.get("auth-token", "")).removeprefix("Bearer ")
        if not self._tokens.is_good("access", token):
            return {"status": "error", "action": action, "message": "failed"}
        if action == "connect":
            return self._connect(client, request)
        if not client.is_connected:
            message = "not-implemented" if action == "heartbeat" else "connect-not-completed"
            return {"status": "error", "action": action, "message": message}
        return {"status": "ok", "action": action}

    def _connect(self, client: _Client, request: Json) -> Json:
        accounts = request["value"] if isinstance(request["value"], list) else [request["value"]]
        if not set(accounts) <= set(self._views.accounts):
            return {"status": "error", "action": "connect", "message": "failed"}
        if client.leave is None:
            client.leave = self._exchange.subscribe(lambda event: self._hear(client, event))
        client.accounts = frozenset(accounts)
        return {"status": "ok", "action": "connect", "value": accounts}

    def _hear(self, client: _Client, event: VenueEvent) -> None:
        if account_of(event) not in client.accounts:
            return
        if isinstance(event, OrderChanged):
            self._post(client, _push("Order", order_json(event.order, self._views.contract)))
        elif isinstance(event, PositionChanged):
            self._post(client, _push("CurrentPosition", self._views.position(event.account, event.position)))
        elif isinstance(event, BalanceChanged):
            self._post(client, _push("AccountBalance", self._views.balances(event.account, event.balances)))

    def _post(self, client: _Client, message: Json) -> None:
        try:
            client.outbox.put_nowait(message)
        except asyncio.QueueFull:
            # A reader this far behind is cut, as the broker does; it must read again after it connects.
            asyncio.get_running_loop().create_task(client.socket.close())

    async def _push(self, client: _Client) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                message = await client.outbox.get()
                await client.pusher.send(msgspec.json.encode(message))
                self.pushed += "type" in message


def _push(kind: str, data: Json) -> Json:
    return {"type": kind, "data": data, "timestamp": time.time_ns() // 1_000_000}
