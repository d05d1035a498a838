"""Names and facts of futures' options, as tastytrade's recorded chain lists them."""

import json
from datetime import date
from decimal import Decimal

import pytest

from actors.brokers.outcomes import Unread, Unsendable
from actors.brokers.tastytrade_instruments import Instruments
from actors.domain.market.contract import Kind, Product, Products, SettlementTime

TODAY = date(2025, 9, 2)
QUARTERLY, THEIRS = "./ESZ25 251219C04300000", "./ESZ5 ESZ5  251219C4300"
PRODUCTS = Products(
    (
        Product(
            root="./ES",
            underlying="/ES",
            kind=Kind.FUTURE_OPTION,
            multiplier=50,
            settlement_time=SettlementTime.AM,
        ),
    )
)


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


def table(*expiries, futures=LISTED, supported=True, products=PRODUCTS):
    instruments = Instruments(products)
    chain = {"option-chains": [{"expirations": list(expiries or [expiry()])}]}
    listed = [{"root-symbol": each["option-root-symbol"], "supported": supported} for each in expiries or [expiry()]]
    instruments.take("ES", futures, chain, listed)
    return instruments


def test_every_quarterly_of_the_recorded_chain_goes_by_the_brokers_name_and_comes_back(recorded):
    chain, products = recorded
    instruments, named = Instruments(PRODUCTS), 0
    futures = [{**each, "is-tradeable": True, "active": True} for each in chain["futures"]]
    instruments.take("ES", futures, chain, [*products, {**products[0], "root-symbol": "ES"}])
    for each in chain["option-chains"][0]["expirations"]:
        for strike in each["strikes"] if each["option-root-symbol"] == "ES" else ():
            ours = instruments.ours(strike["call"], TODAY)
            assert instruments.theirs(ours) == strike["call"]
            assert PRODUCTS.contract(ours).strike == Decimal(strike["strike-price"])
            named += 1
    assert named > 900


def test_weeklies_of_the_recorded_chain_are_refused_for_they_settle_otherwise_than_the_product_table_says(recorded):
    chain, products = recorded
    instruments = Instruments(PRODUCTS)
    futures = [{**each, "is-tradeable": True, "active": True} for each in chain["futures"]]
    instruments.take("ES", futures, chain, [*products, {**products[0], "root-symbol": "EW1"}])
    with pytest.raises(Unsendable, match="EW1U5 at the broker: it settles PM, by the product table AM"):
        instruments.theirs("./ESU25 250905P06000000")


def test_an_option_is_named_after_its_future_series_expiry_right_and_strike():
    assert table().theirs(QUARTERLY) == THEIRS
    assert table().theirs("./ESZ25 251219P04302500") == "./ESZ5 ESZ5  251219P4302.5"


def test_what_is_no_future_is_left_as_it_is():
    assert table().theirs("SPXW  251219C04300000") == "SPXW  251219C04300000"
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
        (table(expiry(on="2026-01-16")), "must list one series of /ESZ25 that ends on that day, not none"),
        (table(expiry(), expiry("EW3Z5")), "not ESZ5, EW3Z5"),
    ],
    ids=["morning or evening", "worth", "product", "future", "no future", "not listed", "two series"],
)
def test_a_series_whose_facts_are_not_ours_is_not_traded(instruments, why):
    with pytest.raises(Unsendable, match=why) as refused:
        instruments.theirs(QUARTERLY)
    assert not refused.value.refusal().retryable


def test_futures_themselves_are_not_traded():
    with pytest.raises(Unsendable, match="futures themselves"):
        table().theirs("/ESZ25")


def test_what_was_not_read_yet_is_refused_for_now():
    with pytest.raises(Unread, match="/ES is not read yet") as refused:
        Instruments(PRODUCTS).theirs(QUARTERLY)
    assert refused.value.refusal().retryable


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (THEIRS, QUARTERLY),
        ("./ESH6 EW3Z5 251219P5000", "./ESH26 251219P05000000"),
        ("./CLF0 LOF0  291217C70.5", "./CLF30 291217C00070500"),
        ("/ESZ5", "/ESZ25"),
        ("/ESH4", "/ESH34"),
    ],
    ids=["as its future", "another series", "the decade turns", "a future", "a future of a year that is not over"],
)
def test_what_the_broker_names_is_read_in_our_words(theirs, ours):
    clear = Products((*PRODUCTS._by_root.values(), Product(root="./CL", underlying="/CL", multiplier=1000)))
    instruments = table(expiry("EW3Z5", "/ESH6"), products=clear)
    oil = expiry("LOF0", "/CLF0", "2029-12-17", **{"notional-value": "10.0"})
    instruments.take("CL", (), {"option-chains": [{"expirations": [oil]}]}, [])
    assert instruments.ours(theirs, TODAY) == ours


def test_a_series_called_like_its_future_is_ours_though_it_is_listed_no_more():
    assert Instruments(PRODUCTS).ours(THEIRS, TODAY) == QUARTERLY


@pytest.mark.parametrize(
    "instruments",
    [Instruments(PRODUCTS), table(expiry("EW3Z5", "/ESH6"), expiry("E3DZ5", "/ESH6")), table(expiry("E3DZ5", "/ESH6"))],
    ids=["not listed", "two that end that day", "another is listed"],
)
def test_what_may_be_another_contract_keeps_the_brokers_name(instruments):
    assert instruments.ours("./ESH6 EW3Z5 251219P5000", TODAY) == "./ESH6 EW3Z5 251219P5000"


def test_a_series_worth_something_else_keeps_the_brokers_name():
    dear = table(expiry("EW3Z5", "/ESH6", **{"notional-value": "1.0"}))
    assert dear.ours("./ESH6 EW3Z5 251219P5000", TODAY) == "./ESH6 EW3Z5 251219P5000"


def test_the_products_of_what_the_broker_named_are_known():
    instruments = Instruments(PRODUCTS)
    for symbol in (THEIRS, "/NQZ5", "SPY"):
        instruments.ours(symbol, TODAY)
    assert instruments.met == {"ES"}
