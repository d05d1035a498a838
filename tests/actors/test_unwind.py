"""Legs out of ratio: no leg stays naked, and nothing is sent that a close might not be."""

from decimal import Decimal

import numpy as np
import pytest

from actors.desk import Step
from actors.domain.orders.attempt import Accepted, InDoubt, NotSent, Rejected
from actors.domain.orders.event import CancelAsked, OrderPlaced
from actors.domain.orders.finding import CoverHeldBack, HoldingsNetted, LegCovered, LegUncovered
from actors.domain.orders.order import Action, Intent
from actors.domain.orders.report import Status
from actors.domain.orders.route_event import OrderQueued
from actors.messages import CancelOrder, IssuePermit, SendOrder
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal, permit, quotes
from tests.cost_builders import cut, terms
from tests.fakes import MemoryCheckpoints
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


def test_a_naked_short_is_paged_after_the_grace_and_bought_back_where_completing_would_cost_too_much():
    rig = half_filled(1)
    rig.after(0.1)
    rig.after(0.8)
    assert (rig.alerts("A040"), rig.told(SendOrder)) == ([], []), "legs of a combo are told one after the other"
    rig.after(0.2)
    rig.after(0.1)
    assert len(rig.alerts("A040")) == 1
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


def test_an_opening_that_keeps_a_leg_naked_is_left_to_work_for_its_patience_and_no_longer():
    rig = half_filled(1, status=Status.PARTIALLY_FILLED)
    rig.after(0.1)
    rig.after(2.9)
    assert (rig.told(SendOrder), rig.events(CancelAsked)) == ([], [])
    rig.after(0.2)
    assert [asked.cl_ord_id for asked in rig.events(CancelAsked)] == [ORDER]
    rig.after(1.1)
    assert rig.told(CancelOrder)
    for _ in range(5):
        rig.after(10)
    assert rig.told(SendOrder) == [], "nothing is sent beside an order that may still fill"
    rig.push(report("primary-1", Status.CANCELED, attempt=f"{ORDER}-r1"))
    rig.after(0.1)
    ((_, sent),) = rig.told(SendOrder)
    assert [(leg.symbol, leg.action) for leg in sent.order.legs] == [(SHORT_PUT, Action.BUY_TO_CLOSE)]


def test_a_close_that_keeps_a_leg_naked_past_the_deadline_is_cancelled_and_its_short_bought_back():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    closing = rig.ask(close_signal(2, ORDER)).cl_ord_id
    rig.outcome(f"{closing}-r1", Accepted(broker_order_id="primary-2"))
    order = rig.book.orders[closing].order
    (bought,) = (fill for fill in fills_of(order) if fill.symbol == SHORT_PUT)
    rig.push(report("primary-2", Status.PARTIALLY_FILLED, bought, attempt=f"{closing}-r1"))
    rig.read(positions=rig.book.positions["primary-account"])
    rig.told(CancelOrder)
    rig.after(0.1)
    rig.after(10)
    assert [event.cl_ord_id for event in rig.events(CancelAsked)] == [closing]
    rig.push(report("primary-2", Status.CANCELED, bought, attempt=f"{closing}-r1"))
    rig.told(SendOrder)
    rig.after(0.1)
    rig.after(10)
    ((_, sent),) = rig.told(SendOrder)
    assert SHORT_CALL in [leg.symbol for leg in sent.order.legs]


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


def refuse(rig: Rig, *, retryable: bool = False) -> SendOrder:
    """Let the pace pass, and refuse the unwinding that follows."""
    rig.after(0.1)
    rig.after(2.1)
    rig.after(0.1)
    ((_, sent),) = rig.told(SendOrder)
    rig.outcome(sent.attempt_id, Rejected(code="422", text="no", retryable=retryable))
    return sent


def test_an_unwinding_that_is_refused_waits_before_the_next():
    rig = half_filled(1)
    refuse(rig)
    rig.after(0.1)
    rig.after(1.7)
    assert rig.told(SendOrder) == []
    rig.after(0.2)
    assert len(rig.told(SendOrder)) == 1


def test_after_a_refusal_for_good_the_shorts_alone_are_bought_back():
    rig = half_filled(0, 1)
    assert {leg.symbol for leg in refuse(rig).order.legs} == {LONG_PUT, SHORT_PUT}
    assert {leg.symbol for leg in refuse(rig).order.legs} == {SHORT_PUT}


def test_a_refusal_that_is_no_verdict_on_the_order_is_tried_again_as_it_was_within_the_attempts():
    rig = half_filled(0, 1, attempts_max=1)
    first = refuse(rig, retryable=True)
    assert refuse(rig, retryable=True).order.legs == first.order.legs


