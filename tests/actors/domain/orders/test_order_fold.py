"""Each event of an order moves that order alone; every other event moves none."""

import pytest

from actors.domain.orders import event as happened
from actors.domain.orders.order_fold import moved
from actors.domain.orders.route_event import OrderQueued, OrderRevised, RouteTurned
from tests.builders import close_signal, open_signal
from tests.fakes import START
from tests.rig import Rig

ORDER, CLOSE = "condor-20260105-1", "condor-20260105-2"


def waiting() -> Rig:
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.connect(writes=False)
    rig.ask(close_signal(2, ORDER))
    return rig


def test_an_order_waits_from_its_event_until_it_is_sent_or_given_up():
    rig = waiting()
    assert rig.book.orders[CLOSE].waits
    gone = happened.OrderAbandoned(cl_ord_id=CLOSE, text="expired", at=START)
    assert moved(rig.book.orders, gone)[1].waits == ""
    rig.connect(writes=True)
    rig.after(0.1)
    assert rig.book.orders[CLOSE].waits == ""


def test_an_order_that_a_route_may_hold_neither_waits_nor_is_revised():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    order = rig.book.orders[ORDER].order
    with pytest.raises(AssertionError, match="may exist"):
        moved(rig.book.orders, OrderQueued(cl_ord_id=ORDER, text="x", at=START))
    with pytest.raises(AssertionError, match="does not wait"):
        moved(rig.book.orders, OrderRevised(cl_ord_id=ORDER, order=order, text="x", at=START))


def test_an_event_of_something_else_moves_no_order():
    turned = RouteTurned(route="primary", writes=False, incarnation=1, reason="x", at=START)
    assert moved(waiting().book.orders, turned) is None
