"""The strategies over real recorded days, filled as strictly as quotes allow: at the natural price or not at all."""

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from actors.calendars import load_sessions
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe
from actors.domain.market.session import Session
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Close, Open
from actors.products import load_products
from actors.strategies.credit_spread import CreditSpread, SpreadParameters
from actors.strategies.iron_condor import CondorParameters, IronCondor
from actors.strategies.work import combo_quote
from actors.venue.replay import ReplayMarket

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.reference


@dataclass
class Day:
    """A recorded day, as a desk's market."""

    replay: ReplayMarket
    table: QuoteTable
    sequence: int = 0

    def contract(self, symbol):
        return self.replay.contracts[self.table.row_of[symbol]]

    def show(self, batch) -> None:
        self.sequence += 1
        one_sided = (np.isnan(batch.bid) | np.isnan(batch.ask)).astype(np.uint16)
        columns = (batch.rows, batch.bid, batch.ask, batch.bid_size, batch.ask_size, batch.exchange_ns)
        self.table.apply(QuoteFrame(1, self.sequence, *columns, 1, one_sided))


@pytest.fixture(scope="session")
def record(shared, tmp_path_factory):
    products = load_products(ROOT / "config" / "products.toml")
    sessions = load_sessions(ROOT / "config" / "sessions.toml", tmp_path_factory.mktemp("calendar") / "xnys.json")

    def read(on: date, underlying: str) -> Day:
        replay = ReplayMarket.of_path(shared / "data" / "market" / "lean", on, underlying, products, sessions)
        return Day(replay, QuoteTable(Universe(version=1, contracts=replay.contracts)))

    return read


def play(day: Day, strategy, make_desk):
    """Play the day minute by minute, each time filling what the quotes allow, and return the desk."""
    replay = day.replay
    hours = Session(opens_at=replay.opens_at, closes_at=replay.closes_at, is_half_day=False)
    desk = make_desk(strategy, day, now=replay.opens_at, session=replay.session, hours=hours)
    for batch in replay.batches(replay.opens_at):
        day.show(batch)
        fill(desk)
        desk.look((batch.at - desk.now).total_seconds())
        desk.look()
        fill(desk)
        desk.look()
    return desk


def fill(desk) -> None:
    for order in desk.working():
        legs = desk.structures[order.structure_id].legs
        closing = order.cl_ord_id != order.structure_id
        sold = [leg.symbol for leg in legs if leg.action.is_buy is closing]
        table = desk.market.table
        nobody = any(math.isnan(table.bid[table.row_of[symbol]]) for symbol in sold)
        quote = combo_quote(legs, table, closing=closing)
        if quote and not nobody and (order.net_price is None or Decimal(quote[1]) >= order.net_price):
            desk.end(Status.FILLED)


def test_a_condor_is_opened_and_closed_on_the_half_day_of_goog(record, make_desk):
    rules = CondorParameters.model_validate(
        {
            "short_delta": 0.4,
            "wing_width": 5,
            "credit_min": "0.20",
            "credit_share_min": 0.35,
            "entry_from": "open+1",
            "entry_until": "close-60",
            "exit_at": "12:00",
            "look_s": 0,
            "pace": {"step_s": 60, "cancel_s": 60, "retry_s": 60},
        }
    )
    day = record(date(2015, 12, 24), "GOOG")
    desk = play(day, IronCondor("GOOG", rules), make_desk)
    opened = [s for s in desk.structures.values() if s.opened_at is not None]
    assert len(opened) == 1
    assert opened[0].opened_at < day.replay.closes_at
    assert len({day.contract(leg.symbol).expires_on for leg in opened[0].legs}) == 1
    assert any(isinstance(ask.request, Close) for ask in desk.asked)
    assert opened[0].quantity == 0


def test_a_spread_of_the_two_recorded_strikes_is_held_through_the_expiry_of_spxw(record, make_desk):
    rules = SpreadParameters(right="C", short_strike=Decimal(3700), width=Decimal(100))
    day = record(date(2021, 1, 4), "SPXW")
    desk = play(day, CreditSpread("SPX", rules), make_desk)
    (held,) = (s for s in desk.structures.values() if s.opened_at is not None)
    assert held.quantity == 1
    assert [day.contract(leg.symbol).strike for leg in held.legs] == [3700, 3800]
    assert 50 < held.entry_price < 75
    assert [type(ask.request) for ask in desk.asked if not isinstance(ask.request, Open)].count(Close) == 0
    assert day.replay.settlement_price("SPX") == 3700.65