@pytest.mark.parametrize(
    ("outcome", "pace_s"),
    [(NotSent(cause="refused"), 0.5), (Rejected(code="429", text="later", retryable=True), 2.0)],
    ids=["nothing left: no broker said anything", "its broker said: later"],
)
def test_an_unwinding_that_was_not_taken_ends_at_once_and_the_next_follows_at_its_pace(outcome, pace_s):
    rig = half_filled(1)
    rig.after(0.1)
    rig.after(1.1)
    rig.after(0.1)
    ((_, sent),) = rig.told(SendOrder)
    rig.outcome(sent.attempt_id, outcome)
    assert not rig.book.orders[sent.order.cl_ord_id].is_live
    assert (rig.events(OrderQueued), rig.alerts("A013")) == ([], []), "it waits for no route"
    rig.after(pace_s - 0.2)  # it was placed a tenth of a second ago
    assert rig.told(SendOrder) == []
    rig.after(0.1)
    assert [again.order.cl_ord_id for _, again in rig.told(SendOrder)] == [f"{ORDER}-unwind-2"]


def test_refusals_in_a_row_are_limited_and_then_only_paged():
    rig = half_filled(1, unwind_rejections_max=3)
    for _ in range(3):
        refuse(rig)
    before = len(rig.alerts("A040"))
    for _ in range(4):
        rig.after(11)
    assert rig.told(SendOrder) == []
    assert len(rig.alerts("A040")) - before == 4
    assert "refused 3 times in a row" in rig.alerts("A040")[-1]


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


# Completing: the other way to balance.


def cheap(*legs: int, net_price: str = "1.90", prices: tuple[str, ...] = ("1.00", "2.00", "2.00", "1.00"), **desk):
    """An opening of which some legs filled near the market, so that the rest is within the slippage."""
    rig = Rig(**desk).ready()
    rig.ask(open_signal(1, net_price=Decimal(net_price)))
    rig.outcome(f"{ORDER}-r1")
    fills = [
        fill.model_copy(update={"last_px": Decimal(prices[place])})
        for place, fill in enumerate(fills_of(rig.book.orders[ORDER].order))
    ]
    rig.push(report("primary-1", Status.CANCELED, *(fills[place] for place in legs), attempt=f"{ORDER}-r1"))
    rig.read(positions=rig.book.positions["primary-account"])
    rig.told(SendOrder)
    return rig


def completing(rig: Rig) -> SendOrder:
    rig.after(0.1)
    rig.after(1)
    ((peer, sent),) = rig.told(SendOrder)
    assert peer == "connection-primary"
    return sent


def test_a_missing_long_is_bought_within_the_slippage_cap_and_the_structure_is_whole():
    rig = cheap(0, 1, 2)
    sent = completing(rig)
    (leg,) = sent.order.legs
    assert (sent.order.cl_ord_id, leg.symbol, leg.action) == (f"{ORDER}-complete-1", LONG_CALL, Action.BUY_TO_OPEN)
    assert sent.order.net_price == Decimal("-1.15"), "the natural price and its slack, within 3.00 less 1.70"
    assert sent.order.account_domain == "primary-account"
    rig.outcome(sent.attempt_id, Accepted(broker_order_id="primary-2"))
    bought = fills_of(sent.order, px="1.05", tag="c")
    rig.push(report("primary-2", Status.FILLED, *bought, attempt=sent.attempt_id))
    held = rig.book.structures[ORDER]
    assert (held.quantity, dict(held.naked), held.combos_entered) == (1, {}, 1)
    view = rig.executor._picture().book.structures[0]
    assert view.entry_price == Decimal("1.95")


def test_what_completes_a_structure_need_leave_no_edge_and_no_size():
    rig = cheap(0, 1, 2, costs=terms())
    rig.executor._desk.costs.terms = terms("0.99")
    rig.executor._commit(Step(events=[cut(0)]))
    assert completing(rig).order.cl_ord_id == f"{ORDER}-complete-1"


def test_several_missing_legs_are_completed_as_one_order():
    sent = completing(cheap(1, 2))
    assert [(leg.symbol, leg.ratio) for leg in sent.order.legs] == [(LONG_PUT, 1), (LONG_CALL, 1)]
    assert sent.order.net_price == Decimal("-2.25")


def test_what_would_cost_more_than_the_cap_is_unwound_at_once():
    rig = cheap(0, 1, 2, completion_slippage=Decimal("0.01"), prices=("1.00", "1.90", "2.00", "1.00"))
    sent = completing(rig)
    assert sent.order.intent is Intent.CLOSE


