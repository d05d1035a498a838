"""What the executor expects to pay is what the paper brokers charge, to the cent: one set of tables serves both."""

import pytest

from actors.domain.costs.estimate import Costs, CostTerms, Sight
from actors.domain.market.quote import UNSOUND_MIN, QuoteFrame, QuoteTable, Universe
from tests.actors.venue.paper_exchange import (
    ACCOUNT,
    CONDOR_QUOTES,
    DAY,
    NOW,
    OTHER,
    SmallMarket,
    batch,
    condor,
    later,
    open_exchange,
    schedules,
)

MARKET = SmallMarket()


def sight() -> Sight:
    """The venue's own quotes, as a feed would show them."""
    table, told = QuoteTable(Universe(version=1, contracts=MARKET.contracts)), batch(CONDOR_QUOTES)
    columns = {name: getattr(told, name) for name in ("rows", "bid", "ask", "bid_size", "ask_size", "exchange_ns")}
    table.apply(QuoteFrame(universe=1, sequence=1, received_ns=1, codes=told.rows.astype("u2") * 0, **columns))
    assert table.codes.max() < UNSOUND_MIN
    return Sight({each.symbol: each.product for each in MARKET.contracts}, table, DAY, {})


@pytest.mark.parametrize(("account", "schedule"), [(ACCOUNT, "tastytrade"), (OTHER, "alpaca")])
@pytest.mark.parametrize("quantity", [1, 3, 10])
def test_the_fees_of_an_opening_are_those_the_broker_previews_and_books(tmp_path, account, schedule, quantity):
    exchange, order = open_exchange(tmp_path / "books.sqlite", MARKET), condor("5.30", quantity)
    exchange.advance(batch(CONDOR_QUOTES))
    costs = Costs(CostTerms(fees=schedules(), routes={}, domains={}))
    made = costs.estimate(schedule, order.legs, quantity, order.net_price, sight())
    assert made is not None
    assert made.fee == exchange.preview(account, order, NOW).fees.total
    exchange.place(account, order, NOW)
    exchange.tick(later(1))
    booked = exchange.transactions(account)
    assert len(booked) == 4
    assert made.fee == sum(entry.value - entry.net for entry in booked)
