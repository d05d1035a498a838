"""Executions against their order: each thing that may be wrong with one, and what is right."""

from datetime import timedelta
from decimal import Decimal

import pytest

from actors.domain.orders.attempt import Attempt
from actors.domain.orders.fill_check import FillCode, FillLimits, check, incomplete, missing, net_price
from actors.domain.orders.order import Action, Fill, Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife, report
from actors.domain.orders.report import ExecutionReport, Status
from tests.builders import CONDOR_SYMBOLS, condor_legs
from tests.fakes import START

LIMITS = FillLimits()
PRICES = ("1.00", "2.00", "2.00", "1.10")
"""Of the condor's legs: a net credit of 1.90."""
NOW = START + timedelta(seconds=1)


def order(**changes: object) -> Order:
    return Order(
        **{
            "cl_ord_id": "condor-20260105-1",
            "signal_id": "condor-20260105-1",
            "strategy": "condor",
            "structure_id": "condor-20260105-1",
            "intent": Intent.OPEN,
            "underlying": "SPX",
            "legs": condor_legs(),
            "order_qty": 2,
            "net_price": Decimal("1.90"),
            "created_at": START,
            "expires_at": START + timedelta(hours=1),
        }
        | changes
    )


def fill(place: int, quantity: int = 2, exec_id: str | None = None, **changes: object) -> Fill:
    leg = condor_legs()[place]
    return Fill(
        **{
            "exec_id": exec_id or f"e{place}",
            "symbol": leg.symbol,
            "action": leg.action,
            "last_qty": quantity,
            "last_px": Decimal(PRICES[place]),
            "at": NOW,
        }
        | changes
    )


def told(*fills: Fill, status: Status = Status.PARTIALLY_FILLED) -> ExecutionReport:
    return ExecutionReport(
        route="primary",
        account_domain="primary-account",
        broker_order_id="1",
        attempt_id=None,
        status=status,
        fills=fills,
        at=NOW,
    )


def life(*fills: Fill, status: Status = Status.NEW, **changes: object) -> OrderLife:
    attempt = Attempt(
        number=1,
        route="primary",
        account_domain="primary-account",
        connection_incarnation=1,
        executor_epoch=1,
        started_at=START,
    )
    return OrderLife(order=order(**changes), status=status, fills=fills, attempts=(attempt,))


def codes(before: OrderLife, *fills: Fill, quoted=None, now=NOW) -> list[FillCode]:
    return [fault.code for fault in check(before, told(*fills), quoted or {}, now, LIMITS)]


ALL = tuple(fill(place) for place in range(4))


def test_fills_that_are_the_order_are_without_fault():
    assert codes(life(), *ALL) == []


def test_a_report_that_repeats_what_is_known_is_without_fault():
    assert codes(life(*ALL, status=Status.FILLED), *ALL) == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (fill(0, symbol="SPXW  260105P01000000"), FillCode.F001_NO_LEG),
        (fill(0, action=Action.SELL_TO_OPEN), FillCode.F002_ACTION),
        (fill(0, action=Action.BUY_TO_CLOSE), FillCode.F002_ACTION),
        (fill(0, 3), FillCode.F003_QUANTITY),
        (fill(0, at=START - timedelta(minutes=1)), FillCode.F022_BEFORE_ORDER),
    ],
)
def test_each_thing_that_does_not_fit_is_named(wrong, code):
    assert codes(life(), wrong) == [code]


def test_a_leg_filled_beyond_its_ratio_counts_the_fills_of_all_reports():
    assert codes(life(fill(1, 2)), fill(1, 1, exec_id="more")) == [FillCode.F003_QUANTITY]


def test_an_execution_told_in_two_ways_is_a_fault_whether_known_before_or_within_one_report():
    other = fill(0, last_px=Decimal("1.05"))
    assert codes(life(fill(0)), other) == [FillCode.F004_CHANGED]
    assert codes(life(), fill(0), other) == [FillCode.F004_CHANGED]


@pytest.mark.parametrize("end", [Status.CANCELED, Status.REJECTED, Status.EXPIRED])
def test_a_fill_after_the_end_is_late(end):
    assert codes(life(status=end), fill(0)) == [FillCode.F020_LATE]


def test_a_leg_told_after_the_broker_said_filled_is_not_late():
    assert codes(life(*ALL[:2], status=Status.FILLED), *ALL) == []


def test_a_fill_older_than_a_known_one_of_its_leg_came_out_of_order():
    newer = fill(0, 1, at=NOW + timedelta(seconds=30))
    assert codes(life(newer), fill(0, 1, exec_id="old")) == [FillCode.F021_OUT_OF_ORDER]


