"""The second broker's order stream: authenticate, listen, then `trade_updates` for each change, never replayed.

Frames are binary, as the paper host of that broker sends them. The event of a message follows from what the order was
when this connection heard of it last; a combo's fill is told once a whole combo more has filled, with its net price.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import WSMsgType, web

from actors.venue.account import OrderChanged, VenueEvent
from actors.venue.alpaca_shapes import instant, order_json, order_uuid
from actors.venue.exchange import Exchange
from actors.venue.faults import FaultBook, Route
from actors.venue.logins import Tokens
from actors.venue.paper_order import PaperOrder
from actors.venue.push import Pusher, account_of

QUEUE_MAX = 10_000
MESSAGE_BYTES_MAX = 1 << 16
_EVENTS = {
    "pending_new": "pending_new",
    "accepted": "pending_new",
    "new": "new",
    "partially_filled": "partial_fill",
    "filled": "fill",
    "pending_cancel": "pending_cancel",
    "canceled": "canceled",
    "replaced": "replaced",
    "rejected": "rejected",
    "expired": "expired",
}
Json = dict[str, Any]


@dataclass(eq=False)
class _Client:
    outbox: asyncio.Queue[Json] = field(default_factory=lambda: asyncio.Queue(QUEUE_MAX))
    is_authorized: bool = False
    is_listening: bool = False
    filled: dict[int, int] = field(default_factory=dict)


class TradeUpdates:
    """Serves `/stream` of one account."""

    def __init__(self, exchange: Exchange, account: str, tokens: Tokens, faults: FaultBook) -> None:
        self._exchange = exchange
        self._account = account
        self._tokens = tokens
        self._faults = faults
        self.pushed = 0
        self.listeners = 0

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection until it ends."""
        ws = web.WebSocketResponse(compress=False, max_msg_size=MESSAGE_BYTES_MAX)
        await ws.prepare(request)
        client = _Client()
        leave = self._exchange.subscribe(lambda event: self._hear(client, event))
        sender = asyncio.create_task(self._send(client, Pusher(ws, self._faults, Route.ALPACA, WSMsgType.BINARY)))
        try:
            async for message in ws:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    client.outbox.put_nowait(self._answer(client, message.data))
        finally:
            leave()
            sender.cancel()
            self.listeners -= client.is_listening
        return ws

    def _answer(self, client: _Client, text: str | bytes) -> Json:
        try:
            request = msgspec.json.decode(text)
            action, data = request["action"], request.get("data") or {}
            if action in {"auth", "authenticate"}:
                key, secret = data.get("key_id") or request["key"], data.get("secret_key") or request["secret"]
                client.is_authorized = self._tokens.is_alpaca(key, secret)
                status = "authorized" if client.is_authorized else "unauthorized"
                return {"stream": "authorization", "data": {"status": status, "action": "authenticate"}}
            if action == "listen" and client.is_authorized:
                streams = [name for name in data["streams"] if name == "trade_updates"]
                self.listeners += bool(streams) - client.is_listening
                client.is_listening = bool(streams)
                return {"stream": "listening", "data": {"streams": streams}}
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            return {"stream": "listening", "data": {"error": "the message is not understood"}}
        return {"stream": "authorization", "data": {"status": "unauthorized", "action": "listen"}}

    def _hear(self, client: _Client, event: VenueEvent) -> None:
        if not client.is_listening or not isinstance(event, OrderChanged) or account_of(event) != self._account:
            return
        update = trade_update(event.order, client.filled)
        if update is not None:
            client.outbox.put_nowait({"stream": "trade_updates", "data": update})

    async def _send(self, client: _Client, pusher: Pusher) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                message = await client.outbox.get()
                await pusher.send(msgspec.json.encode(message))
                self.pushed += message["stream"] == "trade_updates"


def trade_update(order: PaperOrder, filled: dict[int, int]) -> Json | None:
    """Return what to push of an order's change; None where nothing is due.

    `filled` keeps, by order, the quantity this connection was told of, and is brought up to date.
    """
    shown = order_json(order)
    quantity, before = int(shown["filled_qty"]), filled.get(order.order_id, 0)
    event = _EVENTS[shown["status"]]
    more = quantity - before
    if event in {"fill", "partial_fill"} and more == 0:
        return None
    filled[order.order_id] = quantity
    update: Json = {
        "event": event,
        "execution_id": None,
        "order": shown,
        "timestamp": instant(order.updated_at),
        "position_qty": None,
        "price": None,
        "qty": None,
    }
    if more > 0:
        update |= {"execution_id": _execution_id(order, quantity), "qty": str(more), "price": shown["filled_avg_price"]}
        update["position_qty"] = str(Decimal(quantity))
    return update


def _execution_id(order: PaperOrder, quantity: int) -> str:
    """Return the id of the execution that brought an order to `quantity`."""
    return str(UUID(int=(UUID(order_uuid(order.order_id)).int ^ (quantity << 64)) & ((1 << 128) - 1)))
