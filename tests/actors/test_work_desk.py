"""Orders that take another's place, and orders that are worked: nothing lost, nothing doubled, nothing too early."""

from decimal import Decimal

import pytest

from actors.domain.orders.attempt import Accepted, InDoubt, NotSent, Rejected
from actors.domain.orders.event import CancelAsked
from actors.domain.orders.order import Order, OrderType
from actors.domain.orders.refusal import Code
from actors.domain.orders.replace_event import ReplaceAsked, ReplaceEnded
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Close, Open
from actors.domain.orders.working import GiveUp, Plan
from actors.domain.portfolio.picture import picture
from actors.domain.portfolio.view import Phase
from actors.messages import CancelOrder, IssuePermit, SendOrder
from tests.builders import _signal, cancel_signal, close_signal, open_signal, permit, replace_signal
from tests.fakes import START
from tests.rig import ROUTES, Rig, fills_of, report

ENTRY = "condor-20260105-1"
SECOND = f"{ENTRY}.p2"
PLAN = Plan(step_s=10, step_share=Decimal("0.5"), give_up_s=60)


def roomy() -> Rig:
    rig = Rig().ready()
    rig.hear("risk", IssuePermit(permit=permit(sequence=9, structure_loss_max=Decimal(10**6))))
    return rig


def accept(rig: Rig, order_id: str) -> Order:
    """The broker takes an order; its id there is ours in other words."""
    rig.outcome(f"{order_id}-r1", Accepted(broker_order_id=f"at-{order_id}"))
    told(rig, order_id, Status.NEW)
    rig.told(SendOrder)
    return rig.book.orders[order_id].order


def told(rig: Rig, order_id: str, status: Status, combos: int = 0, tag: str = "e") -> None:
    order = rig.book.orders[order_id].order
    fills = fills_of(order, combos, tag=tag) if combos else ()
    rig.push(report(f"at-{order_id}", status, *fills, attempt=f"{order_id}-r1"))
    rig.after(0.1)


def sent(rig: Rig) -> list[tuple[str, int, Decimal]]:
    orders = [message.order for _, message in rig.told(SendOrder)]
    return [(order.cl_ord_id, order.order_qty, order.net_price) for order in orders]


def entered(order_qty: int = 3) -> Rig:
    """An opening at work."""
    rig = roomy()
    rig.ask(open_signal(1, order_qty=order_qty))
    accept(rig, ENTRY)
    return rig


def phase(rig: Rig) -> Phase:
    (structure,) = picture(rig.book, rig.executor._desk.quotes, ready=True).structures
    return structure.phase


# -- replace -----------------------------------------------------------------------------------------------------------


def test_a_replacement_leaves_once_the_end_of_the_first_is_known():
    rig = entered()
    assert rig.ask(replace_signal(2, ENTRY, "1.85")).admitted
    assert [cancel.broker_order_id for _, cancel in rig.told(CancelOrder)] == [f"at-{ENTRY}"]
    rig.after(5)
    assert sent(rig) == []
    told(rig, ENTRY, Status.CANCELED)
    assert sent(rig) == [(SECOND, 3, Decimal("1.85"))]
    assert rig.book.orders[SECOND].order.structure_id == ENTRY


def test_it_is_for_what_is_left():
    rig = entered()
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    told(rig, ENTRY, Status.PARTIALLY_FILLED, 1)
    told(rig, ENTRY, Status.CANCELED)
    assert sent(rig) == [(SECOND, 2, Decimal("1.85"))]
    accept(rig, SECOND)
    told(rig, SECOND, Status.FILLED, 2)
    assert rig.book.structures[ENTRY].quantity == 3
    view = picture(rig.book, rig.executor._desk.quotes, ready=True)
    assert view.structures[0].entry_price is not None
    assert view.orders[0].replaced_by == SECOND


def test_a_fill_that_overtakes_the_cancel_leaves_nothing_to_replace():
    rig = entered()
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    told(rig, ENTRY, Status.FILLED, 3)
    assert sent(rig) == []
    assert [event.text for event in rig.events(ReplaceEnded)] == ["it ended FILLED"]
    assert not rig.book.orders[ENTRY].is_live


