"""The order that offsets, in another account, what cannot be closed where it is held.

It is the mirror of the close as that could be sent now: each leg opens, the other way round, what the close would take,
so it never covers more than is still exposed. It is marked with the structure it hedges, and belongs to no strategy:
nobody trades it on his own, and it ends by a signal that names it.
"""

from datetime import datetime, timedelta
from typing import Final

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Action, Intent, Leg, Order
from actors.domain.orders.signal import Open, Signal
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.intent import marketable_price
from actors.domain.portfolio.late_close import NoPrice, NothingToClose, late_close

STRATEGY: Final = "hedge"
_LASTS: Final = timedelta(minutes=1)
_OPENING = {Action.BUY_TO_CLOSE: Action.BUY_TO_OPEN, Action.SELL_TO_CLOSE: Action.SELL_TO_OPEN}


def hedge_order(close: Order, book: Book, quotes: QuoteTable | None, now: datetime) -> Order | None:
    """Return the order that offsets a waiting close; None where nothing is left to, or no price bounds it."""
    try:
        left = late_close(close.model_copy(update={"follows_quotes": True}), book, quotes)
    except (NoPrice, NothingToClose):
        return None
    legs = tuple(Leg(symbol=leg.symbol, action=_OPENING[leg.action], ratio=leg.ratio) for leg in left.legs)
    price = marketable_price(legs, quotes) if quotes is not None else None
    if price is None:
        return None
    name = f"{close.structure_id}-{STRATEGY}-{len(hedges_of(book, close.structure_id)) + 1}"
    return Order(
        cl_ord_id=name,
        signal_id=name,
        strategy=STRATEGY,
        structure_id=name,
        intent=Intent.OPEN,
        hedges=close.structure_id,
        underlying=close.underlying,
        legs=legs,
        order_qty=left.order_qty,
        net_price=price,
        created_at=now,
        expires_at=now + _LASTS,
    )


def hedges_of(book: Book, structure_id: str) -> list[str]:
    """Return the orders that were meant to hedge a structure."""
    return [name for name, life in book.orders.items() if life.order.hedges == structure_id]


def is_hedged(book: Book, structure_id: str) -> bool:
    """Whether a hedge of the structure stands, or may yet come to stand."""
    lives = [book.orders[name] for name in hedges_of(book, structure_id)]
    return any(life.is_live or life.fills for life in lives)


def as_signal(order: Order) -> Signal:
    """Return the opening the gate is asked about; it is never journaled, the order is."""
    request = Open(underlying=order.underlying, legs=order.legs, order_qty=order.order_qty, net_price=order.net_price)
    return Signal(
        signal_id=order.signal_id,
        strategy=order.strategy,
        request=request,
        reason=f"hedges {order.hedges}",
        created_at=order.created_at,
        expires_at=order.expires_at,
    )
