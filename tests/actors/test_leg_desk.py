"""A combo that no route takes whole goes leg by leg: longs first, a short when it is covered, one refusal stops all."""

from decimal import Decimal

from actors.domain.orders.attempt import Accepted, InDoubt, NotSent, Rejected
from actors.domain.orders.event import CancelAsked
from actors.domain.orders.leg_event import LegsEnded, LegsStarted
from actors.domain.orders.order import Intent
from actors.domain.orders.report import Status
from actors.messages import CancelOrder, SendOrder
from tests.builders import CONDOR_SYMBOLS, cancel_signal, close_signal, open_signal
from tests.rig import ROUTES, Rig, fills_of, report

ORDER = "condor-20260105-1"
LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = CONDOR_SYMBOLS


def single_legs(*, backup: int = 1, **desk: float) -> Rig:
    """A rig whose routes take single legs alone."""
    rig = Rig(**desk)
    rig.connect("primary", combo_legs_max=1)
    rig.connect("backup", combo_legs_max=backup)
    for route in ROUTES:
        rig.read(route)
    return rig


def sent(rig: Rig) -> dict[str, SendOrder]:
    """What was sent since the last time, by symbol; each is a single leg."""
    rig.after(0.1)
    told = rig.told(SendOrder)
    assert {peer for peer, _ in told} <= {"connection-primary"}
    assert all(len(message.order.legs) == 1 for _, message in told)
    return {message.order.legs[0].symbol: message for _, message in told}


def fill(rig: Rig, message: SendOrder, status: Status = Status.FILLED) -> None:
    theirs = f"primary-{message.attempt_id}"
    rig.outcome(message.attempt_id, Accepted(broker_order_id=theirs))
    px = "2.00" if message.order.legs[0].symbol in {SHORT_PUT, SHORT_CALL} else "1.05"
    rig.push(report(theirs, status, *fills_of(message.order, message.order.order_qty, px), attempt=message.attempt_id))


def opened(rig: Rig) -> None:
    rig.ask(open_signal(1))
    for _ in range(2):
        for message in sent(rig).values():
            fill(rig, message)
    rig.after(0.1)


def test_a_combo_goes_whole_where_some_route_takes_it():
    rig = single_legs(backup=4)
    rig.ask(open_signal(1))
    ((peer, message),) = rig.told(SendOrder)
    assert (peer, len(message.order.legs), rig.events(LegsStarted)) == ("connection-backup", 4, [])


def test_the_longs_go_first_and_the_shorts_once_both_are_filled():
    rig = single_legs()
    rig.ask(open_signal(1))
    first = sent(rig)
    assert first.keys() == {LONG_PUT, LONG_CALL}
    fill(rig, first[LONG_PUT])
    assert sent(rig) == {}
    fill(rig, first[LONG_CALL])
    second = sent(rig)
    assert second.keys() == {SHORT_PUT, SHORT_CALL}
    for message in second.values():
        fill(rig, message)
    rig.after(0.1)
    structure = rig.book.structures[ORDER]
    assert (structure.quantity, structure.strategy, len(structure.legs)) == (1, "condor", 4)
    assert rig.book.orders[ORDER].status is Status.FILLED
    view = rig.executor._picture().book.structures[0]
    assert (view.phase, view.entry_price) == ("OPEN", Decimal("1.90"))


def test_each_leg_is_an_order_of_its_own_under_an_id_derived_from_the_combos():
    rig = single_legs()
    rig.ask(open_signal(1))
    names = sorted(message.order.cl_ord_id for message in sent(rig).values())
    assert names == [f"{ORDER}-leg-1", f"{ORDER}-leg-2"]
    assert {rig.book.orders[name].order.structure_id for name in names} == {ORDER}


