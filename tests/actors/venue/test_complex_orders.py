"""OCO, OTO and OTOCO at the paper venue: in the exchange, and through tastytrade's own client over real sockets."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest
import tastytrade.session
from tastytrade import Account, Session
from tastytrade.instruments import get_option_chain
from tastytrade.order import (
    LimitOrder,
    OrderAction,
    OrderStatus,
    OrderTimeInForce,
    OTOCOOrder,
    StopOrder,
)

from actors.domain.orders.order import Action, Leg, OrderType
from actors.venue.exchange import Exchange, OrderRefused
from actors.venue.paper_order import NewOrder, PaperStatus
from tests.actors.venue.conftest import SESSION, TASTYTRADE, Running, option
from tests.actors.venue.paper_exchange import (
    ACCOUNT,
    C3700,
    CLOSES_AT,
    CONDOR_QUOTES,
    NOW,
    SPX,
    SmallMarket,
    batch,
    later,
    open_exchange,
    single,
)
from tests.actors.venue.wire_clients import Tastytrade

BTO, STC = Action.BUY_TO_OPEN, Action.SELL_TO_CLOSE
PATIENCE_S = 20
S = PaperStatus


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    """The call is 5.00 bid, 5.20 asked."""
    made = open_exchange(tmp_path / "venue.sqlite")
    made.advance(batch(CONDOR_QUOTES, last={SPX: 3698.0}))
    return made


def stop(trigger: str, qty: int = 1) -> NewOrder:
    return NewOrder(
        legs=(Leg(symbol=C3700, action=STC),),
        order_qty=qty,
        order_type=OrderType.STOP,
        stop_trigger=Decimal(trigger),
        strict_close=True,
    )


def limit(price: str, qty: int = 1) -> NewOrder:
    return single(C3700, STC, price, qty, strict=True)


def quote(exchange: Exchange, bid: float, seconds: float) -> None:
    """Move the market, and give the cancels it led to the time they take."""
    exchange.advance(batch({C3700: (bid, bid + 0.2)}, at=later(seconds)))
    exchange.tick(later(seconds + 0.5))


def statuses(exchange: Exchange, orders) -> list[PaperStatus]:
    return [exchange.order(ACCOUNT, order.order_id).status for order in orders]


def held(exchange: Exchange, qty: int = 1) -> None:
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20", qty), NOW)


@pytest.mark.parametrize(("bid", "filled"), [(6.0, 0), (3.9, 1)])
def test_of_two_the_fill_of_one_cancels_the_other(exchange, bid, filled):
    held(exchange)
    pair = exchange.place_complex(ACCOUNT, "OCO", None, (limit("6.00"), stop("4.00")), NOW)
    assert statuses(exchange, pair) == [S.LIVE, S.LIVE]
    quote(exchange, bid, 1)
    expected = [S.CANCELLED, S.CANCELLED]
    expected[filled] = S.FILLED
    assert statuses(exchange, pair) == expected
    assert exchange.positions(ACCOUNT) == ()


def test_one_that_fills_at_once_lets_the_other_never_work(exchange):
    held(exchange)
    pair = exchange.place_complex(ACCOUNT, "OCO", None, (limit("5.00"), stop("4.00")), NOW)
    exchange.tick(later(1))
    assert statuses(exchange, pair) == [S.FILLED, S.CANCELLED]


def test_what_follows_waits_for_the_whole_fill_of_its_trigger(exchange):
    parts = exchange.place_complex(ACCOUNT, "OTOCO", single(C3700, BTO, "-5.00"), (limit("6.00"), stop("4.00")), NOW)
    assert statuses(exchange, parts) == [S.LIVE, S.CONTINGENT, S.CONTINGENT]
    quote(exchange, 4.8, 1)
    assert statuses(exchange, parts) == [S.FILLED, S.LIVE, S.LIVE]
    quote(exchange, 6.0, 2)
    assert statuses(exchange, parts) == [S.FILLED, S.FILLED, S.CANCELLED]


def test_what_follows_ends_with_a_trigger_that_does_not_fill(exchange):
    parts = exchange.place_complex(ACCOUNT, "OTO", single(C3700, BTO, "-1.00"), (stop("0.50"),), NOW)
    exchange.cancel(ACCOUNT, parts[0].order_id, NOW)
    exchange.tick(later(1))
    assert statuses(exchange, parts) == [S.CANCELLED, S.CANCELLED]


def test_day_parts_expire_with_their_session(exchange):
    parts = exchange.place_complex(ACCOUNT, "OTO", single(C3700, BTO, "-1.00"), (stop("0.50"),), NOW)
    exchange.end_session(SmallMarket(), CLOSES_AT)
    assert statuses(exchange, parts) == [S.EXPIRED, S.EXPIRED]


def test_two_that_close_what_is_not_held_are_refused_together(exchange):
    with pytest.raises(OrderRefused, match="closing_with_no_position"):
        exchange.place_complex(ACCOUNT, "OCO", None, (limit("6.00"), stop("4.00")), NOW)
    assert exchange.orders(ACCOUNT) == ()


def test_a_complex_order_outlives_the_venues_process(tmp_path):
    path = tmp_path / "venue.sqlite"
    first = open_exchange(path)
    first.advance(batch(CONDOR_QUOTES, last={SPX: 3698.0}))
    held(first)
    pair = first.place_complex(ACCOUNT, "OCO", None, (limit("6.00"), stop("4.00")), NOW)
    first._ledger._store.close()
    second = open_exchange(path)
    quote(second, 3.9, 1)
    assert statuses(second, pair) == [S.CANCELLED, S.FILLED]


@pytest.fixture
def account(venue: Running, monkeypatch: pytest.MonkeyPatch):
    """Return what logs the vendor's client in at the venue."""
    monkeypatch.setattr(tastytrade.session, "API_URL", venue.file.tastytrade)
    secrets = venue.file.credentials

    async def log_in():
        session = Session(secrets.client_secret, secrets.refresh_token)
        chain = await get_option_chain(session, "SPX")
        listed = {each.symbol: each for options in chain.values() for each in options}
        return session, await Account.get(session, TASTYTRADE), listed[option(5050, "C", SESSION)]

    return log_in


