"""The order a signal becomes: the same id, the same legs, nothing added but what the book knows.

A close takes the legs from what is truly held, and goes to the account domain that holds it (law 4). Without a price of
its own it is meant to trade at once, and still bounded: at the natural price less a stated slack, for the market moves
while an order travels. What is European and settled in cash is never closed for more than it can come to be worth: to
wait costs no more than that, and no assignment, and quotes that are wide enough ask for more. That bounds the price
of its asker too: a stop that follows wide quotes would pay more for a spread than its width.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from actors.domain.market.contract import Product, Settlement, Style
from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.signal import Close, Open, Signal
from actors.domain.orders.working import Plan, Spread, Working, price_of
from actors.domain.portfolio.cover import bounds, parts_of
from actors.domain.portfolio.mark import mid_price, natural_price
from actors.domain.portfolio.structure import Structure, closing

SLACK_SHARE = Decimal("0.05")
SLACK_FLOOR = Decimal("0.10")
PRICE_STEP = Decimal("0.05")
"""The net price of a combo in whole nickels is valid for every product; a single leg has the tick of its own."""
_SHARED = ("underlying", "legs", "order_qty", "order_type", "net_price", "time_in_force")


def opening_order(signal: Signal, request: Open, now: datetime, quotes: QuoteTable | None = None) -> Order:
    """Return the order that opens a structure, at the first price of its plan where it has one."""
    order = Order(
        cl_ord_id=signal.signal_id,
        signal_id=signal.signal_id,
        strategy=signal.strategy,
        structure_id=signal.signal_id,
        intent=Intent.OPEN,
        created_at=now,
        expires_at=signal.expires_at,
        **{name: getattr(request, name) for name in _SHARED},
    )
    return worked(order, request.work, request.net_price, quotes)


def closing_order(
    signal: Signal, request: Close, structure: Structure, quotes: QuoteTable | None, now: datetime
) -> Order | None:
    """Return the order that closes a structure as a whole; None where no price can bound it, or nobody wants it."""
    legs, quantity = closing(structure.holdings, quotes)
    if not legs:
        return None
    asked = _no_worse(request.net_price, legs, quotes)
    price = marketable_price(legs, quotes) if asked is None and quotes is not None else asked
    if price is None:
        return None
    order = Order(
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
        follows_quotes=request.net_price is None,
        created_at=now,
        expires_at=signal.expires_at,
    )
    return worked(order, request.work, asked, quotes)


def _no_worse(price: Decimal | None, legs: Sequence[Leg], quotes: QuoteTable | None) -> Decimal | None:
    """Return its asker's price of a close, or the most that the legs can come to be worth where that is less."""
    if price is None or quotes is None or any(leg.symbol not in quotes.row_of for leg in legs):
        return price
    least = least_price(legs, quotes)
    return price if least is None else max(price, least)


def spread_of(legs: Sequence[Leg], quotes: QuoteTable | None) -> Spread | None:
    """Return what a net price of the legs is measured by; None where a leg is not quoted on both sides."""
    if quotes is None:
        return None
    mid, natural = mid_price(legs, quotes), natural_price(legs, quotes)
    marketable = marketable_price(legs, quotes)
    if mid is None or natural is None or marketable is None:
        return None
    products = [quotes.universe.contracts[quotes.row_of[leg.symbol]].product for leg in legs]
    tick = products[0].tick_at(mid) if len(legs) == 1 else max(product.tick_small for product in products)
    least = least_price(legs, quotes)
    if least is not None:
        mid, natural = max(mid, least), max(natural, least)
    return Spread(mid, natural, marketable, tick)


def worked(order: Order, plan: Plan | None, worst_px: Decimal | None, quotes: QuoteTable | None) -> Order:
    """Return an order with its plan begun, at the plan's first price; as it is without a plan.

    `worst_px` is the signal's own price. Without quotes the order keeps the price it has, and its plan goes on.
    """
    if plan is None:
        return order
    working = Working(plan=plan, began_at=order.created_at, worst_px=worst_px)
    spread = spread_of(order.legs, quotes)
    price = price_of(working, order.created_at, spread) if spread is not None else order.net_price
    return order.model_copy(update={"net_price": price, "working": working})


