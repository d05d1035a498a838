"""The QuantConnect route against its stand-in: the shipped algorithm on a thread of its own, real sockets both ways.

Each way a command can go astray ends in the right outcome, and never in a doubled order: the paper account says how
many orders there are.
"""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from actors.brokers.quantconnect import QuantConnect
from actors.brokers.quantconnect_api import QuantConnectLogin, QuantConnectSettings
from actors.brokers.quantconnect_channel import PATH, ChannelLimits
from actors.brokers.reads import ReadLimits
from actors.clock import SharedMarketClock
from actors.domain.orders.attempt import Absent, Accepted, Found, InDoubt, NotSent, Rejected, Unknown
from actors.domain.orders.order import OrderType
from actors.domain.orders.report import Status
from actors.ports import BrokerRefused, BrokerUnavailable
from actors.venue.venue_settings import LeanSettings
from tests.actors.brokers.test_against_venue import PATIENCE_S, condor, fault, step, submit, until
from tests.actors.venue.conftest import OPENS_AT, PRODUCTS, QUANTCONNECT, TASTYTRADE, places_in, running
from tests.ports import free_port

DOMAIN = f"quantconnect:{QUANTCONNECT}"


@pytest.fixture
def deployed(tmp_path):
    lean = LeanSettings(ack_url=f"http://127.0.0.1:{free_port()}{PATH}", read_lag_s=0)
    with running(places_in(tmp_path), lean=lean) as at_work:
        at_work.step(0)
        yield at_work


def adapter_of(venue, account=None, **changes):
    secret, lean = venue.file.credentials, venue.file.lean
    settings = QuantConnectSettings(
        **{
            "route": "quantconnect",
            "account_domain": DOMAIN,
            "url": venue.file.quantconnect,
            "project": lean.project,
            "covers": "broker",
            "paper_only": True,
            "answer_timeout_s": 2.0,
            "reads": ReadLimits(timeout_s=2.0, tries=1),
            "channel": ChannelLimits(port=int(lean.ack_url.split(":")[2].split("/")[0])),
            **changes,
        }
    )
    login = QuantConnectLogin(
        user_id=SecretStr(secret.quantconnect_user),
        api_token=SecretStr(secret.quantconnect_token),
        ack_secret=SecretStr(secret.quantconnect_ack),
    )
    return QuantConnect(settings, login, SharedMarketClock.open(venue.places.clock), PRODUCTS, account)


@asynccontextmanager
async def session(venue, account=None, **changes):
    adapter = adapter_of(venue, account, **changes)
    await adapter.connect()
    pushed = asyncio.Queue()

    async def listen():
        async for report in adapter.events():
            pushed.put_nowait(report)

    listening = asyncio.create_task(listen())
    try:
        yield adapter, pushed
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError, BrokerUnavailable):
            await listening
        await adapter.close()


def placed(venue, account=QUANTCONNECT):
    return len(venue.exchange.orders(account))


async def find(adapter, order):
    return await adapter.resolve(f"{order.cl_ord_id}-r1", order, order.created_at)


def test_a_condor_opens_and_closes_and_the_account_adds_up_to_the_cent(deployed):
    async def scenario():
        async with session(deployed) as (adapter, pushed):
            before = await adapter.account(OPENS_AT)
            accepted = await submit(adapter, condor("a", "9.00"))
            await step(deployed, 1)
            opened = await until(pushed, Status.FILLED)
            held = await adapter.account(OPENS_AT)
            closing = await submit(adapter, condor("b", "-12.00", closing=DOMAIN))
            await step(deployed, 2)
            closed = await until(pushed, Status.FILLED)
            return before, accepted, opened, held, closing, closed, await adapter.account(OPENS_AT)

    before, accepted, opened, held, closing, closed, after = asyncio.run(scenario())
    assert isinstance(accepted, Accepted)
    assert isinstance(closing, Accepted)
    assert (accepted.broker_order_id, opened.attempt_id) == ("a-r1", "a-r1")
    signed = {fill.symbol: 0 for fill in opened.fills}
    for fill in opened.fills:
        signed[fill.symbol] += fill.action.sign * fill.last_qty
    assert {each.symbol: each.quantity for each in held.positions} == signed
    assert after.positions == ()
    assert not any(fill.action.is_open for fill in closed.fills)
    fills = {fill.exec_id: fill for order in after.orders for fill in order.fills}
    assert len(fills) == len(opened.fills) + len(closed.fills)
    assert {event.exec_id for event in after.cash_events} == set(fills)
    assert after.cash - before.cash == sum(fill.cash(100) for fill in fills.values()) + sum(
        event.amount for event in after.cash_events
    )


