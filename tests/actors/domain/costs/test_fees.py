import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from actors.domain.costs.fees import FeeSchedules, NoSchedule, OutsideTable, fee_schedules
from actors.domain.costs.tariff import FeeBreakdown
from actors.domain.market.contract import Kind, Product, Products
from actors.domain.orders.order import Action
from actors.domain.value import CENT, ZERO

TABLES = Path(__file__).resolve().parents[4] / "config" / "fees.toml"
SCHEDULES = fee_schedules(TABLES.read_text())
EQUITY_OPTION = Product(root="SMCI", underlying="SMCI")
SPXW = Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION)
SHARES = Product(root="GOOG", underlying="GOOG", kind=Kind.EQUITY, multiplier=1)
ES_OPTION = Product(root="./ES", underlying="/ESH20", kind=Kind.FUTURE_OPTION, multiplier=50)
MES_OPTION = Product(root="./MES", underlying="/MESH20", kind=Kind.FUTURE_OPTION, multiplier=5)
STO, BTO, STC = Action.SELL_TO_OPEN, Action.BUY_TO_OPEN, Action.SELL_TO_CLOSE
Y2021, Y2026 = date(2021, 1, 4), date(2026, 6, 5)


def fees(schedule, product, action, quantity, price, on, before="0") -> FeeBreakdown:
    return SCHEDULES.fees(schedule, product, action, quantity, Decimal(price), on, Decimal(before))


def parts(found: FeeBreakdown) -> tuple[str, ...]:
    return tuple(str(part) for part in (found.commission, found.clearing, found.regulatory, found.proprietary))


@pytest.mark.parametrize(
    ("schedule", "product", "action", "quantity", "price", "on", "expected"),
    [
        # 3 x 0.0388 ORF -> 0.12; selling adds TAF 0.006 -> 0.01 and SEC 0.0000130 x 1,500 = 0.0195 -> 0.02
        ("tastytrade", EQUITY_OPTION, BTO, 3, "5", date(2018, 6, 1), ("3.00", "0.30", "0.12", "0.00")),
        ("tastytrade", EQUITY_OPTION, STC, 3, "5", date(2018, 6, 1), ("0.00", "0.30", "0.15", "0.00")),
        ("tastytrade", EQUITY_OPTION, BTO, 40, "5", date(2018, 6, 1), ("10.00", "4.00", "1.55", "0.00")),
        ("tastytrade", SPXW, BTO, 40, "0.95", Y2021, ("40.00", "4.00", "1.55", "19.60")),
        ("tastytrade", SPXW, STO, 1, "1.00", Y2021, ("1.00", "0.10", "0.04", "0.58")),
        ("tastytrade", ES_OPTION, BTO, 2, "10", Y2021, ("5.00", "0.60", "1.14", "0.00")),
        ("tastytrade", MES_OPTION, BTO, 2, "10", Y2021, ("3.00", "0.60", "0.44", "0.00")),
        ("tastytrade", SHARES, STC, 1000, "55", date(2018, 6, 1), ("0.00", "0.80", "0.84", "0.00")),
        ("alpaca", EQUITY_OPTION, BTO, 1, "5", date(2025, 3, 3), ("0.00", "0.02", "0.03", "0.00")),
        ("alpaca", EQUITY_OPTION, BTO, 5000, "5", date(2025, 3, 3), ("0.00", "55.00", "134.25", "0.00")),
        ("alpaca", EQUITY_OPTION, STO, 1, "5", date(2025, 3, 3), ("0.00", "0.02", "0.06", "0.00")),
        ("alpaca", SHARES, STC, 100_000, "1", date(2025, 6, 1), ("0.00", "0.00", "8.30", "0.00")),
    ],
)
def test_each_fee_is_taken_on_the_whole_execution_and_rounded_by_its_own(
    schedule, product, action, quantity, price, on, expected
):
    assert parts(fees(schedule, product, action, quantity, price, on)) == expected


def test_a_recorded_tastytrade_transaction_costs_what_it_cost(shared):
    file = shared / "fixtures/tastytrade/tastytrade-mcp/tastytrade_get_transactions.first1.json"
    recorded = json.loads(file.read_text())["items"][0]
    product = Products().contract(recorded["symbol"]).product
    found = fees("tastytrade", product, BTO, 1, recorded["price"], date.fromisoformat(recorded["transaction-date"]))
    assert found.commission == Decimal(recorded["commission"])
    assert found.clearing == Decimal(recorded["clearing-fees"])
    assert found.regulatory == Decimal(recorded["regulatory-fees"])
    assert found.total + Decimal(recorded["value"]) == Decimal(recorded["net-value"])


