"""Each broker as a script: just enough of its server to log in, order and look, with a fault where a test says.

What a broker's script needs to join the conformance suite:

    app()                 an aiohttp application; the order's handler calls `self.fault(self, request, body)`
    adapter(port, clock)  the adapter, pointed at it
    login(adapter)        what must be true before the first order
    create(body)          take an order; return the answer's body and status
    acknowledge()         tell of the order by the other way, where the broker has one
    refused, code         a refusal in the broker's words, and the code its outcome carries
    business              status and body of a refusal on the merits of the order
    nameless              a success that names no order
    states                every state the broker documents, as it says it, and what it is in ours; nothing is filled
    become(adapter, state)   have the order in a state, with keys nobody knows; return its report
"""

import asyncio
import hashlib
import hmac
import json
import socket
import struct
import time
from contextlib import suppress
from typing import ClassVar

import httpx2
from aiohttp import web
from pydantic import SecretStr

from actors.brokers.alpaca import Alpaca, AlpacaSettings
from actors.brokers.alpaca_stream import AlpacaLogin
from actors.brokers.quantconnect import QuantConnect
from actors.brokers.quantconnect_api import QuantConnectLogin, QuantConnectSettings
from actors.brokers.quantconnect_channel import PATH, SIGNATURE
from actors.brokers.tastytrade import Tastytrade, TastytradeSettings
from actors.brokers.tastytrade_token import TastytradeLogin
from actors.brokers.wire import WireLimits
from actors.domain.orders.report import Status
from tests.builders import PRODUCTS

SECRET = SecretStr("secret")
WIRE = WireLimits(connect_timeout_s=0.5)


class TastytradeScript:
    """Just enough of tastytrade."""

    refused: ClassVar = {"error": {"code": "preflight_check_failure", "message": "no", "errors": [{"code": "margin"}]}}
    code = "margin"
    business: ClassVar = (422, refused)
    nameless: ClassVar = {"data": {"order": {}}}
    states: ClassVar = {
        "Received": Status.PENDING_NEW,
        "Routed": Status.PENDING_NEW,
        "In Flight": Status.PENDING_NEW,
        "Contingent": Status.NEW,
        "Live": Status.NEW,
        "Cancel Requested": Status.PENDING_CANCEL,
        "Replace Requested": Status.PENDING_REPLACE,
        "Filled": Status.PARTIALLY_FILLED,
        "Cancelled": Status.CANCELED,
        "Rejected": Status.REJECTED,
        "Expired": Status.EXPIRED,
        "Removed": Status.CANCELED,
        "Partially Removed": Status.CANCELED,
    }

    def __init__(self, fault):
        self.fault, self.created = fault, []

    def app(self):
        app = web.Application()
        app.router.add_post("/oauth/token", self.token)
        app.router.add_post("/accounts/5W/orders", self.order)
        app.router.add_get("/accounts/5W/orders", self.list)
        app.router.add_get("/accounts/5W/orders/7", self.read)
        return app

    def adapter(self, port, clock):
        url = f"http://127.0.0.1:{port}"
        settings = TastytradeSettings(
            route="t", account_domain="t:5W", url=url, stream_url="ws://x", account="5W", wire=WIRE
        )
        return Tastytrade(settings, TastytradeLogin(client_secret=SECRET, refresh_token=SECRET), clock)

    async def login(self, adapter):
        await adapter._token.ensure()

    async def token(self, _):
        return web.json_response({"access_token": "a", "expires_in": 900})

    async def order(self, request):
        return await self.fault(self, request, await request.json())

    def create(self, body):
        legs = [{**leg, "remaining-quantity": leg["quantity"], "fills": []} for leg in body["legs"]]
        fixed = {"id": 7, "status": "Routed", "updated-at": 1748439528049, "legs": legs}
        self.created.append({**body, **fixed})
        return {"data": {"order": self.created[-1], "warnings": []}}, 201

    async def acknowledge(self):
        pass

    async def list(self, _):
        return web.json_response({"data": {"items": self.created}})

    async def read(self, _):
        return web.json_response({"data": self.created[0], "news": 1})

    async def become(self, adapter, state):
        self.created[0] |= {"status": state, "altitude": 3}
        return await adapter.order("7")


class AlpacaScript:
    """Just enough of Alpaca."""

    refused: ClassVar = {"code": 40310000, "message": "insufficient buying power"}
    code = "40310000"
    business: ClassVar = (403, refused)
    nameless: ClassVar = {"status": "accepted"}
    states: ClassVar = {
        "new": Status.NEW,
        "partially_filled": Status.PARTIALLY_FILLED,
        "filled": Status.FILLED,
        "done_for_day": Status.NEW,
        "canceled": Status.CANCELED,
        "expired": Status.EXPIRED,
        "replaced": Status.CANCELED,
        "pending_cancel": Status.PENDING_CANCEL,
        "pending_replace": Status.PENDING_REPLACE,
        "pending_review": Status.PENDING_NEW,
        "accepted": Status.PENDING_NEW,
        "pending_new": Status.PENDING_NEW,
        "accepted_for_bidding": Status.PENDING_NEW,
        "stopped": Status.NEW,
        "rejected": Status.REJECTED,
        "suspended": Status.NEW,
        "calculated": Status.NEW,
        "held": Status.PENDING_NEW,
    }

    def __init__(self, fault):
        self.fault, self.created = fault, []

    def app(self):
        app = web.Application()
        app.router.add_post("/v2/orders", self.order)
        app.router.add_get("/v2/orders:by_client_order_id", self.find)
        app.router.add_get("/v2/orders/{order}", self.read)
        app.router.add_get("/v2/account/activities/FILL", self.activities)
        return app

    def adapter(self, port, clock):
        url = f"http://127.0.0.1:{port}"
        settings = AlpacaSettings(route="a", account_domain="a:1", url=url, stream_url="ws://x", wire=WIRE)
        return Alpaca(settings, AlpacaLogin(key_id=SECRET, secret_key=SECRET), clock)

    async def login(self, adapter):
        pass

    async def order(self, request):
        return await self.fault(self, request, await request.json())

    def create(self, body):
        legs = [{**leg, "id": f"leg-{place}", "filled_qty": "0"} for place, leg in enumerate(body["legs"])]
        self.created.append(
            {**body, "id": "7", "status": "accepted", "created_at": "2026-11-20T15:00:00Z", "legs": legs}
        )
        return self.created[-1], 200

    async def acknowledge(self):
        pass

    async def find(self, request):
        wanted = request.query["client_order_id"]
        found = [order for order in self.created if order["client_order_id"] == wanted]
        return web.json_response(found[0] if found else {}, status=200 if found else 404)

    async def read(self, _):
        return web.json_response(self.created[0])

    async def activities(self, _):
        return web.json_response([])

    async def become(self, adapter, state):
        self.created[0] |= {"status": state, "altitude": 3}
        return await adapter.order("7")