def test_a_command_that_is_lost_is_in_doubt_then_absent_for_ever(deployed):
    async def scenario():
        async with session(deployed) as (adapter, _):
            order = condor("a", "40.00")
            await fault(deployed, route="quantconnect", kind="lose", path="place", count=1)
            outcome = await submit(adapter, order, timeout_s=0.3)
            resolution = await find(adapter, order)
            late = await submit(adapter, order)  # what was lost turns up after all
            return outcome, resolution, late

    outcome, resolution, late = asyncio.run(scenario())
    assert isinstance(outcome, InDoubt)
    assert isinstance(resolution, Absent)
    assert late == Rejected(code="absent", text="asked for before it came", retryable=True)
    assert placed(deployed) == 0


def test_a_command_that_is_late_is_in_doubt_until_the_algorithm_tells(deployed):
    async def scenario():
        async with session(deployed) as (adapter, pushed):
            await fault(deployed, route="quantconnect", kind="hold", path="place", delay_s=0.6, count=1)
            outcome = await submit(adapter, condor("a", "40.00"), timeout_s=0.3)
            return outcome, await until(pushed, Status.NEW), await find(adapter, condor("a", "40.00"))

    outcome, told, resolution = asyncio.run(scenario())
    assert isinstance(outcome, InDoubt)
    assert told.attempt_id == "a-r1"
    assert isinstance(resolution, Found)
    assert placed(deployed) == 1


def test_a_command_that_comes_after_its_end_is_refused_by_the_algorithm(deployed):
    async def scenario():
        async with session(deployed, place_within_s=0.2) as (adapter, _):
            await fault(deployed, route="quantconnect", kind="hold", path="place", delay_s=0.5, count=1)
            return await submit(adapter, condor("a", "40.00"))

    outcome = asyncio.run(scenario())
    assert (type(outcome), outcome.code, outcome.retryable) == (Rejected, "late", True)
    assert placed(deployed) == 0


def test_a_command_that_comes_twice_orders_once(deployed):
    async def scenario():
        async with session(deployed) as (adapter, _):
            await fault(deployed, route="quantconnect", kind="duplicate", path="place")
            first = await submit(adapter, condor("a", "40.00"))
            again = await submit(adapter, condor("a", "40.00"))
            return first, again, await adapter.account(OPENS_AT)

    first, again, account = asyncio.run(scenario())
    assert isinstance(first, Accepted)
    assert again.broker_order_id == first.broker_order_id
    assert (placed(deployed), len(account.orders)) == (1, 1)


@pytest.mark.parametrize("after", [False, True], ids=["before it came", "once it was obeyed"])
def test_a_restarted_algorithm_knows_from_its_store_what_it_ordered(deployed, after):
    async def scenario():
        async with session(deployed) as (adapter, _):
            first = await submit(adapter, condor("a", "40.00"))
            await fault(deployed, route="quantconnect", kind="restart", after=after, path="place", count=1)
            again = await submit(adapter, condor("a", "40.00"))
            found = await find(adapter, condor("a", "40.00"))
            requested = await adapter.cancel(first.broker_order_id, 3.0, lambda: None)
            await step(deployed, 1)
            return first, again, found, requested, await adapter.order(first.broker_order_id)

    first, again, found, requested, read = asyncio.run(scenario())
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert isinstance(found, Found)
    assert requested == (True, "cancel requested")
    assert read.status in {Status.PENDING_CANCEL, Status.CANCELED}
    assert placed(deployed) == 1


def test_a_restart_ends_the_events_so_that_the_account_is_read_anew(deployed):
    async def scenario():
        adapter = adapter_of(deployed)
        await adapter.connect()
        await fault(deployed, route="quantconnect", kind="restart", path="ping", count=1)
        await adapter.probe_writes()
        with pytest.raises(BrokerUnavailable, match="started anew"):
            async for _ in adapter.events():
                pass
        await adapter.close()

    asyncio.run(scenario())


def test_absent_from_a_store_younger_than_the_order_waits_for_quantconnects_own_reading(deployed):
    async def scenario():
        async with session(deployed, read_lag_s=10.0) as (adapter, _):
            order = condor("a", "40.00")
            await fault(deployed, route="quantconnect", kind="lose", path="place", count=1)
            outcome = await submit(adapter, order, timeout_s=0.2)
            await step(deployed, 5)
            await fault(deployed, route="quantconnect", kind="restart", path="query", count=1)
            early = await find(adapter, order)
            await step(deployed, 20)
            return outcome, early, await find(adapter, order)

    outcome, early, late = asyncio.run(scenario())
    assert isinstance(outcome, InDoubt)
    assert isinstance(early, Unknown)
    assert "this run began after the order" in early.reason
    assert isinstance(late, Absent)
    assert "own reading" in late.proof


