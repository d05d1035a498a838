"""The table of what Holdfast holds back, and the fold of its events."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from actors.domain.orders.order import Contingency, OrderType, Stop
from actors.domain.orders.signal import Close, Complex, Open
from actors.domain.orders.trigger import MOVES, Trigger, TriggerState, held_back, moved
from actors.domain.orders.trigger_event import TriggerMoved, Triggers, TriggersPlaced, TriggerTrailed
from tests.builders import close_signal, complex_signal, condor_legs, open_signal, stop_signal
from tests.fakes import START

STOP = Stop(stop_px=Decimal(-3))
S = TriggerState


def trigger(state: TriggerState = S.ARMED, stop: Stop | None = STOP) -> Trigger:
    return Trigger(
        trigger_id="x",
        signal_id="x",
        strategy="condor",
        request=Close(structure_id="s", net_price=None if stop else Decimal(-1), stop=stop),
        state=state,
        expires_at=START,
    )


def entry(**changes: object) -> Open:
    request = {"underlying": "SPX", "legs": condor_legs(), "order_qty": 1, "net_price": Decimal("1.90")}
    return Open(**(request | changes))


@pytest.mark.parametrize("before", list(S))
@pytest.mark.parametrize("after", list(S))
def test_only_the_moves_of_the_table_are_made(before, after):
    if after in MOVES.get(before, ()):
        assert moved(trigger(before), after).state is after
    else:
        with pytest.raises(AssertionError):
            moved(trigger(before), after)


def test_nothing_leaves_an_end():
    assert {state for state in S if state.is_over} == {S.DONE, S.CANCELED, S.EXPIRED, S.REJECTED}


def test_each_send_has_a_name_of_its_own():
    first = moved(trigger(S.TRIGGERED), S.PLACED, order_id="x")
    assert (trigger().next_order, first.next_order) == ("x", "x.v2")


@pytest.mark.parametrize(
    ("stop", "net_price", "order_type"),
    [
        (STOP, None, OrderType.STOP),
        (STOP, Decimal(-4), OrderType.STOP_LIMIT),
        (Stop(trail=Decimal("0.5")), None, OrderType.TRAILING_STOP),
    ],
)
def test_a_stop_is_called_what_traders_call_it(stop, net_price, order_type):
    assert stop.order_type(net_price) is order_type


@pytest.mark.parametrize("fields", [{}, {"stop_px": Decimal(1), "trail": Decimal(1)}, {"trail": Decimal(0)}])
def test_a_stop_has_a_level_or_a_distance(fields):
    with pytest.raises(ValidationError):
        Stop(**fields)


def test_plain_signals_hold_nothing_back():
    assert held_back(open_signal(1), 1) == held_back(close_signal(1, "s"), 1) == ()


def test_a_stop_rests_under_its_signals_name():
    (held,) = held_back(stop_signal(1, "s", STOP), 7)
    assert (held.trigger_id, held.state, held.armed_epoch) == ("condor-20260105-1", S.ARMED, 7)


def test_of_two_the_one_without_a_stop_is_sent_at_once():
    sides = held_back(complex_signal(1, Close(structure_id="s", net_price=Decimal(-1)), trigger().request), 1)
    assert [(each.trigger_id, each.state) for each in sides] == [
        ("condor-20260105-1.1", S.TRIGGERED),
        ("condor-20260105-1.2", S.ARMED),
    ]


def test_what_follows_an_entry_waits_and_closes_what_it_opens():
    (side,) = held_back(complex_signal(1, Close(structure_id="", stop=STOP), trigger_order=entry()), 1)
    assert (side.state, side.structure_id) == (S.WAITING, "condor-20260105-1")


@pytest.mark.parametrize(
    ("orders", "trigger_order", "contingency"),
    [(2, False, Contingency.OCO), (1, True, Contingency.OTO), (2, True, Contingency.OTOCO)],
)
def test_a_complex_order_is_one_of_three(orders, trigger_order, contingency):
    sides = (Close(structure_id="", stop=STOP), Close(structure_id="", net_price=Decimal(-1)))[:orders]
    assert Complex(orders=sides, trigger_order=entry() if trigger_order else None).contingency is contingency


@pytest.mark.parametrize(
    "orders",
    [
        (Close(structure_id="a", stop=STOP),),
        (Close(structure_id="a", stop=STOP), Close(structure_id="b", stop=STOP)),
        (Close(structure_id="a", stop=STOP), entry(stop=STOP)),
        (Close(structure_id="a", stop=STOP), Close(structure_id="a")),
        (),
    ],
)
def test_orders_that_do_not_depend_on_each_other_are_no_complex_order(orders):
    with pytest.raises(ValidationError):
        Complex(orders=orders)


def test_an_order_that_follows_another_closes_nothing_else():
    with pytest.raises(ValidationError):
        complex_signal(1, Close(structure_id="other", stop=STOP), trigger_order=entry())


def test_the_fold_keeps_what_lives_at_hand():
    signal = stop_signal(1, "s", Stop(trail=Decimal(1)))
    triggers = Triggers()
    triggers.apply(TriggersPlaced(signal=signal, triggers=held_back(signal, 1), checks=(), at=START))
    name = signal.signal_id
    triggers.apply(TriggerTrailed(trigger_id=name, high_px=Decimal(-2), at=START))
    assert triggers.live()[0].level == Decimal(-3)
    triggers.apply(TriggerMoved(trigger_id=name, state=S.CANCELED, text="asked", epoch=1, at=START))
    assert (triggers.live(), triggers.of(name), triggers.known[name].text) == ([], [], "asked")
    assert Triggers(tuple(triggers.known.values())).known == triggers.known
