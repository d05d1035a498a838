"""The conformance suite: scripted exchanges, each fault at each point, the outcome each must give, in every adapter.

An exchange runs as in a connection: the send desk with its ledger and gates drives the adapter over real sockets to
a script of its broker. A fourth adapter joins by one row in `scripted_brokers.BROKERS`.
"""

import asyncio
import json
import socket
from contextlib import asynccontextmanager, closing
from typing import NamedTuple

import pytest
from aiohttp import web

from actors.brokers.gates import Gates
from actors.brokers.send_desk import SendDesk, SendLimits
from actors.brokers.send_ledger import SendLedger
from actors.domain.orders.attempt import Absent, Accepted, Found, InDoubt, NotSent, Rejected
from actors.latch import Latch, StopLevel
from actors.messages import OrderSent, SendOrder
from tests.actors.brokers.scripted_brokers import (
    BROKERS,
    AlpacaScript,
    Door,
    QuantConnectScript,
    TastytradeScript,
)

ATTEMPT = "condor-20261120-1-r1"
TIMEOUT_S = 0.4
PATIENCE_S = 10.0


async def well(script, _, body):
    answer, status = script.create(body)
    await script.acknowledge()
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


async def garbage_in_a_2xx(script, _, body):
    script.create(body)
    return web.Response(body=b"<html>\xff all is well", content_type="application/json")


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
    return web.json_response(script.nameless, status=201)


async def redirected(*_):
    return web.Response(status=307, headers={"Location": "/elsewhere"})


async def business(script, *_):
    status, body = script.business
    return web.json_response(body, status=status)


def answering(status, text=None):
    async def answer(script, _request, body):
        if status >= 500:
            script.create(body)
        return web.Response(status=status, text=text) if text else web.json_response(script.refused, status=status)

    return answer


class Exchange(NamedTuple):
    """What the broker does, how the send must end, and how many orders there are then."""

    fault: object
    outcome: type
    created: int = 0
    retryable: bool = False
    door: str = ""
    """What the port does to connections: nothing, refuse, hole, reset_at_once, cut_in_the_request."""
    withheld: str = ""
    """What keeps the first byte in: late, expired, fenced, latched, ledger."""
    cancelled: bool = False

    @property
    def answer_s(self) -> float:
        """How long its answer is waited for: what is answered is not late because the machine is busy."""
        return PATIENCE_S if self.outcome in {Accepted, Rejected} else TIMEOUT_S


TABLE = {
    "answered well": Exchange(well, Accepted, 1),
    "connection refused": Exchange(well, NotSent, door="refuse"),
    "connection black-holed": Exchange(well, NotSent, door="hole"),
    "reset before a byte was read": Exchange(well, InDoubt, door="reset_at_once"),
    "cut in the middle of the request": Exchange(well, InDoubt, door="cut_in_the_request"),
    "dropped before it was processed": Exchange(dropped_before, InDoubt),
    "dropped after it was processed": Exchange(dropped_after, InDoubt, 1),
    "no answer in time": Exchange(late, InDoubt, 1),
    "garbage for HTTP": Exchange(garbage, InDoubt, 1),
    "garbage in a 2xx": Exchange(garbage_in_a_2xx, InDoubt, 1),
    "half a body": Exchange(half_a_body, InDoubt, 1),
    "a slow trickle": Exchange(trickle, InDoubt, 1),
    "a 2xx that names no order": Exchange(nameless, InDoubt, 1),
    "redirected": Exchange(redirected, InDoubt),
    "500 in the broker's words": Exchange(answering(500), InDoubt, 1),
    "502 of a gateway": Exchange(answering(502, "<html>"), InDoubt, 1),
    "504": Exchange(answering(504, "<html>"), InDoubt, 1),
    "403 of a gateway": Exchange(answering(403, "<html>"), InDoubt),
    "refused on its merits": Exchange(business, Rejected),
    "400": Exchange(answering(400), Rejected),
    "401": Exchange(answering(401), Rejected, retryable=True),
    "403": Exchange(answering(403), Rejected),
    "422": Exchange(answering(422), Rejected),
    "429": Exchange(answering(429), Rejected, retryable=True),
    "the guard says no: latched": Exchange(well, NotSent, withheld="latched"),
    "the guard says no: fenced": Exchange(well, NotSent, withheld="fenced"),
    "the deadline passed": Exchange(well, NotSent, withheld="late"),
    "the task is cancelled while it waits": Exchange(late, InDoubt, 1, cancelled=True),
}
EACH = pytest.mark.parametrize("broker", BROKERS)


