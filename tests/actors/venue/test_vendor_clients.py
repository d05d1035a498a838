"""The vendors' own clients against the venue, told nothing but the URLs."""

import asyncio
import threading
from datetime import date
from decimal import Decimal

import pytest
import tastytrade.session
import tastytrade.streamer
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, PositionIntent, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetOptionContractsRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    OptionLegRequest,
    ReplaceOrderRequest,
)
from alpaca.trading.stream import TradingStream
from tastytrade import Account, AlertStreamer, DXLinkStreamer, Session
from tastytrade.dxfeed import Quote, Trade
from tastytrade.instruments import Equity, NestedOptionChain, Option, get_option_chain
from tastytrade.market_data import get_market_data_by_type
from tastytrade.market_sessions import ExchangeType, get_market_sessions
from tastytrade.order import LimitOrder, OrderAction, OrderStatus, OrderTimeInForce, PlacedOrder
from tastytrade.utils import TastytradeError

from tests.actors.venue.conftest import ALPACA, SESSION, TASTYTRADE, Running, eventually, option
from tests.actors.venue.wire_clients import CONDOR

pytestmark = pytest.mark.alone  # the vendors' clients give up on an answer after five seconds, whatever else runs
PATIENCE_S = 20
ACTIONS = {"Buy to Open": OrderAction.BUY_TO_OPEN, "Sell to Open": OrderAction.SELL_TO_OPEN}


@pytest.fixture
def session(venue: Running, monkeypatch: pytest.MonkeyPatch):
    """Return what opens a session at the venue."""
    monkeypatch.setattr(tastytrade.session, "API_URL", venue.file.tastytrade)
    monkeypatch.setattr(tastytrade.streamer, "STREAMER_URL", venue.file.streamer)
    secrets = venue.file.credentials
    return lambda: Session(secrets.client_secret, secrets.refresh_token)


def played(scenario) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await scenario()

    asyncio.run(within_time())


async def a_condor(logged_in: Session, price: str, name: str) -> LimitOrder:
    chain = await get_option_chain(logged_in, "SPX")
    listed = {each.symbol: each for options in chain.values() for each in options}
    legs = [listed[option(strike, right)].build_leg(1, ACTIONS[action]) for strike, right, action, _ in CONDOR]
    return LimitOrder(legs=legs, price=Decimal(price), time_in_force=OrderTimeInForce.DAY, external_identifier=name)


async def pushed(streamer: AlertStreamer, status: OrderStatus) -> PlacedOrder:
    async for order in streamer.listen(PlacedOrder):
        if order.status is status:
            return order
    raise AssertionError("the stream ended")


def test_tastytrades_client_reads_account_balances_positions_and_chain(session):
    async def scenario() -> None:
        async with session() as logged_in:
            account = (await Account.get(logged_in))[0]
            assert account.account_number == TASTYTRADE
            assert (await account.get_balances(logged_in)).cash_balance == 100_000
            assert await account.get_positions(logged_in) == []
            assert not (await account.get_trading_status(logged_in)).is_frozen
            nested = (await NestedOptionChain.get(logged_in, "SPX"))[0]
            assert (nested.root_symbol, nested.expirations[0].expiration_date) == ("SPXW", SESSION)
            assert [strike.strike_price for strike in nested.expirations[0].strikes] == [4900, 4950, 5000, 5050, 5100]
            one = await Option.get(logged_in, option(5000, "C"))
            assert (one.streamer_symbol, one.expiration_date) == (".SPXW261120C5000", date(2026, 11, 20))
            assert (await Equity.get(logged_in, "SPX")).is_index
            quoted = await get_market_data_by_type(logged_in, options=[option(5000, "C")], indices=["SPX"])
            assert {quote.symbol: quote.mark for quote in quoted} == {option(5000, "C"): 20, "SPX": 5000}
            sessions = await get_market_sessions(logged_in, [ExchangeType.NYSE])
            assert sessions[0].status.value == "Open"

    played(scenario)


