"""The surface on recorded days: crossed, locked, pinned, two strikes of twenty; never without a volatility in hours."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from actors.calendars import load_sessions
from actors.domain.market.chain import chains
from actors.domain.market.quote import QuoteTable, Universe
from actors.domain.market.surface import ends_at, surface
from actors.products import load_products
from actors.venue.replay import ReplayMarket

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.reference
@pytest.mark.parametrize(("on", "underlying"), [(date(2021, 1, 4), "SPX"), (date(2015, 12, 24), "GOOG")])
def test_each_minute_of_the_session_gives_each_expiry_a_curve(tmp_path, shared, on, underlying):
    products = load_products(ROOT / "config" / "products.toml")
    sessions = load_sessions(ROOT / "config" / "sessions.toml", tmp_path / "days.json")
    market = ReplayMarket.of_path(shared / "data" / "market" / "lean", on, underlying, products, sessions)
    quotes = QuoteTable(Universe(version=1, contracts=tuple(market.contracts)))
    named = [(underlying, chain) for chain in chains(quotes.universe, underlying)]
    hours = sessions.session("equity_option", on)
    missing, minutes, last = Counter[str](), 0, None
    for batch in market.batches(hours.opens_at):
        quotes.bid[batch.rows], quotes.ask[batch.rows] = batch.bid, batch.ask
        quotes.exchange_ns[batch.rows] = batch.exchange_ns
        if batch.at == last or batch.at <= hours.opens_at or not hours.holds(batch.at):
            continue
        last, minutes = batch.at, minutes + 1
        since_ns = int((batch.at.timestamp() - 300) * 1e9)
        found = surface(named, quotes, batch.at, sessions, since_ns=since_ns, knots_max=15)
        there = {(each.root, each.expires_on) for each in found}
        alive = [chain for _, chain in named if ends_at(chain, sessions) > batch.at]
        missing.update(f"{each.root} {each.expires_on}" for each in alive if (each.root, each.expires_on) not in there)
        assert all(0 < volatility < 5 for each in found for volatility in each.volatilities)
        assert all(0 < each.expected_move < each.forward for each in found)
    assert minutes > 180
    assert missing == {}
