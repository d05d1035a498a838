"""What was ordered lately, kept incrementally, is what a count over all orders finds."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders.order import Fill, Intent
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.portfolio.intent import opening_order
from actors.domain.portfolio.recent import Recent, likeness
from tests.builders import condor_legs, open_signal
from tests.fakes import START

LEG = condor_legs()[0]
FILL = Fill(exec_id="1", symbol=LEG.symbol, action=LEG.action, last_qty=1, last_px=Decimal(1), at=START)


def order(number: int, second: float, strategy: str = "condor"):
    signal = open_signal(number).model_copy(update={"strategy": strategy})
    return opening_order(signal, signal.request, START + timedelta(seconds=second))


@given(
    gaps=st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["a", "b"])), max_size=20),
    looks=st.lists(st.booleans(), min_size=20, max_size=20),
    forget=st.booleans(),
)
def test_counts_are_those_of_the_last_minute_however_often_one_looks(gaps, looks, forget):
    recent, orders, second = Recent(), {}, 0
    for number, ((gap, strategy), look) in enumerate(zip(gaps, looks, strict=False)):
        second += gap
        made = order(number, second, strategy)
        orders[made.cl_ord_id] = OrderLife(order=made)
        if forget and number == 10:
            orders = dict(orders)
        if not look:
            continue
        now = START + timedelta(seconds=second)
        recent.look(orders, now, now - timedelta(seconds=10))
        in_minute = [each.order for each in orders.values() if each.order.created_at > now - timedelta(minutes=1)]
        assert recent.count == len(in_minute)
        assert recent.of("a") == sum(each.strategy == "a" for each in in_minute)
        late = [each for each in in_minute if each.created_at > now - timedelta(seconds=10)]
        assert list(recent.openings()) == [each for each in late if each.intent is Intent.OPEN]


def test_openings_are_alike_by_strategy_legs_and_quantity():
    legs = condor_legs()
    assert likeness("a", legs, 1) == likeness("a", legs[::-1], 1)
    assert likeness("a", legs, 1) != likeness("b", legs, 1)
    assert likeness("a", legs, 1) != likeness("a", legs, 2)
    doubled = tuple(leg.model_copy(update={"ratio": 2}) for leg in legs)
    assert likeness("a", doubled, 1) == likeness("a", legs, 2)
    assert Decimal(order(1, 0).order_qty) == 1


@pytest.mark.parametrize(
    ("age_s", "changes", "is_kept"),
    [
        (6, {"status": Status.CANCELED}, False),
        (4, {"status": Status.CANCELED}, True),  # a fill may still follow
        (6, {"status": Status.NEW}, True),
        (6, {"status": Status.FILLED, "fills": (FILL,)}, True),
    ],
)
def test_an_opening_that_came_to_nothing_is_let_go_once_no_fill_may_follow(age_s, changes, is_kept):
    placed, now = order(1, 0), START + timedelta(seconds=age_s)
    recent = Recent()
    recent.look({placed.cl_ord_id: OrderLife(order=placed, **changes)}, now, START - timedelta(minutes=2))
    assert [each.cl_ord_id for each in recent.openings()] == [placed.cl_ord_id] * is_kept
