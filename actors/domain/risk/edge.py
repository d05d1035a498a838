"""Whether an opening leaves enough after its costs, and is not larger than its strategy may trade now.

    what is left = premium at the middle - fees in - fees out - spread in - spread out
    passes where   what is left >= edge_share_min x premium at the middle                        R090

Credit and debit alike: of what is sold, or paid, at most the rest may go to brokers and market makers on the way in and
out. An expected win is not counted: the premium is what is known. What costs an unknown amount is refused (R091): no
table has the product or the day, or a leg has no two sides. A size that was cut is a cap in combos an order (R092). It
is refused above, not made smaller here: the quantity was part of what was decided, and of brackets that follow it;
strategies see the cap and ask for less. What works above it is cancelled (`chase`).

Not asked: closes; what brings the legs a structure lacks; a hedge, which takes risk away whatever it costs.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from actors.domain.costs.estimate import Sight
from actors.domain.costs.fees import NoSchedule
from actors.domain.market.contract import UnknownSymbol
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.cost_event import Estimate
from actors.domain.orders.order import Intent, Leg, Order
from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.signal import Open
from actors.domain.orders.size_event import SizeMoved
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.imbalance import is_mending
from actors.domain.portfolio.legging import LEG_MARK
from actors.domain.risk.circumstances import Circumstances


def worth_opening(request: Open, strategy: str, seen: Circumstances) -> Iterator[Check]:
    """Yield the checks of an opening's size and of its edge after cost."""
    if seen.completes or seen.hedges:
        return
    yield from size_within(request.order_qty, strategy, seen)
    if seen.costs is None:  # a check of those alone who have fee tables
        return
    try:
        made = _opening(request.legs, request.order_qty, request.net_price, seen)
    except NoSchedule as error:
        yield Check(code=Code.R091_COST_UNKNOWN, passed=False, value=str(error))
        return
    if made is None:
        yield Check(code=Code.R091_COST_UNKNOWN, passed=False, value="a leg is not quoted on both sides")
        return
    left, share = made.worth - made.cost, seen.costs.terms.edge_share_min(strategy)
    yield Check(
        code=Code.R090_EDGE,
        passed=made.worth > 0 and left >= share * made.worth,
        value=f"{left:.2f} left of {made.worth:.2f}: {made.words}",
        limit=f"{share * made.worth:.2f} ({share:.0%})",
    )


def size_within(order_qty: int, strategy: str, seen: Circumstances) -> Iterator[Check]:
    """Yield the check of a strategy whose size was cut; nothing of one that trades its full size."""
    cut = seen.book.tally.sizes.get(strategy)
    if cut is not None and cut.quantity_max is not None:
        yield Check(
            code=Code.R092_SIZE_CUT,
            passed=order_qty <= cut.quantity_max,
            subject=strategy,
            value=f"{order_qty} combos",
            limit=f"{cut.quantity_max}: {cut.share:.0%} of {cut.full_quantity} since {cut.at:%Y-%m-%d %H:%M}",
        )


def too_large(order: Order, book: Book, cut: SizeMoved | None) -> bool:
    """Whether an opening at work is above its strategy's size; what mends a structure, or hedges one, never is.

    One that goes leg by leg counts its contracts; the combo it is of counts combos.
    """
    if cut is None or cut.quantity_max is None or order.hedges is not None or is_mending(order):
        return False
    whole = order.cl_ord_id.rpartition(LEG_MARK)[0]
    counted = book.orders[whole].order if whole in book.orders else order
    return counted.order_qty > cut.quantity_max


def order_estimate(order: Order, seen: Circumstances) -> Estimate | None:
    """Return what an admitted order is expected to cost; None where nothing can be said, which stops no exit."""
    price = order.net_price if order.working is None else order.working.worst_px
    try:
        if order.intent is Intent.OPEN:
            return _opening(order.legs, order.order_qty, price, seen)
        return _closing(order, price, seen)
    except (NoSchedule, UnknownSymbol):
        return None


def _closing(order: Order, price: Decimal | None, seen: Circumstances) -> Estimate | None:
    schedule = None if seen.costs is None else seen.costs.terms.domains.get(order.account_domain or "")
    if seen.costs is None or seen.quotes is None or schedule is None:
        return None
    products = {leg.symbol: seen.book.contract(leg.symbol).product for leg in order.legs}
    sight = Sight(products, seen.quotes, trade_date(seen.now), seen.book.tally.costs.seen)
    return seen.costs.estimate(schedule, order.legs, order.order_qty, price, sight)


def _opening(legs: tuple[Leg, ...], order_qty: int, price: Decimal | None, seen: Circumstances) -> Estimate | None:
    """Return what an opening costs where it would go first. Raises `NoSchedule`."""
    if seen.costs is None or seen.quotes is None:
        return None
    error: NoSchedule | None = None
    products = {leg.symbol: seen.contracts[leg.symbol].product for leg in legs}
    sight = Sight(products, seen.quotes, trade_date(seen.now), seen.book.tally.costs.seen)
    schedules = [name for route in seen.routes if (name := seen.costs.terms.routes.get(route)) is not None]
    for schedule in dict.fromkeys(schedules):
        try:
            return seen.costs.estimate(schedule, legs, order_qty, price, sight)
        except NoSchedule as unknown:
            error = error or unknown
    raise error or NoSchedule("no route that could take it has a fee schedule")


def trade_date(now: datetime) -> date:
    """Return the day whose rates count."""
    return now.astimezone(NEW_YORK).date()