class QuantConnectScript:
    """Just enough of QuantConnect, and of the algorithm behind it: it tells nothing unless it is asked."""

    refused: ClassVar = {"success": False, "errors": ["no live algorithm"]}
    code = "refused"
    business: ClassVar = (200, refused)
    nameless: ClassVar = {"success": True, "errors": []}
    """Taken by QuantConnect; the algorithm never says that it has it."""
    states: ClassVar = {
        0: Status.PENDING_NEW,
        1: Status.NEW,
        2: Status.PARTIALLY_FILLED,
        3: Status.PARTIALLY_FILLED,
        5: Status.CANCELED,
        6: Status.PENDING_NEW,
        7: None,  # Invalid: LEAN says so after a time-out too, and ends nothing without the broker's own refusal
        8: Status.PENDING_CANCEL,
        9: Status.NEW,
    }

    def __init__(self, fault):
        self.fault, self.created, self.barred = fault, [], []
        self.sequence = 0

    def app(self):
        app = web.Application()
        app.router.add_post("/api/v2/live/commands/create", self.command)
        return app

    def adapter(self, port, clock):
        settings = QuantConnectSettings(
            route="q", account_domain="q:1", url=f"http://127.0.0.1:{port}", project=1, covers="broker", wire=WIRE
        )
        login = QuantConnectLogin(user_id=SecretStr("1"), api_token=SECRET, ack_secret=SECRET)
        return QuantConnect(settings, login, clock, PRODUCTS)

    async def login(self, adapter):
        await adapter._channel.open()
        self.port = adapter.ack_port

    async def command(self, request):
        body = json.loads((await request.json())["command"]["body"])
        if body["kind"] == "place":
            return await self.fault(self, request, body)
        known = {order["attempt_id"]: order for order in self.created}
        wanted = body.get("attempt_id") or body["order_id"]
        answer = {"kind": "order", "order": known[wanted]} if wanted in known else {"kind": "absent"}
        await self.tell({"request": body["request"], **answer})
        return web.json_response({"success": True})

    def create(self, body):
        kept = {key: body[key] for key in ("attempt_id", "legs", "order_qty")}
        more = {"statuses": {"1": 0}, "broker_ids": [], "fills": [], "text": "", "at": "2026-11-20T15:00:00"}
        self.created.append(kept | more)
        return {"success": True, "errors": []}, 200

    async def acknowledge(self):
        order = self.created[-1]
        await self.tell({"kind": "order", "request": order["attempt_id"], "order": order})

    async def tell(self, message):
        self.sequence += 1
        envelope = {"deployment": "L", "run": "1", "started_at": "2026-11-20T14:00:00", "lost": 0}
        body = json.dumps({**envelope, "sequence": self.sequence, "sent_s": time.time(), **message}).encode()
        signature = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
        url = f"http://127.0.0.1:{self.port}{PATH}"
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.post(url, content=body, headers={SIGNATURE: signature})
        assert answer.status_code == 200, answer.text

    async def become(self, adapter, state):
        self.created[0] |= {"statuses": {"1": state}, "altitude": 3}
        return await adapter.order(self.created[0]["attempt_id"])


BROKERS = {"tastytrade": TastytradeScript, "alpaca": AlpacaScript, "quantconnect": QuantConnectScript}
"""Every adapter there is. A new one joins here, and is held to every exchange of the conformance suite."""


class Door:
    """A port in front of a server: passes everything on, or does to new connections what it is told."""

    def __init__(self, behind):
        self._behind, self.act, self._open = behind, self.pass_on, []

    async def open(self):
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self):
        self._server.close()
        for transport in self._open:
            transport.abort()

    async def _met(self, reader, writer):
        self._open.append(writer.transport)
        with suppress(OSError, asyncio.IncompleteReadError):
            await self.act(reader, writer)
        writer.transport.abort()

    async def pass_on(self, reader, writer):
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._behind)
        self._open.append(ours.transport)

        async def pump(source, sink):
            with suppress(OSError):
                while chunk := await source.read(65_536):
                    sink.write(chunk)
                    await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, ours), pump(theirs, writer))

    async def reset_at_once(self, _, writer):
        reset(writer)

    async def cut_in_the_request(self, reader, writer):
        await reader.readexactly(20)
        reset(writer)


def reset(writer):
    plug = writer.transport.get_extra_info("socket")
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
