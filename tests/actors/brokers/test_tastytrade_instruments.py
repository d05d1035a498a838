"""Names and facts of futures' options, as tastytrade's recorded chain lists them."""

import json
from datetime import date
from decimal import Decimal

import pytest

from actors.brokers.outcomes import Unread, Unsendable
from actors.brokers.tastytrade_instruments import Instruments
from actors.domain.market.streamer_symbol import streamer_symbol
from actors.domain.orders.order import Action, Leg
from actors.products import load_products
from tests.actors.venue.conftest import ROOT

TODAY = date(2025, 9, 2)
QUARTERLY, THEIRS = "./ESZ25 251219C04300000", "./ESZ5 ESZ5  251219C4300"
PRODUCTS = load_products(ROOT / "config" / "products.toml")


@pytest.fixture(scope="session")
def recorded(shared):
    folder = shared / "fixtures/tastytrade/joaquinbejar"
    chain = json.loads((folder / "FuturesNestedOptionChainSerializer.json").read_text())["data"]
    products = json.loads((folder / "captures__future-products.json").read_text())["items"][0]["option-products"]
    return chain, products


def expiry(name="ESZ5", future="/ESZ5", on="2025-12-19", **said):
    return {
        "underlying-symbol": future,
        "option-root-symbol": name[:-2],
        "option-contract-symbol": name,
        "expiration-date": on,
        "settlement-type": "AM",
        "notional-value": "0.5",
        "display-factor": "0.01",
        **said,
    }


def future(symbol="/ESZ5", on="2025-12-19", **said):
    return {"symbol": symbol, "expiration-date": on, "is-tradeable": True, "active": True, **said}


LISTED = (future(),)


def named(instruments, symbol, action=Action.BUY_TO_OPEN):
    return instruments.theirs(Leg(symbol=symbol, action=action))


def table(*expiries, futures=LISTED, supported=True, products=PRODUCTS):
    instruments = Instruments(products)
    chain = {"option-chains": [{"expirations": list(expiries or [expiry()])}]}
    listed = [{"root-symbol": each["option-root-symbol"], "supported": supported} for each in expiries or [expiry()]]
    instruments.take("ES", futures, chain, listed)
    return instruments


def test_everything_on_the_recorded_chain_goes_by_the_brokers_name_and_comes_back(recorded):
    chain, products = recorded
    instruments, seen = Instruments(PRODUCTS), 0
    futures = [{**each, "is-tradeable": True, "active": True} for each in chain["futures"]]
    expiries = chain["option-chains"][0]["expirations"]
    listed = [{**products[0], "root-symbol": each["option-root-symbol"]} for each in expiries]
    instruments.take("ES", futures, chain, listed)
    for each in expiries:
        for strike in each["strikes"]:
            ours = instruments.ours(strike["call"], TODAY)
            contract = PRODUCTS.contract(ours)
            assert named(instruments, ours) == strike["call"]
            assert (contract.strike, contract.multiplier) == (Decimal(strike["strike-price"]), 50)
            assert contract.product.settlement_time == each["settlement-type"]
            if "call-streamer-symbol" in strike:
                assert streamer_symbol(contract) == strike["call-streamer-symbol"]
            seen += 1
    assert seen > 7_000


def test_an_option_is_named_after_its_future_series_expiry_right_and_strike():
    assert named(table(), QUARTERLY) == THEIRS
    weekly = table(expiry("EW3V5", on="2025-10-17", **{"settlement-type": "PM"}))
    assert named(weekly, "./ESZ25 EW3 251017C06500000") == "./ESZ5 EW3V5 251017C6500"
    assert named(table(), "./ESZ25 251219P04302500") == "./ESZ5 ESZ5  251219P4302.5"


def test_what_is_no_future_is_left_as_it_is():
    assert named(table(), "SPXW  251219C04300000") == "SPXW  251219C04300000"
    assert table().ours("SPXW  251219C04300000", TODAY) == "SPXW  251219C04300000"
    assert table().ours("BRK/B", TODAY) == "BRK/B"


@pytest.mark.parametrize(
    ("instruments", "why"),
    [
        (table(expiry(**{"settlement-type": "PM"})), "it settles PM, by the product table AM"),
        (table(expiry(**{"notional-value": "0.05"})), "a point is worth 5, by the product table 50"),
        (table(supported=False), "not supported"),
        (table(futures=(future(**{"is-tradeable": False}),)), "/ESZ25 is not tradeable"),
        (table(futures=()), "/ESZ25 is not tradeable"),
        (table(expiry(on="2026-01-16")), "of the series of /ESZ25 that end on that day the broker lists none"),
        (table(expiry("EW3Z5")), "the broker lists EW3Z5"),
    ],
    ids=["morning or evening", "worth", "product", "future", "no future", "not listed", "another series"],
)
def test_a_series_whose_facts_are_not_ours_is_not_opened_and_still_closed(instruments, why):
    with pytest.raises(Unsendable, match=why) as refused:
        named(instruments, QUARTERLY)
    assert not refused.value.refusal().retryable
    assert named(instruments, QUARTERLY, Action.SELL_TO_CLOSE) == THEIRS, "an exit stays open"


def test_a_weekly_is_closed_while_it_is_listed_whatever_its_facts():
    weekly = table(expiry("EW3V5", on="2025-10-17"), supported=False)
    assert named(weekly, "./ESZ25 EW3 251017C06500000", Action.BUY_TO_CLOSE) == "./ESZ5 EW3V5 251017C6500"
    with pytest.raises(Unread):
        named(Instruments(PRODUCTS), "./ESZ25 EW3 251017C06500000", Action.BUY_TO_CLOSE)


def test_futures_themselves_are_closed_by_their_name_and_not_opened():
    with pytest.raises(Unsendable, match="futures themselves are not opened"):
        named(table(), "/ESZ25")
    assert named(Instruments(PRODUCTS), "/ESZ25", Action.SELL_TO_CLOSE) == "/ESZ5"


def test_what_was_not_read_yet_is_refused_for_now():
    with pytest.raises(Unread, match="/ES is not read yet") as refused:
        named(Instruments(PRODUCTS), QUARTERLY)
    assert refused.value.refusal().retryable


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (THEIRS, QUARTERLY),
        ("./ESH6 EW3Z5 251219P5000", "./ESH26 EW3 251219P05000000"),
        ("./ESH0 ESH0  291217C70.5", "./ESH30 291217C00070500"),
        ("/ESZ5", "/ESZ25"),
        ("/ESH4", "/ESH34"),
        ("./GCQ5 OGN5  250625P2095", "./GCQ5 OGN5  250625P2095"),
        ("SPXW  251219C04300000", "SPXW  251219C04300000"),
    ],
    ids=[
        "as its future",
        "a weekly",
        "the decade turns",
        "a future",
        "a future of a year that is not over",
        "a product that is not in the table",
        "no future",
    ],
)
def test_what_the_broker_names_is_read_in_our_words_without_a_list(theirs, ours):
    assert Instruments(PRODUCTS).ours(theirs, TODAY) == ours


def test_the_products_of_what_the_broker_named_are_known():
    instruments = Instruments(PRODUCTS)
    for symbol in (THEIRS, "./GCQ5 OGN5  250625P2095", "/NQZ5", "SPY"):
        instruments.ours(symbol, TODAY)
    assert instruments.met == {"ES"}
