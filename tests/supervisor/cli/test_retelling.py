"""Events and scorecards in a trader's words."""

from decimal import Decimal
from typing import get_args

import pytest

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, InDoubt
from actors.domain.orders.breaker_event import BreakerReset, ResetBy
from actors.domain.orders.event import Event
from actors.domain.orders.order import Action, Intent, Leg, Order, OrderType
from actors.domain.orders.report import CashEvent, Status
from actors.domain.orders.route_event import OrderQueued, OrderRevised, RouteFailedBack, RouteFailedOver, RouteTurned
from actors.domain.performance.scorecard import Scorecard, Takeover
from supervisor.cli.retelling import retell, table
from tests.actors.test_breaker_desk import trip
from tests.builders import open_signal
from tests.fakes import START
from tests.rig import Rig, report


def order(*symbols: str, price: str | None = "1.90") -> happened.OrderPlaced:
    placed = Order(
        cl_ord_id="o-1",
        signal_id="o-1",
        strategy="condor",
        structure_id="o-1",
        intent=Intent.OPEN,
        underlying="SPX",
        legs=tuple(Leg(symbol=symbol, action=Action.SELL_TO_OPEN) for symbol in symbols),
        order_qty=2,
        order_type=OrderType.LIMIT if price else OrderType.MARKET,
        net_price=price,
        created_at=START,
        expires_at=START,
    )
    return happened.OrderPlaced(signal=None, order=placed, checks=(), at=START)


@pytest.mark.parametrize(
    ("symbol", "told"),
    [
        ("SPXW  260105C06050000", "-1 260105C06050000"),
        ("GOOGL 260105C00200000", "-1 260105C00200000"),
        ("./ESH20 200320C03200000", "-1 200320C03200000"),
        ("GOOG", "-1 GOOG"),
    ],
)
def test_an_order_shows_its_legs_by_what_tells_them_apart(symbol, told):
    assert retell(order(symbol)) == f"10:00:00  OPEN      o-1: 2 x {told} at +1.90"


def test_an_order_without_a_price_is_told_too():
    assert retell(order("GOOG", price=None)).endswith("at the market")


def test_a_refusal_says_what_failed():
    rig = Rig()
    rig.ask(open_signal(1))
    (refused,) = rig.events(happened.SignalRefused)
    line = retell(refused)
    assert line.startswith("10:00:00  REFUSED   condor-20260105-1: R010 not every account is reconciled")


def test_a_doubt_is_told_and_a_plain_yes_is_not():
    doubt = happened.AttemptEnded(attempt_id="o-1-r1", outcome=InDoubt(cause="timeout"), at=START)
    assert retell(doubt) == "10:00:00  IN_DOUBT  o-1-r1: timeout"
    assert retell(doubt.model_copy(update={"outcome": Accepted(broker_order_id="1")})) is None


def test_a_route_that_cannot_send_says_why():
    turned = RouteTurned(route="primary", writes=False, incarnation=1, reason="refused", at=START)
    assert retell(turned).endswith("primary cannot send: refused")
    assert retell(turned.model_copy(update={"writes": True})).endswith("primary can send")


def test_a_failover_its_failback_a_close_that_waits_and_its_late_send_are_told():
    over = RouteFailedOver(route="primary", to="backup", cl_ord_id="o-1", reason="refused", at=START)
    back = RouteFailedBack(route="primary", text="healthy for 60 s", at=START)
    waits = OrderQueued(cl_ord_id="o-2", text="cannot send", at=START)
    late = OrderRevised(cl_ord_id="o-2", order=order("GOOG").order, text="12 s after", at=START)
    assert [retell(event) for event in (over, back, waits, late)] == [
        "10:00:00  FAILOVER  openings go to backup, not to primary: refused",
        "10:00:00  FAILBACK  primary takes openings again: healthy for 60 s",
        "10:00:00  WAITS     o-2 for its account: cannot send",
        "10:00:00  LATE      o-2: 12 s after",
    ]


def test_only_the_end_of_an_order_is_told():
    told = {status: happened.ReportTaken(cl_ord_id="o-1", report=report("b", status), at=START) for status in Status}
    assert {status for status, event in told.items() if retell(event)} == {
        Status.FILLED,
        Status.CANCELED,
        Status.REJECTED,
        Status.EXPIRED,
    }


def test_a_settlement_is_told_and_a_fee_is_not():
    cash = CashEvent(
        event_id="1",
        account_domain="a",
        type=CashEvent.Type.SETTLEMENT,
        symbol="SPXW  210104C03700000",
        quantity=1,
        amount=Decimal("-65.00"),
        at=START,
    )
    assert retell(happened.CashBooked(event=cash, at=START)).endswith("+1 SPXW  210104C03700000 for -65.00")
    fee = cash.model_copy(update={"type": CashEvent.Type.FEE})
    assert retell(happened.CashBooked(event=fee, at=START)) is None


def test_a_trip_is_told_with_its_numbers_and_a_reset_with_who_and_why():
    told = retell(trip())
    assert "TRIPPED   account.primary-account.loss_day.reduce: " in told
    assert "5,000.00, limit 5,000.00" in told
    reset = BreakerReset(name=trip().name, how=ResetBy.PERSON, by="anna", reason="looked at it", at=START)
    assert retell(reset).endswith("RESET     account.primary-account.loss_day.reduce by anna: looked at it")


def test_every_event_of_a_day_is_a_line_or_nothing():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    events = rig.events(get_args(Event)[0])
    lines = [line for event in events if (line := retell(event))]
    assert len(lines) > 4
    assert all("\n" not in line for line in lines)


CLEAN = Scorecard(
    signals_refused=1,
    orders=2,
    orders_sent=2,
    lost=(),
    doubled=(),
    naked=(),
    in_doubt=(),
    fills=8,
    takeovers=(Takeover(child="executor", reason="killed", running_ms=1234.5),),
    failovers_ms=(56.7,),
    structures_open=0,
    pnl_by_strategy={"condor": Decimal("10.5"), "strangle": Decimal(-4)},
    pnl_by_domain={},
    fees=Decimal("3.25"),
    cash_gap={"a": Decimal(0)},
)


def test_a_clean_scorecard_says_so_with_its_figures():
    text = table(CLEAN)
    for part in ("CLEAN", "2 of 2 placed", "executor 1,234 ms", "57 ms", "+6.50", "3.25 in fees", "a +0.00"):
        assert part in text
    assert "NOT CLEAN" not in text


@pytest.mark.parametrize("fault", ["lost", "doubled", "naked", "in_doubt"])
def test_a_fault_is_counted_and_named(fault):
    text = table(CLEAN.model_copy(update={fault: ("o-7",)}))
    assert "NOT CLEAN" in text
    assert "1: o-7" in text
