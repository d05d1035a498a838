"""The bench of admission times openings that are admitted, on a book that holds others."""

from actors.domain.orders.refusal import Code
from actors.domain.risk.gate import review
from supervisor.app.bench import admission
from supervisor.app.order_machine.market import START


def test_each_order_it_times_is_admitted():
    timed = admission.measure(5)
    assert len(timed) == 5
    assert all(timed > 0)


def test_each_is_asked_about_greeks_and_stress_beside_what_is_held():
    desk = admission._desk()
    for number in range(2):
        admission._place(desk.book, admission._signal(number, START), is_held=not number)
    admission._let_open(desk)
    asked = [check.code for check in review(admission._signal(2, START), desk.circumstances()).checks]
    assert asked.count(Code.R081_GREEKS) == 4
    assert asked.count(Code.R082_STRESS) == 1
    assert Code.R080_GREEKS_UNKNOWN not in asked
