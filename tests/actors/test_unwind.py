"""Legs out of ratio: no leg stays naked, and nothing is sent that a close might not be."""

from decimal import Decimal

import numpy as np
import pytest

from actors.domain.orders.attempt import Accepted, InDoubt, Rejected
from actors.domain.orders.event import CancelAsked, OrderPlaced
from actors.domain.orders.order import Action, Intent
from actors.domain.orders.report import Status
from actors.messages import CancelOrder, IssuePermit, SendOrder
from tests.builders import CONDOR_SYMBOLS, open_signal, permit, quotes
from tests.rig import Rig, fills_of, report

ORDER = "condor-20260105-1"
LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = CONDOR_SYMBOLS


def half_filled(*legs: int, status: Status = Status.CANCELED, **desk: float) -> Rig:
    """An opening of which only some legs filled, and then ended."""
    rig = Rig(**desk).ready()
    rig.ask(open_signal(1))
    rig.outcome(f"{ORDER}-r1")
    fills = fills_of(rig.book.orders[ORDER].order)
    rig.push(report("primary-1", status, *(fills[place] for place in legs), attempt=f"{ORDER}-r1"))
    rig.read(positions=rig.book.positions["primary-account"])
    rig.told(SendOrder)
    return rig


def without_bid(rig: Rig, symbol: str) -> None:
    frame = quotes(rig.clock.ns, at=rig.clock.now)
    frame.bid[rig.executor._desk.quotes.row_of[symbol]] = np.nan
    rig.stream.arrivals.append(frame)
    rig.executor.turn(0)


def test_a_naked_short_is_paged_at_once_given_a_deadline_and_then_bought_back():
    rig = half_filled(1)
    rig.after(0.1)
    assert len(rig.alerts("A040")) == 1
    rig.after(9)
    assert rig.told(SendOrder) == []
    rig.after(1)
    ((peer, sent),) = rig.told(SendOrder)
    (leg,) = sent.order.legs
    assert (peer, leg.symbol, leg.action, sent.order.order_qty) == (
        "connection-primary",
        SHORT_PUT,
        Action.BUY_TO_CLOSE,
        1,
    )
    assert (sent.order.intent, sent.order.structure_id) == (Intent.CLOSE, ORDER)


def test_the_order_that_unwinds_says_which_checks_it_passed():
    rig = half_filled(1)
    rig.after(11)
    rig.after(11)
    placed = [event for event in rig.events(OrderPlaced) if event.signal is None]
    assert placed[0].checks
    assert all(check.passed for check in placed[0].checks)


def test_an_imbalance_that_still_works_is_left_to_its_order_while_the_deadline_runs():
    rig = half_filled(1, status=Status.PARTIALLY_FILLED)
    rig.after(0.1)
    rig.after(9)
    assert (rig.told(SendOrder), rig.told(CancelOrder), rig.alerts("A040")) == ([], [], [])


def test_an_opening_that_keeps_a_leg_naked_past_the_deadline_is_cancelled_and_its_short_bought_back():
    rig = half_filled(1, status=Status.PARTIALLY_FILLED)
    for _ in range(5):
        rig.after(10)
    assert [asked.cl_ord_id for asked in rig.events(CancelAsked)] == [ORDER]
    assert rig.told(CancelOrder)
    assert rig.told(SendOrder) == [], "nothing is sent beside an order that may still fill"
    rig.push(report("primary-1", Status.CANCELED, attempt=f"{ORDER}-r1"))
    for _ in range(2):
        rig.after(11)
    ((_, sent),) = rig.told(SendOrder)
    assert [(leg.symbol, leg.action) for leg in sent.order.legs] == [(SHORT_PUT, Action.BUY_TO_CLOSE)]


def test_an_opening_that_fills_longs_first_is_left_to_work():
    rig = half_filled(0, 3, status=Status.PARTIALLY_FILLED)
    for _ in range(5):
        rig.after(10)
    assert rig.events(CancelAsked) == []


def test_longs_beyond_whole_combos_need_no_unwinding():
    rig = half_filled(0, 3)
    for _ in range(5):
        rig.after(10)
    assert (rig.told(SendOrder), rig.alerts("A040")) == ([], [])


def test_the_longs_are_sold_with_the_shorts_where_somebody_bids():
    rig = half_filled(0, 1)
    rig.after(1)
    rig.after(10)
    ((_, sent),) = rig.told(SendOrder)
    assert {leg.symbol for leg in sent.order.legs} == {LONG_PUT, SHORT_PUT}


def test_a_long_nobody_bids_for_is_left_and_does_not_keep_the_short_from_closing():
    rig = half_filled(0, 1)
    rig.after(1)
    without_bid(rig, LONG_PUT)
    rig.clock.advance(10)
    without_bid(rig, LONG_PUT)
    ((_, sent),) = rig.told(SendOrder)
    assert [leg.symbol for leg in sent.order.legs] == [SHORT_PUT]