def replacement(life: OrderLife, now: datetime) -> Order:
    """Return the order that takes the place of one that has ended: what is left of it, at its new price."""
    order = life.order
    update = {
        "cl_ord_id": order.next_price_id,
        "replaces": order.cl_ord_id,
        "price_number": order.price_number + 1,
        "order_qty": life.leaves_qty,
        "net_price": life.replace_px,
        "created_at": now,
        "expires_at": max(order.expires_at, now + (order.expires_at - order.created_at)),
    }
    return order.model_copy(update=update)


def marketable_price(legs: Sequence[Leg], quotes: QuoteTable) -> Decimal | None:
    """Return a net price that trades at once and bounds what may be paid; None where a leg has no market."""
    natural = natural_price(legs, quotes)
    if natural is None:
        return None
    bound = natural - max(SLACK_FLOOR, abs(natural) * SLACK_SHARE)
    if (least := least_price(legs, quotes)) is not None:
        bound = max(bound, least)
    bound = _to_step(bound, legs, quotes, ROUND_FLOOR)
    if len(legs) > 1 or legs[0].action.is_buy:
        return bound
    return max(bound, _product(legs[0], quotes).tick_small)


def least_price(legs: Sequence[Leg], quotes: QuoteTable) -> Decimal | None:
    """Return the net price beyond which a close pays more than its legs can be worth at expiry; None: there is none."""
    contracts = [quotes.universe.contracts[quotes.row_of[leg.symbol]] for leg in legs]
    waits = all(
        each.is_option and each.product.style is Style.EUROPEAN and each.product.settlement is Settlement.CASH
        for each in contracts
    )
    if not waits or any(leg.action.is_open for leg in legs):
        return None
    held = ((contract, leg.action.sign * leg.ratio) for contract, leg in zip(contracts, legs, strict=True))
    most = bounds(parts_of(held)).best
    return None if most is None else -most


def marketable_within(legs: Sequence[Leg], quotes: QuoteTable, worst: Decimal) -> Decimal | None:
    """Return a net price that trades at once and is no worse than `worst`; None where the market is beyond it."""
    natural, bound = natural_price(legs, quotes), marketable_price(legs, quotes)
    if natural is None or bound is None or natural < worst:
        return None
    price = max(bound, _to_step(worst, legs, quotes, ROUND_CEILING))
    return price if price <= natural else None


def told_apart(
    legs: tuple[Leg, ...], order_qty: int, price: Decimal, doubtful: Iterable[Order], quotes: QuoteTable
) -> Decimal:
    """Return a marketable price by which an order is known from those in doubt that are the same in all else.

    A broker that tells no ids knows an order by what it is: of two alike neither doubt would ever end. A step each.
    """
    alike = {order.net_price for order in doubtful if (order.legs, order.order_qty) == (legs, order_qty)}
    step = PRICE_STEP if len(legs) > 1 else _product(legs[0], quotes).tick_at(price)
    floor = step if len(legs) == 1 and not legs[0].action.is_buy else None
    while price in alike and (floor is None or price - step >= floor):
        price -= step
    return price


def _to_step(price: Decimal, legs: Sequence[Leg], quotes: QuoteTable, rounding: str) -> Decimal:
    step = PRICE_STEP if len(legs) > 1 else _product(legs[0], quotes).tick_at(price)
    return (price / step).to_integral_value(rounding) * step


def _product(leg: Leg, quotes: QuoteTable) -> Product:
    return quotes.universe.contracts[quotes.row_of[leg.symbol]].product


def signal_again(order: Order) -> Signal:
    """Return the signal an order came from, to be admitted once more before it is sent late, or at another price."""
    request: Open | Close = Close(structure_id=order.structure_id, net_price=order.net_price)
    if order.intent is Intent.OPEN:
        request = Open(**{name: getattr(order, name) for name in _SHARED})
    return Signal(
        signal_id=order.signal_id,
        strategy=order.strategy,
        request=request,
        reason="admitted again",
        created_at=order.created_at,
        expires_at=order.expires_at,
    )