def test_a_doubt_about_the_first_sends_nothing_until_evidence():
    rig = roomy()
    rig.ask(open_signal(1))
    rig.outcome(f"{ENTRY}-r1", InDoubt(cause="timeout"))
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    rig.told(SendOrder)
    rig.after(3600)
    assert sent(rig) == []


def test_while_it_waits_it_counts_as_at_work():
    rig = entered(order_qty=1)
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    rig.connect(writes=False)
    rig.push(report(f"at-{ENTRY}", Status.CANCELED, attempt=f"{ENTRY}-r1"))
    assert rig.book.orders[ENTRY].status is Status.CANCELED or phase(rig) is Phase.OPENING


def test_a_replacement_that_the_gate_refuses_is_not_sent_and_told_of():
    rig = entered()
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    rig.stop = "halt: by hand"
    told(rig, ENTRY, Status.CANCELED)
    rig.after(0.1)
    assert sent(rig) == []
    assert "R012" in rig.alerts("A070")[0]


def test_an_opening_that_could_not_be_sent_at_its_new_price_keeps_the_old_one():
    rig = entered()
    answer = rig.ask(replace_signal(2, ENTRY, "0.10"))
    assert Code.R035_PRICE_OFF_MARKET in {check.code for check in answer.checks if not check.passed}
    assert rig.told(CancelOrder) == []


def test_a_cancel_overrides_a_replacement():
    rig = entered()
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    rig.ask(cancel_signal(3, ENTRY))
    told(rig, ENTRY, Status.CANCELED)
    assert sent(rig) == []


def test_a_second_replacement_waits_for_the_first_to_be_decided():
    rig = entered()
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    answer = rig.ask(replace_signal(3, ENTRY, "1.80"))
    assert [check.code for check in answer.checks if not check.passed] == [Code.R056_CANCEL_ASKED]


def test_an_order_answers_to_its_first_name_at_every_price():
    rig = entered()
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    told(rig, ENTRY, Status.CANCELED)
    accept(rig, SECOND)
    assert rig.ask(replace_signal(3, ENTRY, "1.80")).admitted
    told(rig, SECOND, Status.CANCELED)
    assert sent(rig) == [(f"{ENTRY}.p3", 3, Decimal("1.80"))]
    accept(rig, f"{ENTRY}.p3")
    rig.told(CancelOrder)
    answers = [rig.ask(cancel_signal(4, ENTRY)) for _ in range(2)]
    assert [(each.admitted, each.cl_ord_id) for each in answers] == [(True, ENTRY)] * 2
    assert [cancel.broker_order_id for _, cancel in rig.told(CancelOrder)] == [f"at-{ENTRY}.p3"]


def test_a_close_is_replaced_no_further_than_the_account_holds():
    rig = roomy()
    rig.opened(open_signal(1, order_qty=3), combos=3)
    closing = rig.ask(close_signal(2, ENTRY, net_price=Decimal("-1.00"))).cl_ord_id
    accept(rig, closing)
    rig.ask(replace_signal(3, closing, "-1.50"))
    held = rig.book.orders[ENTRY].order
    by_hand = tuple(fill.model_copy(update={"action": fill.action.closing}) for fill in fills_of(held, 2, tag="hand"))
    rig.push(report("theirs-7", Status.FILLED, *by_hand))
    told(rig, closing, Status.CANCELED)
    assert sent(rig) == [(f"{closing}.p2", 1, Decimal("-1.50"))]


