"""The order a signal becomes: the same id, the same legs, nothing added but what the book knows.

A close takes the legs from what is truly held, and goes to the account domain that holds it (law 4). Without a price of
its own it is meant to trade at once, and still bounded: at the natural price less a stated slack, for the market moves
while an order travels.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Intent, Leg, Order
from actors.domain.orders.signal import Close, Open, Signal
from actors.domain.portfolio.mark import natural_price
from actors.domain.portfolio.structure import Structure, closing

SLACK_SHARE = Decimal("0.05")
SLACK_FLOOR = Decimal("0.10")
PRICE_STEP = Decimal("0.05")
"""The net price of a combo in whole nickels is valid for every product; a single leg has the tick of its own."""
_SHARED = ("underlying", "legs", "order_qty", "order_type", "net_price", "time_in_force")


def opening_order(signal: Signal, request: Open, now: datetime) -> Order:
    """Return the order that opens a structure."""
    return Order(
        cl_ord_id=signal.signal_id,
        signal_id=signal.signal_id,
        strategy=signal.strategy,
        structure_id=signal.signal_id,
        intent=Intent.OPEN,
        created_at=now,
        expires_at=signal.expires_at,
        **{name: getattr(request, name) for name in _SHARED},
    )


def closing_order(
    signal: Signal, request: Close, structure: Structure, quotes: QuoteTable | None, now: datetime
) -> Order | None:
    """Return the order that closes a structure as a whole; None where no price can bound it."""
    legs, quantity = closing(structure.holdings, quotes)
    price = request.net_price
    if price is None and quotes is not None:
        price = marketable_price(legs, quotes)
    if price is None or not legs:
        return None
    return Order(
        cl_ord_id=signal.signal_id,
        signal_id=signal.signal_id,
        strategy=signal.strategy,
        structure_id=structure.structure_id,
        intent=Intent.CLOSE,
        underlying=structure.underlying,
        legs=legs,
        order_qty=quantity,
        net_price=price,
        account_domain=structure.account_domain,
        created_at=now,
        expires_at=signal.expires_at,
    )


def marketable_price(legs: Sequence[Leg], quotes: QuoteTable) -> Decimal | None:
    """Return a net price that trades at once and bounds what may be paid; None where a leg has no market."""
    natural = natural_price(legs, quotes)
    if natural is None:
        return None
    bound = natural - max(SLACK_FLOOR, abs(natural) * SLACK_SHARE)
    if len(legs) > 1:
        return _down_to(bound, PRICE_STEP)
    product = quotes.universe.contracts[quotes.row_of[legs[0].symbol]].product
    bound = _down_to(bound, product.tick_at(bound))
    return bound if legs[0].action.is_buy else max(bound, product.tick_small)


def _down_to(price: Decimal, step: Decimal) -> Decimal:
    return (price / step).to_integral_value(ROUND_FLOOR) * step


def signal_again(order: Order) -> Signal:
    """Return the signal an opening order came from, to be admitted once more before a late send."""
    return Signal(
        signal_id=order.signal_id,
        strategy=order.strategy,
        request=Open(**{name: getattr(order, name) for name in _SHARED}),
        reason="admitted again",
        created_at=order.created_at,
        expires_at=order.expires_at,
    )
