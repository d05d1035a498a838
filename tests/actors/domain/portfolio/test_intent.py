"""The price of an order that is meant to trade at once."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.domain.market.contract import Kind, Product, Products, Settlement, Style
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.signal import Close
from actors.domain.orders.working import Plan
from actors.domain.portfolio.intent import PRICE_STEP, closing_order, marketable_price, marketable_within, spread_of
from actors.domain.portfolio.mark import natural_price
from actors.domain.portfolio.structure import Structure
from tests.builders import close_signal, spxw
from tests.fakes import START

SPXW = Product(
    root="SPXW",
    underlying="SPX",
    kind=Kind.INDEX_OPTION,
    tick_small=Decimal("0.05"),
    tick_large=Decimal("0.10"),
)
PRODUCTS = Products((SPXW,))
SYMBOLS = (spxw(5850, "P"), spxw(5800, "P"))
CLOSE_ONE = {action: (Leg(symbol=SYMBOLS[0], action=action),) for action in (Action.BUY_TO_CLOSE, Action.SELL_TO_CLOSE)}
nickels = st.integers(1, 2_000).map(lambda count: Decimal(count) * Decimal("0.05"))


def on_tick(price: Decimal) -> Decimal:
    return price - price % SPXW.tick_at(price)


def table(*bids: Decimal, product: Product = SPXW) -> QuoteTable:
    contracts = tuple(Products((product,)).contract(symbol) for symbol in SYMBOLS[: len(bids)])
    quotes = QuoteTable(Universe(version=1, contracts=contracts))
    count = len(bids)
    quotes.apply(
        QuoteFrame(
            universe=1,
            sequence=1,
            rows=np.arange(count, dtype=np.int32),
            bid=np.array([float(on_tick(bid)) for bid in bids]),
            ask=np.array([float(on_tick(bid) + SPXW.tick_at(bid)) for bid in bids]),
            bid_size=np.full(count, 10, np.float32),
            ask_size=np.full(count, 10, np.float32),
            exchange_ns=np.zeros(count, np.int64),
            received_ns=1,
            codes=np.zeros(count, np.uint16),
        )
    )
    return quotes


@settings(deadline=None)
@given(nickels, st.sampled_from(list(CLOSE_ONE)))
def test_a_single_close_is_priced_on_the_tick_of_its_price(bid, action):
    price = marketable_price(CLOSE_ONE[action], table(bid))
    assert price % SPXW.tick_at(price) == 0


@settings(deadline=None)
@given(nickels, st.sampled_from(list(CLOSE_ONE)))
def test_it_is_never_better_than_the_natural_price_but_where_that_is_the_smallest_tick(bid, action):
    quotes = table(bid)
    price, natural = marketable_price(CLOSE_ONE[action], quotes), natural_price(CLOSE_ONE[action], quotes)
    assert price < natural or price == natural == SPXW.tick_small


@settings(deadline=None)
@given(nickels)
def test_a_sale_of_one_leg_never_pays(bid):
    assert marketable_price(CLOSE_ONE[Action.SELL_TO_CLOSE], table(bid)) > 0


@settings(deadline=None)
@given(nickels, nickels)
def test_a_combo_is_priced_in_whole_nickels_below_the_natural_price(first, second):
    legs = (
        Leg(symbol=SYMBOLS[0], action=Action.BUY_TO_CLOSE),
        Leg(symbol=SYMBOLS[1], action=Action.SELL_TO_CLOSE),
    )
    quotes = table(first, second)
    price = marketable_price(legs, quotes)
    assert price % PRICE_STEP == 0
    assert price < natural_price(legs, quotes)


CASH_SETTLED = SPXW.model_copy(update={"style": Style.EUROPEAN, "settlement": Settlement.CASH})


@settings(deadline=None)
@given(nickels, nickels)
def test_a_close_that_may_wait_for_its_settlement_never_pays_more_than_that_can_take(short, long):
    quotes = table(short, long, product=CASH_SETTLED)
    legs = (
        Leg(symbol=SYMBOLS[0], action=Action.BUY_TO_CLOSE),
        Leg(symbol=SYMBOLS[1], action=Action.SELL_TO_CLOSE),
    )
    assert marketable_price(legs, quotes) >= -50
    spread = spread_of(legs, quotes)
    assert min(spread.mid, spread.natural, spread.marketable) >= -50
    ordinary = table(short, long)
    if natural_price(legs, ordinary) > -40:
        assert spread == spread_of(legs, ordinary)


def test_what_delivers_shares_or_has_no_end_is_closed_at_what_it_costs():
    pair = tuple(
        Leg(symbol=symbol, action=action)
        for symbol, action in zip(SYMBOLS, (Action.BUY_TO_CLOSE, Action.SELL_TO_CLOSE), strict=True)
    )
    delivers = SPXW.model_copy(update={"settlement": Settlement.PHYSICAL})
    assert marketable_price(pair, table(Decimal(60), Decimal(1), product=delivers)) < -60
    naked = (Leg(symbol=spxw(6050, "C"), action=Action.BUY_TO_CLOSE),)
    contract = Products((CASH_SETTLED,)).contract(naked[0].symbol)
    quotes = QuoteTable(Universe(version=1, contracts=(contract,)))
    quotes.bid[:], quotes.ask[:], quotes.received_ns[:] = 100, 101, 1
    assert marketable_price(naked, quotes) < -101


@settings(deadline=None)
@given(nickels, nickels, st.integers(-300, 300).map(Decimal))
def test_a_bounded_price_trades_at_once_and_is_no_worse_than_its_bound(first, second, cents):
    legs = (
        Leg(symbol=SYMBOLS[0], action=Action.BUY_TO_OPEN),
        Leg(symbol=SYMBOLS[1], action=Action.SELL_TO_OPEN),
    )
    quotes = table(first, second)
    natural = natural_price(legs, quotes)
    worst = natural + cents / 100
    price = marketable_within(legs, quotes, worst)
    if cents > 0:
        assert price is None
    elif price is not None:
        assert worst <= price <= natural
        assert price % PRICE_STEP == 0
        assert price >= marketable_price(legs, quotes)


def test_far_from_its_bound_a_price_has_the_ordinary_slack():
    quotes = table(Decimal(2), Decimal(1))
    legs = (Leg(symbol=SYMBOLS[0], action=Action.BUY_TO_OPEN),)
    assert marketable_within(legs, quotes, Decimal(-100)) == marketable_price(legs, quotes)
    assert marketable_within(legs, quotes, Decimal("-2.06")) == Decimal("-2.05")


def test_what_nobody_bids_for_is_not_closed():
    quotes = table(Decimal("0.05"))
    quotes.bid[0] = np.nan
    legs = (Leg(symbol=SYMBOLS[0], action=Action.BUY_TO_OPEN),)
    held = {"order_qty": 1, "holdings": {SYMBOLS[0]: 1}, "opened_at": START}
    structure = Structure(structure_id="s", strategy="long", underlying="SPX", account_domain="a", legs=legs, **held)
    assert closing_order(close_signal(2, "s"), Close(structure_id="s"), structure, quotes, START) is None


INDEX = SPXW.model_copy(update={"style": Style.EUROPEAN, "settlement": Settlement.CASH})
SPREAD = Structure(
    structure_id="s",
    strategy="condor",
    underlying="SPX",
    account_domain="main",
    legs=(
        Leg(symbol=SYMBOLS[0], action=Action.SELL_TO_OPEN),
        Leg(symbol=SYMBOLS[1], action=Action.BUY_TO_OPEN),
    ),
    order_qty=1,
    holdings={SYMBOLS[0]: -1, SYMBOLS[1]: 1},
    opened_at=START,
)


@pytest.mark.parametrize("work", [None, Plan(start=Decimal(1))])
@pytest.mark.parametrize(
    ("product", "asked", "sent"),
    [(INDEX, "-65", "-50"), (INDEX, "-40", "-40"), (SPXW, "-65", "-65")],
    ids=["wider than it is", "within", "american"],
)
def test_a_close_at_its_askers_price_pays_no_more_for_what_is_european_than_its_width(product, asked, sent, work):
    quotes = table(Decimal(90), Decimal(1), product=product)
    request = Close(structure_id="s", net_price=Decimal(asked), work=work)
    order = closing_order(close_signal(2, "s"), request, SPREAD, quotes, START)
    assert order.net_price == Decimal(sent)


def test_a_close_at_its_askers_price_goes_out_without_a_quote():
    request = Close(structure_id="s", net_price=Decimal(-65))
    assert closing_order(close_signal(2, "s"), request, SPREAD, None, START).net_price == Decimal(-65)
