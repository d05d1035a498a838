"""Orders for a drill, through the door every program uses: condors near the money, and the closes of what they opened.

An opening at the natural price less an edge trades at once; one far above it rests. Whether a condor may stand where it
would is the gate's to say: after a refusal the next asking moves one pair of strikes further.
"""

import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from actors.domain.orders.event import Event
from actors.domain.orders.order import Intent
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.signal import Cancel, Close, Open
from actors.domain.portfolio.mark import natural_price
from actors.places import Places
from actors.streams import LocalStream
from supervisor.app.drill import JournalTail
from supervisor.app.drills.signs import NAME
from supervisor.app.drills.spec import Ask
from supervisor.app.fault_trader import EDGES, EXECUTOR, FEED, STEP, Draw, FaultTrader, structure
from supervisor.app.workplace import Workplace

PACE_S = 0.25
"""From an answer to the next asking."""
REACHES = 2
"""Pairs of strikes an opening moves over."""
LATER = 0.5
"""Not the first expiry: its wings are without a bid on the last day."""
_AT_ONCE, _RESTS = EDGES[0], EDGES[-1]


class DrillTrader:
    """One client of the executor. `turn` moves it."""

    def __init__(self, where: Places, place: Workplace, hear: Callable[[Event], None] | None = None) -> None:
        self._stream = LocalStream(
            where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED
        )
        self.tail = JournalTail(where, place.products, hear)
        self._underlying = place.config.market.underlying
        self._too_large = place.config.risk.order_qty_max + 1
        self._inner = FaultTrader(self._stream, place.clock, self.tail, 0, self._underlying, name=NAME)
        self._asked: dict[Ask, tuple[str, float]] = {}
        self._count = 0
        self._tries = Counter[Ask]()

    def close(self) -> None:
        """Leave no socket behind."""
        self._stream.close()

    def turn(self, wait_s: float) -> None:
        """Hear, read the journal on, say again what was not answered."""
        self._inner.turn(wait_s)

    @property
    def has_quotes(self) -> bool:
        """Whether there is a market to trade on."""
        return self._inner.has_quotes

    def fresh(self) -> None:
        """Begin anew: what was asked for before is over."""
        self._asked.clear()

    def ask(self, kind: Ask) -> str | None:
        """Ask for it, again after each refusal; return the order's id once it is admitted."""
        name, at_s = self._asked.get(kind, ("", 0.0))
        answer = self._inner.answers.get(name)
        if answer is not None and answer.admitted:
            return answer.cl_ord_id
        waits = name in self._inner.waits or time.monotonic() - at_s < PACE_S
        if waits:
            return None
        self._count += 1
        self._tries[kind] += 1
        if (request := self._request(kind)) is not None:
            fresh = f"{NAME}-{self.tail.book.sequence}-{self._count}"
            self._asked[kind] = (fresh, time.monotonic())
            self._inner.ask(fresh, request)
        return None

    def life(self, cl_ord_id: str) -> OrderLife | None:
        """Return an order as the journal tells of it."""
        return self.tail.book.orders.get(cl_ord_id)

    @property
    def held(self) -> list[str]:
        """Structures of the drills' that are not flat."""
        book = self.tail.book
        return [name for name, each in book.structures.items() if each.strategy == NAME and not each.is_flat]

    @property
    def working(self) -> list[OrderLife]:
        """Orders of the drills' that may still trade."""
        return [life for life in self.tail.book.live_orders() if life.order.strategy == NAME]

    def clear(self) -> bool:
        """Cancel what works, close what is held; return whether nothing of the drills' is left."""
        working = self.working
        for life in working:
            if life.order.intent is Intent.OPEN and not life.cancel_asked:
                self._inner.ask(f"{NAME}-end-{life.order.cl_ord_id}"[:64], Cancel(cl_ord_id=life.order.cl_ord_id))
        if working:
            return False
        if self.held:
            if self.ask(Ask.CLOSE) is not None:
                self._asked.pop(Ask.CLOSE)
            return False
        return True

    def _request(self, kind: Ask) -> Open | Close | None:
        if kind is Ask.CLOSE:
            working = {life.order.structure_id for life in self.working}
            held = [name for name in self.held if name not in working]
            return Close(structure_id=held[0]) if held else None
        quantity = self._too_large if kind is Ask.TOO_LARGE else 1
        return self._opening(_RESTS if kind is Ask.REST else _AT_ONCE, quantity, self._tries[kind] % REACHES)

    def _opening(self, edge: Decimal, quantity: int, reach: int) -> Open | None:
        quotes = self._inner.quotes
        spot = quotes.quote(self._underlying) if quotes is not None else None
        if quotes is None or spot is None or spot.bid is None:
            return None
        place = {"reach": reach / REACHES, "expiry": LATER}
        luck = Draw(**dict.fromkeys(Draw.model_fields, 0.0) | place)
        legs = structure(quotes.universe.contracts, spot.bid, luck)
        natural = natural_price(legs, quotes) if legs else None
        if natural is None:
            return None
        price = ((natural + edge) / STEP).to_integral_value() * STEP
        return Open(underlying=self._underlying, legs=legs, order_qty=quantity, net_price=price)
