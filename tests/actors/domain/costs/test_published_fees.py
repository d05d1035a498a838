"""The shipped tables against what brokers publish, to the cent: one to four legs, opening and closing.

The figures are read from the shared rule table and added up here by hand, leg by leg; nothing of the code's own
arithmetic is used to make them.
"""

import json
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.domain.costs.fees import NoSchedule, fee_schedules
from actors.domain.costs.tariff import FeeBreakdown
from actors.domain.market.contract import Kind, Product
from actors.domain.orders.order import Action
from actors.domain.value import ZERO

SCHEDULES = fee_schedules((Path(__file__).resolve().parents[4] / "config" / "fees.toml").read_text())
EQUITY = Product(root="AAPL", underlying="AAPL")
SPXW = Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION)
ES = Product(root="./ES", underlying="/ESH20", kind=Kind.FUTURE_OPTION, multiplier=50)
MES = Product(root="./MES", underlying="/MESH20", kind=Kind.FUTURE_OPTION, multiplier=5)
SHARES = Product(root="AAPL", underlying="AAPL", kind=Kind.EQUITY, multiplier=1)
STO, BTO, STC, BTC = Action.SELL_TO_OPEN, Action.BUY_TO_OPEN, Action.SELL_TO_CLOSE, Action.BUY_TO_CLOSE
SPRING = date(2025, 4, 1)
"""A day on which each of the published regulatory rates was in force."""
LEGS = [(action, px) for action, px in ((BTO, "0.50"), (STO, "2.10"), (STO, "1.95"), (BTO, "0.04"))]


@pytest.fixture(scope="module")
def rules(shared) -> Any:
    return json.loads((shared / "data/rules/fee_schedules.json").read_text(), parse_float=Decimal)


def cents(amount: Decimal, rounding: str = ROUND_HALF_UP) -> Decimal:
    return Decimal(amount).quantize(Decimal("0.01"), rounding)


def legs(count: int, *, closing: bool) -> list[tuple[Action, Decimal]]:
    return [(action.closing if closing else action, Decimal(px)) for action, px in LEGS[:count]]


def charged(schedule: str, product: Product, traded: list[tuple[Action, Decimal]], quantity: int) -> FeeBreakdown:
    each = (SCHEDULES.fees(schedule, product, action, quantity, px, SPRING) for action, px in traded)
    return sum(each, FeeBreakdown())


every_order = pytest.mark.parametrize("closing", [False, True], ids=["opening", "closing"])
every_count = pytest.mark.parametrize("count", [1, 2, 3, 4])


@every_order
@every_count
@pytest.mark.parametrize("quantity", [1, 7, 25])
@pytest.mark.parametrize(("product", "name"), [(EQUITY, "equity_option"), (SPXW, "broad_index_option")])
def test_tastytrade_options_cost_what_is_published(rules, product, name, quantity, count, closing):
    row, surcharge = rules["tastytrade"][name], rules["ibkr"]["spx_surcharge_older"]
    traded, expected = legs(count, closing=closing), ZERO
    for action, px in traded:
        commission = quantity * Decimal(row["close" if closing else "open"])
        cap = row["cap_per_leg"]
        expected += commission if cap is None else min(commission, Decimal(cap))
        expected += cents(quantity * row["clearing"]) + cents(quantity * rules["alpaca"]["ORF_per_contract"])
        if not action.is_buy:
            expected += cents(quantity * rules["alpaca"]["TAF_option_per_contract_sell"])
            if product is EQUITY:
                expected += cents(quantity * px * 100 * rules["alpaca"]["SEC_sell_rate"])
        if product is SPXW:
            expected += cents(quantity * surcharge["SPXW_lt1" if px < 1 else "SPXW_ge1"])
    assert charged("tastytrade", product, traded, quantity).total == expected


@every_order
@every_count
@pytest.mark.parametrize(("product", "name"), [(ES, "future_option"), (MES, "micro_future_option")])
def test_tastytrade_options_on_futures_cost_what_is_published_and_the_exchange_apart(
    rules, product, name, count, closing
):
    row, traded = rules["tastytrade"][name], legs(count, closing=closing)
    found = charged("tastytrade", product, traded, 3)
    assert found.commission == count * 3 * Decimal(row["close" if closing else "open"])
    assert found.clearing == count * cents(3 * row["clearing"])
    assert (found.proprietary, found.regulatory > 0) == (0, True)


