"""Chains as recorded, and what is left out of them."""

import json
from datetime import date
from decimal import Decimal

import pytest

from actors.domain.market.contract import Kind, Product, Products, Right, Settlement, SettlementTime
from actors.feeds.tastytrade_chain import equity_listings, future_listings

FUTURE = Product(root="/ES", underlying="/ES", kind=Kind.FUTURE, multiplier=50)
PRODUCTS = Products(
    (
        Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION, settlement=Settlement.CASH),
        Product(
            root="SPX",
            underlying="SPX",
            kind=Kind.INDEX_OPTION,
            settlement=Settlement.CASH,
            settlement_time=SettlementTime.AM,
        ),
        Product(root="./ES", underlying="/ES", kind=Kind.FUTURE_OPTION, multiplier=50),
        FUTURE,
    )
)


def strike(symbol, streamer):
    return {
        "strike-price": "3700.0",
        "call": f"{symbol}C03700000",
        "call-streamer-symbol": f"{streamer}C3700",
        "put": f"{symbol}P03700000",
        "put-streamer-symbol": f"{streamer}P3700",
    }


def expiration(days, on, *strikes):
    return {"days-to-expiration": days, "expiration-date": on, "strikes": list(strikes)}


CHAIN = {
    "items": [
        {
            "root-symbol": "SPX",
            "option-chain-type": "Standard",
            "expirations": [expiration(46, "2021-02-19", strike("SPX   210219", ".SPX210219"))],
        },
        {
            "root-symbol": "SPXW",
            "option-chain-type": "Standard",
            "expirations": [
                expiration(4, "2021-01-08", strike("SPXW  210108", ".SPXW210108")),
                expiration(0, "2021-01-04", strike("SPXW  210104", ".SPXW210104")),
            ],
        },
        {
            "root-symbol": "SPX1",
            "option-chain-type": "Non-standard",
            "expirations": [expiration(0, "2021-01-04", strike("SPX1  210104", ".SPX1210104"))],
        },
    ]
}


def symbols(listings):
    return [listing.contract.symbol for listing in listings]


def test_the_underlying_comes_first_and_then_every_standard_root_nearest_expiry_first():
    listings = equity_listings(CHAIN, PRODUCTS, PRODUCTS.contract("SPX"), dte_max=60)
    assert symbols(listings) == [
        "SPX",
        "SPXW  210104C03700000",
        "SPXW  210104P03700000",
        "SPXW  210108C03700000",
        "SPXW  210108P03700000",
        "SPX   210219C03700000",
        "SPX   210219P03700000",
    ]
    assert listings[1].streamer == ".SPXW210104C3700"


def test_how_a_contract_settles_comes_from_the_product_table():
    listings = equity_listings(CHAIN, PRODUCTS, PRODUCTS.contract("SPX"), dte_max=60)
    assert {(c.contract.product.root, c.contract.product.settlement_time) for c in listings[1:]} == {
        ("SPXW", SettlementTime.PM),
        ("SPX", SettlementTime.AM),
    }


def test_expiries_past_the_limit_are_left_out():
    listings = equity_listings(CHAIN, PRODUCTS, PRODUCTS.contract("SPX"), dte_max=4)
    assert {str(listing.contract.expires_on) for listing in listings[1:]} == {"2021-01-04", "2021-01-08"}


def test_a_strike_without_a_streamer_symbol_is_left_out():
    bare = strike("SPXW  210104", ".SPXW210104")
    del bare["put-streamer-symbol"]
    chain = {"items": [{"expirations": [expiration(0, "2021-01-04", bare)]}]}
    listings = equity_listings(chain, PRODUCTS, PRODUCTS.contract("SPX"), dte_max=0)
    assert symbols(listings) == ["SPX", "SPXW  210104C03700000"]


@pytest.mark.parametrize("chain", [{}, {"items": [{}]}, {"items": [{"expirations": [{"strikes": []}]}]}])
def test_what_is_no_chain_says_which_key_is_missing(chain):
    with pytest.raises(KeyError):
        equity_listings(chain, PRODUCTS, PRODUCTS.contract("SPX"), dte_max=60)


def test_the_recorded_chain_of_an_equity_is_read_whole(shared):
    name = "fixtures/tastytrade/joaquinbejar/captures__nested-option-chain.json"
    chain = json.loads((shared / name).read_text())
    listings = equity_listings(chain, PRODUCTS, PRODUCTS.contract("SPY"), dte_max=1_000)
    strikes = sum(len(expiration["strikes"]) for item in chain["items"] for expiration in item["expirations"])
    assert len(listings) == 1 + 2 * strikes
    assert listings[1].contract.expires_on == date(2026, 8, 4)


def test_the_recorded_chain_of_a_future_gives_the_options_of_that_future_alone(shared):
    name = "fixtures/tastytrade/joaquinbejar/FuturesNestedOptionChainSerializer.json"
    chain = json.loads((shared / name).read_text())["data"]
    first, *options = future_listings(chain, PRODUCTS, PRODUCTS.contract("/ESZ25"), dte_max=200)
    assert (first.contract.symbol, first.streamer) == ("/ESZ25", "/ESZ25:XCME")
    assert {listing.contract.underlying for listing in options} == {"/ESZ25"}
    assert len({listing.contract.symbol for listing in options}) == len(options) > 0
    named = {listing.streamer: listing.contract for listing in options}["./ESZ25C800:XCME"]
    assert (named.symbol, named.strike, named.right) == ("./ESZ25 251219C00800000", Decimal(800), Right.CALL)
    assert named.multiplier == 50


def test_a_series_that_the_product_table_does_not_describe_is_left_out_and_others_keep_apart(shared):
    name = "fixtures/tastytrade/joaquinbejar/FuturesNestedOptionChainSerializer.json"
    chain = json.loads((shared / name).read_text())["data"]
    described = Products(
        (
            Product(root="./ES", underlying="/ES", kind=Kind.FUTURE_OPTION, multiplier=50),
            Product(root="./EW3", underlying="/ES", kind=Kind.FUTURE_OPTION, multiplier=50),
            FUTURE,
        )
    )
    _, *options = future_listings(chain, described, described.contract("/ESZ25"), dte_max=200)
    assert {listing.contract.product.root for listing in options} == {"./ES", "./EW3"}
    weekly = {listing.streamer: listing.contract.symbol for listing in options}["./EW3V25P6500:XCME"]
    assert weekly == "./ESZ25 EW3 251017P06500000"