def test_what_is_unwound_is_never_more_than_the_account_holds():
    """Somebody bought the short back by hand: a close of it would open a long."""
    rig = half_filled(1)
    by_hand = fills_of(rig.book.orders[ORDER].order)[1].model_copy(
        update={"exec_id": "hand", "action": Action.BUY_TO_CLOSE}
    )
    rig.push(report("theirs-7", Status.FILLED, by_hand))
    for _ in range(3):
        rig.after(11)
    assert rig.told(SendOrder) == []


@pytest.mark.parametrize("hindrance", ["not reconciled", "market closed", "no quote", "cannot write"])
def test_what_keeps_it_from_being_unwound_is_paged_and_places_nothing(hindrance):
    rig = half_filled(1)
    if hindrance == "not reconciled":
        rig.start()
        rig.connect()
    elif hindrance == "market closed":
        rig.clock.advance(7 * 3600)
    elif hindrance == "no quote":
        rig.executor._desk.quotes = None
    else:
        rig.connect(writes=False)
    before = len(rig.events(OrderPlaced))
    for _ in range(250):
        rig.clock.advance(0.1)
        rig.executor.turn(0)
    assert len(rig.events(OrderPlaced)) == before
    assert 2 <= len(rig.alerts("A040")) <= 4


def test_an_unwinding_in_doubt_is_neither_resent_nor_followed_by_another():
    rig = half_filled(1)
    rig.after(1)
    rig.after(10)
    ((_, sent),) = rig.told(SendOrder)
    rig.outcome(sent.attempt_id, InDoubt(cause="timeout"))
    for _ in range(10):
        rig.after(10)
    assert rig.told(SendOrder) == []


def test_an_unwinding_that_the_market_left_is_cancelled_and_followed_by_another():
    rig = half_filled(1)
    rig.after(1)
    rig.after(10)
    ((_, sent),) = rig.told(SendOrder)
    rig.outcome(sent.attempt_id, Accepted(broker_order_id="primary-2"))
    rig.after(1)
    rig.after(10)
    assert [event.cl_ord_id for event in rig.events(CancelAsked)] == [sent.order.cl_ord_id]
    rig.after(1.1)
    assert {cancel.broker_order_id for _, cancel in rig.told(CancelOrder)} == {"primary-2"}
    rig.push(report("primary-2", Status.CANCELED, attempt=sent.attempt_id))
    rig.after(1)
    rig.after(10)
    ((_, again),) = rig.told(SendOrder)
    assert again.order.cl_ord_id != sent.order.cl_ord_id


def test_an_unwinding_that_is_refused_waits_a_deadline_before_the_next():
    rig = half_filled(1)
    rig.after(1)
    rig.after(10)
    ((_, sent),) = rig.told(SendOrder)
    rig.outcome(sent.attempt_id, Rejected(code="422", text="no"))
    rig.after(0.1)
    rig.after(5)
    assert rig.told(SendOrder) == []
    rig.after(5)
    assert len(rig.told(SendOrder)) == 1


def test_an_unwinding_goes_on_after_a_restart_under_a_name_of_its_own():
    rig = half_filled(1)
    rig.after(1)
    rig.after(10)
    ((_, sent),) = rig.told(SendOrder)
    rig.outcome(sent.attempt_id, Rejected(code="422", text="no"))
    held = dict(rig.book.positions["primary-account"])
    rig.start()
    for route in ("primary", "backup"):
        rig.connect(route)
    rig.read("backup")
    rig.read(positions=held)
    rig.after(1)
    rig.after(10)
    ((_, again),) = rig.told(SendOrder)
    assert (sent.order.cl_ord_id, again.order.cl_ord_id) == (f"{ORDER}-unwind-1", f"{ORDER}-unwind-2")


def test_whole_combos_are_kept_and_only_the_excess_is_closed():
    rig = Rig().ready()
    rig.hear("risk", IssuePermit(permit=permit(sequence=9, structure_loss_max=Decimal(10**6))))
    rig.ask(open_signal(1, order_qty=3))
    rig.outcome(f"{ORDER}-r1")
    order = rig.book.orders[ORDER].order
    short = fills_of(order, 1, tag="s")[2]
    rig.push(report("primary-1", Status.CANCELED, *fills_of(order, 2), short, attempt=f"{ORDER}-r1"))
    rig.told(SendOrder)
    rig.after(1)
    rig.after(10)
    ((_, sent),) = rig.told(SendOrder)
    assert [(leg.symbol, leg.ratio * sent.order.order_qty) for leg in sent.order.legs] == [(SHORT_CALL, 1)]
    rig.outcome(sent.attempt_id, Accepted(broker_order_id="primary-2"))
    rig.push(report("primary-2", Status.FILLED, *fills_of(sent.order, tag="u"), attempt=sent.attempt_id))
    assert (rig.book.structures[ORDER].quantity, dict(rig.book.structures[ORDER].naked)) == (2, {})