def test_the_shipped_table_has_the_published_figures(shared):
    rules = json.loads((shared / "data/rules/fee_schedules.json").read_text())
    rates = {row.instrument.value: row for row in SCHEDULES.schedules["tastytrade"].rates}
    for name in ("equity_option", "future_option", "micro_future_option"):
        assert rates[name].open == Decimal(str(rules["tastytrade"][name]["open"]))
        assert rates[name].close == Decimal(str(rules["tastytrade"][name]["close"]))
        assert rates[name].clearing == Decimal(str(rules["tastytrade"][name]["clearing"]))
    assert rates["equity_option"].leg_cap == Decimal(str(rules["tastytrade"]["equity_option"]["cap_per_leg"]))
    assert rates["index_option"].leg_cap is None
    alpaca, on = rules["alpaca"], date(2025, 4, 1)
    assert SCHEDULES.schedules["alpaca"].rates[0].clearing == Decimal(str(alpaca["OCC_per_contract"]))
    rates_then = {
        name: max((row for row in rows if row.since <= on), key=lambda row: row.since).rate
        for name, rows in SCHEDULES.regulatory
    }
    assert rates_then == {
        "sec_sell": Decimal(str(alpaca["SEC_sell_rate"])),
        "taf_option_sell": Decimal(str(alpaca["TAF_option_per_contract_sell"])),
        "taf_share_sell": Decimal(str(alpaca["TAF_share"])),
        "orf": Decimal(str(alpaca["ORF_per_contract"])),
    }


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_a_leg_filled_in_parts_pays_no_more_commission_than_its_cap(parts_filled):
    paid = ZERO
    for quantity in parts_filled:
        paid += fees("tastytrade", EQUITY_OPTION, STO, quantity, "1", Y2026, str(paid)).commission
    assert paid == min(Decimal(10), Decimal(sum(parts_filled)))


@given(
    schedule=st.sampled_from(["tastytrade", "alpaca"]),
    product=st.sampled_from([EQUITY_OPTION, SPXW, SHARES]),
    action=st.sampled_from(list(Action)),
    quantity=st.integers(1, 10_000),
    price=st.decimals("0.01", "900", places=2),
    on=st.dates(date(2013, 1, 1), date(2027, 1, 1)),
)
def test_every_fee_is_whole_cents_and_never_paid_to_us(schedule, product, action, quantity, price, on):
    found = SCHEDULES.fees(schedule, product, action, quantity, price, on)
    for part in (found.commission, found.clearing, found.regulatory, found.proprietary):
        assert part >= 0
        assert part % CENT == 0


def test_a_day_that_no_row_covers_is_an_error_that_names_file_table_and_row():
    words = "config/fees.toml: regulatory.orf has no row for 2012-12-31; the nearest is the row since 2013-01-01"
    with pytest.raises(OutsideTable, match=re.escape(words)):
        fees("tastytrade", SPXW, STO, 10, "5", date(2012, 12, 31))


def rows(orf: str) -> FeeSchedules:
    """The shipped tables, with other rows of one."""
    text = re.sub(r"^orf = \[.*?^\]$", f"orf = [{orf}]", TABLES.read_text(), flags=re.DOTALL | re.MULTILINE)
    return fee_schedules(text)


def test_a_row_ends_on_its_last_day():
    two = '{ since = 2024-01-01, until = 2024-06-30, rate = "0.5" }, { since = 2025-01-01, rate = "0.7" }'
    table = rows(two)
    told = [
        table.fees("alpaca", SPXW, BTO, 1, Decimal(5), on).regulatory for on in (date(2024, 6, 30), date(2025, 1, 1))
    ]
    assert told == [Decimal("0.50"), Decimal("0.70")]
    with pytest.raises(OutsideTable, match="the nearest is the row since 2024-01-01 until 2024-06-30"):
        table.fees("alpaca", SPXW, BTO, 1, Decimal(5), date(2024, 7, 1))


@pytest.mark.parametrize(
    "orf",
    [
        '{ since = 2024-01-01, rate = "0.5" }, { since = 2024-01-01, rate = "0.7" }',
        '{ since = 2024-01-01, until = 2025-01-01, rate = "0.5" }, { since = 2025-01-01, rate = "0.7" }',
        '{ since = 2024-01-01, until = 2023-12-31, rate = "0.5" }',
    ],
)
def test_rows_that_cover_a_day_twice_or_never_are_refused_by_name(orf):
    with pytest.raises(ValidationError, match=r"regulatory\.orf: the row since 2024-01-01"):
        rows(orf)


def test_broad_index_options_are_free_of_section_31():
    index, equity = (fees("tastytrade", product, STO, 1, "500", Y2021).regulatory for product in (SPXW, EQUITY_OPTION))
    assert equity - index == Decimal("1.11"), "50,000 x 0.0000221, rounded"


@pytest.mark.parametrize(
    ("schedule", "product"),
    [
        ("nobody", EQUITY_OPTION),
        ("alpaca", ES_OPTION),
        ("alpaca", Product(root="SPX", underlying="SPX", kind=Kind.INDEX)),
    ],
)
def test_what_no_schedule_knows_is_never_free(schedule, product):
    with pytest.raises(NoSchedule):
        fees(schedule, product, BTO, 1, "1", Y2026)


def test_breakdowns_add_up():
    one = fees("tastytrade", SPXW, STO, 1, "1.00", Y2021)
    assert (one + one).total == 2 * one.total == Decimal("3.44")


def test_the_schedules_survive_json():
    assert FeeSchedules.model_validate_json(SCHEDULES.model_dump_json()) == SCHEDULES


@given(
    schedule=st.sampled_from(["tastytrade", "alpaca", "interactive_brokers"]),
    product=st.sampled_from([EQUITY_OPTION, SPXW]),
    action=st.sampled_from(list(Action)),
    quantity=st.integers(1, 50),
    prices=st.tuples(*[st.decimals("0.01", "5", places=2)] * 2),
    on=st.sampled_from([Y2021, Y2026]),
)
def test_prices_of_one_band_cost_the_same(schedule, product, action, quantity, prices, on):
    tariff = SCHEDULES.tariff(schedule, product, on)
    one, other = prices
    if tariff.band(action, one) == tariff.band(action, other):
        assert tariff.execution(action, quantity, one) == tariff.execution(action, quantity, other)
