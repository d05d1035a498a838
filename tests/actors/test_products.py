"""The product table gives the facts a symbol does not carry."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from actors.calendars import load_sessions
from actors.domain.market.contract import Kind, Products, Settlement, SettlementTime, Style, UnknownSymbol
from actors.products import BadTable, load_products

CME = {"cme", "comex", "nymex"}
RECORDED = "fixtures/tastytrade/joaquinbejar/captures__future-products.json"
CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture(scope="module")
def products() -> Products:
    return load_products(CONFIG / "products.toml")


@pytest.mark.parametrize(
    ("symbol", "underlying", "time", "ticks"),
    [
        ("SPX   210115C03700000", "SPX", SettlementTime.AM, ("0.05", "0.10")),
        ("SPXW  210104C03700000", "SPX", SettlementTime.PM, ("0.05", "0.10")),
        ("XSP   261120P00500000", "XSP", SettlementTime.PM, ("0.01", "0.01")),
        ("NDX   261120P20000000", "NDX", SettlementTime.AM, ("0.05", "0.10")),
        ("NDXP  261120P20000000", "NDX", SettlementTime.PM, ("0.05", "0.10")),
        ("RUT   261120P02000000", "RUT", SettlementTime.AM, ("0.05", "0.10")),
        ("VIX   261118C00020000", "VIX", SettlementTime.AM, ("0.01", "0.05")),
    ],
)
def test_index_options_are_european_and_settle_in_cash(products, symbol, underlying, time, ticks) -> None:
    product = products.contract(symbol).product
    assert (product.style, product.settlement, product.multiplier) == (Style.EUROPEAN, Settlement.CASH, 100)
    assert (product.underlying, product.settlement_time) == (underlying, time)
    assert (product.tick_small, product.tick_large) == tuple(Decimal(tick) for tick in ticks)
    assert products.contract(underlying).product.kind is Kind.INDEX


def test_options_on_the_e_mini_deliver_the_future_of_their_month(products) -> None:
    contract = products.contract("./ESH20 200320C03200000")
    assert (contract.underlying, contract.multiplier) == ("/ESH20", 50)
    assert (contract.product.style, contract.product.settlement) == (Style.AMERICAN, Settlement.PHYSICAL)
    future = products.contract("/ESH20")
    assert (future.product.kind, future.multiplier, future.product.tick_small) == (Kind.FUTURE, 50, Decimal("0.25"))


def test_weeklies_on_the_e_mini_are_european_and_end_with_the_stocks(products) -> None:
    product = products.contract("./ESZ25 EW3 251017C06500000").product
    assert (product.style, product.settlement_time, product.multiplier) == (Style.EUROPEAN, SettlementTime.PM, 50)
    assert product.session == "globex_weekly"
    assert products.contract("./ESZ25 251219C06500000").product.settlement_time is SettlementTime.AM


def test_what_a_point_and_a_tick_of_each_future_are_worth_is_what_public_tables_say(products, shared) -> None:
    path = shared / "data/market/lean/symbol-properties/symbol-properties-database.csv"
    said = {
        row[1]: row for row in csv.reader(path.read_text().splitlines()) if row[2:3] == ["future"] and row[0] in CME
    }
    rows = [each for each in products.listed() if each.kind is Kind.FUTURE]
    assert {each.root for each in rows} == {"/ES", "/MES", "/NQ", "/MNQ", "/CL", "/MCL", "/GC", "/MGC"}
    for each in rows:
        worth, tick = (Decimal(said[each.root[1:]][place]) for place in (5, 6))
        assert (each.multiplier, each.tick_small, each.tick_large) == (worth, tick, tick), each.root
    (mes, *_) = json.loads((shared / RECORDED).read_text())["items"]
    facts = products.contract("/MESZ26").product
    assert (facts.multiplier, facts.tick_at(Decimal(6000))) == (
        Decimal(mes["notional-multiplier"]),
        Decimal(mes["tick-size"]),
    )


@pytest.mark.parametrize("symbol", ["/ZBZ26", "./NQZ26 261218C25000000", "./GCZ26 OG 261124C04000000"])
def test_a_future_without_a_row_and_an_option_on_it_are_nothing_known(products, symbol) -> None:
    with pytest.raises(UnknownSymbol, match="what a point of it is worth is not known"):
        products.contract(symbol)


def test_both_roots_of_the_index_are_found_from_its_ticker(products) -> None:
    assert set(products.roots_of("SPX")) == {"SPX", "SPXW"}


def test_every_product_names_a_session_rule_that_exists(tmp_path) -> None:
    sessions = load_sessions(CONFIG / "sessions.toml", tmp_path / "xnys.json")
    text = (CONFIG / "products.toml").read_text()
    named = {line.split('"')[1] for line in text.splitlines() if line.startswith("session = ")}
    assert named <= set(sessions.rules)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[[product]]\nroot = "A"\nunderlying = "A"\n[[product]]\nroot = "A"\nunderlying = "B"\n', "twice"),
        ('[[product]]\nroot = "A"\nunderlying = "A"\nmultiplyer = 3\n', "multiplyer"),
        ("[[product]\n", "products.toml"),
    ],
)
def test_a_bad_table_is_refused_with_its_file_and_place(tmp_path, text, word) -> None:
    path = tmp_path / "products.toml"
    path.write_text(text)
    with pytest.raises(BadTable, match=word):
        load_products(path)