def test_tastytrades_client_streams_quotes_and_prints(venue: Running, session):
    async def scenario() -> None:
        async with session() as logged_in, DXLinkStreamer(logged_in) as streamer:
            await streamer.subscribe(Quote, [".SPXW261120C5000", ".SPXW261120P5000"])
            await streamer.subscribe(Trade, ["SPX"])
            first = {(await streamer.get_event(Quote)).event_symbol for _ in range(2)}
            assert first == {".SPXW261120C5000", ".SPXW261120P5000"}
            assert (await streamer.get_event(Trade)).price == 5000
            await asyncio.to_thread(venue.step, 3)
            more = [await streamer.get_event(Quote) for _ in range(6)]
            assert {(quote.bid_price, quote.ask_price) for quote in more} == {(Decimal("19.9"), Decimal("20.1"))}
            assert sorted({quote.bid_time for quote in more}) == [1795185001000 + 1000 * n for n in range(3)]

    played(scenario)


def test_tastytrades_client_places_reads_replaces_and_cancels_a_condor(session):
    async def scenario() -> None:
        async with session() as logged_in, AlertStreamer(logged_in) as streamer:
            account = await Account.get(logged_in, TASTYTRADE)
            await streamer.subscribe_accounts([account])
            order = await a_condor(logged_in, "19", "vendor-1")
            preview = await account.place_order(logged_in, order, dry_run=True)
            assert preview.buying_power_effect.change_in_buying_power < -3000
            placed = (await account.place_order(logged_in, order, dry_run=False)).order
            assert placed.external_identifier == "vendor-1"
            await pushed(streamer, OrderStatus.LIVE)
            dearer = order.model_copy(update={"price": Decimal("18.5")})
            replaced = await account.replace_order(logged_in, placed.id, dearer)
            assert replaced.replaces_order_id == placed.id
            while (live := await pushed(streamer, OrderStatus.LIVE)).id != replaced.id:
                pass
            assert live.price == Decimal("18.5")
            await account.delete_order(logged_in, replaced.id)
            while (await pushed(streamer, OrderStatus.CANCELLED)).id != replaced.id:
                pass
            history = await account.get_order_history(logged_in, start_date=SESSION)
            assert {each.status for each in history} == {OrderStatus.CANCELLED}
            with pytest.raises(TastytradeError, match="cannot_update_order"):
                await account.delete_order(logged_in, replaced.id)

    played(scenario)


def test_tastytrades_client_sees_a_condor_fill_and_its_costs(session):
    async def scenario() -> None:
        async with session() as logged_in, AlertStreamer(logged_in) as streamer:
            account = await Account.get(logged_in, TASTYTRADE)
            await streamer.subscribe_accounts([account])
            await account.place_order(logged_in, await a_condor(logged_in, "9.5", "vendor-2"), dry_run=False)
            order = await pushed(streamer, OrderStatus.FILLED)
            assert order.legs[3].remaining_quantity == 1
            while any(leg.remaining_quantity for leg in order.legs):
                order = await pushed(streamer, OrderStatus.FILLED)
            assert order.average_fill_price() == Decimal("-9.6")  # the SDK counts what is paid
            positions = await account.get_positions(logged_in)
            assert sorted(position.quantity_direction for position in positions) == ["Long", "Long", "Short", "Short"]
            history = await account.get_history(logged_in)
            cash = (await account.get_balances(logged_in)).cash_balance
            assert cash == 100_000 + sum(entry.net_value for entry in history)
            assert {entry.order_id for entry in history} == {order.id}

    played(scenario)


def test_a_wrong_secret_opens_no_session(venue: Running, session):
    async def scenario() -> None:
        async with Session("wrong", venue.file.credentials.refresh_token) as logged_in:
            with pytest.raises(TastytradeError, match="invalid_grant"):
                await Account.get(logged_in)

    played(scenario)


