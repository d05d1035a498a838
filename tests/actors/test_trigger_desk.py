"""Orders that Holdfast holds: fired once and by more than one print, never both sides, never lost over a restart."""

from decimal import Decimal

import numpy as np
import pytest

from actors.domain.orders.attempt import Accepted, AttemptState, InDoubt, NotSent, Rejected
from actors.domain.orders.event import CancelAsked, OrderPlaced
from actors.domain.orders.order import Action, Contingency, Fill, Leg, Order, OrderType, Stop
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Close, Open
from actors.domain.orders.trigger import TriggerState
from actors.domain.orders.trigger_event import TriggerMoved, TriggerTrailed
from actors.domain.orders.watch_settings import WatchSettings
from actors.domain.portfolio.view import Holder
from actors.messages import AskBook, BookChanged, CancelOrder, IssuePermit, SendComplex, SendOrder
from tests.builders import (
    CONDOR_SYMBOLS,
    cancel_signal,
    close_signal,
    complex_signal,
    condor_legs,
    open_signal,
    permit,
    quotes,
    stop_signal,
)
from tests.rig import ROUTES, Rig, fills_of, report

ENTRY, EXIT = "condor-20260105-1", "condor-20260105-2"
STOP = Stop(stop_px=Decimal("-3.00"))
"""The condor closes for 2.00 at the middle: its shorts must get dearer by 1.00."""


def roomy() -> Rig:
    """A world where three condors may be held."""
    rig = Rig().ready()
    rig.hear("risk", IssuePermit(permit=permit(sequence=9, structure_loss_max=Decimal(10**6))))
    return rig


def holding(**watch: object) -> Rig:
    """One condor, open."""
    rig = Rig(watch=WatchSettings(**watch)).ready()
    rig.opened(open_signal(1))
    return rig


def stopped(net_price: str | None = None, stop: Stop = STOP, **watch: object) -> Rig:
    """One condor, open, with a stop that rests."""
    rig = holding(**watch)
    assert rig.ask(stop_signal(2, ENTRY, stop, Decimal(net_price) if net_price else None)).admitted
    return rig


def bracket(target: str = "-1.00", stop: Stop = STOP) -> tuple[Close, Close]:
    return Close(structure_id=ENTRY, net_price=Decimal(target)), Close(structure_id=ENTRY, stop=stop)


def bracketed(**watch: object) -> Rig:
    """One condor, open, between a limit that works at the broker and a stop that rests."""
    rig = holding(**watch)
    assert rig.ask(complex_signal(2, *bracket())).admitted
    rig.after(0.1)
    accept(rig, f"{EXIT}.1", "limit")
    return rig


def accept(rig: Rig, order_id: str, theirs: str) -> Order:
    rig.outcome(f"{order_id}-r1", Accepted(broker_order_id=theirs))
    return rig.book.orders[order_id].order


def end(rig: Rig, order_id: str, theirs: str, status: Status, *fills: Fill) -> None:
    rig.push(report(theirs, status, *fills, attempt=f"{order_id}-r1"))
    rig.after(0.1)


def restart(rig: Rig) -> None:
    held = {route: dict(rig.book.positions.get(f"{route}-account", {})) for route in ROUTES}
    rig.start()
    for route in ROUTES:
        rig.connect(route)
        rig.read(route, positions=held[route])


def state(rig: Rig, name: str = EXIT) -> TriggerState:
    return rig.book.triggers.known[name].state


def sent(rig: Rig) -> list[str]:
    return [message.order.cl_ord_id for _, message in rig.told(SendOrder)]


# -- one stop ---------------------------------------------------------------------------------------------------------


def test_a_stop_rests_until_its_price_and_then_closes_the_structure_at_the_market():
    rig = stopped()
    rig.market(0.9)
    assert (sent(rig), state(rig)) == ([], TriggerState.ARMED)
    rig.market(1.1)
    assert state(rig) is TriggerState.PLACED
    ((peer, message),) = rig.told(SendOrder)
    order = message.order
    assert (peer, order.cl_ord_id, order.structure_id) == ("connection-primary", EXIT, ENTRY)
    assert order.net_price < Decimal("-3.10"), "it trades at once, and is bounded"
    assert {leg.symbol for leg in order.legs} == set(CONDOR_SYMBOLS)
    assert len(rig.alerts("A060")) == 1


