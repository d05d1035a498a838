"""Has what still works cancelled when the market of one of its legs closes: an order is for its day.

Rules of this file:
* The end is the product's real one, half days and a series' last trade included. Brokers end day orders at the hour of
  their own table, which for a series in its last session may be a quarter of an hour too late.
* An order asked for till cancelled (GTC) rests on over a night, but not past the last trade of any of its legs.
* What is in doubt or unanswered is left to its doubt; a close that waits for its account waits on.
"""

from datetime import datetime

from actors.desk import Desk, Step
from actors.domain.market.contract import UnknownSymbol
from actors.domain.market.last_trade import last_trade
from actors.domain.orders.event import CancelAsked
from actors.domain.orders.order import Order, TimeInForce
from actors.domain.orders.order_state import OrderLife


class DayEnd:
    """One of the executor's timed parts; `Chase` tells the routes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ends: dict[str, datetime | None] = {}
        """When each live order's day ends."""

    def on_tick(self) -> Step:
        """Ask for the cancel of each order whose day is over, once."""
        step, now, lives = Step(), self._desk.now(), self._desk.book.live_orders()
        names = {life.order.cl_ord_id for life in lives}
        self._ends = {name: end for name, end in self._ends.items() if name in names}
        for life in lives:
            name = life.order.cl_ord_id
            if name not in self._ends:
                self._ends[name] = self._end(life.order)
            end = self._ends[name]
            if end is not None and now >= end and _works(life):
                step.events.append(CancelAsked(signal=None, cl_ord_id=name, at=now))
        return step

    def _end(self, order: Order) -> datetime | None:
        ends = [self._leg_end(leg.symbol, order) for leg in order.legs]
        return min((end for end in ends if end is not None), default=None)

    def _leg_end(self, symbol: str, order: Order) -> datetime | None:
        sessions = self._desk.sessions
        try:
            contract = self._desk.book.contract(symbol)
        except UnknownSymbol:
            return None
        last, rule = last_trade(contract, sessions), contract.product.session
        on = sessions.session_date(order.created_at, rule)
        session = None if on is None else sessions.session(rule, on)
        closes_at = session.closes_at if session and order.time_in_force is not TimeInForce.GTC else None
        ends = [end for end in (closes_at, last.at if last else None) if end is not None]
        return min(ends, default=None)


def _works(life: OrderLife) -> bool:
    return not (life.cancel_asked or life.in_doubt or life.is_unanswered or life.waits or life.status.is_terminal)
