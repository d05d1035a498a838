"""Each fault at each point of a send, on real sockets, and the outcome it must have, for both brokers."""

import asyncio
import json
import socket
from typing import ClassVar

import pytest
from aiohttp import web
from pydantic import SecretStr

from actors.brokers.alpaca import Alpaca, AlpacaSettings
from actors.brokers.alpaca_stream import AlpacaLogin
from actors.brokers.tastytrade import Tastytrade, TastytradeSettings
from actors.brokers.tastytrade_token import TastytradeLogin
from actors.domain.orders.attempt import Absent, Accepted, Found, InDoubt, NotSent, Rejected

SECRET = SecretStr("secret")
ATTEMPT = "condor-20261120-1-r1"
TIMEOUT_S = 0.3


class TastytradeScript:
    """Just enough of tastytrade to log in, order and look."""

    refused: ClassVar = {"error": {"code": "preflight_check_failure", "message": "no", "errors": [{"code": "margin"}]}}
    code = "margin"

    def __init__(self, fault):
        self.fault, self.created = fault, []

    def app(self):
        app = web.Application()
        app.router.add_post("/oauth/token", self.token)
        app.router.add_post("/accounts/5W/orders", self.order)
        app.router.add_get("/accounts/5W/orders", self.list)
        return app

    def adapter(self, port, clock):
        url = f"http://127.0.0.1:{port}"
        settings = TastytradeSettings(route="t", account_domain="t:5W", url=url, stream_url="ws://x", account="5W")
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

    async def list(self, _):
        return web.json_response({"data": {"items": self.created}})


class AlpacaScript:
    """Just enough of Alpaca to order and look."""

    refused: ClassVar = {"code": 40310000, "message": "insufficient buying power"}
    code = "40310000"

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
        settings = AlpacaSettings(route="a", account_domain="a:1", url=url, stream_url="ws://x")
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

    async def find(self, request):
        wanted = request.query["client_order_id"]
        found = [order for order in self.created if order["client_order_id"] == wanted]
        return web.json_response(found[0] if found else {}, status=200 if found else 404)

    async def read(self, _):
        return web.json_response(self.created[0])

    async def activities(self, _):
        return web.json_response([])


async def well(script, _, body):
    answer, status = script.create(body)
    return web.json_response(answer, status=status)


async def dropped_before(_script, request, _):
    request.transport.abort()


async def dropped_after(script, request, body):
    script.create(body)
    request.transport.abort()


async def late(script, _, body):
    answer, status = script.create(body)
    await asyncio.sleep(TIMEOUT_S * 2)
    return web.json_response(answer, status=status)


async def garbage(script, request, body):
    script.create(body)
    request.transport.write(b"\x00\x01 what? \r\n\r\n")
    request.transport.close()