def test_the_cap_bounds_the_price_and_not_only_the_decision():
    rig = cheap(0, 1, 2, completion_slippage=Decimal("0.05"))
    assert completing(rig).order.net_price == Decimal("-1.15")
    rig = cheap(0, 1, 2, prices=("1.10", "1.90", "2.00", "1.00"))
    assert completing(rig).order.net_price == Decimal("-1.10"), "2.80 received less 1.70 wanted"


def test_a_stop_that_is_latched_opens_nothing_not_even_to_complete():
    rig = cheap(0, 1, 2)
    rig.stop = "reduce by hand"
    assert completing(rig).order.intent is Intent.CLOSE


def test_a_completion_never_leaves_the_account_that_holds_the_rest():
    rig = cheap(0, 1, 2)
    sent = completing(rig)
    rig.outcome(sent.attempt_id, Rejected(code="503", text="later", retryable=True))
    assert {peer for peer, _ in rig.told(SendOrder)} == {"connection-primary"}


def test_a_completion_that_works_on_is_cancelled_in_time_for_the_unwinding():
    rig = cheap(0, 1, 2)
    sent = completing(rig)
    rig.outcome(sent.attempt_id, Accepted(broker_order_id="primary-2"))
    rig.after(4.7)
    assert rig.events(CancelAsked) == []
    rig.after(0.3)
    assert [asked.cl_ord_id for asked in rig.events(CancelAsked)] == [f"{ORDER}-complete-1"]
    rig.push(report("primary-2", Status.CANCELED, attempt=sent.attempt_id))
    rig.after(0.1)
    ((_, unwinding),) = rig.told(SendOrder)
    assert (unwinding.order.cl_ord_id, unwinding.order.intent) == (f"{ORDER}-unwind-1", Intent.CLOSE)
    assert {leg.symbol for leg in unwinding.order.legs} == {LONG_PUT, SHORT_PUT, SHORT_CALL}


def test_completing_is_tried_once():
    rig = cheap(0, 1, 2)
    rig.outcome(completing(rig).attempt_id, Rejected(code="422", text="no"))
    rig.after(0.1)
    rig.after(2)
    ((_, sent),) = rig.told(SendOrder)
    assert sent.order.intent is Intent.CLOSE


# The seconds of a short that nothing covers.


def test_naked_seconds_are_measured_from_first_seen_to_covered_and_journaled():
    rig = half_filled(1)
    rig.after(0.1)
    rig.after(1)
    ((_, sent),) = rig.told(SendOrder)
    (found,) = rig.events(LegUncovered)
    assert (found.structure_id, dict(found.uncovered)) == (ORDER, {SHORT_PUT: -1})
    rig.outcome(sent.attempt_id, Accepted(broker_order_id="primary-2"))
    rig.clock.advance(3)
    rig.push(report("primary-2", Status.FILLED, *fills_of(sent.order, tag="u"), attempt=sent.attempt_id))
    rig.after(0.1)
    assert [(event.structure_id, event.seconds) for event in rig.events(LegCovered)] == [(ORDER, 4.0)]
    view = rig.executor._picture().book
    assert (view.structures[0].uncovered_s, view.uncovered_s_max) == (4.0, 4.0)


def test_legs_told_within_the_grace_are_no_imbalance():
    rig = half_filled(1, status=Status.PARTIALLY_FILLED)
    rig.after(0.5)
    fills = fills_of(rig.book.orders[ORDER].order)
    rig.push(report("primary-1", Status.FILLED, *fills, attempt=f"{ORDER}-r1"))
    rig.after(2)
    assert (rig.events(LegUncovered), rig.alerts("A040")) == ([], [])


def test_a_successor_goes_on_with_the_clock_and_not_with_a_new_deadline():
    rig = half_filled(1, status=Status.PARTIALLY_FILLED)
    rig.after(0.1)
    rig.after(1.5)
    held = dict(rig.book.positions["primary-account"])
    rig.start()
    rig.connect()
    rig.read(positions=held)
    assert rig.events(CancelAsked) == []
    rig.after(1.5)
    assert [asked.cl_ord_id for asked in rig.events(CancelAsked)] == [ORDER]


def test_after_a_reboot_the_deadline_counts_as_over():
    rig = half_filled(1, status=Status.PARTIALLY_FILLED)
    rig.after(0.1)
    rig.after(1.5)
    rig.clock.ns = 10**9
    rig.start()
    rig.after(0.1)
    assert [asked.cl_ord_id for asked in rig.events(CancelAsked)] == [ORDER]
    fills = fills_of(rig.book.orders[ORDER].order)
    rig.push(report("primary-1", Status.FILLED, *fills, attempt=f"{ORDER}-r1"))
    rig.after(300)
    assert [event.seconds for event in rig.events(LegCovered)] == [300.1], (
        "of the market's clock, for want of the other"
    )