def test_what_was_seen_when_it_fired_is_in_the_journal_before_anything_is_sent():
    rig = stopped()
    rig.market(1.1)
    fired = next(event for event in rig.events(TriggerMoved) if event.state is TriggerState.TRIGGERED)
    assert fired.text == "reached: MID -3.1000, stop -3.00"
    kinds = [kind for kind, name in rig.journal.kinds if name == EXIT]
    assert kinds == ["triggers_placed", "trigger_moved", "order_placed", "trigger_moved", "attempt_started"]


def test_a_stop_limit_closes_at_its_limit():
    rig = stopped("-3.20")
    rig.market(1.1)
    ((_, message),) = rig.told(SendOrder)
    assert message.order.net_price == Decimal("-3.20")


def test_one_bad_print_fires_nothing():
    rig = stopped()
    for _ in range(20):
        rig.dearer = 5.0
        rig.after(2)
        rig.dearer = 0.0
        rig.after(2)
    assert (sent(rig), state(rig)) == ([], TriggerState.ARMED)


def test_the_same_quote_looked_at_again_and_again_fires_nothing():
    rig = stopped()
    rig.dearer = 5.0
    rig.quote()
    for _ in range(50):
        rig.clock.advance(0.09)
        rig.executor.turn(0)
    assert state(rig) is TriggerState.ARMED


@pytest.mark.parametrize("fault", ["stale", "unsound", "one-sided", "wide"])
def test_quotes_that_are_not_sound_fire_nothing_and_somebody_is_told(fault):
    rig = stopped()
    for _ in range(40):
        rig.clock.advance(1)
        frame = quotes(rig.clock.ns, at=rig.clock.now, dearer=5)
        if fault == "stale":
            frame.exchange_ns[:] -= int(60e9)
        elif fault == "unsound":
            frame.codes[2] = 0x100
        elif fault == "one-sided":
            frame.ask[2] = np.nan
        else:
            frame.ask[2] += 9
        rig.stream.arrivals.append(frame)
        rig.executor.turn(0)
    assert (sent(rig), state(rig)) == ([], TriggerState.ARMED)
    assert len(rig.alerts("A065")) == 1


def test_a_wing_nobody_bids_for_does_not_blind_a_stop():
    rig = stopped()
    for _ in range(5):
        rig.clock.advance(1)
        frame = quotes(rig.clock.ns, at=rig.clock.now, dearer=5)
        frame.bid[1], frame.ask[1] = np.nan, 0.05
        rig.stream.arrivals.append(frame)
        rig.executor.turn(0)
    assert state(rig) is not TriggerState.ARMED


def test_a_stop_fires_while_openings_are_halted():
    rig = stopped()
    rig.stop = "halt: by hand"
    rig.hear("risk", IssuePermit(permit=permit(sequence=9, ttl_s=0.001)))
    rig.market(1.1)
    assert sent(rig) == [EXIT]


def test_a_stop_that_finds_no_route_is_kept_paged_and_sent_when_there_is_one():
    rig = stopped()
    rig.connect(writes=False)
    rig.market(1.1, seconds=20)
    assert (sent(rig), state(rig)) == ([], TriggerState.PLACED)
    assert rig.book.orders[EXIT].waits
    assert rig.alerts("A013")
    rig.connect()
    rig.read(positions=rig.book.positions["primary-account"])
    rig.after(0.1)
    assert sent(rig) == [EXIT]


def test_a_stop_that_the_market_left_follows_it_under_a_name_of_its_own():
    rig = stopped()
    rig.market(1.1)
    accept(rig, EXIT, "primary-2")
    rig.market(2.0, seconds=8)
    assert [event.cl_ord_id for event in rig.events(CancelAsked)] == [EXIT]
    assert sent(rig) == [EXIT], "nothing more is sent before the end of the first is known"
    end(rig, EXIT, "primary-2", Status.CANCELED)
    rig.after(0.1)
    assert sent(rig) == [f"{EXIT}.v2"]
    order = accept(rig, f"{EXIT}.v2", "primary-3")
    end(rig, f"{EXIT}.v2", "primary-3", Status.FILLED, *fills_of(order))
    assert (state(rig), rig.book.structures[ENTRY].is_flat) == (TriggerState.DONE, True)


def test_a_fired_stop_in_doubt_is_not_sent_again():
    rig = stopped()
    rig.market(1.1)
    rig.outcome(f"{EXIT}-r1", InDoubt(cause="timeout"))
    rig.told(SendOrder)
    rig.market(3, seconds=60)
    assert (sent(rig), state(rig)) == ([], TriggerState.PLACED)


