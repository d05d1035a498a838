"""tastytrade's order requests, and its numbers and names."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tastytrade.instruments import NestedFutureOptionChain

from actors.venue.tastytrade_futures_shapes import futures_chain_json
from actors.venue.tastytrade_shapes import PreflightFailed, new_order
from actors.venue.tastytrade_symbols import number, streamer_symbol
from tests.actors.venue.conftest import PRODUCTS, option
from tests.actors.venue.wire_clients import condor

LISTED = {
    symbol: PRODUCTS.contract(symbol) for symbol in (option(s, r) for s in (4900, 4950, 5050, 5100) for r in "CP")
}


def refusal_of(body: dict) -> str:
    with pytest.raises(PreflightFailed) as failed:
        new_order(body, LISTED.get)
    return failed.value.code


@given(st.integers(1, 50), st.integers(1, 3))
def test_size_is_the_greatest_common_quantity_and_legs_keep_their_ratio(size: int, ratio: int):
    body = condor("1.5")
    for n, leg in enumerate(body["legs"]):
        leg["quantity"] = size * (ratio if n == 0 else 1)
    new = new_order(body, LISTED.get)
    assert new.order_qty == size
    assert [leg.ratio for leg in new.legs] == [ratio, 1, 1, 1]


@pytest.mark.parametrize(("effect", "net"), [("Credit", "1.5"), ("Debit", "-1.5")])
def test_the_price_effect_is_the_sign(effect: str, net: str):
    assert new_order(condor("1.5") | {"price-effect": effect}, LISTED.get).net_price == Decimal(net)


def test_even_money_needs_no_effect():
    body = condor("0")
    del body["price-effect"]
    assert new_order(body, LISTED.get).net_price == 0


def test_strict_closes_are_asked_for_in_the_advanced_instructions():
    assert not new_order(condor(), LISTED.get).strict_close
    body = condor() | {"advanced-instructions": {"strict-position-effect-validation": True}}
    assert new_order(body, LISTED.get).strict_close


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"order-type": "Marketable Limit"}, "order_type_not_supported"),
        ({"order-type": "Stop"}, "stop_trigger_required"),
        ({"order-type": "Stop", "stop-trigger": "0"}, "invalid_stop_trigger"),
        ({"time-in-force": "GTD"}, "tif_not_supported"),
        ({"order-type": "Market", "time-in-force": "GTC"}, "gtc_market_orders_not_supported"),
        ({"price": "x"}, "price_required"),
        ({"price": "-1"}, "invalid_price"),
        ({"price-effect": None}, "price_effect_required"),
        ({"legs": []}, "invalid_leg_count"),
    ],
)
def test_a_request_that_breaks_a_rule_fails_its_preflight(change: dict, code: str):
    assert refusal_of(condor() | change) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"action": "Allocate"}, "invalid_action"),
        ({"symbol": "SPXW  261120C09999000"}, "symbol_not_found"),
        ({"instrument-type": "Equity"}, "symbol_not_found"),
        ({"quantity": 0.5}, "invalid_quantity"),
        ({"quantity": "many"}, "invalid_quantity"),
    ],
)
def test_a_leg_that_breaks_a_rule_fails_the_preflight(change: dict, code: str):
    body = condor()
    body["legs"][0] |= change
    assert refusal_of(body) == code


@pytest.mark.parametrize(
    ("value", "text"), [(Decimal("4.0"), "4.0"), (Decimal(100), "100.0"), (Decimal("0.0500"), "0.05"), (20.1, "20.1")]
)
def test_numbers_are_written_as_recorded(value, text: str):
    assert number(value) == text


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("SPXW  210104C03700000", ".SPXW210104C3700"),
        ("GOOG  151224C00752500", ".GOOG151224C752.5"),
        ("/ESU25", "/ESU25:XCME"),
        ("./ESU25 250919P00900000", "./ESU25P900:XCME"),
        ("SPX", "SPX"),
    ],
)
def test_streamer_symbols_are_those_of_the_recordings(symbol: str, name: str):
    assert streamer_symbol(PRODUCTS.contract(symbol)) == name


class FuturesMarket:
    """As much of a market as a chain needs."""

    session = date(2020, 1, 6)
    closes_at = datetime(2020, 1, 6, 22, tzinfo=UTC)


def test_a_futures_chain_is_read_by_the_vendors_model_and_holds_every_recorded_key(shared: Path):
    options = [PRODUCTS.contract(f"./ESH20 {day}{side}03200000") for day in ("200320", "200117") for side in "CP"]
    chain = futures_chain_json(options, FuturesMarket())
    read = NestedFutureOptionChain(**chain)
    assert [each.symbol for each in read.futures] == ["/ESH0"]
    expirations = read.option_chains[0].expirations
    assert [each.expiration_date for each in expirations] == [date(2020, 1, 17), date(2020, 3, 20)]
    assert expirations[1].strikes[0].call_streamer_symbol == "./ESH20C3200:XCME"
    described = json.loads((shared / "fixtures/tastytrade/joaquinbejar/futures_nested_options_chain.json").read_text())
    schema = described["FuturesNestedOptionChainSerializer"]["properties"]
    assert set(schema["futures"]["properties"]) <= set(chain["futures"][0])
    of_expiration = schema["option-chains"]["properties"]["expirations"]["properties"]
    assert set(of_expiration) <= set(chain["option-chains"][0]["expirations"][0])