def test_without_a_running_algorithm_nothing_is_known(deployed):
    async def scenario():
        async with session(deployed, answer_timeout_s=0.2) as (adapter, _):
            await fault(deployed, route="quantconnect", kind="lose")
            with pytest.raises(BrokerUnavailable, match="no word from the algorithm"):
                await adapter.probe_writes()
            with pytest.raises(BrokerUnavailable):
                await adapter.account(OPENS_AT)
            return await find(adapter, condor("a", "40.00"))

    assert isinstance(asyncio.run(scenario()), Unknown)


def test_a_close_of_what_is_not_held_is_refused_by_the_algorithm_and_never_opens(deployed):
    async def scenario():
        async with session(deployed) as (adapter, _):
            return await submit(adapter, condor("a", "-12.00", closing=DOMAIN))

    outcome = asyncio.run(scenario())
    assert (type(outcome), outcome.code) == (Rejected, "position")
    assert "this would open" in outcome.text
    assert placed(deployed) == 0


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"net_price": None, "order_type": OrderType.MARKET}, "at a limit only"),
        ({"net_price": 0}, "zero"),
        ({"time_in_force": "IOC"}, "immediate-or-cancel"),
    ],
)
def test_what_lean_cannot_say_is_refused_before_a_byte_leaves(deployed, changes, text):
    order = condor("a", "9.00")
    order = type(order).model_validate({**order.model_dump(), **changes})

    async def scenario():
        async with session(deployed) as (adapter, _):
            return await submit(adapter, order)

    outcome = asyncio.run(scenario())
    assert outcome.code == "unsendable"
    assert text in outcome.text


def test_a_broker_that_refuses_after_lean_took_the_order_ends_it_in_its_own_words(deployed):
    async def scenario():
        async with session(deployed) as (adapter, pushed):
            outcome = await submit(adapter, condor("a", "9.00", quantity=1_000))
            return outcome, await until(pushed, Status.REJECTED)

    outcome, told = asyncio.run(scenario())
    assert isinstance(outcome, Accepted | Rejected)
    assert "preflight" in told.text


def test_a_deployment_that_is_not_on_paper_is_refused_where_paper_is_meant(tmp_path):
    lean = LeanSettings(ack_url=f"http://127.0.0.1:{free_port()}{PATH}", brokerage="TastytradeBrokerage")
    with running(places_in(tmp_path), lean=lean) as venue:

        async def scenario():
            adapter = adapter_of(venue)
            with pytest.raises(BrokerRefused, match="not on paper"):
                await adapter.connect()
            await adapter.close()

        asyncio.run(scenario())


class OwnBroker:
    """What a pipe's account is read through."""

    def __init__(self):
        self.connected = 0

    async def connect(self):
        self.connected += 1

    async def account(self, since):
        from actors.domain.orders.report import AccountState

        return AccountState(
            route="tastytrade",
            account_domain="t",
            since=since,
            read_at=since,
            orders=(),
            positions=(),
            cash_events=(),
            cash=1,
        )

    async def close(self):
        pass


def test_a_pipe_is_known_by_its_brokers_id_and_leaves_fills_and_the_account_to_the_brokers_own_route(tmp_path):
    lean = LeanSettings(ack_url=f"http://127.0.0.1:{free_port()}{PATH}", account=TASTYTRADE)
    with running(places_in(tmp_path), lean=lean) as venue:
        venue.step(0)

        async def scenario():
            own = OwnBroker()
            async with session(venue, own, covers="pipe") as (adapter, pushed):
                accepted = await submit(adapter, condor("a", "9.00"))
                await step(venue, 1)
                await adapter.probe_writes()  # stands in line behind what happened to the order
                told = [pushed.get_nowait() for _ in range(pushed.qsize())]
                read = [await adapter.account(OPENS_AT), await adapter.account(OPENS_AT)]
                return accepted, told, read[1], own.connected

        accepted, told, account, connected = asyncio.run(scenario())
        (order,) = venue.exchange.orders(TASTYTRADE)
    assert accepted.broker_order_id == str(order.order_id)
    assert order.status.value == "FILLED"
    assert {(each.status, each.fills) for each in told} == {(Status.NEW, ())}
    assert (account.route, account.cash, connected) == ("quantconnect", 1, 1)


