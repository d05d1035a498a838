"""Options on a future over tastytrade, against the paper venue, which knows them by the broker's names alone."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from actors.domain.market.contract import Right, future_option_symbol
from actors.domain.orders.attempt import Accepted, Found, Rejected
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.report import Status
from tests.actors.brokers.test_against_venue import condor, fault, session, step, submit, until
from tests.actors.venue.conftest import OPENS_AT, PRODUCTS, STRIKES, TASTYTRADE, SmallMarket, places_in, running

FUTURE = "/ESZ26"
QUARTERLY, WEEKLY = ("", date(2026, 12, 18)), ("EW4", date(2026, 11, 27))
DOMAIN = f"tastytrade:{TASTYTRADE}"
MULTIPLIER = 50


def option(strike, right, series=QUARTERLY):
    root, on = series
    return future_option_symbol(FUTURE, on, Right(right), Decimal(strike), root)


@pytest.fixture
def venue(tmp_path):
    market = SmallMarket()
    both = (QUARTERLY, WEEKLY)
    symbols = (option(strike, right, each) for each in both for strike in STRIKES for right in "CP")
    market.contracts = tuple(PRODUCTS.contract(each) for each in (FUTURE, *symbols))
    with running(places_in(tmp_path), market) as at_work:
        at_work.step(0)
        yield at_work


def es_condor(name, net_price, series=QUARTERLY, closing=None):
    wings = ((4900, "P", Action.BUY_TO_OPEN), (4950, "P", Action.SELL_TO_OPEN))
    wings += ((5050, "C", Action.SELL_TO_OPEN), (5100, "C", Action.BUY_TO_OPEN))
    legs = tuple(
        Leg(symbol=option(strike, right, series), action=action.closing if closing else action)
        for strike, right, action in wings
    )
    return condor(name, net_price, closing=closing).model_copy(update={"legs": legs, "underlying": FUTURE})


def es_session(venue):
    return session("tastytrade", venue, futures=("ES",), products=PRODUCTS)


@pytest.mark.parametrize("series", [QUARTERLY, WEEKLY], ids=["quarterly", "weekly"])
def test_a_condor_opens_and_closes_under_our_names_and_the_account_adds_up_to_the_cent(venue, series):
    condor = es_condor("a", "9.00", series)

    async def scenario():
        async with es_session(venue) as (adapter, pushed):
            before = await adapter.account(OPENS_AT)
            accepted = await submit(adapter, condor)
            await step(venue, 1)
            opened = await until(pushed, Status.FILLED)
            held = await adapter.account(OPENS_AT)
            found = await adapter.resolve("a-r1", condor, OPENS_AT)
            one = await adapter.order(accepted.broker_order_id)
            await submit(adapter, es_condor("b", "-12.00", series, closing=DOMAIN))
            await step(venue, 2)
            closed = await until(pushed, Status.FILLED)
            return before, accepted, opened, held, found, one, closed, await adapter.account(OPENS_AT)

    before, accepted, opened, held, found, one, closed, after = asyncio.run(scenario())
    assert isinstance(accepted, Accepted)
    assert isinstance(found, Found)
    assert one.fills == found.report.fills == opened.fills
    signed = {fill.symbol: fill.action.sign * fill.last_qty for fill in opened.fills}
    assert signed == {leg.symbol: leg.action.sign * 2 for leg in condor.legs}
    assert {each.symbol: each.quantity for each in held.positions} == signed
    assert after.positions == ()
    fees = sum(event.amount for event in after.cash_events)
    traded = sum(fill.cash(MULTIPLIER) for fill in (*opened.fills, *closed.fills))
    assert fees < 0
    assert after.cash - before.cash == traded + fees


def test_before_the_brokers_instruments_were_read_an_order_is_refused_for_now(venue):
    async def scenario():
        async with es_session(venue) as (adapter, _):
            await fault(venue, route="tastytrade", kind="status", path="/futures-option-chains", status=503)
            await adapter.account(OPENS_AT)
            return await submit(adapter, es_condor("a", "9.00"))

    refused = asyncio.run(scenario())
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.retryable) == ("unsendable", True)
    assert "/ES is not read yet" in refused.text


def test_a_series_the_broker_does_not_list_is_refused_for_good(venue):
    async def scenario():
        async with es_session(venue) as (adapter, _):
            await adapter.account(OPENS_AT)
            return await submit(adapter, es_condor("a", "9.00", ("EW3", date(2026, 11, 27))))

    refused = asyncio.run(scenario())
    assert isinstance(refused, Rejected)
    assert not refused.retryable
    assert "of the series of /ESZ26 that end on that day the broker lists EW4X6" in refused.text


def test_an_account_is_read_though_the_instruments_cannot_be(venue):
    async def scenario():
        async with es_session(venue) as (adapter, pushed):
            await adapter.account(OPENS_AT)
            await submit(adapter, es_condor("a", "9.00"))
            await step(venue, 1)
            await until(pushed, Status.FILLED)
        async with es_session(venue) as (successor, _):
            await fault(venue, route="tastytrade", kind="status", path="/futures-option-chains", status=503)
            return await successor.account(OPENS_AT)

    held = asyncio.run(scenario())
    assert {each.symbol for each in held.positions} == {leg.symbol for leg in es_condor("a", "9.00").legs}


def test_what_an_account_holds_can_be_closed_though_no_strategy_trades_it_any_more(venue):
    async def scenario():
        async with es_session(venue) as (adapter, pushed):
            await adapter.account(OPENS_AT)
            await submit(adapter, es_condor("a", "9.00"))
            await step(venue, 1)
            await until(pushed, Status.FILLED)
        async with session("tastytrade", venue, products=PRODUCTS) as (successor, pushed):
            held = await successor.account(OPENS_AT)
            accepted = await submit(successor, es_condor("b", "-12.00", closing=DOMAIN))
            await step(venue, 2)
            return held, accepted, await until(pushed, Status.FILLED)

    held, accepted, closed = asyncio.run(scenario())
    assert {each.symbol for each in held.positions} == {leg.symbol for leg in es_condor("a", "9.00").legs}
    assert isinstance(accepted, Accepted)
    assert {fill.symbol for fill in closed.fills} == {each.symbol for each in held.positions}