def test_a_fired_stop_that_did_not_leave_is_sent_again():
    rig = stopped()
    rig.market(1.1)
    rig.outcome(f"{EXIT}-r1", NotSent(cause="refused"))
    rig.told(SendOrder)
    rig.market(1.1)
    assert sent(rig) == [EXIT]
    assert [attempt.number for attempt in rig.book.orders[EXIT].attempts] == [1, 2]


def test_a_fired_stop_that_is_rejected_again_and_again_is_given_up_and_paged():
    rig = stopped(rejects_max=2)
    rig.market(1.1)
    rig.outcome(f"{EXIT}-r1", Rejected(code="422", text="no"))
    rig.market(1.1)
    rig.outcome(f"{EXIT}.v2-r1", Rejected(code="422", text="no"))
    rig.told(SendOrder)
    rig.market(1.1, seconds=30)
    assert (sent(rig), state(rig)) == ([], TriggerState.REJECTED)
    assert "given up" in rig.alerts("A063")[-1]


def test_a_stop_waits_for_a_close_that_works_and_cancels_it():
    rig = stopped()
    closing = rig.ask(close_signal(3, ENTRY, net_price=Decimal("-0.50"))).cl_ord_id
    accept(rig, closing, "primary-3")
    rig.told(SendOrder)
    rig.market(1.1)
    assert [cancel.broker_order_id for _, cancel in rig.told(CancelOrder)][:1] == ["primary-3"]
    assert sent(rig) == []
    end(rig, closing, "primary-3", Status.CANCELED)
    assert sent(rig) == [EXIT]


def test_a_stop_that_has_nothing_left_to_close_ends():
    rig = stopped()
    closing = rig.ask(close_signal(3, ENTRY)).cl_ord_id
    order = accept(rig, closing, "primary-3")
    end(rig, closing, "primary-3", Status.FILLED, *fills_of(order))
    assert state(rig) is TriggerState.CANCELED
    rig.told(SendOrder)
    rig.market(5)
    assert sent(rig) == []


def test_a_stop_is_cancelled_by_its_name_and_expires_with_a_word():
    rig = stopped()
    assert rig.ask(cancel_signal(3, EXIT)).admitted
    assert state(rig) is TriggerState.CANCELED
    assert rig.ask(cancel_signal(4, EXIT)).checks[-1].code is Code.R055_ORDER_FINISHED
    rig.ask(stop_signal(5, ENTRY, STOP))
    rig.after(3 * 3600 + 1)
    assert state(rig, "condor-20260105-5") is TriggerState.EXPIRED
    assert rig.alerts("A062")


def test_a_cancel_by_somebody_else_is_obeyed_and_told():
    rig = stopped("-3.20")
    rig.market(1.1)
    accept(rig, EXIT, "primary-2")
    end(rig, EXIT, "primary-2", Status.CANCELED)
    assert state(rig) is TriggerState.CANCELED
    assert rig.alerts("A062")


def test_a_stop_on_what_is_not_there_is_refused():
    rig = Rig().ready()
    assert not rig.ask(stop_signal(2, ENTRY, STOP)).admitted


def test_the_same_stop_asked_for_again_rests_once():
    rig = stopped()
    before = len(rig.journal.bodies)
    assert rig.ask(stop_signal(2, ENTRY, STOP)).cl_ord_id == EXIT
    assert len(rig.journal.bodies) == before


# -- trailing ---------------------------------------------------------------------------------------------------------


def test_a_trailing_stop_follows_the_best_price_and_fires_its_distance_below():
    rig = stopped(stop=Stop(trail=Decimal("0.50")))
    rig.market(0.0)
    rig.market(-1.0)
    rig.market(-0.6)
    assert state(rig) is TriggerState.ARMED
    rig.market(-0.4)
    assert sent(rig) == [EXIT]


def test_only_moves_that_matter_are_journaled():
    rig = stopped(stop=Stop(trail=Decimal("0.50")))
    rig.market(0.0)
    for step in range(20):
        rig.market(-0.001 * step)
    assert len(rig.events(TriggerTrailed)) == 1


def test_one_good_print_does_not_pull_a_trail_along():
    rig = stopped(stop=Stop(trail=Decimal("0.50")))
    rig.market(0.0)
    rig.dearer = -1.5
    rig.after(1)
    rig.market(0.0)
    assert rig.book.triggers.known[EXIT].high_px == Decimal("-2.00")
    assert state(rig) is TriggerState.ARMED


def test_a_trail_goes_on_from_its_best_price_after_a_restart():
    rig = stopped(stop=Stop(trail=Decimal("0.50")))
    rig.market(-1.0)
    restart(rig)
    rig.market(-0.4)
    assert state(rig) is not TriggerState.ARMED