@pytest.mark.parametrize("cut", ["asked", "ended"])
def test_a_restart_between_the_two_loses_and_doubles_nothing(cut):
    rig = entered()
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    if cut == "ended":
        rig.executor._desks.work.on_tick = lambda: iter(())
        told(rig, ENTRY, Status.PARTIALLY_FILLED, 1)
        told(rig, ENTRY, Status.CANCELED)
    held = dict(rig.book.positions.get("primary-account", {}))
    rig.start()
    for route in ROUTES:
        rig.connect(route)
    rig.read("backup")
    rig.read(positions=held)
    rig.hear("risk", IssuePermit(permit=permit(sequence=19, structure_loss_max=Decimal(10**6))))
    if cut == "asked":
        told(rig, ENTRY, Status.PARTIALLY_FILLED, 1)
        told(rig, ENTRY, Status.CANCELED)
    rig.after(0.1)
    assert [(name, quantity) for name, quantity, _ in sent(rig)] == [(SECOND, 2)]


def test_a_fill_told_after_the_end_cancels_what_is_too_many_and_closes_the_rest_of_it():
    rig = entered(order_qty=1)
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    told(rig, ENTRY, Status.CANCELED)
    accept(rig, SECOND)
    rig.told(CancelOrder)
    told(rig, ENTRY, Status.FILLED, 1, tag="late")
    rig.after(0.1)
    assert rig.alerts("A071")
    assert {cancel.broker_order_id for _, cancel in rig.told(CancelOrder)} == {f"at-{SECOND}"}
    told(rig, SECOND, Status.FILLED, 1)
    assert rig.book.structures[ENTRY].quantity == 2
    rig.after(0.1)
    ((name, quantity, _),) = sent(rig)
    assert (name, quantity) == (f"{ENTRY}-unwind-over-1", 1)
    accept(rig, name)
    told(rig, name, Status.FILLED, 1)
    rig.after(5)
    assert (rig.book.structures[ENTRY].quantity, sent(rig)) == (1, [])


def over_ordered() -> Rig:
    """Two combos held where one was ordered: both the order and what took its place have filled."""
    rig = entered(order_qty=1)
    rig.ask(replace_signal(2, ENTRY, "1.85"))
    told(rig, ENTRY, Status.CANCELED)
    accept(rig, SECOND)
    told(rig, ENTRY, Status.FILLED, 1, tag="late")
    rig.told(CancelOrder)
    return rig


def test_what_undoes_combos_too_many_never_waits_for_a_route_but_is_made_anew():
    rig = over_ordered()
    told(rig, SECOND, Status.FILLED, 1)
    ((name, _, _),) = sent(rig)
    rig.outcome(f"{name}-r1", NotSent(cause="refused"))
    assert (rig.book.orders[name].status, rig.book.orders[name].waits) == (Status.REJECTED, "")
    for _ in range(10):
        rig.after(0.1)
    assert sent(rig) == [], "at a pace"
    rig.after(1.1)
    assert [each for each, _, _ in sent(rig)] == [f"{ENTRY}-unwind-over-2"]


def test_nothing_is_undone_while_the_account_cannot_be_reached():
    rig = over_ordered()
    rig.connect(writes=False)
    told(rig, SECOND, Status.FILLED, 1)
    for _ in range(5):
        rig.after(3)
    assert sent(rig) == []
    assert not any("unwind-over" in name for name in rig.book.orders)
    rig.connect()
    rig.after(3)
    assert [name for name, _, _ in sent(rig)] == [f"{ENTRY}-unwind-over-1"]


def test_a_broker_that_refuses_to_undo_is_asked_only_so_often():
    rig = over_ordered()
    told(rig, SECOND, Status.FILLED, 1)
    asked = []
    for _ in range(12):
        for name, _, _ in sent(rig):
            asked.append(name)
            rig.outcome(f"{name}-r1", Rejected(code="422", text="no"))
        rig.after(3)
    assert len(asked) == rig.settings.desk.unwind_rejections_max


# -- work --------------------------------------------------------------------------------------------------------------


def opening(**changes: object) -> Rig:
    """A condor asked for at 1.90 or better: 2.00 at the middle, 1.90 at the natural."""
    rig = roomy()
    request = open_signal(1).request.model_copy(update={"work": PLAN.model_copy(update=changes)})
    assert rig.ask(_signal(1, request, START)).admitted
    return rig