@asynccontextmanager
async def meeting(script, serving, clock):
    """Serve the script behind a door and log the adapter in."""
    async with serving(script.app()) as behind:
        door = await Door(behind).open()
        adapter = script.adapter(door.port, clock)
        try:
            await script.login(adapter)
            yield door, adapter
        finally:
            await adapter.close()
            await door.close()


class Desk:
    """A send desk as a connection has it; keeps what it tells."""

    def __init__(self, adapter, clock, folder, withheld="", answer_s=TIMEOUT_S):
        self.told: asyncio.Queue = asyncio.Queue()
        self.ledger = SendLedger(folder, 1, "boot")
        self._deadline_ns = 0 if withheld == "late" else 2**62
        level = StopLevel.HALT if withheld == "latched" else StopLevel.NONE
        gates = Gates(epoch=lambda: 2 if withheld == "fenced" else 1, latch=lambda: Latch(level=level, by="t"))
        limits = SendLimits(answer_timeout_s=answer_s)
        self._desk = SendDesk(adapter, self.ledger, clock, gates, self.told.put_nowait, limits)
        self.tasks = []

    def send(self, order):
        message = SendOrder(
            attempt_id=ATTEMPT,
            order=order,
            executor_epoch=1,
            connection_incarnation=1,
            deadline_ns=self._deadline_ns,
        )
        self._desk.hold(message)
        self._desk.release(message.release(), self._spawn, lambda _: None)

    def _spawn(self, work):
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]

    async def outcome(self):
        async with asyncio.timeout(PATIENCE_S):
            sent = await self.told.get()
        assert isinstance(sent, OrderSent)
        return sent.outcome


class Hole:
    """A port whose queue of connections is full: the kernel drops every further request to connect."""

    def __enter__(self):
        self._sockets = [socket.socket()]
        self._sockets[0].bind(("127.0.0.1", 0))
        self._sockets[0].listen(0)
        self.port = self._sockets[0].getsockname()[1]
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._sockets.append(filler)
        return self

    def __exit__(self, *_):
        for each in self._sockets:
            each.close()


def wire_of(adapter):
    """Return the write client of an adapter, under either of the names it has."""
    return adapter._api.wire if hasattr(adapter, "_api") else adapter._wire


def arm(door, adapter, exchange, hole):
    """Have the port do what the exchange says, from now on."""
    wire = wire_of(adapter)
    wire.close()  # the connections made before know nothing of it
    if exchange.door == "refuse":
        with closing(socket.socket()) as gone:
            gone.bind(("127.0.0.1", 0))
            wire._port = gone.getsockname()[1]
    elif exchange.door == "hole":
        wire._port = hole.port
    elif exchange.door:
        door.act = getattr(door, exchange.door)
    return lambda: (setattr(door, "act", door.pass_on), setattr(wire, "_port", door.port))


async def exchanged(script, exchange, serving, clock, order, folder):
    async with meeting(script, serving, clock) as (door, adapter):
        with Hole() as hole:
            disarm = arm(door, adapter, exchange, hole)
            desk = Desk(adapter, clock, folder, exchange.withheld, exchange.answer_s)
            desk.send(order)
            if exchange.cancelled:
                async with asyncio.timeout(PATIENCE_S):
                    while not script.created:
                        await asyncio.sleep(0)
                desk.tasks[0].cancel()
            outcome = await desk.outcome()
            disarm()
        begun = ATTEMPT in desk.ledger._entries
        resolution = await adapter.resolve(ATTEMPT, order, clock.market_now())
        desk.ledger.close()
    return outcome, begun, resolution