def test_the_vendors_client_places_shows_and_cancels_a_bracket(venue, account):
    """The call is 9.90 bid, 10.10 asked."""

    async def scenario():
        session, mine, call = await account()
        day = OrderTimeInForce.DAY
        entry = LimitOrder(
            time_in_force=day, legs=[call.build_leg(1, OrderAction.BUY_TO_OPEN)], price=Decimal("-10.10")
        )
        out = [call.build_leg(1, OrderAction.SELL_TO_CLOSE)]
        bracket = OTOCOOrder(
            trigger_order=entry,
            take_profit=LimitOrder(time_in_force=day, legs=out, price=Decimal("20.00")),
            stop_loss=StopOrder(time_in_force=day, legs=out, stop_trigger=Decimal("5.00")),
        )
        placed = (await mine.place_complex_order(session, bracket, dry_run=False)).complex_order
        await asyncio.to_thread(venue.step, 1)
        shown = await mine.get_complex_order(session, placed.id)
        assert shown.trigger_order.status is OrderStatus.FILLED
        assert [each.status for each in shown.orders] == [OrderStatus.LIVE] * 2
        await mine.delete_complex_order(session, placed.id)
        await asyncio.to_thread(venue.step, 2)
        ended = await mine.get_complex_order(session, placed.id)
        assert [each.status for each in ended.orders] == [OrderStatus.CANCELLED] * 2

    async def within_time():
        async with asyncio.timeout(PATIENCE_S):
            await scenario()

    asyncio.run(within_time())


def test_a_part_has_every_key_of_a_recorded_one(venue, shared):
    name = "fixtures/tastytrade/tastytrade-mcp/tastytrade_dry_run_complex_order.json"
    recorded = json.loads((shared / name).read_text())
    wanted = {key for order in recorded["complex-order"]["orders"] for key in order} - {"preflight-id"}
    orders = [
        {
            "time-in-force": "Day",
            "external-identifier": "x",
            "order-type": kind,
            **terms,
            "legs": [
                {
                    "instrument-type": "Equity Option",
                    "symbol": option(5050, "C"),
                    "action": action,
                    "quantity": 1,
                }
            ],
        }
        for kind, action, terms in (
            ("Limit", "Buy to Open", {"price": "1.00", "price-effect": "Debit"}),
            ("Stop", "Sell to Close", {"stop-trigger": "0.50"}),
        )
    ]
    asked = {"type": "OTO", "trigger-order": orders[0], "orders": orders[1:]}
    answer = Tastytrade(venue).place(asked, "complex-orders")
    placed = answer.json()["data"]["complex-order"]
    (part,) = placed["orders"]
    assert wanted - {"price", "price-effect"} <= set(part)
    assert (placed["type"], part["status"], part["complex-order-tag"]) == ("OTO", "Contingent", "OTO::order")