# -- restarts ---------------------------------------------------------------------------------------------------------


def test_a_stop_rests_on_after_a_restart():
    rig = stopped()
    restart(rig)
    rig.market(0.5)
    assert state(rig) is TriggerState.ARMED
    rig.market(1.1)
    assert sent(rig) == [EXIT]
    assert "nobody looked" not in rig.alerts("A060")[0]


def test_a_level_crossed_while_down_fires_a_close_and_says_so():
    rig = stopped()
    rig.dearer = 2.0
    restart(rig)
    rig.market(2.0)
    assert sent(rig) == [EXIT]
    assert "crossed while nobody looked" in rig.alerts("A060")[0]


def test_a_level_crossed_while_down_may_alert_instead_until_the_price_has_come_back():
    rig = stopped(missed_close="ALERT")
    rig.dearer = 2.0
    restart(rig)
    rig.market(2.0, seconds=20)
    assert (sent(rig), len(rig.alerts("A061"))) == ([], 1)
    rig.market(0.0)
    rig.market(2.0)
    assert sent(rig) == [EXIT]


def test_a_restart_at_every_event_of_a_stops_life_ends_in_the_same_place():
    whole = stopped()
    whole.market(1.1)
    bodies = list(whole.journal.bodies)
    placed = next(place for place, (kind, _) in enumerate(whole.journal.kinds) if kind == "triggers_placed")
    for cut in range(placed + 1, len(bodies) + 1):
        rig = holding()
        rig.journal.bodies = bodies[:cut]
        restart(rig)
        rig.market(1.1)
        orders = [name for name in rig.book.orders if name.startswith(EXIT)]
        assert orders == [EXIT], f"cut after event {cut}"


# -- one cancels the other -------------------------------------------------------------------------------------------


def test_the_limit_of_two_works_at_the_broker_while_the_stop_rests_here():
    rig = bracketed()
    rig.hear("screen", AskBook(reply_to="screen"))
    book = rig.all_told(BookChanged)[-1][1].book
    shown = {each.trigger_id: (each.order_type, each.holder, each.stop_px) for each in book.triggers}
    assert shown == {
        f"{EXIT}.1": (OrderType.LIMIT, Holder.BROKER, None),
        f"{EXIT}.2": (OrderType.STOP, Holder.HOLDFAST, Decimal("-3.00")),
    }


def test_the_fill_of_one_ends_the_other():
    rig = bracketed()
    order = rig.book.orders[f"{EXIT}.1"].order
    end(rig, f"{EXIT}.1", "limit", Status.FILLED, *fills_of(order))
    rig.told(SendOrder)
    rig.market(5)
    assert (state(rig, f"{EXIT}.1"), state(rig, f"{EXIT}.2")) == (TriggerState.DONE, TriggerState.CANCELED)
    assert sent(rig) == []


def test_a_stop_journals_the_cancel_of_the_other_with_its_own_firing_and_waits_for_its_end():
    rig = bracketed()
    rig.told(SendOrder)
    rig.market(1.1)
    kinds = [(kind, name) for kind, name in rig.journal.kinds if name.startswith(EXIT)]
    fired = kinds.index(("trigger_moved", f"{EXIT}.2"))
    assert kinds[fired : fired + 3] == [
        ("trigger_moved", f"{EXIT}.2"),
        ("trigger_moved", f"{EXIT}.1"),
        ("cancel_asked", f"{EXIT}.1"),
    ]
    assert sent(rig) == []
    end(rig, f"{EXIT}.1", "limit", Status.CANCELED)
    assert sent(rig) == [f"{EXIT}.2"]


def test_a_stop_whose_other_side_is_in_doubt_is_paged_and_not_sent():
    rig = holding()
    rig.ask(complex_signal(2, *bracket()))
    rig.after(0.1)
    rig.outcome(f"{EXIT}.1-r1", InDoubt(cause="timeout"))
    rig.told(SendOrder)
    rig.market(3, seconds=30)
    assert (sent(rig), state(rig, f"{EXIT}.2")) == ([], TriggerState.TRIGGERED)
    assert any("R052" in text for text in rig.alerts("A063"))


def test_a_partial_fill_of_one_reduces_the_other():
    rig = roomy()
    rig.opened(open_signal(1, order_qty=3), combos=3)
    rig.ask(complex_signal(2, *bracket()))
    rig.after(0.1)
    order = accept(rig, f"{EXIT}.1", "limit")
    end(rig, f"{EXIT}.1", "limit", Status.PARTIALLY_FILLED, *fills_of(order, 1))
    rig.told(SendOrder)
    rig.market(1.1)
    end(rig, f"{EXIT}.1", "limit", Status.CANCELED)
    ((_, message),) = rig.told(SendOrder)
    assert (message.order.cl_ord_id, message.order.order_qty) == (f"{EXIT}.2", 2)


