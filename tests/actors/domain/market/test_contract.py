"""Canonical symbols, there and back, and the facts a product adds."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import (
    Kind,
    Product,
    Products,
    Right,
    Settlement,
    UnknownSymbol,
    future_option_symbol,
    occ_symbol,
)
from tests.builders import SPXW

ES = Product(root="./ES", underlying="/ES", kind=Kind.FUTURE_OPTION, multiplier=50)
PRODUCTS = Products((SPXW, ES, Product(root="/ES", underlying="/ES", kind=Kind.FUTURE, multiplier=50)))
WEEKLY = Product(root="./EW", alike=("./EW3", "./E1A"), underlying="/ES", kind=Kind.FUTURE_OPTION, multiplier=50)
dates = st.dates(date(2000, 1, 1), date(2099, 12, 31))
strikes = st.integers(1, 99_999_999).map(lambda thousandths: Decimal(thousandths) / 1000)


@given(st.from_regex(r"[A-Z]{1,6}", fullmatch=True), dates, st.sampled_from(Right), strikes)
def test_an_options_symbol_says_its_expiry_right_and_strike(root, expires_on, right, strike):
    symbol = occ_symbol(root, expires_on, right, strike)
    contract = Products().contract(symbol)
    assert len(symbol) == 21
    assert (contract.expires_on, contract.right, contract.strike) == (expires_on, right, strike)
    assert (contract.product.root, contract.underlying, contract.is_option) == (root, root, True)


@given(dates, st.sampled_from(Right), strikes)
def test_a_futures_option_names_its_future(expires_on, right, strike):
    contract = PRODUCTS.contract(future_option_symbol("/ESH20", expires_on, right, strike))
    assert (contract.underlying, contract.product.kind, contract.multiplier) == ("/ESH20", Kind.FUTURE_OPTION, 50)
    assert (contract.expires_on, contract.right, contract.strike) == (expires_on, right, strike)


@given(st.sampled_from(["EW", "EW3", "E1A"]), dates, st.sampled_from(Right), strikes)
def test_one_of_another_series_than_its_futures_names_that_too(series, expires_on, right, strike):
    symbol = future_option_symbol("/ESZ25", expires_on, right, strike, series)
    contract = Products((ES, WEEKLY)).contract(symbol)
    assert (contract.underlying, contract.product.root, contract.product.kind) == (
        "/ESZ25",
        f"./{series}",
        Kind.FUTURE_OPTION,
    )
    assert (contract.expires_on, contract.right, contract.strike) == (expires_on, right, strike)
    assert future_option_symbol("/ESZ25", expires_on, right, strike, "ES") == symbol.replace(f" {series} ", " ")


def test_roots_that_are_alike_share_their_rules_and_keep_their_names():
    weekly = Product(root="./EW", alike=("./EW1",), underlying="/ES", kind=Kind.FUTURE_OPTION, multiplier=50)
    products = Products((weekly,))
    first = products.contract("./ESZ25 EW1 251003C06500000").product
    assert (first.root, first.multiplier) == ("./EW1", 50)
    assert [products.lists(root) for root in ("./EW", "./EW1", "./EW2")] == [True, True, False]


@pytest.mark.parametrize(
    ("symbol", "kind", "underlying", "multiplier", "is_option"),
    [
        ("GOOG", Kind.EQUITY, "GOOG", 1, False),
        ("SPX", Kind.INDEX, "SPX", 1, False),
        ("BRK.B", Kind.EQUITY, "BRK.B", 1, False),
        ("/ESH20", Kind.FUTURE, "/ESH20", 50, False),
        ("SPXW  210104C03700000", Kind.INDEX_OPTION, "SPX", 100, True),
        ("GOOG  151224P00750000", Kind.EQUITY_OPTION, "GOOG", 100, True),
        ("GOOG1 151224P00750000", Kind.EQUITY_OPTION, "GOOG1", 100, True),
    ],
)
def test_a_symbol_is_what_its_form_and_its_product_say(symbol, kind, underlying, multiplier, is_option):
    contract = PRODUCTS.contract(symbol)
    assert (contract.product.kind, contract.underlying, contract.multiplier, contract.is_option) == (
        kind,
        underlying,
        multiplier,
        is_option,
    )


@pytest.mark.parametrize(
    "symbol", ["", "goog", "BTC/USD", "BRK/B", "SPXW  210104X03700000", "SPXW  210104C0370000", "/ES", "12AB", "A B"]
)
def test_a_symbol_of_no_known_form_is_said_to_be_unknown(symbol):
    with pytest.raises(UnknownSymbol, match=r"neither"):
        PRODUCTS.contract(symbol)


@pytest.mark.parametrize("symbol", ["SPXW  211304C03700000", "SPXW  210230C03700000", "./ESH20 200400C03200000"])
def test_a_date_that_is_none_makes_no_contract(symbol):
    with pytest.raises(UnknownSymbol):
        PRODUCTS.contract(symbol)


def test_an_unlisted_root_is_an_american_equity_option_of_a_hundred_shares():
    product = PRODUCTS.of_root("ZZZ")
    assert (product.kind, product.multiplier, product.settlement) == (Kind.EQUITY_OPTION, 100, Settlement.PHYSICAL)


def test_the_roots_of_an_underlying_are_those_listed_or_its_own():
    assert (PRODUCTS.roots_of("SPX"), PRODUCTS.roots_of("GOOG")) == (("SPXW",), ("GOOG",))


@pytest.mark.parametrize(
    ("symbol", "stem"),
    [
        ("SPY1  260116C00600000", "SPY"),
        ("SPY   260116C00600000", None),
        ("SPXW  260116C06000000", None),
        ("SPY1", None),
        ("./ESH26 260116C06000000", None),
        ("1SPX  260116C06000000", None),  # a FLEX option; not what a split leaves
    ],
)
def test_a_root_that_ends_in_a_digit_is_adjusted(symbol, stem):
    assert PRODUCTS.adjusted_from(symbol) == stem


def test_an_adjusted_root_in_the_table_is_as_good_as_any():
    assert Products((Product(root="SPY1", underlying="SPY"),)).adjusted_from("SPY1  260116C00600000") is None