@every_order
@every_count
@pytest.mark.parametrize("quantity", [1, 7, 3000])
def test_alpaca_options_cost_what_is_published_rounded_up(rules, quantity, count, closing):
    row, traded, expected = rules["alpaca"], legs(count, closing=closing), ZERO
    for action, px in traded:
        expected += min(quantity * row["OCC_per_contract"], Decimal(row["OCC_trade_cap"]))
        expected += cents(quantity * row["ORF_per_contract"], ROUND_CEILING)
        if not action.is_buy:
            expected += cents(quantity * row["TAF_option_per_contract_sell"], ROUND_CEILING)
            expected += cents(quantity * px * 100 * row["SEC_sell_rate"], ROUND_CEILING)
    assert charged("alpaca", EQUITY, traded, quantity).total == expected


@every_order
@every_count
@pytest.mark.parametrize("quantity", [1, 7, 3000])
def test_interactive_brokers_options_cost_what_is_published(rules, quantity, count, closing):
    row, traded, expected = rules["ibkr"], legs(count, closing=closing), ZERO
    under_5, under_10, other = (tier["rate"] for tier in row["tier1"])
    for action, px in traded:
        rate = under_5 if px < Decimal("0.05") else under_10 if px < Decimal("0.10") else other
        expected += max(cents(quantity * rate, ROUND_CEILING), row["min_per_order"])
        expected += min(quantity * row["OCC_1_2750"], Decimal(row["OCC_gt_2750_flat"]))
        expected += cents(quantity * row["ORF"], ROUND_CEILING)
        if not action.is_buy:
            expected += cents(quantity * row["TAF"], ROUND_CEILING)
            expected += cents(quantity * px * 100 * rules["alpaca"]["SEC_sell_rate"], ROUND_CEILING)
    assert charged("interactive_brokers", EQUITY, traded, quantity).total == expected


def test_a_round_trip_of_shares_costs_what_the_broker_works_out_less_a_commission_it_no_longer_takes():
    """Published: 5.00 commission and 0.80 to open 1,000 shares at 55, 1.64 to close them."""
    on = date(2018, 6, 1)
    opening = SCHEDULES.fees("tastytrade", SHARES, BTO, 1000, Decimal(55), on)
    closing = SCHEDULES.fees("tastytrade", SHARES, STC, 1000, Decimal(55), on)
    assert (opening.total, closing.total) == (Decimal("0.80"), Decimal("1.64"))


@pytest.mark.parametrize(("quantity", "expected"), [(9, "0.00"), (10, "0.70")])
def test_a_mini_index_is_free_of_its_exchanges_fee_below_ten_contracts(quantity, expected):
    xsp = Product(root="XSP", underlying="XSP", kind=Kind.INDEX_OPTION)
    assert SCHEDULES.fees("tastytrade", xsp, STO, quantity, Decimal(2), SPRING).proprietary == Decimal(expected)


def test_an_index_option_whose_exchange_is_in_no_table_is_never_free():
    with pytest.raises(NoSchedule, match="proprietary has no row for the index option XEO"):
        SCHEDULES.fees(
            "tastytrade", Product(root="XEO", underlying="OEX", kind=Kind.INDEX_OPTION), STO, 1, ZERO, SPRING
        )


@pytest.mark.parametrize(
    ("schedule", "product", "expected"),
    [("tastytrade", EQUITY, "5.00"), ("tastytrade", SPXW, "5.00"), ("alpaca", EQUITY, "0")],
)
def test_an_exercise_and_an_assignment_cost_what_the_broker_takes(schedule, product, expected):
    for assigned in (False, True):
        assert SCHEDULES.delivery_fee(schedule, product, SPRING, assigned=assigned) == Decimal(expected)


def test_a_delivery_fee_that_no_table_has_is_an_error():
    with pytest.raises(NoSchedule, match="no delivery fee of future_option"):
        SCHEDULES.delivery_fee("tastytrade", ES, SPRING, assigned=True)