@pytest.fixture
def alpaca(venue: Running) -> TradingClient:
    secrets = venue.file.credentials
    return TradingClient(secrets.alpaca_key, secrets.alpaca_secret, url_override=venue.file.alpaca)


def an_mleg(price: str, name: str) -> LimitOrderRequest:
    legs = [
        OptionLegRequest(
            symbol=option(strike, right).replace(" ", ""),
            ratio_qty=1,
            side=OrderSide(intent.split("_")[0]),
            position_intent=PositionIntent(intent),
        )
        for strike, right, _, intent in CONDOR
    ]
    return LimitOrderRequest(
        qty=1,
        order_class=OrderClass.MLEG,
        time_in_force=TimeInForce.DAY,
        limit_price=float(-Decimal(price)),
        client_order_id=name,
        legs=legs,
    )


def test_alpacas_client_places_reads_replaces_and_cancels_a_condor(alpaca: TradingClient):
    assert alpaca.get_account().account_number == ALPACA
    placed = alpaca.submit_order(an_mleg("19", "vendor-1"))
    assert alpaca.get_order_by_client_id("vendor-1").id == placed.id
    assert [leg.position_intent.value for leg in placed.legs] == [intent for *_, intent in CONDOR]
    with pytest.raises(APIError, match="client_order_id must be unique"):
        alpaca.submit_order(an_mleg("19", "vendor-1"))
    replaced = alpaca.replace_order_by_id(placed.id, ReplaceOrderRequest(limit_price=-18.5))
    assert replaced.replaces == placed.id
    eventually(lambda: alpaca.get_order_by_id(replaced.id).status.value == "new")
    assert alpaca.get_order_by_id(placed.id).status.value == "replaced"
    alpaca.cancel_order_by_id(replaced.id)
    eventually(lambda: alpaca.get_order_by_id(replaced.id).status.value == "canceled")
    with pytest.raises(APIError, match="already in"):
        alpaca.cancel_order_by_id(replaced.id)
    assert alpaca.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN)) == []
    assert len(alpaca.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED))) == 2


def test_alpacas_client_sees_a_condor_fill(venue: Running, alpaca: TradingClient):
    updates = []
    secrets = venue.file.credentials
    stream = TradingStream(secrets.alpaca_key, secrets.alpaca_secret, url_override=venue.file.alpaca_stream)

    async def hear(update) -> None:
        updates.append(update)

    stream.subscribe_trade_updates(hear)
    thread = threading.Thread(target=stream.run, daemon=True)
    thread.start()
    eventually(lambda: stream._running)
    eventually(lambda: venue.status()["reports"]["listeners"] == 1)
    placed = alpaca.submit_order(an_mleg("9.5", "vendor-2"))
    eventually(lambda: updates and updates[-1].event == "fill")
    assert [update.event for update in updates] == ["pending_new", "new", "fill"]
    assert (updates[-1].price, updates[-1].qty) == (-9.6, 1)
    filled = alpaca.get_order_by_id(placed.id)
    assert (filled.status.value, filled.filled_qty, filled.filled_avg_price) == ("filled", "1", "-9.6")
    assert sorted(float(position.qty) for position in alpaca.get_all_positions()) == [-1, -1, 1, 1]
    stream.stop()
    alpaca.submit_order(an_mleg("19", "vendor-3"))  # the client sees that it was stopped once it has heard something
    thread.join(10)
    assert not thread.is_alive()


def test_alpacas_client_lists_contracts(alpaca: TradingClient):
    answer = alpaca.get_option_contracts(GetOptionContractsRequest(underlying_symbols=["SPX"], limit=4))
    assert len(answer.option_contracts) == 4
    rest = GetOptionContractsRequest(underlying_symbols=["SPX"], page_token=answer.next_page_token)
    assert len(alpaca.get_option_contracts(rest).option_contracts) == 6


def test_alpacas_client_is_refused_with_wrong_keys(venue: Running):
    with pytest.raises(APIError, match="forbidden"):
        TradingClient("wrong", "keys", url_override=venue.file.alpaca).get_account()
