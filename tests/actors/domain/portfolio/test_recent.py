"""What was ordered lately, kept incrementally, is what a count over all orders finds."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders.order import Intent
from actors.domain.orders.order_state import OrderLife
from actors.domain.portfolio.intent import opening_order
from actors.domain.portfolio.recent import Recent, likeness
from tests.builders import condor_legs, open_signal
from tests.fakes import START


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
