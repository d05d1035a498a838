"""No adapter states more than its shapes can say."""

from decimal import Decimal

import pytest

from actors.brokers import alpaca_shapes, quantconnect_shapes, tastytrade_shapes
from actors.brokers.coverages import COVERAGES
from actors.brokers.outcomes import Unsendable
from actors.domain.market.contract import Kind
from actors.domain.orders.coverage import Load, cannot_carry
from actors.domain.orders.order import OrderType
from tests.builders import PRODUCTS

BODIES = {
    "tastytrade": tastytrade_shapes.order_body,
    "alpaca": alpaca_shapes.order_body,
    "quantconnect": lambda attempt, order: quantconnect_shapes.order_body(attempt, order, PRODUCTS, expires_s=1.0),
}
ADAPTERS = pytest.mark.parametrize("adapter", sorted(COVERAGES))


def stated(adapter: str):
    coverage = COVERAGES[adapter]
    for legs, terms in ((1, coverage.single), (coverage.legs_max, coverage.combo)):
        for order_type in terms.order_types:
            for time_in_force in terms.times_in_force:
                yield legs, order_type, time_in_force


@ADAPTERS
def test_every_adapter_can_say_what_it_states(adapter, condor):
    for legs, order_type, time_in_force in stated(adapter):
        order = condor(
            legs=condor().legs[-legs:],
            order_type=order_type,
            time_in_force=time_in_force,
            net_price=Decimal("-1.25") if order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT} else None,
            stop_px=Decimal("-1.20") if order_type in {OrderType.STOP, OrderType.STOP_LIMIT} else None,
        )
        assert BODIES[adapter]("a-r1", order)


def test_tastytrade_cannot_say_a_combo_at_the_market_and_does_not_state_it(condor):
    with pytest.raises(Unsendable):
        tastytrade_shapes.order_body("a-r1", condor(order_type=OrderType.MARKET, net_price=None))
    assert OrderType.MARKET not in COVERAGES["tastytrade"].combo.order_types


def test_options_on_futures_are_stated_by_tastytrade_alone_and_futures_by_none():
    stating = {kind: [name for name in COVERAGES if kind in COVERAGES[name].kinds] for kind in Kind}
    assert (stating[Kind.FUTURE_OPTION], stating[Kind.FUTURE]) == (["tastytrade"], [])
    assert [name for name in COVERAGES if Kind.FUTURE in COVERAGES[name].closes] == ["tastytrade"]
    assert COVERAGES["tastytrade"].left_out.startswith("futures themselves are not opened (R100)")


@ADAPTERS
def test_where_they_are_not_stated_an_order_for_them_is_refused_with_the_reason(adapter):
    load = Load(kinds=frozenset({Kind.FUTURE_OPTION}), legs=2)
    assert cannot_carry(COVERAGES[adapter], load) == ("" if adapter == "tastytrade" else "carries no future option")


def test_a_future_that_an_option_delivered_can_be_closed_where_none_is_opened():
    load = Load(kinds=frozenset({Kind.FUTURE}), legs=1)
    assert cannot_carry(COVERAGES["tastytrade"], load) == "carries no future"
    assert cannot_carry(COVERAGES["tastytrade"], load.model_copy(update={"opens": False})) == ""
    assert cannot_carry(COVERAGES["alpaca"], load.model_copy(update={"opens": False})) == "carries no future"


def test_each_says_how_its_write_path_is_tried():
    assert "dry run" in COVERAGES["tastytrade"].write_probe
    assert "no dry run" in COVERAGES["alpaca"].write_probe
