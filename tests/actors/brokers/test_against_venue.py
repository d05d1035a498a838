"""Both adapters against the paper venue: its own process's servers, markets and faults, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from actors.brokers.alpaca import Alpaca, AlpacaSettings
from actors.brokers.alpaca_stream import AlpacaLogin
from actors.brokers.reads import ReadLimits
from actors.brokers.tastytrade import Tastytrade, TastytradeSettings
from actors.brokers.tastytrade_stream import AccountStreamLimits
from actors.brokers.tastytrade_token import TastytradeLogin
from actors.clock import SharedMarketClock
from actors.domain.orders.attempt import Absent, Accepted, Found, InDoubt, NotSent, Rejected
from actors.domain.orders.order import Action, Contingency, Intent, Leg, Order, OrderType
from actors.domain.orders.report import CashEvent, Status
from actors.domain.risk.structure_loss import loss_at_expiry
from actors.ports import BrokerUnavailable
from tests.actors.venue.conftest import OPENS_AT, PRODUCTS, TASTYTRADE, option, places_in, running

MULTIPLIER = 100
PATIENCE_S = 45.0
ADAPTERS = pytest.mark.parametrize("kind", ["tastytrade", "alpaca"])


@pytest.fixture
def venue(tmp_path):
    with running(places_in(tmp_path)) as at_work:
        at_work.step(0)
        yield at_work


def adapter_of(kind, venue, futures=(), products=None, **more):
    file, clock = venue.file, SharedMarketClock.open(venue.places.clock)
    secret, reads = file.credentials, ReadLimits(timeout_s=2.0, tries=1)
    if kind == "tastytrade":
        settings = TastytradeSettings(
            route=kind,
            account_domain=f"tastytrade:{TASTYTRADE}",
            url=file.tastytrade,
            stream_url=file.streamer,
            account=TASTYTRADE,
            page_size=2,
            futures=futures,
            reads=reads,
            stream=AccountStreamLimits(heartbeat_s=0.2, **more),
        )
        login = TastytradeLogin(
            client_secret=SecretStr(secret.client_secret), refresh_token=SecretStr(secret.refresh_token)
        )
        return Tastytrade(settings, login, clock, products)
    settings = AlpacaSettings(
        route=kind,
        account_domain=f"alpaca:{file.alpaca_account}",
        url=file.alpaca,
        stream_url=file.alpaca_stream,
        activities_page=3,
        reads=reads,
    )
    keys = AlpacaLogin(key_id=SecretStr(secret.alpaca_key), secret_key=SecretStr(secret.alpaca_secret))
    return Alpaca(settings, keys, clock)


@asynccontextmanager
async def session(kind, venue, **more) -> AsyncIterator:
    adapter = adapter_of(kind, venue, **more)
    await adapter.connect()
    pushed: asyncio.Queue = asyncio.Queue()

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


def condor(name, net_price, *, closing=None, quantity=2):
    legs = (
        Leg(symbol=option(4900, "P"), action=Action.BUY_TO_OPEN),
        Leg(symbol=option(4950, "P"), action=Action.SELL_TO_OPEN),
        Leg(symbol=option(5050, "C"), action=Action.SELL_TO_OPEN),
        Leg(symbol=option(5100, "C"), action=Action.BUY_TO_OPEN),
    )
    if closing:
        legs = tuple(Leg(symbol=leg.symbol, action=leg.action.closing) for leg in legs)
    return Order(
        cl_ord_id=name,
        signal_id=name,
        strategy="condor",
        structure_id=name,
        intent=Intent.CLOSE if closing else Intent.OPEN,
        underlying="SPX",
        legs=legs,
        order_qty=quantity,
        order_type=OrderType.LIMIT,
        net_price=Decimal(net_price),
        account_domain=closing,
        created_at=OPENS_AT,
        expires_at=OPENS_AT + timedelta(hours=6),
    )


async def submit(adapter, order, timeout_s=PATIENCE_S):
    attempt_id = f"{order.cl_ord_id}-r1"
    words = adapter.words(attempt_id, order)
    return await adapter.submit(attempt_id, words, timeout_s, lambda: None) if isinstance(words, bytes) else words


async def until(pushed, status):
    async with asyncio.timeout(PATIENCE_S):
        while (report := await pushed.get()).status is not status:
            pass
    return report


async def step(venue, seconds):
    await asyncio.to_thread(venue.step, seconds)


async def fault(venue, **fault):
    return await asyncio.to_thread(lambda: venue.fault(**fault))


@ADAPTERS
def test_a_condor_opens_and_closes_and_the_account_adds_up_to_the_cent(kind, venue):
    async def scenario():
        async with session(kind, venue) as (adapter, pushed):
            before = await adapter.account(OPENS_AT)
            assert isinstance(await submit(adapter, condor("a", "9.00")), Accepted)
            await step(venue, 1)
            opened = await until(pushed, Status.FILLED)
            held = await adapter.account(OPENS_AT)
            closing = condor("b", "-12.00", closing=adapter.account_domain)
            assert isinstance(await submit(adapter, closing), Accepted)
            await step(venue, 2)
            closed = await until(pushed, Status.FILLED)
            return before, opened, held, closed, await adapter.account(OPENS_AT)

    before, opened, held, closed, after = asyncio.run(scenario())
    assert (opened.attempt_id, closed.attempt_id) == ("a-r1", "b-r1")
    assert sum(fill.last_qty for fill in opened.fills) == 8
    signed = {fill.symbol: 0 for fill in opened.fills}
    for fill in opened.fills:
        signed[fill.symbol] += fill.action.sign * fill.last_qty
    assert {position.symbol: position.quantity for position in held.positions} == signed
    assert [position for position in after.positions if position.quantity] == []
    fills = {fill.exec_id: fill for order in after.orders for fill in order.fills}
    assert {fill.exec_id for fill in (*opened.fills, *closed.fills)} == set(fills)
    fees = [event for event in after.cash_events if event.type is CashEvent.Type.FEE]
    assert {event.exec_id for event in fees} <= set(fills)
    moved = sum(fill.cash(MULTIPLIER) for fill in fills.values()) + sum(event.amount for event in fees)
    assert fees
    assert after.cash - before.cash == moved


@ADAPTERS
def test_a_resting_order_is_seen_cancelled_and_a_second_cancel_is_not_taken(kind, venue):
    async def scenario():
        async with session(kind, venue) as (adapter, pushed):
            accepted = await submit(adapter, condor("a", "40.00"))
            await until(pushed, Status.NEW)
            first = await adapter.cancel(accepted.broker_order_id, 3.0, lambda: None)
            await step(venue, 1)
            await until(pushed, Status.CANCELED)
            second = await adapter.cancel(accepted.broker_order_id, 3.0, lambda: None)
            return first, second, await adapter.order(accepted.broker_order_id)

    first, second, report = asyncio.run(scenario())
    assert first[0]
    assert not second[0]
    assert second[1]
    assert (report.status, report.attempt_id, report.fills) == (Status.CANCELED, "a-r1", ())


@ADAPTERS
@pytest.mark.parametrize(
    ("struck", "kind_of_outcome", "created"),
    [
        ({"kind": "drop"}, InDoubt, False),
        ({"kind": "drop", "after": True}, InDoubt, True),
        ({"kind": "half_body"}, InDoubt, True),
        ({"kind": "status", "status": 503}, InDoubt, False),
        ({"kind": "status", "status": 503, "after": True}, InDoubt, True),
        ({"kind": "status", "status": 429}, Rejected, False),
        ({"kind": "delay", "delay_s": 1.0}, InDoubt, None),
        ({"kind": "garbage"}, InDoubt, None),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_the_venues_faults_end_as_they_must_and_a_look_finds_what_was_created(
    kind, venue, struck, kind_of_outcome, created
):
    async def scenario():
        async with session(kind, venue) as (adapter, _):
            order = condor("a", "40.00")
            await fault(venue, route=kind, method="POST", path="orders", count=1, **struck)
            outcome = await submit(adapter, order, timeout_s=0.3)
            if created is None:
                return outcome, None
            return outcome, await adapter.resolve("a-r1", order, OPENS_AT)

    outcome, resolution = asyncio.run(scenario())
    assert isinstance(outcome, kind_of_outcome), outcome
    if resolution is not None:
        assert isinstance(resolution, Found if created else Absent), resolution


@ADAPTERS
def test_a_route_that_refuses_sends_nothing_ends_its_stream_and_comes_back(kind, venue):
    async def scenario():
        adapter = adapter_of(kind, venue)
        await adapter.connect()
        await adapter.probe_writes()
        routes = ("tastytrade", "streamer") if kind == "tastytrade" else ("alpaca",)
        for route in routes:
            await fault(venue, route=route, kind="refuse")
        with pytest.raises(BrokerUnavailable):
            async for _ in adapter.events():
                pass
        with pytest.raises(BrokerUnavailable):
            await adapter.probe_writes()  # also meets connections whose cut is still on its way
        outcome = await submit(adapter, condor("a", "40.00"))
        await asyncio.to_thread(venue.heal)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    await adapter.connect()
                    break
                except BrokerUnavailable:
                    await asyncio.sleep(0.05)
        await adapter.probe_writes()
        again = await submit(adapter, condor("b", "40.00"))
        await adapter.close()
        return outcome, again

    outcome, again = asyncio.run(scenario())
    assert isinstance(outcome, NotSent)
    assert isinstance(again, Accepted)


def test_a_sick_path_is_tried_with_a_dry_run_and_never_with_an_order(venue):
    async def scenario():
        async with session("tastytrade", venue) as (adapter, _):
            await fault(venue, route="tastytrade", method="POST", path="orders$", kind="drop", count=1)
            assert isinstance(await submit(adapter, condor("a", "40.00")), InDoubt)
            await fault(venue, route="tastytrade", path="dry-run", kind="status", status=503, count=1)
            with pytest.raises(BrokerUnavailable, match="answered 503"):
                await adapter.probe_writes()
            await adapter.probe_writes()  # a dry run again, and this time it is answered
            await fault(venue, route="tastytrade", path="dry-run", kind="status", status=503, count=1)
            await adapter.probe_writes()  # well again: a plain read
            vitals = adapter.vitals()
            return vitals, await adapter.account(OPENS_AT)

    vitals, account = asyncio.run(scenario())
    assert account.orders == ()
    assert 0 <= vitals.token_age_s < PATIENCE_S < vitals.token_left_s
    assert vitals.stream_heard_s < PATIENCE_S


def test_without_a_dry_run_the_orders_own_wire_is_read(venue):
    async def scenario():
        async with session("alpaca", venue) as (adapter, _):
            await fault(venue, route="alpaca", method="POST", path="orders$", kind="drop", count=1)
            assert isinstance(await submit(adapter, condor("a", "40.00")), InDoubt)
            await fault(venue, route="alpaca", path="account", kind="status", status=503, count=1)
            with pytest.raises(BrokerUnavailable, match="answered 503"):
                await adapter.probe_writes()
            await adapter.probe_writes()
            return adapter.vitals(), await adapter.account(OPENS_AT)

    vitals, account = asyncio.run(scenario())
    assert (account.orders, vitals.token_age_s) == ((), None)


def test_a_stream_gone_mute_is_dead_after_two_intervals(venue):
    async def scenario():
        adapter = adapter_of("tastytrade", venue)
        await adapter.connect()
        await fault(venue, route="streamer", kind="mute")
        with pytest.raises(BrokerUnavailable, match="two intervals"):
            async with asyncio.timeout(PATIENCE_S):
                async for _ in adapter.events():
                    pass
        await adapter.close()

    asyncio.run(scenario())


@ADAPTERS
def test_pushes_that_come_twice_or_out_of_order_say_the_same(kind, venue):
    async def scenario():
        async with session(kind, venue) as (adapter, pushed):
            route = "streamer" if kind == "tastytrade" else kind
            await fault(venue, route=route, kind="duplicate")
            await submit(adapter, condor("a", "9.00"))
            await step(venue, 1)
            report = await until(pushed, Status.FILLED)
            return report, await adapter.order(report.broker_order_id)

    pushed, read = asyncio.run(scenario())
    assert sorted(fill.exec_id for fill in pushed.fills) == sorted(fill.exec_id for fill in read.fills)


def test_a_close_of_what_is_not_held_is_rejected_and_never_opens(venue):
    async def scenario():
        async with session("tastytrade", venue) as (adapter, _):
            outcome = await submit(adapter, condor("a", "-12.00", closing=adapter.account_domain))
            return outcome, await adapter.account(OPENS_AT)

    outcome, account = asyncio.run(scenario())
    assert isinstance(outcome, Rejected) or outcome.report.status is Status.REJECTED
    assert account.positions == ()


@ADAPTERS
def test_what_an_account_may_do_is_read_with_it_and_the_venue_can_take_it_away(kind, venue):
    words = {
        "tastytrade": {"is-closing-only": True, "options-level": "Defined Risk Spreads"},
        "alpaca": {"trading_blocked": True, "options_trading_level": "2"},
    }

    async def scenario():
        async with session(kind, venue) as (adapter, _):
            free = await adapter.account(OPENS_AT)
            await fault(venue, route=kind, kind="restrict", words=words[kind])
            return free, await adapter.account(OPENS_AT)

    free, barred = asyncio.run(scenario())
    assert free.buying_power == free.cash
    assert (free.trading.bars, free.trading.unknown) == ((), ())
    assert len(barred.trading.bars) == 1
    assert barred.trading.level < free.trading.level
    assert barred.cash == free.cash


def test_a_dry_run_says_what_an_opening_would_take_and_orders_nothing(venue):
    async def scenario():
        async with session("tastytrade", venue) as (adapter, _):
            order = condor("a", "9.00", quantity=2)
            return order, await adapter.dry_run(order), await adapter.account(OPENS_AT)

    order, taken, account = asyncio.run(scenario())
    contracts = {leg.symbol: PRODUCTS.contract(leg.symbol) for leg in order.legs}
    loss = loss_at_expiry(order.legs, contracts, order.net_price, order.order_qty)
    assert loss < taken < loss + 30, "the worst loss, and fees"
    assert account.orders == ()


def test_alpaca_has_no_dry_run(venue):
    async def scenario():
        async with session("alpaca", venue) as (adapter, _):
            return await adapter.dry_run(condor("a", "9.00"))

    assert asyncio.run(scenario()) is None


def test_pages_are_read_to_the_last(venue):
    async def scenario():
        async with session("tastytrade", venue) as (adapter, _):
            for number in range(7):
                await submit(adapter, condor(f"a{number}", "40.00", quantity=1))
            account = await adapter.account(OPENS_AT)
            return account, await adapter.resolve("a0-r1", condor("a0", "40.00"), OPENS_AT)

    account, resolution = asyncio.run(scenario())
    assert {order.attempt_id for order in account.orders} == {f"a{number}-r1" for number in range(7)}
    assert isinstance(resolution, Found)


def one_leg(name, action, net_price, **terms):
    return condor(name, "1").model_copy(
        update={
            "legs": (Leg(symbol=option(5050, "C"), action=action),),
            "net_price": None if net_price is None else Decimal(net_price),
            "intent": Intent.OPEN if action.is_open else Intent.CLOSE,
            **terms,
        }
    )


def stop(name, stop_px, net_price=None):
    kind = OrderType.STOP if net_price is None else OrderType.STOP_LIMIT
    return one_leg(name, Action.SELL_TO_CLOSE, net_price, order_type=kind, stop_px=Decimal(stop_px), account_domain="x")


@pytest.mark.parametrize(
    ("stop_px", "net_price", "status"),
    [
        ("9.00", None, Status.NEW),
        ("10.00", None, Status.FILLED),
        ("10.00", "9.00", Status.FILLED),
        ("10.00", "10.00", Status.NEW),
    ],
    ids=["not reached", "stop", "stop limit", "stop limit out of reach"],
)
def test_a_stop_of_one_leg_is_held_by_the_broker_until_its_price(venue, stop_px, net_price, status):
    """The call is 9.90 bid, 10.10 asked."""

    async def scenario():
        async with session("tastytrade", venue) as (adapter, pushed):
            await submit(adapter, one_leg("a", Action.BUY_TO_OPEN, "-10.10"))
            await step(venue, 1)
            await until(pushed, Status.FILLED)
            outcome = await submit(adapter, stop("b", stop_px, net_price))
            await step(venue, 2)
            await until(pushed, status)
            return outcome, await adapter.order(outcome.broker_order_id)

    outcome, report = asyncio.run(scenario())
    assert isinstance(outcome, Accepted), outcome
    assert (report.attempt_id, report.status) == ("b-r1", status)


def test_a_stop_is_no_order_where_options_have_none(venue):
    async def scenario():
        async with session("alpaca", venue) as (adapter, _):
            return await submit(adapter, stop("b", "9.00")), await adapter.account(OPENS_AT)

    outcome, account = asyncio.run(scenario())
    assert isinstance(outcome, Rejected)
    assert account.orders == ()


def pair(name):
    """A limit and a stop that close one call, which is 9.90 bid and 10.10 asked."""
    limit = one_leg(f"{name}.1", Action.SELL_TO_CLOSE, "20.00", account_domain="x")
    return [(f"{order.cl_ord_id}-r1", order) for order in (limit, stop(f"{name}.2", "5.00"))]


async def with_a_call(venue, adapter, pushed):
    await submit(adapter, one_leg("a", Action.BUY_TO_OPEN, "-10.10"))
    await step(venue, 1)
    await until(pushed, Status.FILLED)


def test_a_pair_is_one_message_two_orders_and_each_is_found_by_its_own_mark(venue):
    async def scenario():
        async with session("tastytrade", venue) as (adapter, pushed):
            await with_a_call(venue, adapter, pushed)
            outcomes = await adapter.submit_complex(Contingency.OCO, pair("b"), 3.0, lambda: None)
            looks = [await adapter.resolve(name, order, OPENS_AT) for name, order in pair("b")]
            await adapter.cancel(outcomes[0].broker_order_id, 3.0, lambda: None)
            await step(venue, 2)
            return outcomes, looks, await adapter.account(OPENS_AT)

    outcomes, looks, account = asyncio.run(scenario())
    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]
    assert [look.report.broker_order_id for look in looks] == [outcome.broker_order_id for outcome in outcomes]
    assert {order.attempt_id: order.status for order in account.orders} == {
        "a-r1": Status.FILLED,
        "b.1-r1": Status.CANCELED,
        "b.2-r1": Status.NEW,
    }


@pytest.mark.parametrize(
    ("struck", "kind_of_outcome", "created"),
    [
        ({"kind": "drop"}, InDoubt, False),
        ({"kind": "drop", "after": True}, InDoubt, True),
        ({"kind": "half_body"}, InDoubt, True),
        ({"kind": "status", "status": 503, "after": True}, InDoubt, True),
        ({"kind": "status", "status": 429}, Rejected, False),
    ],
)
def test_a_pair_cut_off_is_in_doubt_as_a_whole_and_found_as_a_whole(venue, struck, kind_of_outcome, created):
    async def scenario():
        async with session("tastytrade", venue) as (adapter, pushed):
            await with_a_call(venue, adapter, pushed)
            await fault(venue, route="tastytrade", method="POST", path="complex-orders", count=1, **struck)
            outcomes = await adapter.submit_complex(Contingency.OCO, pair("b"), 0.5, lambda: None)
            return outcomes, [await adapter.resolve(name, order, OPENS_AT) for name, order in pair("b")]

    outcomes, looks = asyncio.run(scenario())
    assert {type(outcome) for outcome in outcomes} == {kind_of_outcome}
    assert {type(look) for look in looks} == {Found if created else Absent}


def test_a_pair_that_closes_what_is_not_held_creates_nothing(venue):
    async def scenario():
        async with session("tastytrade", venue) as (adapter, _):
            outcomes = await adapter.submit_complex(Contingency.OCO, pair("b"), 3.0, lambda: None)
            return outcomes, await adapter.account(OPENS_AT)

    outcomes, account = asyncio.run(scenario())
    assert [outcome.code for outcome in outcomes] == ["closing_with_no_position"] * 2
    assert account.orders == ()


def test_a_pair_held_back_by_its_guard_was_not_sent(venue):
    async def scenario():
        async with session("tastytrade", venue) as (adapter, _):
            return await adapter.submit_complex(Contingency.OCO, pair("b"), 3.0, lambda: "fenced")

    assert {type(outcome) for outcome in asyncio.run(scenario())} == {NotSent}
