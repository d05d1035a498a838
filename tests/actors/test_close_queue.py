"""Closes wait for their own account, are never sent late unseen, and never twice."""

from datetime import timedelta
from decimal import Decimal

import pytest

from actors.domain.orders.attempt import Accepted, InDoubt, NotSent, Rejected
from actors.domain.orders.event import OrderAbandoned
from actors.domain.orders.order import Action
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import Status
from actors.domain.orders.route_event import OrderQueued, OrderRevised
from actors.messages import SendOrder
from tests.builders import CONDOR_SYMBOLS, cancel_signal, close_signal, open_signal
from tests.rig import Rig, fills_of, report

ORDER, CLOSE = "condor-20260105-1", "condor-20260105-2"
AWAY = ("its route cannot send", "its account is not read yet", "its process is gone")


def held(**desk: float) -> Rig:
    rig = Rig(**{"close_retry_s": 1, "queue_alert_s": 15, **desk}).ready()
    rig.opened(open_signal(1))
    return rig


def waiting(rig: Rig | None = None, **asked: object) -> Rig:
    """A close that waits because the primary cannot send."""
    rig = rig or held()
    rig.connect(writes=False)
    rig.ask(lasting(close_signal(2, ORDER, **asked)))
    return rig


def lasting(signal, seconds: float = 300):
    return signal.model_copy(update={"expires_at": signal.created_at + timedelta(seconds=seconds)})


def back(rig: Rig, seconds: float = 0.1) -> None:
    """The account can be reached again, and is read."""
    rig.connect(writes=True)
    rig.read(request_id=0, positions=rig.book.positions["primary-account"])
    rig.after(seconds)


def sends(rig: Rig) -> list[tuple[str, str]]:
    return [(peer, message.attempt_id) for peer, message in rig.told(SendOrder)]


def by_hand(rig: Rig, *legs: int) -> None:
    """Somebody closes these legs at the broker."""
    fills = [
        fill.model_copy(update={"exec_id": f"hand-{place}", "action": _undo(fill.action)})
        for place, fill in enumerate(fills_of(rig.book.orders[ORDER].order))
        if place in legs
    ]
    rig.push(report("theirs-1", Status.FILLED, *fills))


def _undo(action: Action) -> Action:
    return action.closing


@pytest.mark.parametrize("away", AWAY)
def test_a_close_whose_account_is_away_waits_and_is_told_of(away):
    rig = held()
    if away == AWAY[0]:
        rig.connect(writes=False)
    elif away == AWAY[1]:
        rig.connect(incarnation=2)
    else:
        rig.stream.away.add("connection-primary")
    answer = rig.ask(lasting(close_signal(2, ORDER)))
    assert answer.admitted
    assert sends(rig) == []
    rig.after(0.1)
    assert [event.cl_ord_id for event in rig.events(OrderQueued)] == [CLOSE]
    assert len(rig.alerts("A013")) == 1
    assert rig.book.orders[CLOSE].is_live


def test_it_is_sent_once_as_soon_as_its_account_takes_it():
    rig = waiting()
    rig.after(30)
    back(rig)
    assert sends(rig) == [("connection-primary", f"{CLOSE}-r1")]
    assert len(rig.alerts("A016")) == 1, "nothing is sent late unseen"
    for _ in range(3):
        rig.after(10)
    assert sends(rig) == []


def test_it_waits_until_its_account_was_read_since_it_came_back():
    rig = waiting()
    rig.after(30)
    rig.connect(writes=True)
    rig.after(1)
    assert sends(rig) == [], "what was held half a minute ago may be gone"
    back(rig)
    assert sends(rig) == [("connection-primary", f"{CLOSE}-r1")]


def test_no_other_account_gets_it_however_long_it_waits():
    rig = waiting()
    for _ in range(20):
        rig.after(10)
    assert sends(rig) == []


def test_it_survives_a_restart_and_is_still_sent_once():
    rig = waiting()
    rig.after(20)
    rig.start()
    rig.connect(writes=False)
    rig.after(1)
    assert (rig.book.orders[CLOSE].waits != "", sends(rig)) == (True, [])
    rig.connect(incarnation=2)
    assert sends(rig) == [], "its account is not read yet"
    rig.read(positions=rig.book.positions["primary-account"])
    rig.after(0.1)
    assert sends(rig) == [("connection-primary", f"{CLOSE}-r1")]
    rig.start()
    rig.connect(incarnation=2)
    rig.read(positions=rig.book.positions["primary-account"])
    rig.after(5)
    assert sends(rig) == [], "its attempt may have been sent"


def test_a_late_close_takes_its_price_from_the_quotes_of_its_own_time():
    rig = waiting()
    early = rig.book.orders[CLOSE].order.net_price
    table = rig.executor._desk.quotes
    rig.clock.advance(30)
    rig.quote()
    table.ask[2:4] += 1.0  # the shorts have become dearer to buy back
    rig.connect(writes=True)
    rig.read(request_id=0, positions=rig.book.positions["primary-account"])
    rig.clock.advance(0.1)
    rig.executor.turn(0)
    ((_, send),) = rig.told(SendOrder)
    (revised,) = rig.events(OrderRevised)
    assert send.order == revised.order == rig.book.orders[CLOSE].order
    assert send.order.net_price < early
    assert str(early) in revised.text


