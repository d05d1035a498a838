"""The executor's desks: what decides about which part of an order's life, and in which order they look at the time.

Each is a decision without its I/O over the one `Desk`, which holds what all of them know. The order of `timed` matters:
what is known is asked for again first, then come exits and what is naked, then what only watches.
"""

from actors.account_desk import AccountDesk
from actors.breaker_desk import BreakerDesk
from actors.chase import Chase
from actors.close_queue import CloseQueue
from actors.day_end import DayEnd
from actors.desk import Desk
from actors.failback import Failback
from actors.fill_desk import FillDesk
from actors.hedge import Hedge
from actors.leg_desk import LegDesk
from actors.measure_wait import MeasureWait
from actors.opening_watch import opening_watches
from actors.order_desk import OrderDesk
from actors.quote_sight import QuoteSight
from actors.signal_desk import SignalDesk
from actors.size_desk import SizeDesk
from actors.trigger_desk import TriggerDesk
from actors.unwind import Unwind
from actors.work_desk import WorkDesk


class Desks:
    """All of them, over one `desk`."""

    def __init__(self, desk: Desk, disk_look_s: float, measure_wait_s: float) -> None:
        self.sight, self.chase = QuoteSight(desk), Chase(desk)
        fills = FillDesk(desk)
        self.orders = OrderDesk(desk, self.chase, fills)
        self.accounts, self.breakers, self.sizes = AccountDesk(desk, fills), BreakerDesk(desk), SizeDesk(desk)
        parts = desk, self.chase, self.orders
        self.signals, self.triggers, self.work = SignalDesk(*parts), TriggerDesk(*parts), WorkDesk(*parts)
        self.measure = MeasureWait(desk, measure_wait_s)
        self.failback, unwind = Failback(desk), Unwind(desk, self.orders)
        late = (CloseQueue(desk, self.orders), Hedge(desk, self.orders), self.failback)
        watches = (*opening_watches(desk, disk_look_s), DayEnd(desk), self.breakers, self.sizes)
        legs = LegDesk(desk, self.orders, unwind)
        self.timed = (self.chase, self.accounts, fills, legs, unwind, *late, *watches)