async def refused(url):
    """Wait until nobody listens there any more."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
            except ConnectionRefusedError:
                return
            writer.close()


def test_a_refused_connection_is_not_sent(deployed):
    async def scenario():
        async with session(deployed) as (adapter, _):
            await fault(deployed, route="quantconnect", kind="refuse", duration_s=5)
            await refused(deployed.file.quantconnect)
            with suppress(BrokerUnavailable):
                await adapter.probe_writes()
            return await submit(adapter, condor("a", "9.00"))

    assert isinstance(asyncio.run(scenario()), NotSent)


def test_what_cannot_be_stored_is_not_ordered_and_stays_a_doubt(tmp_path):
    lean = LeanSettings(ack_url=f"http://127.0.0.1:{free_port()}{PATH}", read_lag_s=0)
    places = places_in(tmp_path)
    (places.state / "venue").mkdir()
    (places.state / "venue" / "object-store").write_text("a file where the store should be")
    with running(places, lean=lean) as venue:
        venue.step(0)

        async def scenario():
            async with session(venue) as (adapter, _):
                return await submit(adapter, condor("a", "40.00")), await find(adapter, condor("a", "40.00"))

        outcome, resolution = asyncio.run(scenario())
        assert placed(venue) == 0
    assert (type(outcome), outcome.cause) == (InDoubt, "the algorithm failed")
    assert isinstance(resolution, Unknown)


def test_an_attempt_that_a_run_died_on_while_ordering_is_never_ordered_again_and_never_called_absent(tmp_path):
    lean = LeanSettings(ack_url=f"http://127.0.0.1:{free_port()}{PATH}", read_lag_s=0)
    places = places_in(tmp_path)
    store = places.state / "venue" / "object-store"
    store.mkdir(parents=True)
    begun = {"legs": [], "order_qty": 1, "at": "2026-11-20T14:30:00", "statuses": {}, "broker_ids": [], "fills": []}
    (store / "holdfast-seen.json.object").write_text(json.dumps({"a-r1": {**begun, "text": ""}}))
    with running(places, lean=lean) as venue:
        venue.step(0)

        async def scenario():
            async with session(venue) as (adapter, _):
                outcome = await submit(adapter, condor("a", "40.00"), timeout_s=0.5)
                return outcome, await find(adapter, condor("a", "40.00")), await adapter.account(OPENS_AT)

        outcome, resolution, account = asyncio.run(scenario())
        assert placed(venue) == 0
    assert isinstance(outcome, InDoubt)
    assert isinstance(resolution, Unknown)
    assert account.orders == ()


def test_a_store_that_cannot_be_read_keeps_the_algorithm_from_running(tmp_path):
    lean = LeanSettings(ack_url=f"http://127.0.0.1:{free_port()}{PATH}")
    places = places_in(tmp_path)
    store = places.state / "venue" / "object-store"
    store.mkdir(parents=True)
    (store / "holdfast-seen.json.object").write_text('{"a-r1": {')
    with running(places, lean=lean) as venue:

        async def scenario():
            adapter = adapter_of(venue)
            with pytest.raises(BrokerUnavailable, match="RuntimeError"):
                async with asyncio.timeout(5):
                    await adapter.connect()
            await adapter.close()

        asyncio.run(scenario())


def test_an_order_that_the_store_lost_with_an_earlier_run_is_found_and_told_of(tmp_path):
    lean = LeanSettings(ack_url=f"http://127.0.0.1:{free_port()}{PATH}", read_lag_s=0, keeps_tags=True)
    places = places_in(tmp_path)
    with running(places, lean=lean) as venue:
        venue.step(0)

        async def scenario():
            async with session(venue) as (adapter, _):
                order = condor("a", "40.00")
                await submit(adapter, order)
                await step(venue, 5)
                (places.state / "venue" / "object-store" / "holdfast-seen.json.object").unlink()
                await fault(venue, route="quantconnect", kind="restart", path="query", count=1)
                found = await find(adapter, order)
                await adapter.connect()  # the restart ended the events
                requested = await adapter.cancel(found.report.broker_order_id, 3.0, lambda: None)
                await step(venue, 6)
                async for told in adapter.events():
                    if told.status is Status.CANCELED:
                        return found, requested, told
                return None

        found, requested, told = asyncio.run(asyncio.wait_for(scenario(), 20))
    assert isinstance(found, Found)
    assert requested == (True, "cancel requested")
    assert told.attempt_id == "a-r1"