def test_a_limit_that_fills_while_its_cancel_travels_leaves_the_stop_nothing():
    rig = bracketed()
    rig.told(SendOrder)
    rig.market(1.1)
    order = rig.book.orders[f"{EXIT}.1"].order
    end(rig, f"{EXIT}.1", "limit", Status.FILLED, *fills_of(order))
    rig.market(5)
    assert (sent(rig), state(rig, f"{EXIT}.2")) == ([], TriggerState.CANCELED)


def test_both_sides_filled_is_paged_and_undone():
    """The broker said cancelled, the stop was sent and filled, and then the broker tells of a fill after all."""
    rig = bracketed(patience_s=60)
    limit = rig.book.orders[f"{EXIT}.1"].order
    rig.market(1.1)
    end(rig, f"{EXIT}.1", "limit", Status.CANCELED)
    stop = accept(rig, f"{EXIT}.2", "stop")
    end(rig, f"{EXIT}.2", "stop", Status.FILLED, *fills_of(stop))
    assert rig.book.structures[ENTRY].is_flat
    rig.told(SendOrder)
    rig.push(report("limit", Status.FILLED, *fills_of(limit, tag="late"), attempt=f"{EXIT}.1-r1"))
    rig.after(1)
    assert rig.alerts("A022")
    rig.after(11)
    ((_, message),) = rig.told(SendOrder)
    undone = {leg.symbol: leg.action for leg in message.order.legs}
    assert undone[CONDOR_SYMBOLS[1]] is Action.SELL_TO_CLOSE, "the short was bought back twice"
    rig.outcome(message.attempt_id, Accepted(broker_order_id="undo"))
    rig.push(report("undo", Status.FILLED, *fills_of(message.order, tag="u"), attempt=message.attempt_id))
    assert rig.book.structures[ENTRY].is_flat


def test_a_cancel_of_the_whole_ends_both_sides():
    rig = bracketed()
    assert rig.ask(cancel_signal(3, EXIT)).admitted
    assert {cancel.broker_order_id for _, cancel in rig.told(CancelOrder)} == {"limit"}
    assert {state(rig, f"{EXIT}.{side}") for side in (1, 2)} == {TriggerState.CANCELED}


@pytest.mark.parametrize("restarted", [False, True])
def test_a_cancel_of_the_whole_is_answered_the_same_again_although_it_ended_several(restarted):
    rig = bracketed()
    first = rig.ask(cancel_signal(3, EXIT))
    if restarted:
        rig.start()
    again = rig.ask(cancel_signal(3, EXIT))
    assert (again.admitted, again.cl_ord_id) == (first.admitted, first.cl_ord_id) == (True, EXIT)


def test_a_limit_that_would_be_reached_with_its_stop_is_refused():
    rig = holding()
    answer = rig.ask(complex_signal(2, *bracket("-3.50")))
    assert [check.code for check in answer.checks if not check.passed] == [Code.R036_STOP_ABOVE_LIMIT]


def entry(**changes: object) -> Open:
    request = {"underlying": "SPX", "legs": condor_legs(), "order_qty": 1, "net_price": Decimal("1.90")}
    return Open(**(request | changes))


def breakout(stop: str = "1.50") -> Open:
    """Opens the condor once it brings as little as that."""
    return entry(net_price=None, stop=Stop(stop_px=Decimal(stop)))


def test_an_opening_with_a_stop_passes_the_whole_gate_when_it_fires():
    rig = Rig().ready()
    assert rig.ask(complex_signal(1, breakout(), breakout("0.10"))).admitted
    rig.market(-0.6)
    assert sent(rig) == [f"{ENTRY}.1"]
    assert state(rig, f"{ENTRY}.2") is TriggerState.CANCELED
    placed = next(event for event in rig.events(OrderPlaced))
    assert placed.order.structure_id == f"{ENTRY}.1"
    assert placed.checks


def test_an_opening_that_the_gate_refuses_when_it_fires_ends_and_says_why():
    rig = Rig().ready()
    rig.ask(complex_signal(1, breakout(), breakout("0.10")))
    rig.hear("risk", IssuePermit(permit=permit(sequence=9, structure_loss_max=Decimal(1))))
    rig.market(-0.6)
    assert (sent(rig), state(rig, f"{ENTRY}.1")) == ([], TriggerState.REJECTED)
    assert "R041" in rig.alerts("A063")[0]


