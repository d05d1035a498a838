"""One session's trading floor: the market that plays, what it shows, what is halted, who waits for what and until when.

Sessions end product by product where the venue was told how (`session_end`), else all at the market's close. At the
very instant of its end a contract still fills: a minute bar that ends at the close is known then. A day order expires
after.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from decimal import Decimal

from actors.domain.market.contract import Contract
from actors.domain.orders.order import TimeInForce
from actors.venue.displayed import Displayed, Watch, halted_by, plan
from actors.venue.market import Batch, Market
from actors.venue.matching import LegQuote
from actors.venue.paper_order import PaperOrder

SessionEnd = Callable[[Contract, date], datetime | None]
"""When a contract's session of that date ends; None leaves it to the market."""


class Floor:
    """The floor of one market. `contract_of` knows every contract, of this market or not."""

    def __init__(
        self, market: Market, contract_of: Callable[[str], Contract], session_end: SessionEnd | None = None
    ) -> None:
        self.market = market
        self.displayed = Displayed(market.contracts)
        self.halted: frozenset[str] = frozenset()
        self._watch = Watch(len(market.contracts))
        self._contract_of = contract_of
        self._session_end = session_end
        self._ends: dict[int, datetime] = {}
        self._day_ends: dict[int, datetime] = {}

    def apply(self, batch: Batch) -> list[int]:
        """Take in new quotes; return the orders they may concern, oldest first."""
        self.displayed.apply(batch)
        return self._watch.touched(batch.rows)

    def quote(self, symbol: str) -> LegQuote:
        """Return what is shown of one contract."""
        return self.displayed.quote(symbol, halted=self._is_halted(symbol))

    def _is_halted(self, symbol: str) -> bool:
        return bool(self.halted) and halted_by(self._contract_of(symbol), self.halted)

    def is_open(self, symbols: Iterable[str], now: datetime) -> bool:
        """Return whether every one of these contracts trades now."""
        return self.market.opens_at <= now <= self.ends_at(symbols)

    def ends_at(self, symbols: Iterable[str]) -> datetime:
        """Return when the first of these contracts stops trading today."""
        if self._session_end is None:
            return self.market.closes_at
        ends = (self._session_end(self._contract_of(symbol), self.market.session) for symbol in symbols)
        return min((end for end in ends if end is not None), default=self.market.closes_at)

    def may_fill(self, number: int, now: datetime, concession: Decimal) -> bool:
        """Return whether a watched order is worth an exact look."""
        waits_for = self._watch.plans.get(number)
        if waits_for is None or not self.market.opens_at <= now <= self._ends[number]:
            return False
        return self.displayed.may_fill(waits_for, float(concession))

    def follow(self, orders: Collection[PaperOrder]) -> None:
        """Watch those that work, forget those that do not."""
        for order in orders:
            if not order.is_working:
                self._watch.drop(order.order_id)
                self._ends.pop(order.order_id, None)
                self._day_ends.pop(order.order_id, None)
            elif order.order_id not in self._ends:
                self._start(order)

    def _start(self, order: PaperOrder) -> None:
        end = self.ends_at(leg.symbol for leg in order.legs)
        is_day = order.time_in_force is not TimeInForce.GTC
        if is_day and order.live_at is not None and order.live_at < self.market.opens_at:
            end = order.live_at  # its own session is over: the venue was down when it ended
        self._ends[order.order_id] = end
        if is_day:
            self._day_ends[order.order_id] = end
        waits_for = plan(order, self.displayed.row_of)
        if waits_for is not None:
            self._watch.add(order.order_id, waits_for)

    def past_their_end(self, now: datetime) -> list[int]:
        """Return the working day orders whose session is over, oldest first."""
        return sorted(number for number, end in self._day_ends.items() if now > end)