def test_an_opening_is_asked_for_at_the_middle_and_moved_towards_its_worst_price():
    rig = opening()
    assert sent(rig) == [(ENTRY, 1, Decimal("2.00"))]
    accept(rig, ENTRY)
    rig.after(5)
    assert rig.events(ReplaceAsked) == []
    rig.after(6)
    assert [event.net_price for event in rig.events(ReplaceAsked)] == [Decimal("1.95")]
    told(rig, ENTRY, Status.CANCELED)
    assert sent(rig) == [(SECOND, 1, Decimal("1.95"))]


def test_after_its_last_price_it_waits_and_is_then_given_up():
    rig = opening()
    name = ENTRY
    for number in (2, 3):
        accept(rig, name)
        rig.after(10.1)
        told(rig, name, Status.CANCELED)
        name = f"{ENTRY}.p{number}"
    assert sent(rig) == [(f"{ENTRY}.p3", 1, Decimal("1.90"))]
    accept(rig, name)
    rig.after(15)
    assert rig.events(CancelAsked) == []
    rig.after(30)
    assert [event.cl_ord_id for event in rig.events(CancelAsked)] == [name]
    told(rig, name, Status.CANCELED)
    rig.after(60)
    assert sent(rig) == []


def test_quotes_that_are_stale_move_no_price_and_time_still_gives_up():
    rig = opening()
    accept(rig, ENTRY)
    for _ in range(50):
        rig.clock.advance(1)
        rig.executor.turn(0)
    assert rig.events(ReplaceAsked) == []
    rig.clock.advance(15)
    rig.executor.turn(0)
    assert len(rig.events(CancelAsked)) == 1


def test_a_close_that_nobody_takes_goes_to_the_market_and_follows_it():
    rig = roomy()
    rig.opened(open_signal(1))
    plan = PLAN.model_copy(update={"give_up": GiveUp.MARKET, "give_up_s": 15.0, "concession_max": Decimal(0)})
    closing = rig.ask(_signal(2, Close(structure_id=ENTRY, work=plan), START)).cl_ord_id
    assert sent(rig) == [(closing, 1, Decimal("-2.00"))]
    accept(rig, closing)
    rig.after(15.1)
    told(rig, closing, Status.CANCELED)
    ((name, _, price),) = sent(rig)
    assert (name, price < Decimal("-2.10")) == (f"{closing}.p2", True)
    accept(rig, name)
    rig.market(2.0, seconds=11)
    told(rig, name, Status.CANCELED)
    ((name, _, price),) = sent(rig)
    assert (name, price < Decimal("-4.10")) == (f"{closing}.p3", True)


def test_a_close_with_a_price_of_its_own_is_worked_no_lower():
    rig = roomy()
    rig.opened(open_signal(1))
    closing = rig.ask(_signal(2, Close(structure_id=ENTRY, net_price=Decimal("-2.05"), work=PLAN), START)).cl_ord_id
    accept(rig, closing)
    rig.market(3.0, seconds=30)
    assert [event.net_price for event in rig.events(ReplaceAsked)] == [Decimal("-2.05")]


def test_a_restart_goes_on_with_the_plan_where_it_was():
    rig = opening()
    accept(rig, ENTRY)
    rig.after(8)
    rig.start()
    for route in ROUTES:
        rig.connect(route)
        rig.read(route)
    rig.after(1)
    assert rig.events(ReplaceAsked) == []
    rig.after(1.5)
    assert [event.net_price for event in rig.events(ReplaceAsked)] == [Decimal("1.95")]


def test_an_order_in_doubt_is_not_worked():
    rig = opening()
    rig.outcome(f"{ENTRY}-r1", InDoubt(cause="timeout"))
    rig.after(600)
    assert (rig.events(ReplaceAsked), rig.events(CancelAsked)) == ([], [])


@pytest.mark.parametrize(
    "changes", [{"net_price": None, "order_type": OrderType.MARKET}, {"work": Plan(give_up=GiveUp.MARKET)}]
)
def test_an_opening_is_never_worked_to_the_market(changes):
    request = {**dict(open_signal(1).request), "work": PLAN} | changes
    with pytest.raises(ValueError, match="an opening is worked"):
        Open(**request)