def test_a_latched_stop_ends_openings_that_rest():
    rig = Rig().ready()
    rig.ask(complex_signal(1, breakout(), breakout("0.10")))
    rig.stop = "halt: by hand"
    rig.after(0.1)
    assert {state(rig, f"{ENTRY}.{side}") for side in (1, 2)} == {TriggerState.CANCELED}


def test_two_openings_filled_instead_of_one_are_closed_down_to_one():
    rig = Rig().ready()
    rig.ask(complex_signal(1, entry(), breakout()))
    rig.after(0.1)
    first = accept(rig, f"{ENTRY}.1", "one")
    rig.market(-0.6)
    end(rig, f"{ENTRY}.1", "one", Status.CANCELED)
    second = accept(rig, f"{ENTRY}.2", "two")
    end(rig, f"{ENTRY}.2", "two", Status.FILLED, *fills_of(second))
    rig.told(SendOrder)
    rig.push(report("one", Status.FILLED, *fills_of(first, tag="late"), attempt=f"{ENTRY}.1-r1"))
    rig.after(0.1)
    assert len(rig.alerts("A064")) == 1
    ((_, message),) = rig.told(SendOrder)
    assert (message.order.structure_id, message.order.order_qty) == (f"{ENTRY}.2", 1)
    rig.outcome(message.attempt_id, Accepted(broker_order_id="undo"))
    rig.push(report("undo", Status.FILLED, *fills_of(message.order, tag="u"), attempt=message.attempt_id))
    rig.after(20)
    assert (rig.book.structures[f"{ENTRY}.2"].is_flat, sent(rig)) == (True, [])


# -- one triggers the others -----------------------------------------------------------------------------------------


def otoco(order_qty: int = 1) -> Rig:
    rig = roomy()
    exits = (Close(structure_id="", net_price=Decimal("-1.00")), Close(structure_id="", stop=STOP))
    assert rig.ask(complex_signal(1, *exits, trigger_order=entry(order_qty=order_qty))).admitted
    assert sent(rig) == [ENTRY]
    accept(rig, ENTRY, "entry")
    return rig


def test_exits_wait_for_the_entry_and_come_alive_with_its_fill():
    rig = otoco()
    rig.market(5)
    assert {state(rig, f"{ENTRY}.{side}") for side in (1, 2)} == {TriggerState.WAITING}
    rig.market(0)
    end(rig, ENTRY, "entry", Status.FILLED, *fills_of(rig.book.orders[ENTRY].order))
    rig.after(0.1)
    assert state(rig, f"{ENTRY}.2") is TriggerState.ARMED
    assert sent(rig) == [f"{ENTRY}.1"]


def test_exits_of_an_entry_that_filled_nothing_end_with_it():
    rig = otoco()
    end(rig, ENTRY, "entry", Status.CANCELED)
    assert {state(rig, f"{ENTRY}.{side}") for side in (1, 2)} == {TriggerState.CANCELED}


def test_a_stop_guards_what_a_partial_entry_has_filled_and_ends_the_rest_of_it():
    rig = otoco(order_qty=3)
    order = rig.book.orders[ENTRY].order
    end(rig, ENTRY, "entry", Status.PARTIALLY_FILLED, *fills_of(order, 2))
    rig.market(1.1)
    assert {cancel.broker_order_id for _, cancel in rig.told(CancelOrder)} == {"entry"}
    assert sent(rig) == []
    end(rig, ENTRY, "entry", Status.CANCELED)
    ((_, message),) = rig.told(SendOrder)
    assert (message.order.cl_ord_id, message.order.order_qty) == (f"{ENTRY}.2", 2)


def test_a_cancel_of_the_entry_leaves_the_exits_of_what_has_filled():
    rig = otoco(order_qty=3)
    end(rig, ENTRY, "entry", Status.PARTIALLY_FILLED, *fills_of(rig.book.orders[ENTRY].order, 2))
    assert rig.ask(cancel_signal(3, ENTRY)).admitted
    end(rig, ENTRY, "entry", Status.CANCELED)
    rig.after(0.1)
    assert state(rig, f"{ENTRY}.2") is TriggerState.ARMED
    rig.market(1.1)
    assert f"{ENTRY}.2" in {trigger.trigger_id for trigger in rig.book.triggers.live()}


# -- held by the broker ------------------------------------------------------------------------------------------------

