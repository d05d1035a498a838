"""Several markets played as one bring what each of them brings alone."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from actors.products import load_products
from actors.venue.synthetic import SyntheticMarket, SyntheticSettings
from supervisor.app.bench.several import SeveralMarkets

PRODUCTS = load_products(Path(__file__).resolve().parents[4] / "config" / "products.toml")
START = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
ROOTS = {"SPXW": 5_000.0, "XSP": 500.0}


def alone() -> list[SyntheticMarket]:
    return [
        SyntheticMarket(
            7,
            date(2026, 11, 23),
            START,
            PRODUCTS,
            SyntheticSettings(root=root, spot=spot, contracts_max=200, length_s=60),
        )
        for root, spot in ROOTS.items()
    ]


def last_quotes(market) -> dict[str, tuple[float, float]]:
    board = {}
    for batch in market.batches(START):
        assert len(np.unique(batch.rows)) == len(batch.rows)
        for row, bid, ask in zip(batch.rows, batch.bid, batch.ask, strict=True):
            board[market.contracts[row].symbol] = (bid, ask)
    return board


def test_every_contract_ends_at_the_quote_its_own_market_gives_it():
    together = last_quotes(SeveralMarkets(alone()))
    apart = {symbol: quote for market in alone() for symbol, quote in last_quotes(market).items()}
    assert together.keys() == apart.keys()
    assert all(np.array_equal(together[symbol], quote, equal_nan=True) for symbol, quote in apart.items())


def test_underlyings_come_first_and_time_runs_one_way():
    market = SeveralMarkets(alone())
    assert [contract.symbol for contract in market.contracts[:2]] == ["SPX", "XSP"]
    times = [batch.at for batch in market.batches(START)]
    assert times == sorted(set(times))


def test_each_underlying_settles_by_its_own_market():
    markets = alone()
    together = SeveralMarkets(alone())
    for market in markets:
        name = market.contracts[0].symbol
        assert together.settlement_price(name) == market.settlement_price(name)
    assert together.settlement_price("GOOG") is None
