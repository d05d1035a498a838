"""The door for the algorithm's words: who gets in, what is a replay, and what ends the events."""

import asyncio
import hashlib
import hmac
import json
from contextlib import asynccontextmanager

import httpx2
import pytest
from pydantic import SecretStr

from actors.brokers.quantconnect_channel import PATH, SIGNATURE, Channel, ChannelLimits
from actors.ports import BrokerUnavailable

NOW_S = 1_000_000.0
ORDER = {"kind": "order", "request": "", "order": {"attempt_id": "a-r1"}}


@asynccontextmanager
async def opened(**limits):
    channel = Channel(SecretStr("secret"), ChannelLimits(**limits), lambda: NOW_S)
    await channel.open()
    async with httpx2.AsyncClient(trust_env=False) as client:

        async def post(secret=b"secret", **changes):
            fixed = {"deployment": "L", "run": "1", "started_at": "x", "sequence": 1, "sent_s": NOW_S, "lost": 0}
            body = json.dumps({**fixed, **ORDER, **changes}).encode()
            signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
            url = f"http://127.0.0.1:{channel.port}{PATH}"
            return (await client.post(url, content=body, headers={SIGNATURE: signature})).status_code

        try:
            yield channel, post
        finally:
            await channel.close()


def statuses(*messages, **limits):
    async def scenario():
        async with opened(**limits) as (_, post):
            return [await post(**message) for message in messages]

    return asyncio.run(scenario())


def test_only_what_the_secret_signed_gets_in():
    assert statuses({"secret": b"other"}, {}) == [401, 200]


def test_a_message_heard_twice_or_out_of_its_order_is_a_replay():
    assert statuses({"sequence": 2}, {"sequence": 2}, {"sequence": 1}, {"sequence": 3}) == [200, 409, 409, 200]


def test_another_run_of_the_algorithm_counts_anew():
    assert statuses({"sequence": 9}, {"run": "2", "sequence": 1}, {"sequence": 9}) == [200, 200, 409]


@pytest.mark.parametrize("sent_s", [NOW_S - 61, NOW_S + 61])
def test_a_message_of_another_time_is_refused(sent_s):
    assert statuses({"sent_s": sent_s}) == [401]


def test_a_message_that_cannot_be_read_or_is_too_long_is_refused():
    assert statuses({"kind": None, "order": None, "sequence": "x"}) == [400]
    assert statuses({"text": "x" * 2_000}, body_bytes_max=1_000)[0] in {400, 413}


def test_an_answer_goes_to_who_asked_and_an_order_to_the_events_too():
    async def scenario():
        async with opened() as (channel, post):
            with channel.answers("a-r1") as by_attempt, channel.answers("q-1") as by_request:
                await post(sequence=1)
                await post(sequence=2, request="q-1", kind="pong")
                heard = by_attempt.get_nowait()["kind"], by_request.get_nowait()["kind"]
            orders = channel.orders()
            return heard, await anext(orders)

    assert asyncio.run(scenario()) == (("order", "pong"), {"attempt_id": "a-r1"})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"lost": 2}, "could not tell 2 times"), ({"run": "2"}, "started anew")],
)
def test_what_may_have_been_missed_ends_the_events(changes, reason):
    async def scenario():
        async with opened() as (channel, post):
            await post(kind="hello")
            await post(sequence=2, **changes)
            with pytest.raises(BrokerUnavailable, match=reason):
                async for _ in channel.orders():
                    pass

    asyncio.run(scenario())


def test_more_than_can_wait_ends_the_events():
    async def scenario():
        async with opened(events_max=1) as (channel, post):
            assert [await post(sequence=each) for each in (1, 2)] == [200, 200]
            with pytest.raises(BrokerUnavailable, match="more than 1"):
                async for _ in channel.orders():
                    pass

    asyncio.run(scenario())


def test_a_port_that_is_taken_is_unavailable():
    async def scenario():
        async with opened() as (channel, _):
            other = Channel(SecretStr("secret"), ChannelLimits(port=channel.port), lambda: NOW_S)
            with pytest.raises(BrokerUnavailable, match="acknowledgements"):
                await other.open()

    asyncio.run(scenario())