LONG = CONDOR_SYMBOLS[0]
"""Bid 1.00, asked 1.05."""
LEG_STOP = Stop(stop_px=Decimal("0.50"))


def long_held(*, stops: bool = True, pairs: bool = False) -> Rig:
    """One long put, open, at a broker that holds stops, and perhaps two orders of which one cancels the other."""
    rig = at_broker(stops=stops, pairs=pairs)
    legs = (Leg(symbol=LONG, action=Action.BUY_TO_OPEN),)
    rig.opened(open_signal(1, legs=legs, net_price=Decimal("-1.05")))
    return rig


def at_broker(*, stops: bool, pairs: bool = False) -> Rig:
    rig = Rig()
    for route in ROUTES:
        rig.connect(route, stops=stops, pairs=pairs)
        rig.read(route)
    return rig


def held_there(net_price: str | None = None) -> Rig:
    rig = long_held()
    rig.ask(stop_signal(2, ENTRY, LEG_STOP, Decimal(net_price) if net_price else None))
    rig.after(0.1)
    return rig


@pytest.mark.parametrize(
    ("net_price", "order_type"), [(None, OrderType.STOP), ("0.40", OrderType.STOP_LIMIT)], ids=["stop", "stop limit"]
)
def test_a_stop_of_one_leg_goes_to_the_broker_that_holds_it(net_price, order_type):
    rig = held_there(net_price)
    ((peer, message),) = rig.told(SendOrder)
    order = message.order
    assert (peer, order.order_type, order.stop_px) == ("connection-primary", order_type, Decimal("0.50"))
    assert order.net_price == (None if net_price is None else Decimal(net_price))
    rig.hear("screen", AskBook(reply_to="screen"))
    (shown,) = rig.all_told(BookChanged)[-1][1].book.triggers
    assert (shown.holder, shown.order_type) == (Holder.BROKER, order_type)


def test_what_the_broker_holds_is_not_chased_and_not_fired_here():
    rig = held_there()
    accept(rig, EXIT, "primary-2")
    rig.told(SendOrder)
    for _ in range(10):
        rig.clock.advance(10)
        frame = quotes(rig.clock.ns, at=rig.clock.now)
        frame.bid[1], frame.ask[1] = 0.10, 0.15
        rig.stream.arrivals.append(frame)
        rig.executor.turn(0)
    assert (sent(rig), rig.events(CancelAsked)) == ([], [])


@pytest.mark.parametrize("why", ["no stops", "trail", "sibling", "combo"])
def test_what_the_broker_cannot_hold_alone_rests_here(why):
    rig = long_held(stops=why != "no stops")
    if why == "combo":
        rig = at_broker(stops=True)
        rig.opened(open_signal(1))
        rig.ask(stop_signal(2, ENTRY, STOP))
    elif why == "sibling":
        exits = (Close(structure_id=ENTRY, net_price=Decimal(2)), Close(structure_id=ENTRY, stop=LEG_STOP))
        rig.ask(complex_signal(2, *exits))
    else:
        stop = Stop(trail=Decimal("0.20")) if why == "trail" else LEG_STOP
        rig.ask(stop_signal(2, ENTRY, stop))
    rig.after(0.1)
    armed = [trigger for trigger in rig.book.triggers.live() if trigger.request.stop]
    assert [trigger.state for trigger in armed] == [TriggerState.ARMED]


@pytest.mark.parametrize("end_of_it", ["rejected", "expired"])
def test_a_stop_the_broker_holds_no_more_rests_here_and_somebody_is_told(end_of_it):
    rig = held_there()
    if end_of_it == "rejected":
        rig.outcome(f"{EXIT}-r1", Rejected(code="422", text="no"))
    else:
        accept(rig, EXIT, "primary-2")
        end(rig, EXIT, "primary-2", Status.EXPIRED)
    rig.told(SendOrder)
    rig.after(0.1)
    assert rig.alerts("A066")
    if end_of_it == "rejected":
        assert (sent(rig), state(rig)) == ([], TriggerState.ARMED)
    else:
        rig.after(0.1)
        assert sent(rig) == [f"{EXIT}.v2"], "a new day, and the broker is asked to hold it again"


def test_a_close_lets_the_stop_end_before_it_is_sent():
    rig = held_there()
    accept(rig, EXIT, "primary-2")
    rig.told(SendOrder)
    answer = rig.ask(close_signal(3, ENTRY))
    assert answer.admitted
    assert [cancel.broker_order_id for _, cancel in rig.told(CancelOrder)][:1] == ["primary-2"]
    rig.after(1)
    assert sent(rig) == []
    end(rig, EXIT, "primary-2", Status.CANCELED)
    rig.after(0.1)
    assert sent(rig) == ["condor-20260105-3"]