async def half_a_body(script, request, body):
    answer, _ = script.create(body)
    text = json.dumps(answer).encode()
    request.transport.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(text) + text[: len(text) // 2])
    request.transport.close()


async def trickle(script, request, body):
    script.create(body)
    answer = web.StreamResponse(headers={"Content-Length": "100000"})
    await answer.prepare(request)
    while request.transport is not None and not request.transport.is_closing():
        await answer.write(b" ")
        await asyncio.sleep(0.01)
    return answer


async def nameless(script, _, body):
    script.create(body)
    return web.json_response({"data": {"order": {}}}, status=201)


async def redirected(*_):
    return web.Response(status=307, headers={"Location": "/elsewhere"})


def answering(status, text=None):
    async def answer(script, _request, body):
        if status >= 500:
            script.create(body)
        return web.Response(status=status, text=text) if text else web.json_response(script.refused, status=status)

    return answer


TABLE = {
    "answered well": (well, Accepted, 1),
    "dropped before it was processed": (dropped_before, InDoubt, 0),
    "dropped after it was processed": (dropped_after, InDoubt, 1),
    "answered too late": (late, InDoubt, 1),
    "garbage": (garbage, InDoubt, 1),
    "half a body": (half_a_body, InDoubt, 1),
    "a slow trickle": (trickle, InDoubt, 1),
    "created without an id": (nameless, InDoubt, 1),
    "redirected": (redirected, InDoubt, 0),
    "500 in the broker's words": (answering(500), InDoubt, 1),
    "502 of a gateway": (answering(502, "<html>"), InDoubt, 1),
    "504": (answering(504, "<html>"), InDoubt, 1),
    "403 of a gateway": (answering(403, "<html>"), InDoubt, 0),
    "400": (answering(400), Rejected, 0),
    "401": (answering(401), Rejected, 0),
    "403": (answering(403), Rejected, 0),
    "422": (answering(422), Rejected, 0),
    "429": (answering(429), Rejected, 0),
}
SCRIPTS = pytest.mark.parametrize("script_of", [TastytradeScript, AlpacaScript], ids=["tastytrade", "alpaca"])


async def submitted(script, serving, clock, order, guard=lambda: None):
    async with serving(script.app()) as port:
        adapter = script.adapter(port, clock)
        await script.login(adapter)
        outcome = await adapter.submit(ATTEMPT, order, TIMEOUT_S, guard)
        resolution = await adapter.resolve(ATTEMPT, order, clock.market_now())
        await adapter.close()
    return outcome, resolution


@SCRIPTS
@pytest.mark.parametrize("fault", TABLE)
def test_a_fault_has_its_outcome_and_one_look_tells_the_truth(script_of, fault, serving, clock, condor):
    handler, kind, created = TABLE[fault]
    script = script_of(handler)
    outcome, resolution = asyncio.run(submitted(script, serving, clock, condor()))
    assert type(outcome) is kind, outcome
    assert len(script.created) == created
    assert type(resolution) is (Found if created else Absent), resolution
    if kind is InDoubt:
        assert outcome.cause
    if kind is Rejected:
        assert (outcome.code, outcome.retryable) == (script.code, fault in {"401", "429"})
    if kind is Accepted:
        assert (outcome.broker_order_id, outcome.report.attempt_id) == ("7", ATTEMPT)


@SCRIPTS
def test_a_refused_connection_is_not_sent(script_of, serving, clock, condor):
    async def scenario():
        script = script_of(well)
        async with serving(script.app()) as port:
            adapter = script.adapter(port, clock)
            await script.login(adapter)
        outcome = await adapter.submit(ATTEMPT, condor(), TIMEOUT_S, lambda: None)
        await adapter.close()
        return outcome

    assert isinstance(asyncio.run(scenario()), NotSent)


@SCRIPTS
def test_the_guard_is_asked_and_its_no_is_not_sent(script_of, serving, clock, condor):
    script = script_of(well)
    outcome, resolution = asyncio.run(submitted(script, serving, clock, condor(), guard=lambda: "latched: halt"))
    assert outcome == NotSent(cause="latched: halt")
    assert (script.created, type(resolution)) == ([], Absent)


@SCRIPTS
def test_a_look_that_fails_is_unknown_and_never_absent(script_of, clock, condor):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        adapter = script_of(well).adapter(closed.getsockname()[1], clock)
        resolution = asyncio.run(adapter.resolve(ATTEMPT, condor(), clock.market_now()))
    assert resolution.kind == "unknown"


def test_without_a_live_token_nothing_is_sent(clock, condor):
    adapter = TastytradeScript(well).adapter(1, clock)
    outcome = asyncio.run(adapter.submit(ATTEMPT, condor(), TIMEOUT_S, lambda: None))
    assert outcome == NotSent(cause="no live token")


def test_alpaca_knowing_the_id_already_is_a_doubt_that_a_look_ends(serving, clock, condor):
    async def twice(script, request, body):
        script.create(body)
        return web.json_response({"code": 40010001, "message": "client_order_id must be unique"}, status=422)

    outcome, resolution = asyncio.run(submitted(AlpacaScript(twice), serving, clock, condor()))
    assert isinstance(outcome, InDoubt)
    assert isinstance(resolution, Found)
