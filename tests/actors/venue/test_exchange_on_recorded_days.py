"""The exchange on real quotes: whole days, with what expires in them settled by the print that really came."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from actors.calendars import load_sessions
from actors.domain.orders.order import Action, Leg
from actors.products import load_products
from actors.venue.account import TransactionType
from actors.venue.exchange import Exchange
from actors.venue.paper_order import NewOrder, PaperStatus
from actors.venue.replay import ReplayMarket
from actors.venue.store import VenueStore
from tests.actors.venue.paper_exchange import ACCOUNT, SPECS, schedules, single

CONFIG = Path(__file__).resolve().parents[3] / "config"
STO, BTO = Action.SELL_TO_OPEN, Action.BUY_TO_OPEN


@pytest.fixture
def recorded(shared, tmp_path):
    products = load_products(CONFIG / "products.toml")
    sessions = load_sessions(CONFIG / "sessions.toml", tmp_path / "xnys.json")

    def start(underlying: str, on: date) -> tuple[Exchange, ReplayMarket]:
        market = ReplayMarket.of_path(shared / "data" / "market" / "lean", on, underlying, products, sessions)
        store = VenueStore(tmp_path / "venue.sqlite")
        exchange = Exchange(products=products, fees=schedules(), store=store, accounts=SPECS)
        exchange.bind(market)
        return exchange, market

    return start


def play(exchange: Exchange, market: ReplayMarket, orders: list[NewOrder], at: datetime) -> None:
    """Play the day, place the orders once `at` has come, and end the session."""
    waiting = list(orders)
    for batch in market.batches(market.opens_at):
        exchange.advance(batch)
        while waiting and batch.at >= at:
            exchange.place(ACCOUNT, waiting.pop(0), batch.at)
    exchange.end_session(market, market.closes_at)


def test_the_3700_call_of_2021_01_04_pays_65_dollars(recorded):
    exchange, market = recorded("SPXW", date(2021, 1, 4))
    listed = sorted(contract.symbol for contract in market.contracts if contract.expires_on == market.session)
    call = "SPXW  210104C03700000"
    assert call in listed
    play(exchange, market, [single(call, BTO, None)], market.opens_at)

    traded, settled = exchange.transactions(ACCOUNT)
    assert traded.type is TransactionType.TRADE
    assert traded.price > 0
    assert (settled.type, settled.price, settled.value) == (TransactionType.SETTLEMENT, Decimal("0.65"), Decimal(65))
    assert settled.commission == Decimal(5), "tastytrade's, for an exercise"
    assert exchange.positions(ACCOUNT) == ()
    assert exchange.balances(ACCOUNT).cash == SPECS[0].cash + traded.net + Decimal(65) - settled.commission


def test_a_condor_on_the_half_day_of_goog_fills_inside_real_quotes_and_expires(recorded):
    exchange, market = recorded("GOOG", date(2015, 12, 24))
    strikes = {"C00752500": STO, "C00757500": BTO, "P00747500": STO, "P00742500": BTO}
    legs = tuple(Leg(symbol=f"GOOG  151224{strike}", action=action) for strike, action in strikes.items())
    condor = NewOrder(legs=legs, order_qty=1, net_price=Decimal("0.60"))
    later_listed = "GOOG  160115C00750000"
    play(exchange, market, [condor, single(later_listed, BTO, "-0.05")], market.opens_at)

    filled, resting = exchange.orders(ACCOUNT)
    assert filled.status is PaperStatus.FILLED
    assert resting.status is PaperStatus.EXPIRED, "the day order ends with the half day"
    assert exchange.positions(ACCOUNT) == ()
    assert exchange.unsettled == ()
    credit = sum(booked.value for booked in exchange.transactions(ACCOUNT) if booked.order_id == filled.order_id)
    assert credit >= 60
    assert {booked.type for booked in exchange.transactions(ACCOUNT)[4:]} == {TransactionType.EXPIRATION}
    assert max(booked.at for booked in exchange.transactions(ACCOUNT)) == market.closes_at