def test_a_close_whose_stop_fills_first_has_nothing_left_to_close():
    rig = held_there()
    order = accept(rig, EXIT, "primary-2")
    rig.ask(close_signal(3, ENTRY))
    rig.told(SendOrder)
    end(rig, EXIT, "primary-2", Status.FILLED, *fills_of(order))
    rig.after(1)
    assert (sent(rig), state(rig, "condor-20260105-3")) == ([], TriggerState.CANCELED)


ONE, OTHER = f"{EXIT}.1", f"{EXIT}.2"


def pair_held() -> Rig:
    """A limit and a stop on one long put, offered to a broker that holds such pairs."""
    rig = long_held(pairs=True)
    exits = (Close(structure_id=ENTRY, net_price=Decimal(2)), Close(structure_id=ENTRY, stop=LEG_STOP))
    assert rig.ask(complex_signal(2, *exits)).admitted
    rig.after(0.1)
    return rig


def pair_accepted() -> Rig:
    rig = pair_held()
    for name in (ONE, OTHER):
        accept(rig, name, name)
    rig.told(SendComplex)
    return rig


def test_a_limit_and_a_stop_on_one_leg_go_to_the_broker_as_one():
    rig = pair_held()
    ((peer, message),) = rig.told(SendComplex)
    assert (peer, message.contingency) == ("connection-primary", Contingency.OCO)
    parts = [(part.attempt_id, part.order.order_type, part.order.contingency) for part in message.parts]
    assert parts == [
        (f"{ONE}-r1", OrderType.LIMIT, Contingency.OCO),
        (f"{OTHER}-r1", OrderType.STOP, Contingency.OCO),
    ]
    assert sent(rig) == []
    assert {trigger.state for trigger in rig.book.triggers.live()} == {TriggerState.PLACED}


def test_the_fill_of_one_at_the_broker_ends_both_here_in_whichever_order_it_is_told():
    for first_told in (ONE, OTHER):
        rig = pair_accepted()
        ends = {
            ONE: (Status.FILLED, fills_of(rig.book.orders[ONE].order)),
            OTHER: (Status.CANCELED, ()),
        }
        for name in sorted(ends, key=lambda each: each != first_told):
            end(rig, name, name, ends[name][0], *ends[name][1])
        rig.after(20)
        assert {state(rig, name) for name in (ONE, OTHER)} == {TriggerState.DONE}
        assert (sent(rig), rig.told(SendComplex), rig.alerts("A062")) == ([], [], [])


def test_a_pair_in_doubt_is_not_sent_again_by_either_side():
    rig = pair_held()
    for name in (ONE, OTHER):
        rig.outcome(f"{name}-r1", InDoubt(cause="timeout"))
    rig.told(SendComplex)
    rig.market(0, seconds=60)
    assert (sent(rig), rig.told(SendComplex)) == ([], [])


@pytest.mark.parametrize("outcome", [NotSent(cause="cut"), Rejected(code="422", text="no")])
def test_a_pair_the_broker_does_not_take_is_held_here_and_never_as_two_there(outcome):
    rig = pair_held()
    for name in (ONE, OTHER):
        rig.outcome(f"{name}-r1", outcome)
    rig.told(SendComplex)
    rig.market(0, seconds=5)
    ((_, message),) = rig.told(SendOrder)
    assert (message.order.cl_ord_id, message.order.order_type) == (f"{ONE}.v2", OrderType.LIMIT)
    assert state(rig, OTHER) is TriggerState.ARMED
    assert rig.told(SendComplex) == []


def test_a_pair_whose_connection_is_not_there_was_not_sent():
    rig = long_held(pairs=True)
    rig.stream.away.add("connection-primary")
    exits = (Close(structure_id=ENTRY, net_price=Decimal(2)), Close(structure_id=ENTRY, stop=LEG_STOP))
    rig.ask(complex_signal(2, *exits))
    rig.after(0.1)
    states = {rig.book.orders[name].attempts[0].state for name in (ONE, OTHER)}
    assert states == {AttemptState.NOT_SENT}


def test_a_cancel_of_the_pair_cancels_both_at_the_broker():
    rig = pair_accepted()
    assert rig.ask(cancel_signal(3, EXIT)).admitted
    assert {cancel.broker_order_id for _, cancel in rig.told(CancelOrder)} == {ONE, OTHER}
