"""What a route can carry."""

import pytest

from actors.domain.market.contract import Kind
from actors.domain.orders.coverage import Coverage, Load, Terms, cannot_carry
from actors.domain.orders.order import OrderType, TimeInForce

OPTIONS = frozenset({Kind.INDEX_OPTION})
COMBO = Terms(order_types=(OrderType.LIMIT,), times_in_force=(TimeInForce.DAY,))
SINGLE = Terms(order_types=tuple(OrderType), times_in_force=tuple(TimeInForce))
ROUTE = Coverage(legs_max=4, single=SINGLE, combo=COMBO)


def load(legs: int = 4, **changes) -> Load:
    return Load(**{"kinds": OPTIONS, "legs": legs, **changes})


def test_what_a_route_states_it_carries_it_carries():
    assert cannot_carry(ROUTE, load()) == ""
    assert cannot_carry(ROUTE, load(1, order_type=OrderType.MARKET, time_in_force=TimeInForce.GTC)) == ""


@pytest.mark.parametrize(
    ("coverage", "asked", "why"),
    [
        (ROUTE, load(kinds=frozenset({Kind.FUTURE_OPTION})), "carries no future option"),
        (ROUTE.model_copy(update={"legs_max": 2}), load(), "carries 2 legs at most, not 4"),
        (ROUTE.model_copy(update={"combo": None}), load(2), "carries no combos"),
        (ROUTE, load(order_type=OrderType.MARKET), "carries no market orders for combos"),
        (ROUTE, load(time_in_force=TimeInForce.GTC), "carries no GTC orders for combos"),
        (
            ROUTE.model_copy(update={"single": COMBO}),
            load(1, time_in_force=TimeInForce.IOC),
            "carries no IOC orders for single legs",
        ),
    ],
)
def test_what_it_does_not_carry_is_told_in_words(coverage, asked, why):
    assert cannot_carry(coverage, asked) == why
