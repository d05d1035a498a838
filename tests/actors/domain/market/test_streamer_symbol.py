"""Names on DXLink, both ways."""

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Kind, Product, Products, Right, UnknownSymbol, occ_symbol
from actors.domain.market.streamer_symbol import canonical_symbol, streamer_symbol

PRODUCTS = Products(
    (
        Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION),
        Product(root="/ES", alike=("/GC",), underlying="/ES", kind=Kind.FUTURE),
        Product(root="./ES", alike=("./EW3",), underlying="/ES", kind=Kind.FUTURE_OPTION),
    )
)
NAMES = [
    ("GOOG", "GOOG"),
    ("SPX", "SPX"),
    ("BRK.B", "BRK/B"),
    ("SPXW  210104C03700000", ".SPXW210104C3700"),
    ("GOOG  151224P00752500", ".GOOG151224P752.5"),
    ("/ESH20", "/ESH20:XCME"),
    ("/GCZ26", "/GCZ26:XCEC"),
]


@pytest.mark.parametrize(("ours", "theirs"), NAMES)
def test_each_kind_has_its_name_and_the_way_back(ours, theirs):
    assert streamer_symbol(PRODUCTS.contract(ours)) == theirs
    assert canonical_symbol(theirs) == ours


def test_a_futures_option_is_named_by_root_and_month_and_there_is_no_way_back():
    assert streamer_symbol(PRODUCTS.contract("./ESH20 200320C03200000")) == "./ESH20C3200:XCME"
    assert streamer_symbol(PRODUCTS.contract("./ESZ25 EW3 251017C06500000")) == "./EW3V25C6500:XCME"
    with pytest.raises(UnknownSymbol):
        canonical_symbol("./ESH20C3200:XCME")


@pytest.mark.parametrize("name", ["", "goog", ".SPXW210104X3700", "AAPL{=d}", "/ES", "BTC/USD:CXTALP"])
def test_other_names_are_unknown(name):
    with pytest.raises(UnknownSymbol):
        canonical_symbol(name)


@given(
    st.from_regex(r"[A-Z]{1,6}", fullmatch=True),
    st.dates(date(2001, 1, 1), date(2099, 12, 31)),
    st.sampled_from(Right),
    st.integers(1, 99_999_999),
)
def test_an_options_name_comes_back_as_its_symbol(root, expires_on, right, thousandths):
    symbol = occ_symbol(root, expires_on, right, Decimal(thousandths) / 1000)
    assert canonical_symbol(streamer_symbol(PRODUCTS.contract(symbol))) == symbol


def test_recorded_chains_name_their_options_as_we_do(shared):
    chains = [
        "tastytrade/joaquinbejar/captures__nested-option-chain.json",
        "tastytrade/tastytrade-mcp/tastytrade_get_option_chain_nested.trimmed.json",
    ]
    seen = 0
    for chain in chains:
        payload = json.loads((shared / "fixtures" / chain).read_text())
        for item in payload["items"]:
            for strike in (strike for expiration in item["expirations"] for strike in expiration["strikes"]):
                for side in ("call", "put"):
                    assert streamer_symbol(PRODUCTS.contract(strike[side])) == strike[f"{side}-streamer-symbol"]
                    seen += 1
    assert seen > 10