def test_a_refused_leg_stops_the_rest_and_what_was_bought_is_sold():
    rig = single_legs()
    rig.ask(open_signal(1))
    first = sent(rig)
    fill(rig, first[LONG_PUT])
    rig.outcome(first[LONG_CALL].attempt_id, Rejected(code="422", text="no"))
    rig.after(0.1)
    (ended,) = rig.events(LegsEnded)
    assert (ended.status, "no" in ended.text) == (Status.CANCELED, True)
    rig.read(positions=rig.book.positions["primary-account"])
    selling = sent(rig)
    assert {symbol: message.order.intent for symbol, message in selling.items()} == {LONG_PUT: Intent.CLOSE}
    rig.after(0.1)
    assert len(rig.alerts("A041")) == 1


def test_a_refused_leg_has_the_one_that_works_cancelled_first():
    rig = single_legs()
    rig.ask(open_signal(1))
    first = sent(rig)
    rig.outcome(first[LONG_PUT].attempt_id, Accepted(broker_order_id="primary-1"))
    rig.outcome(first[LONG_CALL].attempt_id, Rejected(code="422", text="no"))
    rig.after(0.1)
    assert [asked.cl_ord_id for asked in rig.events(CancelAsked)] == [first[LONG_PUT].order.cl_ord_id]
    assert rig.events(LegsEnded) == []
    rig.after(1.1)
    assert [told.broker_order_id for _, told in rig.told(CancelOrder)][-1] == "primary-1"
    rig.push(report("primary-1", Status.CANCELED, attempt=first[LONG_PUT].attempt_id))
    rig.after(0.1)
    assert len(rig.events(LegsEnded)) == 1
    assert rig.book.structures == {}


def test_a_leg_in_doubt_keeps_the_next_ones_in_and_the_combo_from_ending():
    rig = single_legs()
    rig.ask(open_signal(1))
    first = sent(rig)
    fill(rig, first[LONG_PUT])
    rig.outcome(first[LONG_CALL].attempt_id, InDoubt(cause="timeout"))
    for _ in range(20):
        rig.after(1)
    assert (rig.told(SendOrder), rig.events(LegsEnded)) == ([], [])
    assert rig.book.orders[ORDER].is_live


def test_legs_that_are_not_all_filled_by_the_deadline_are_cancelled():
    rig = single_legs()
    rig.ask(open_signal(1))
    first = sent(rig)
    fill(rig, first[LONG_PUT])
    rig.outcome(first[LONG_CALL].attempt_id, Accepted(broker_order_id="primary-1"))
    rig.after(9)
    assert rig.events(CancelAsked) == []
    rig.after(1.1)
    assert [asked.cl_ord_id for asked in rig.events(CancelAsked)] == [first[LONG_CALL].order.cl_ord_id]


def test_a_cancel_of_the_combo_stops_its_legs():
    rig = single_legs()
    rig.ask(open_signal(1))
    first = sent(rig)
    for number, message in enumerate(first.values()):
        rig.outcome(message.attempt_id, Accepted(broker_order_id=f"primary-{number}"))
    rig.ask(cancel_signal(2, ORDER))
    rig.after(0.1)
    asked = {event.cl_ord_id for event in rig.events(CancelAsked)}
    assert asked == {ORDER, *(message.order.cl_ord_id for message in first.values())}


def test_a_latched_stop_lets_no_short_follow():
    rig = single_legs()
    rig.ask(open_signal(1))
    first = sent(rig)
    rig.stop = "reduce by hand"
    for message in first.values():
        fill(rig, message)
    assert SHORT_PUT not in sent(rig)
    assert rig.book.orders[ORDER].status is Status.CANCELED


def test_a_successor_goes_on_where_its_predecessor_was():
    rig = single_legs()
    rig.ask(open_signal(1))
    for message in sent(rig).values():
        fill(rig, message)
    held = dict(rig.book.positions["primary-account"])
    rig.start()
    for route in ROUTES:
        rig.connect(route, combo_legs_max=1)
    rig.read("backup")
    rig.read(positions=held)
    assert sent(rig).keys() == {SHORT_PUT, SHORT_CALL}


def test_at_no_time_is_a_short_uncovered():
    rig = single_legs()
    opened(rig)
    shown = [structure.naked for structure in rig.book.structures.values()]
    assert (shown, rig.alerts("A040")) == ([{}], [])


