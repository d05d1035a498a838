"""A close beside exits at work: they end first, and what they have filled by then is not closed again."""

from decimal import Decimal

import pytest

from actors.domain.orders.attempt import Accepted, InDoubt
from actors.domain.orders.order import Stop
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Close
from actors.domain.orders.trigger import TriggerState
from actors.messages import CancelOrder, IssuePermit, SendOrder
from tests.builders import close_signal, complex_signal, open_signal, permit, replace_signal
from tests.rig import Rig, fills_of, report

ENTRY, EXIT, CLOSE = "condor-20260105-1", "condor-20260105-2", "condor-20260105-3"
LIMIT, STOP = f"{EXIT}.1", f"{EXIT}.2"


def bracketed(combos: int = 1) -> Rig:
    """A condor held between a limit that works at the broker and a stop that rests here."""
    rig = Rig().ready()
    rig.hear("risk", IssuePermit(permit=permit(sequence=9, structure_loss_max=Decimal(10**6))))
    rig.opened(open_signal(1, order_qty=combos), combos)
    exits = (
        Close(structure_id=ENTRY, net_price=Decimal(-1)),
        Close(structure_id=ENTRY, stop=Stop(stop_px=Decimal(-3))),
    )
    rig.ask(complex_signal(2, *exits))
    rig.after(0.1)
    rig.outcome(f"{LIMIT}-r1", Accepted(broker_order_id="limit"))
    rig.told(SendOrder)
    return rig


def end(rig: Rig, order_id: str, theirs: str, status: Status, combos: int = 0) -> None:
    fills = fills_of(rig.book.orders[order_id].order, combos) if combos else ()
    rig.push(report(theirs, status, *fills, attempt=f"{order_id}-r1"))
    rig.after(0.1)
    rig.after(0.1)


def states(rig: Rig) -> list[TriggerState]:
    return [rig.book.triggers.known[name].state for name in (LIMIT, STOP, CLOSE)]


def sent(rig: Rig) -> list[tuple[str, int]]:
    return [(message.order.cl_ord_id, message.order.order_qty) for _, message in rig.told(SendOrder)]


def test_a_close_beside_a_working_take_profit_cancels_it_and_its_stop_and_is_sent_after_its_end():
    rig = bracketed()
    assert rig.ask(close_signal(3, ENTRY)).admitted
    assert [cancel.broker_order_id for _, cancel in rig.told(CancelOrder)] == ["limit"]
    assert states(rig) == [TriggerState.CANCELED, TriggerState.CANCELED, TriggerState.TRIGGERED]
    rig.after(5)
    assert sent(rig) == [], "the first may still fill"
    end(rig, LIMIT, "limit", Status.CANCELED)
    assert sent(rig) == [(CLOSE, 1)]


def test_a_take_profit_that_fills_first_leaves_nothing_to_close():
    rig = bracketed()
    rig.ask(close_signal(3, ENTRY))
    end(rig, LIMIT, "limit", Status.FILLED, 1)
    rig.after(5)
    assert (sent(rig), states(rig)[2]) == ([], TriggerState.CANCELED)


def test_what_the_take_profit_had_filled_is_not_closed_again():
    rig = bracketed(3)
    rig.ask(close_signal(3, ENTRY))
    end(rig, LIMIT, "limit", Status.CANCELED, 1)
    assert sent(rig) == [(CLOSE, 2)]


def test_a_take_profit_in_doubt_is_waited_for():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.ask(complex_signal(2, *(Close(structure_id=ENTRY, net_price=Decimal(px)) for px in (-1, -2))))
    rig.after(0.1)
    rig.outcome(f"{LIMIT}-r1", InDoubt(cause="timeout"))
    rig.told(SendOrder)
    rig.ask(close_signal(3, ENTRY))
    for _ in range(5):
        rig.after(10)
    assert sent(rig) == []


def test_a_take_profit_that_was_replaced_ends_under_its_newest_name():
    rig = bracketed()
    rig.ask(replace_signal(4, LIMIT, "-0.90"))
    end(rig, LIMIT, "limit", Status.CANCELED)
    ((name, _),) = sent(rig)
    rig.outcome(f"{name}-r1", Accepted(broker_order_id="dearer"))
    rig.told(CancelOrder)
    assert rig.ask(close_signal(3, ENTRY)).admitted
    assert [cancel.broker_order_id for _, cancel in rig.told(CancelOrder)] == ["dearer"]
    end(rig, name, "dearer", Status.CANCELED)
    assert sent(rig) == [(CLOSE, 1)]


def test_a_take_profit_that_is_being_replaced_is_not_replaced_any_more():
    rig = bracketed()
    rig.ask(replace_signal(4, LIMIT, "-0.90"))
    assert rig.ask(close_signal(3, ENTRY)).admitted
    end(rig, LIMIT, "limit", Status.CANCELED)
    assert sent(rig) == [(CLOSE, 1)]


@pytest.mark.parametrize("first", ["plain", "superseding"])
def test_a_close_at_work_is_no_exit_and_a_second_one_is_refused(first):
    rig = bracketed()
    rig.ask(close_signal(3, ENTRY))
    end(rig, LIMIT, "limit", Status.CANCELED)
    if first == "plain":
        rig = Rig().ready()
        rig.opened(open_signal(1))
        rig.ask(close_signal(3, ENTRY))
    answer = rig.ask(close_signal(5, ENTRY))
    assert [check.code.name for check in answer.checks if not check.passed] == ["R051_CLOSE_WORKING"]


def test_a_restart_between_the_cancel_and_its_end_sends_the_close_once():
    rig = bracketed()
    rig.ask(close_signal(3, ENTRY))
    held = dict(rig.book.positions["primary-account"])
    rig.start()
    rig.ready()
    rig.read(positions=held)
    rig.told(SendOrder)
    end(rig, LIMIT, "limit", Status.CANCELED)
    rig.after(1)
    assert sent(rig) == [(CLOSE, 1)]
