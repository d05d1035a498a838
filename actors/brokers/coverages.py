"""What each adapter's broker takes, by the adapter's name: known without connecting, read by preflight and screens.

A statement here is never wider than what the adapter's shapes can say. tastytrade: combos at a limit only; options on
futures where the product table says of them what the broker does (`tastytrade_instruments`). Futures themselves are
closed, where an option delivered one, and never opened: their orders bear no position effect there. OTO and OTOCO wait
there for the whole fill of their trigger; held here they guard what a partial one filled. Alpaca: options for the day
only, no futures. QuantConnect: options alone, none on futures, combos at a limit, and nothing that ends at once.
"""

from collections.abc import Mapping
from typing import Final

from actors.domain.market.contract import Kind
from actors.domain.orders.coverage import Coverage, Terms
from actors.domain.orders.order import Contingency, OrderType, TimeInForce

_ANY_TIME = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC)
_KINDS = (Kind.EQUITY, Kind.EQUITY_OPTION, Kind.INDEX_OPTION)

COVERAGES: Final[Mapping[str, Coverage]] = {
    "tastytrade": Coverage(
        kinds=(*_KINDS, Kind.FUTURE_OPTION),
        closes=(Kind.FUTURE,),
        legs_max=4,
        single=Terms(
            order_types=(OrderType.LIMIT, OrderType.MARKET, OrderType.STOP, OrderType.STOP_LIMIT),
            times_in_force=_ANY_TIME,
        ),
        combo=Terms(order_types=(OrderType.LIMIT,), times_in_force=_ANY_TIME),
        contingencies=(Contingency.OCO,),
        write_probe="a dry run of the last order while the path is sick, else a read over the order's own wire",
        left_out="futures themselves are not opened (R100): no loss of one is bounded, and no margin of it is known",
    ),
    "alpaca": Coverage(
        kinds=_KINDS,
        legs_max=4,
        single=Terms(order_types=(OrderType.LIMIT, OrderType.MARKET), times_in_force=(TimeInForce.DAY,)),
        combo=Terms(order_types=(OrderType.LIMIT, OrderType.MARKET), times_in_force=(TimeInForce.DAY,)),
        write_probe="a read over the order's own wire: there is no dry run",
    ),
    "quantconnect": Coverage(
        kinds=(Kind.EQUITY_OPTION, Kind.INDEX_OPTION),
        legs_max=4,
        single=Terms(
            order_types=(OrderType.LIMIT, OrderType.MARKET), times_in_force=(TimeInForce.DAY, TimeInForce.GTC)
        ),
        combo=Terms(order_types=(OrderType.LIMIT,), times_in_force=(TimeInForce.DAY, TimeInForce.GTC)),
        write_probe="a ping, the way an order goes, answered the way an order is acknowledged",
    ),
}