def test_the_net_price_is_held_against_the_limit_once_the_legs_are_in_ratio():
    dear = fill(3, last_px=Decimal("1.11"))
    assert codes(life(), *ALL[:3], dear) == [FillCode.F010_LIMIT]
    assert codes(life(), *ALL[1:3], dear) == [], "which combos are complete is not known yet"


def test_a_part_of_the_order_is_held_against_the_limit_too():
    part = [fill(place, 1) for place in range(3)]
    assert codes(life(), *part, fill(3, 1, last_px=Decimal("1.11"))) == [FillCode.F010_LIMIT]


def test_a_better_price_is_no_fault_and_a_market_order_has_no_limit():
    assert codes(life(), *ALL[:3], fill(3, last_px=Decimal("0.80"))) == []
    free = life(order_type="MARKET", net_price=None)
    assert codes(free, *ALL[:3], fill(3, last_px=Decimal("1.50"))) == []


def test_a_debit_worse_than_its_limit_is_found():
    """Debits are negative: paying more than the limit is a smaller number."""
    bought = (Leg(symbol=CONDOR_SYMBOLS[0], action=Action.BUY_TO_OPEN),)
    before = life(legs=bought, net_price=Decimal("-0.95"))
    assert codes(before, fill(0)) == [FillCode.F010_LIMIT]
    assert codes(life(legs=bought, net_price=Decimal("-1.00")), fill(0)) == []


BAND = {CONDOR_SYMBOLS[0]: (Decimal("0.95"), Decimal("1.05"))}


@pytest.mark.parametrize(("px", "fits"), [("1.55", True), ("1.56", False), ("0.45", True), ("0.44", False)])
def test_a_fill_may_leave_the_quote_at_arrival_by_the_band_and_no_further(px, fits):
    found = codes(life(), fill(0, last_px=Decimal(px)), quoted=BAND)
    assert found == ([] if fits else [FillCode.F011_BAND])


def test_a_dear_option_has_a_band_in_proportion():
    quoted = {CONDOR_SYMBOLS[0]: (Decimal(99), Decimal(101))}
    assert codes(life(), fill(0, last_px=Decimal(150)), quoted=quoted) == []
    assert codes(life(), fill(0, last_px=Decimal(152)), quoted=quoted) == [FillCode.F011_BAND]


def test_a_fill_recovered_later_is_not_held_against_the_quote_of_now():
    assert codes(life(), fill(0, last_px=Decimal(9)), quoted=BAND, now=NOW + timedelta(minutes=1)) == []


def test_an_outright_future_is_told_without_its_effect():
    legs = (Leg(symbol="/ESH26", action=Action.SELL_TO_CLOSE),)
    close = order(legs=legs, intent=Intent.CLOSE, account_domain="a", net_price=Decimal(6000))
    sold = fill(0, symbol="/ESH26", action=Action.SELL_TO_OPEN, last_px=Decimal(6000))
    assert [each.code for each in check(OrderLife(order=close), told(sold), {}, NOW, LIMITS)] == []
    bought = sold.model_copy(update={"action": Action.BUY_TO_OPEN})
    found = {each.code for each in check(OrderLife(order=close), told(bought), {}, NOW, LIMITS)}
    assert FillCode.F002_ACTION in found


def test_filled_is_complete_only_when_every_leg_is_in():
    first = report(life(), told(ALL[0], status=Status.FILLED))[0]
    assert first.status is Status.FILLED
    assert missing(first) == dict.fromkeys(CONDOR_SYMBOLS[1:], 2)
    assert incomplete(first) is not None
    whole = report(first, told(*ALL, status=Status.FILLED))[0]
    assert (missing(whole), incomplete(whole)) == ({}, None)


def test_a_combo_that_was_never_sent_itself_lacks_nothing():
    assert incomplete(life(status=Status.FILLED).model_copy(update={"attempts": ()})) is None


def test_an_order_that_still_works_is_not_called_incomplete():
    assert incomplete(life(ALL[0], status=Status.PARTIALLY_FILLED)) is None


def test_the_net_price_is_the_average_of_the_completed_combos():
    better = (fill(1, 1, exec_id="x1", last_px=Decimal("2.20")), fill(1, 1, exec_id="x2"))
    assert net_price(life(ALL[0], *better, *ALL[2:])) == Decimal("2.00")
    assert net_price(life(*ALL[:3])) is None


def test_a_fault_says_its_numbers_in_one_line():
    (fault,) = check(life(), told(fill(0, 3)), {}, NOW, LIMITS)
    assert fault.text == f"F003 quantity: {CONDOR_SYMBOLS[0]} 3 contracts filled (limit 2)"
