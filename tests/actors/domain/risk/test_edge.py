"""Edge after cost and size: each passes exactly at its number, is refused with its numbers, and stops no exit."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from actors.domain.costs.estimate import Costs
from actors.domain.costs.slippage import Seen, key
from actors.domain.orders.cost_event import Estimate
from actors.domain.orders.event import OrderPlaced
from actors.domain.orders.order import Intent
from actors.domain.orders.refusal import Admitted, Check, Code
from actors.domain.portfolio.intent import closing_order, opening_order
from actors.domain.portfolio.legging import LEG_MARK
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.edge import order_estimate, too_large
from actors.domain.risk.gate import review
from tests.actors.domain.risk.test_gate import circumstances, filled, table, tell
from tests.builders import close_signal, open_signal
from tests.cost_builders import cut, terms
from tests.fakes import START

COST_CODES = {Code.R090_EDGE, Code.R091_COST_UNKNOWN, Code.R092_SIZE_CUT}


def seen(edge_share_min: str = "0.5", **changes: object) -> Circumstances:
    return circumstances(costs=Costs(terms(edge_share_min)), routes=("primary",), **changes)


def cost_checks(told: Circumstances, **request: object) -> dict[Code, Check]:
    checks = review(open_signal(1, **request), told).checks
    return {check.code: check for check in checks if check.code in COST_CODES}


def test_a_condor_is_held_against_every_cost_in_and_out():
    """Four legs at 1.70 in and 0.70 out, 0.10 below the middle, and half of the half spread of 0.10 out."""
    check = cost_checks(seen())[Code.R090_EDGE]
    assert check.passed
    assert check.value == "175.40 left of 200.00: fees 6.80 in, 2.80 out; spread 10.00 in, 5.00 out"
    assert check.limit == "100.00 (50%)"


@pytest.mark.parametrize(("share", "passes"), [("0.877", True), ("0.8771", False)])
def test_it_passes_exactly_at_its_number(share, passes):
    assert cost_checks(seen(share))[Code.R090_EDGE].passed is passes


def test_a_strategy_may_have_a_share_of_its_own():
    costs = Costs(terms().model_copy(update={"strategies": {"condor": Decimal("0.9")}}))
    assert not cost_checks(circumstances(costs=costs, routes=("primary",)))[Code.R090_EDGE].passed


@pytest.mark.parametrize(("price", "concession"), [("2.00", "0.00"), ("2.20", "0.00"), ("1.50", "50.00")])
def test_a_limit_below_the_middle_may_pay_the_difference(price, concession):
    assert f"spread {concession} in" in cost_checks(seen(), net_price=Decimal(price))[Code.R090_EDGE].value


def test_a_structure_worth_nothing_has_no_edge_whatever_it_costs():
    free = seen("0")
    free.quotes.bid[1:] = 1.0
    free.quotes.ask[1:] = 1.05
    assert not cost_checks(free, net_price=Decimal(0))[Code.R090_EDGE].passed


def test_the_accounts_own_fills_move_the_expected_cost_of_the_exit():
    told = seen()
    dear = Seen(fills=180, total=Decimal(180))
    tally = told.book.tally
    costs = tally.costs.model_copy(update={"seen": {key("SPXW", Intent.CLOSE): dear}})
    told.book.tally = tally.model_copy(update={"costs": costs})
    assert "9.50 out" in cost_checks(told)[Code.R090_EDGE].value, "(20 x 0.5 + 180) / 200 of ten dollars"


def test_the_route_it_would_take_first_says_what_it_costs():
    told = replace(seen(), routes=("backup", "primary"))
    assert "fees 0.20 in" not in cost_checks(told)[Code.R090_EDGE].value
    assert cost_checks(told)[Code.R090_EDGE].value != cost_checks(seen())[Code.R090_EDGE].value


def test_without_a_schedule_that_knows_it_nothing_is_opened():
    check = cost_checks(replace(seen(), routes=("elsewhere",)))[Code.R091_COST_UNKNOWN]
    assert (check.passed, check.value) == (False, "no route that could take it has a fee schedule")


def test_a_day_outside_the_tables_opens_nothing_and_names_the_table():
    fees = terms().fees
    ended = fees.regulatory.orf[-1].model_copy(update={"until": START.date().replace(day=2)})
    regulatory = fees.regulatory.model_copy(update={"orf": (ended,)})
    costs = Costs(terms().model_copy(update={"fees": fees.model_copy(update={"regulatory": regulatory})}))
    check = cost_checks(circumstances(costs=costs, routes=("primary",)))[Code.R091_COST_UNKNOWN]
    assert not check.passed
    assert "config/fees.toml: regulatory.orf has no row for 2026-01-05" in check.value


def test_a_leg_without_two_sides_costs_an_unknown_amount():
    quotes = table()
    quotes.bid[1] = np.nan
    assert not cost_checks(seen(quotes=quotes))[Code.R091_COST_UNKNOWN].passed


def test_without_fee_tables_nothing_is_asked():
    assert cost_checks(circumstances()) == {}


@pytest.mark.parametrize(("quantity", "passes"), [(1, True), (2, True), (3, False)])
def test_a_cut_size_is_a_cap_with_its_numbers(quantity, passes):
    told = seen()
    tell(told.book, cut(2))
    check = cost_checks(told, order_qty=quantity)[Code.R092_SIZE_CUT]
    assert (check.passed, check.subject, check.value) == (passes, "condor", f"{quantity} combos")
    assert check.limit.startswith("2: 50% of 4 since 2026-01-05")


def test_the_size_of_another_strategy_is_its_own():
    told = seen()
    tell(told.book, cut(0, strategy="strangle"))
    assert Code.R092_SIZE_CUT not in cost_checks(told)


@pytest.mark.parametrize("exempt", ["completes", "hedges"])
def test_what_takes_risk_away_is_asked_neither(exempt):
    told = replace(seen("0.99"), **{exempt: True})
    tell(told.book, cut(0))
    assert cost_checks(told) == {}


def test_an_exit_is_asked_nothing_of_it():
    told = replace(seen("0.99"), routes=(), costs=Costs(terms("0.99").model_copy(update={"domains": {}})))
    name = filled(told.book, 1)
    tell(told.book, cut(0))
    assert isinstance(review(close_signal(2, name), told), Admitted)


def test_what_is_journaled_is_what_the_gate_saw_and_made_once():
    told = seen()
    signal = open_signal(1)
    review(signal, told)
    made = order_estimate(opening_order(signal, signal.request, START), told)
    assert isinstance(made, Estimate)
    assert made is order_estimate(opening_order(signal, signal.request, START), told), "nothing is reckoned twice"
    assert (made.mid, made.half_spread, made.slippage) == (Decimal("2.00"), Decimal("0.10"), Decimal("0.05"))
    assert (made.worth, made.cost) == (Decimal(200), Decimal("24.60"))


def test_the_estimate_follows_the_quotes():
    told, signal = seen(), open_signal(1)
    order = opening_order(signal, signal.request, START)
    before = order_estimate(order, told)
    told.quotes.bid[2] += 0.5
    told.quotes.ask[2] += 0.5
    assert order_estimate(order, told).mid == before.mid + Decimal("0.50")


@pytest.mark.parametrize("domains", [{}, {"tastytrade": "nobody"}])
def test_a_close_whose_fees_nobody_knows_has_no_estimate_and_goes(domains):
    told = replace(seen(), costs=Costs(terms().model_copy(update={"domains": domains})))
    structure = told.book.structures[filled(told.book, 1)]
    signal = close_signal(2, structure.structure_id)
    order = closing_order(signal, signal.request, structure, told.quotes, START)
    assert order_estimate(order, told) is None
    assert isinstance(review(signal, told), Admitted)


def test_a_close_is_expected_to_cost_its_own_fee_and_slippage():
    told = replace(seen(), costs=Costs(terms().model_copy(update={"domains": {"tastytrade": "tastytrade"}})))
    structure = told.book.structures[filled(told.book, 1)]
    signal = close_signal(2, structure.structure_id)
    made = order_estimate(closing_order(signal, signal.request, structure, told.quotes, START), told)
    assert (made.mid, made.half_spread, made.fee, made.exit_fee) == (-2, Decimal("0.10"), Decimal("2.80"), 0)


def test_of_an_order_that_goes_leg_by_leg_the_combo_counts():
    told, signal = seen(), open_signal(1, order_qty=2)
    combo = opening_order(signal, signal.request, START)
    tell(told.book, OrderPlaced(signal=signal, order=combo, checks=(), at=START))
    leg = combo.model_copy(update={"cl_ord_id": f"{combo.cl_ord_id}{LEG_MARK}1", "order_qty": 8})
    assert not too_large(leg, told.book, cut(2))
    assert too_large(leg, told.book, cut(1))
    assert too_large(leg.model_copy(update={"cl_ord_id": "other-1"}), told.book, cut(2))
