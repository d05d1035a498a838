"""What was ordered lately: how many orders, whose, and which openings may be the same again.

Orders are told in the order of their placing, and none is placed twice: so only those placed since the last look are
looked at, and what has left the window leaves with them; so do the oldest openings, as far as they came to nothing.
Times are the market's.
"""

from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from actors.domain.orders.order import Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife

MINUTE = timedelta(minutes=1)
LATE_FILL = timedelta(seconds=5)
Likeness = tuple[str, tuple[tuple[str, int], ...]]
"""A strategy, and signed contracts by symbol: what makes two openings the same."""


def likeness(strategy: str, legs: Sequence[Leg], order_qty: int) -> Likeness:
    """Return what makes an opening the same as another one."""
    return strategy, tuple(sorted((leg.symbol, leg.action.sign * leg.ratio * order_qty) for leg in legs))


class Recent:
    """The orders of the last minute, and the openings since an instant that never goes back."""

    def __init__(self) -> None:
        self._orders: dict[str, OrderLife] | None = None
        self._last = ""
        self._minute: deque[Order] = deque()
        self._openings: deque[Order] = deque()
        self._by_strategy: Counter[str] = Counter()

    def look(self, orders: dict[str, OrderLife], now: datetime, since: datetime) -> None:
        """Take in what was placed; let go of orders older than a minute, and of openings from before `since`."""
        if orders is not self._orders:
            self._orders, self._last = orders, ""
            self._minute, self._openings, self._by_strategy = deque(), deque(), Counter()
        oldest = min(now - MINUTE, since)
        fresh: list[Order] = []
        for name in reversed(orders):
            if name == self._last or orders[name].order.created_at <= oldest:
                break
            fresh.append(orders[name].order)
        for order in reversed(fresh):
            self._minute.append(order)
            self._by_strategy[order.strategy] += 1
            if order.intent is Intent.OPEN:
                self._openings.append(order)
        self._last = fresh[0].cl_ord_id if fresh else self._last
        self._forget(now, since)

    def _forget(self, now: datetime, since: datetime) -> None:
        while self._minute and self._minute[0].created_at <= now - MINUTE:
            strategy = self._minute.popleft().strategy
            self._by_strategy[strategy] -= 1
            if not self._by_strategy[strategy]:
                del self._by_strategy[strategy]
        while self._openings and (self._openings[0].created_at <= since or self._is_over(self._openings[0], now)):
            self._openings.popleft()

    def _is_over(self, order: Order, now: datetime) -> bool:
        """Whether an opening came to nothing, long enough ago for the fill that sometimes follows a cancel."""
        life = (self._orders or {}).get(order.cl_ord_id)
        return life is not None and not life.is_live and not life.fills and order.created_at <= now - LATE_FILL

    @property
    def count(self) -> int:
        """How many orders were placed in the last minute."""
        return len(self._minute)

    def of(self, strategy: str) -> int:
        """Return how many of them are a strategy's."""
        return self._by_strategy[strategy]

    def openings(self) -> Sequence[Order]:
        """Return the openings that are kept, oldest first."""
        return tuple(self._openings)
