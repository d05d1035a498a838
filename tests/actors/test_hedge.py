"""A hedge is opened only where the settings ask for it, once, in another account, and ends by a signal alone."""

from decimal import Decimal

import pytest

from actors.domain.orders.attempt import Accepted, InDoubt, NotSent, Rejected
from actors.domain.orders.event import OrderPlaced
from actors.domain.orders.report import Status
from actors.domain.portfolio.picture import picture
from actors.messages import IssuePermit, SendOrder
from tests.actors.test_close_queue import CLOSE, ORDER, by_hand, lasting, sends, waiting
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal, permit
from tests.cost_builders import terms
from tests.rig import Rig, fills_of, report

HEDGE = f"{ORDER}-hedge-1"


def stuck(**desk: object) -> Rig:
    """A close that waits for an account that is away; hedges are asked for after 30 s."""
    rig = Rig(**{"hedge_after_s": 30, "queue_alert_s": 15, **desk}).ready()
    rig.opened(open_signal(1))
    return waiting(rig)


def hedged(**desk: float) -> Rig:
    rig = stuck(**desk)
    rig.after(1)
    rig.after(31)
    return rig


def filled(rig: Rig) -> None:
    rig.told(SendOrder)
    rig.outcome(f"{HEDGE}-r1", Accepted(broker_order_id="backup-7"), route="backup")
    fills = fills_of(rig.book.orders[HEDGE].order)
    rig.push(report("backup-7", Status.FILLED, *fills, attempt=f"{HEDGE}-r1", route="backup"))


def test_without_the_setting_nothing_is_ever_hedged():
    rig = waiting()
    for _ in range(20):
        rig.after(10)
    assert sends(rig) == []


def test_a_close_that_waited_too_long_is_offset_in_the_other_account():
    rig = stuck()
    rig.after(1)
    rig.after(29)
    assert sends(rig) == []
    rig.after(1)
    ((peer, send),) = rig.told(SendOrder)
    close, order = rig.book.orders[CLOSE].order, send.order
    assert (peer, order.cl_ord_id, order.hedges, order.strategy) == ("connection-backup", HEDGE, ORDER, "hedge")
    assert [(leg.symbol, leg.action.sign, leg.ratio) for leg in order.legs] == [
        (leg.symbol, leg.action.sign, leg.ratio) for leg in close.legs
    ]
    assert all(leg.action.is_open for leg in order.legs)
    assert len(rig.alerts("A018")) == 1
    (placed,) = [each for each in rig.events(OrderPlaced) if each.order.hedges]
    assert placed.checks, "the gate was asked"


def test_a_hedge_need_leave_no_edge():
    rig = stuck(costs=terms())
    rig.executor._desk.costs.terms = terms("0.99")
    rig.after(1)
    rig.after(31)
    assert [send.order.cl_ord_id for _, send in rig.told(SendOrder)] == [HEDGE]


def test_it_covers_no_more_than_is_still_exposed():
    rig = stuck()
    by_hand(rig, 0, 1)
    rig.after(1)
    rig.after(31)
    ((_, send),) = rig.told(SendOrder)
    assert {leg.symbol for leg in send.order.legs} == set(CONDOR_SYMBOLS[2:])


def test_what_would_leave_a_short_alone_there_is_refused_by_the_gate():
    rig = stuck()
    by_hand(rig, 1, 2)  # the longs are left: their mirror is two naked shorts
    rig.after(1)
    rig.after(31)
    assert sends(rig) == []
    assert "R044" in rig.alerts("A019")[0]


@pytest.mark.parametrize("state", ["unanswered", "in doubt", "working", "filled"])
def test_there_is_never_a_second_one_while_the_first_stands_or_may_stand(state):
    rig = hedged()
    rig.told(SendOrder)
    if state == "in doubt":
        rig.outcome(f"{HEDGE}-r1", InDoubt(cause="timeout"), route="backup")
    elif state == "working":
        rig.outcome(f"{HEDGE}-r1", Accepted(broker_order_id="backup-7"), route="backup")
    elif state == "filled":
        filled(rig)
    rig.start()
    rig.connect(writes=False)
    rig.connect("backup")
    rig.read("backup", positions=rig.book.positions.get("backup-account", {}))
    for _ in range(5):
        rig.after(31)
    assert sends(rig) == []


def test_one_that_certainly_does_not_stand_is_tried_again_in_its_time():
    rig = hedged()
    rig.told(SendOrder)
    rig.outcome(f"{HEDGE}-r1", Rejected(code="422", text="no"), route="backup")
    rig.after(29)
    assert sends(rig) == []
    rig.after(2)
    assert sends(rig) == [("connection-backup", f"{ORDER}-hedge-2-r1")]


def test_it_never_goes_to_the_account_it_offsets():
    rig = stuck()
    rig.connect("backup", writes=False)
    rig.after(1)
    rig.after(31)
    assert sends(rig) == []
    assert "R060" in rig.alerts("A019")[0]
    rig = hedged()
    rig.told(SendOrder)
    rig.connect(writes=True)
    rig.outcome(f"{HEDGE}-r1", NotSent(cause="refused"), route="backup")
    rig.after(0.1)
    assert [peer for peer, name in sends(rig) if "hedge" in name] == []


def test_the_gate_may_refuse_it_like_any_opening():
    rig = stuck()
    rig.hear("risk", IssuePermit(permit=permit(sequence=50, account_loss_max=Decimal(1))))
    rig.after(1)
    rig.after(31)
    assert sends(rig) == []
    assert "R042" in rig.alerts("A019")[0]


def test_when_the_account_returns_its_close_is_sent_and_the_hedge_stays_until_a_signal_names_it():
    rig = hedged()
    filled(rig)
    rig.connect(writes=True)
    rig.read(request_id=0, positions=rig.book.positions["primary-account"])
    rig.after(1)
    assert sends(rig) == [("connection-primary", f"{CLOSE}-r1")]
    rig.outcome(f"{CLOSE}-r1", Accepted(broker_order_id="primary-9"))
    fills = fills_of(rig.book.orders[CLOSE].order)
    rig.push(report("primary-9", Status.FILLED, *fills, attempt=f"{CLOSE}-r1"))
    for _ in range(3):
        rig.after(20)
    assert sends(rig) == []
    assert any("outlives" in text for text in rig.alerts("A019"))
    rig.ask(lasting(close_signal(9, HEDGE)))
    assert [peer for peer, _ in sends(rig)] == ["connection-backup"]


def test_it_is_shown_as_a_hedge():
    rig = hedged()
    filled(rig)
    view = picture(rig.book, None, ready=True)
    assert {each.structure_id: each.hedges for each in view.structures} == {ORDER: None, HEDGE: ORDER}
    assert rig.executor._board.view().hedges == {HEDGE: ORDER}