def test_a_close_goes_leg_by_leg_too_shorts_bought_back_first():
    rig = single_legs()
    opened(rig)
    closing = rig.ask(close_signal(2, ORDER)).cl_ord_id
    first = sent(rig)
    assert first.keys() == {SHORT_PUT, SHORT_CALL}
    for message in first.values():
        fill(rig, message)
    second = sent(rig)
    assert second.keys() == {LONG_PUT, LONG_CALL}
    for message in second.values():
        fill(rig, message)
    rig.after(0.1)
    assert rig.book.structures[ORDER].is_flat
    assert rig.book.orders[closing].status is Status.FILLED


def waiting_to_close() -> tuple[Rig, str]:
    """A structure held, and its close waiting, for the only route of its account is away and takes single legs."""
    rig = single_legs()
    opened(rig)
    rig.connect(writes=False, combo_legs_max=1)
    closing = rig.ask(close_signal(2, ORDER)).cl_ord_id
    assert closing is not None
    assert rig.book.orders[closing].waits
    rig.after(20)
    return rig, closing


def back(rig: Rig) -> None:
    """The account can be reached again and is read, and the close that waited is let go."""
    rig.connect(combo_legs_max=1)
    rig.read(positions=rig.book.positions["primary-account"])
    rig.after(0.1)


def test_a_close_that_waited_goes_leg_by_leg_once_its_route_is_back_and_was_read():
    rig, closing = waiting_to_close()
    rig.connect(combo_legs_max=1)
    assert sent(rig) == {}, "what was held twenty seconds ago may be gone"
    back(rig)
    first = sent(rig)
    assert first.keys() == {SHORT_PUT, SHORT_CALL}
    assert (rig.book.orders[closing].waits, len(rig.alerts("A016"))) == ("", 1)
    for message in first.values():
        fill(rig, message)
    for message in sent(rig).values():
        fill(rig, message)
    rig.after(0.1)
    assert rig.book.structures[ORDER].is_flat
    assert rig.book.orders[closing].status is Status.FILLED


def test_what_is_left_of_a_waiting_close_needs_no_legs_where_it_is_one_itself():
    rig, closing = waiting_to_close()
    legs = fills_of(rig.book.orders[ORDER].order)
    gone = tuple(
        each.model_copy(update={"exec_id": f"hand-{each.symbol}", "action": each.action.closing})
        for each in legs
        if each.symbol != SHORT_CALL
    )
    rig.push(report("theirs-1", Status.FILLED, *gone))
    rig.connect(combo_legs_max=1)
    rig.read(positions=rig.book.positions["primary-account"])
    assert [message.order.cl_ord_id for message in sent(rig).values()] == [closing]


def test_a_successor_goes_on_with_the_legs_of_a_close_that_waited():
    rig, closing = waiting_to_close()
    back(rig)
    for message in sent(rig).values():
        fill(rig, message)
    held = dict(rig.book.positions["primary-account"])
    rig.start()
    rig.connect(combo_legs_max=1)
    rig.read(positions=held)
    assert sent(rig).keys() == {LONG_PUT, LONG_CALL}
    assert rig.book.orders[closing].is_live


def test_a_leg_of_a_close_that_did_not_leave_is_sent_again_beside_the_others():
    rig = single_legs()
    opened(rig)
    rig.ask(close_signal(2, ORDER))
    first = sent(rig)
    rig.outcome(first[SHORT_CALL].attempt_id, Accepted(broker_order_id="primary-1"))
    rig.outcome(first[SHORT_PUT].attempt_id, NotSent(cause="refused"))
    rig.after(1)
    assert sent(rig).keys() == {SHORT_PUT}


def test_a_leg_of_a_close_waits_while_another_is_in_doubt():
    rig = single_legs()
    opened(rig)
    rig.ask(close_signal(2, ORDER))
    first = sent(rig)
    rig.outcome(first[SHORT_CALL].attempt_id, InDoubt(cause="timeout"))
    rig.outcome(first[SHORT_PUT].attempt_id, NotSent(cause="refused"))
    for _ in range(20):
        rig.after(1)
    assert sent(rig) == {}