@EACH
@pytest.mark.parametrize("name", TABLE)
def test_an_exchange_has_its_outcome_and_one_look_tells_the_truth(broker, name, serving, clock, condor, tmp_path):
    exchange = TABLE[name]
    script = BROKERS[broker](exchange.fault)
    outcome, begun, resolution = asyncio.run(exchanged(script, exchange, serving, clock, condor(), tmp_path))
    assert type(outcome) is exchange.outcome, outcome
    assert len(script.created) == exchange.created
    assert type(resolution) is (Found if exchange.created else Absent), resolution
    assert begun or exchange.outcome is NotSent, "nothing leaves before the ledger knows"
    if exchange.withheld:
        assert not begun
    if exchange.outcome is InDoubt:
        assert outcome.cause
    if exchange.outcome is Rejected:
        assert (outcome.code, outcome.retryable) == (script.code, exchange.retryable)
    if exchange.outcome is Accepted:
        assert outcome.report.attempt_id == ATTEMPT
        assert outcome.broker_order_id


@EACH
def test_a_state_and_keys_that_nobody_knows_end_nothing_and_are_told(broker, serving, clock, condor, tmp_path):
    async def scenario():
        script = BROKERS[broker](well)
        async with meeting(script, serving, clock) as (_, adapter):
            desk = Desk(adapter, clock, tmp_path)
            desk.send(condor())
            accepted = await desk.outcome()
            desk.ledger.close()
            return accepted, await script.become(adapter, "levitating")

    accepted, report = asyncio.run(scenario())
    assert isinstance(accepted, Accepted)
    assert report.status is None
    assert "unknown status" in report.text
    assert report.attempt_id == ATTEMPT


@EACH
def test_every_state_the_broker_documents_is_known(broker, serving, clock, condor, tmp_path):
    async def scenario():
        script = BROKERS[broker](well)
        async with meeting(script, serving, clock) as (_, adapter):
            desk = Desk(adapter, clock, tmp_path)
            desk.send(condor())
            await desk.outcome()
            desk.ledger.close()
            return {state: await script.become(adapter, state) for state in script.states}

    told = asyncio.run(scenario())
    assert {state: report.status for state, report in told.items()} == BROKERS[broker].states
    assert not [report.text for report in told.values() if "unknown status" in report.text]


@EACH
def test_a_look_that_fails_is_unknown_and_never_absent(broker, serving, clock, condor):
    async def scenario():
        script = BROKERS[broker](well)
        async with meeting(script, serving, clock) as (door, adapter):
            await door.close()
            wire_of(adapter).close()
            return await adapter.resolve(ATTEMPT, condor(), clock.market_now())

    assert asyncio.run(scenario()).kind == "unknown"


def test_without_a_live_token_nothing_is_sent(clock, condor):
    adapter = TastytradeScript(well).adapter(1, clock)
    outcome = asyncio.run(adapter.submit(ATTEMPT, condor(), TIMEOUT_S, lambda: None))
    assert outcome == NotSent(cause="no live token")


def test_alpaca_knowing_the_id_already_is_a_doubt_that_a_look_ends(serving, clock, condor, tmp_path):
    async def twice(script, request, body):
        script.create(body)
        return web.json_response({"code": 40010001, "message": "client_order_id must be unique"}, status=422)

    exchange = Exchange(twice, InDoubt, 1)
    ran = exchanged(AlpacaScript(twice), exchange, serving, clock, condor(), tmp_path)
    outcome, _, resolution = asyncio.run(ran)
    assert isinstance(outcome, InDoubt)
    assert isinstance(resolution, Found)


def test_a_login_that_quantconnect_refuses_may_be_tried_again(serving, clock, condor, tmp_path):
    async def stranger(*_):
        return web.json_response({"success": False, "errors": ["Hash doesn't match."]})

    exchange = Exchange(stranger, Rejected)
    ran = exchanged(QuantConnectScript(stranger), exchange, serving, clock, condor(), tmp_path)
    assert asyncio.run(ran)[0] == Rejected(code="unauthorized", text="Hash doesn't match.", retryable=True)