def test_a_limit_its_asker_gave_is_never_made_worse():
    rig = waiting(net_price=Decimal("-1.00"))
    back(rig)
    ((_, send),) = rig.told(SendOrder)
    assert send.order.net_price == Decimal("-1.00")


def test_a_late_close_takes_no_more_than_is_still_held():
    rig = waiting()
    by_hand(rig, 1)
    back(rig)
    ((_, send),) = rig.told(SendOrder)
    assert {leg.symbol for leg in send.order.legs} == set(CONDOR_SYMBOLS) - {CONDOR_SYMBOLS[1]}


def test_a_limit_for_legs_that_are_not_all_there_any_more_waits_and_says_so():
    rig = waiting(net_price=Decimal("-1.00"))
    by_hand(rig, 1)
    back(rig, 1)
    rig.after(15)
    assert sends(rig) == []
    assert "was meant for" in rig.alerts("A017")[-1]


def test_where_nothing_is_left_to_close_it_ends():
    rig = waiting()
    by_hand(rig, 0, 1, 2, 3)
    back(rig)
    assert sends(rig) == []
    assert [event.cl_ord_id for event in rig.events(OrderAbandoned)] == [CLOSE]


def test_past_its_expiry_it_is_given_up_and_paged():
    rig = waiting()
    rig.after(301)
    rig.connect(writes=True)
    rig.after(1)
    assert sends(rig) == []
    assert [event.cl_ord_id for event in rig.events(OrderAbandoned)] == [CLOSE]
    assert "still held" in rig.alerts("A014")[0]


def test_one_that_waits_is_paged_again_and_again():
    rig = waiting()
    for _ in range(5):
        rig.after(15)
    assert (len(rig.alerts("A013")), len(rig.alerts("A017"))) == (1, 4)


def test_a_cancel_ends_one_that_waits():
    rig = waiting()
    assert rig.ask(cancel_signal(3, CLOSE)).admitted
    rig.connect(writes=True)
    rig.after(1)
    assert (sends(rig), rig.book.orders[CLOSE].is_live) == ([], False)


def test_a_second_close_of_the_same_structure_is_refused_while_one_waits():
    rig = waiting()
    refused = rig.ask(close_signal(3, ORDER))
    assert [check.code for check in refused.checks if not check.passed] == [Code.R051_CLOSE_WORKING]


@pytest.mark.parametrize("outcome", [NotSent(cause="refused"), Rejected(code="429", text="later", retryable=True)])
def test_a_close_that_its_route_did_not_take_is_tried_there_again_at_a_pace(outcome):
    rig = held()
    rig.ask(lasting(close_signal(2, ORDER)))
    rig.told(SendOrder)
    for number in (1, 2, 3):
        rig.outcome(f"{CLOSE}-r{number}", outcome)
        rig.after(0.5)
        assert sends(rig) == []
        rig.after(0.5)
        assert sends(rig) == [("connection-primary", f"{CLOSE}-r{number + 1}")]


def test_a_close_in_doubt_does_not_wait_and_is_not_sent_again():
    rig = held()
    rig.ask(lasting(close_signal(2, ORDER)))
    rig.told(SendOrder)
    rig.outcome(f"{CLOSE}-r1", InDoubt(cause="timeout"))
    rig.after(30)
    assert (sends(rig), rig.events(OrderQueued)) == ([], [])


def test_a_close_the_broker_refused_for_good_is_given_up():
    rig = held()
    rig.ask(lasting(close_signal(2, ORDER)))
    rig.outcome(f"{CLOSE}-r1", Rejected(code="422", text="no"))
    assert [event.cl_ord_id for event in rig.events(OrderAbandoned)] == [CLOSE]


def test_there_are_no_more_attempts_than_the_limit_allows():
    rig = held(close_attempts_max=2)
    rig.ask(lasting(close_signal(2, ORDER)))
    for number in (1, 2):
        rig.outcome(f"{CLOSE}-r{number}", NotSent(cause="refused"))
        rig.told(SendOrder)
        rig.after(2)
    assert sends(rig) == []
    rig.after(300)
    assert not rig.book.orders[CLOSE].is_live


def test_two_that_wait_are_bounded_by_each_other():
    rig = held()
    rig.opened(open_signal(4))
    waiting(rig)
    rig.ask(lasting(close_signal(3, "condor-20260105-4")))
    by_hand(rig, 0, 1, 2, 3)  # of two condors one is left, and two closes wait
    back(rig)
    for _ in range(4):
        rig.after(0.1)
    assert sends(rig) == [("connection-primary", f"{CLOSE}-r1")]
    assert [event.cl_ord_id for event in rig.events(OrderAbandoned)] == ["condor-20260105-3"]


def test_an_opening_never_waits():
    rig = Rig().ready()
    rig.connect(writes=False)
    rig.connect("backup", writes=False)
    answer = rig.ask(open_signal(1))
    assert (answer.admitted, rig.events(OrderQueued)) == (False, [])


def test_a_cancel_that_is_not_taken_is_paged_at_a_pace():
    rig = Rig(queue_alert_s=15).ready()
    rig.ask(open_signal(1))
    rig.outcome(f"{ORDER}-r1", Accepted(broker_order_id="primary-1"))
    rig.connect(writes=False)
    rig.ask(cancel_signal(2, ORDER))
    for _ in range(31):
        rig.after(1)
    assert len(rig.alerts("A015")) == 2