def after_both_fills(**desk: float) -> tuple[Rig, str, str]:
    rig = Rig(**desk).ready()
    spread, condor = rig.closed_twice()
    rig.read(positions=rig.book.positions["primary-account"])
    return rig, spread, condor


def test_what_another_structure_covers_is_netted_after_the_grace_and_told_once():
    rig, spread, condor = after_both_fills()
    rig.after(0.1)
    rig.after(0.8)
    assert rig.events(HoldingsNetted) == [], "a report may be under way"
    rig.after(0.2)
    (event,) = rig.events(HoldingsNetted)
    assert (event.structure_id, event.counterpart) == (spread, condor)
    assert rig.told(SendOrder) == []
    for _ in range(5):
        rig.after(1)
    assert len(rig.events(HoldingsNetted)) == len(rig.alerts("A042")) == 1
    assert [covered.structure_id for covered in rig.events(LegCovered)] == [spread]


def test_what_is_left_of_a_structure_that_was_netted_is_unwound_and_never_completed():
    rig, _, condor = after_both_fills(completion_slippage=100)
    for _ in range(4):
        rig.after(1)
    ((_, sent),) = rig.told(SendOrder)
    assert (sent.order.structure_id, sent.order.intent) == (condor, Intent.CLOSE)
    assert {leg.symbol for leg in sent.order.legs} == {LONG_PUT, SHORT_PUT}


def test_nothing_is_netted_on_an_account_that_was_not_read_since_the_start():
    rig, spread, _ = after_both_fills()
    rig.start()
    rig.connect()
    for _ in range(4):
        rig.after(1)
    assert rig.events(HoldingsNetted) == []
    rig.read(positions=rig.book.positions["primary-account"])
    rig.after(1)
    assert rig.book.structures[spread].is_flat


def test_a_successor_knows_what_was_netted_from_the_checkpoint_as_from_the_journal():
    rig, spread, condor = after_both_fills(checkpoint_events=1)
    for _ in range(3):
        rig.after(1)
    known = {name: rig.book.structures[name] for name in (spread, condor)}
    assert known[spread].is_flat
    rig.start()
    assert {name: rig.book.structures[name] for name in known} == known
    rig.checkpoints = MemoryCheckpoints()
    rig.start()
    assert {name: rig.book.structures[name] for name in known} == known


def without_ask(rig: Rig, symbol: str) -> None:
    frame = quotes(rig.clock.ns, at=rig.clock.now)
    frame.ask[rig.executor._desk.quotes.row_of[symbol]] = np.nan
    rig.stream.arrivals.append(frame)
    rig.executor.turn(0)


def test_what_holds_a_cover_back_is_journaled_once_and_whether_it_is_the_markets_doing():
    rig = half_filled(1)
    for _ in range(6):
        rig.clock.advance(1)
        without_ask(rig, SHORT_PUT)
    (held_back,) = rig.events(CoverHeldBack)
    assert held_back.by_market
    assert f"nobody offers {SHORT_PUT}" in held_back.text
    rig.clock.advance(10)
    rig.executor.turn(0)
    assert [event.by_market for event in rig.events(CoverHeldBack)] == [True, False], "the feed is silent"
    rig.after(2)
    assert len(rig.told(SendOrder)) == 1, "it is offered again"
    assert len(rig.events(CoverHeldBack)) == 2


def test_an_unwinding_is_known_by_its_price_from_one_in_doubt_that_is_the_same_in_all_else():
    rig = Rig().ready()
    prices = {}
    for number in (1, 2):
        name = rig.ask(open_signal(number)).cl_ord_id
        theirs = f"primary-{number}"
        rig.outcome(f"{name}-r1", Accepted(broker_order_id=theirs))
        short = fills_of(rig.book.orders[name].order)[1]
        rig.push(report(theirs, Status.CANCELED, short, attempt=f"{name}-r1"))
    rig.told(SendOrder)
    for _ in range(4):
        rig.after(1)
        for _, sent in rig.told(SendOrder):
            prices[sent.order.cl_ord_id] = sent.order.net_price
            rig.outcome(sent.attempt_id, InDoubt(cause="timeout"))
    assert len(prices) == 2
    first, second = prices.values()
    assert Decimal(0) < first - second <= Decimal("0.10"), "a tick worse, and no more"
