"""Recorded last hours, crossed, locked and pinned as they were: shorts that nobody closes are gone in time anyway.

A real executor and risk's real watches see each recorded minute; the broker fills at the recorded natural price or not
at all. The structures have no exit of their own.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from actors.breaker_watch import BreakerPorts, BreakerWatch
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteFrame, Universe
from actors.domain.orders.attempt import Accepted
from actors.domain.orders.order import Action, Intent, Leg, cl_ord_id_of
from actors.domain.orders.report import Status
from actors.domain.portfolio.mark import natural_price
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.expiry_policy import ExpiryPolicy
from actors.expiry_watch import ExpiryPorts, ExpiryWatch
from actors.messages import CancelOrder, IssuePermit, SendOrder, SubmitSignal, UniverseChanged
from actors.venue.replay import ReplayMarket
from tests.builders import open_signal, permit
from tests.expiries import PRODUCTS, SESSIONS, TABLE, at
from tests.fakes import MemoryCheckpoints
from tests.rig import Rig, fills_of, report

pytestmark = pytest.mark.reference
WIDE = {"spread_max": 5.0, "spread_floor": 50.0, "quote_age_max_s": 400, "leg_skew_max_s": 400}


class Recorded(Rig):
    """A rig on a recorded day, and a broker that fills at the recorded natural price."""

    products, sessions = PRODUCTS, staticmethod(lambda: SESSIONS)

    def __init__(self, replay: ReplayMarket, begins: datetime) -> None:
        self.replay, self.sequence, self.orders = replay, 0, dict[str, str]()
        super().__init__()
        self.clock.now = begins
        self.hear("risk", IssuePermit(permit=permit(sequence=9, **WIDE, structure_loss_max=Decimal(20_000))))
        self.ready()
        ports = ExpiryPorts(PRODUCTS, SESSIONS, TABLE, {})
        self.watch = ExpiryWatch(ExpiryPolicy(quote_age_max_s=400), ports)
        self.breakers = BreakerWatch("risk", BreakerLimits(), BreakerPorts(MemoryCheckpoints(), lambda latch: latch))

    def start(self) -> None:
        super().start()
        self.hear("data_feed", UniverseChanged(universe=Universe(version=2, contracts=self.replay.contracts)))

    def quote(self) -> None:
        """Show nothing but what was recorded."""

    def show(self, batch) -> None:
        """Let the executor see one recorded minute; a print stands on both sides of what has no quotes."""
        self.clock.advance((batch.at - self.clock.now).total_seconds())
        self.sequence += 1
        only_printed = np.isnan(batch.bid) & np.isnan(batch.ask)
        bid, ask = (np.where(only_printed, batch.last, side) for side in (batch.bid, batch.ask))
        codes = ((np.isnan(bid) | np.isnan(ask) | (bid > ask)) * 0x100).astype(np.uint16)
        sizes = (batch.bid_size, batch.ask_size)
        frame = QuoteFrame(2, self.sequence, batch.rows, bid, ask, *sizes, batch.exchange_ns, self.clock.ns, codes)
        self.stream.arrivals.append(frame)
        self.stream.arrive("data_feed", Survey(universe=2, at_ns=self.clock.ns))
        self.executor.turn(0)

    def look(self) -> None:
        view, now_ns, now = self.executor._picture().book, self.clock.ns, self.clock.now
        told = self.breakers.on_book(view, now_ns, now, wishes=self.watch.on_book(view, now_ns, now))
        self.hear("risk", *(each for each in told if isinstance(each, SubmitSignal)))

    def serve(self) -> None:
        """Let the broker take, cancel, and fill what the recorded quotes allow."""
        for _, sent in self.told(SendOrder):
            theirs = self.orders[sent.attempt_id] = f"primary-{len(self.book.orders)}"
            self.outcome(sent.attempt_id, Accepted(broker_order_id=theirs))
            self.push(report(theirs, Status.NEW, attempt=sent.attempt_id))
        for _, asked in self.told(CancelOrder):
            name = next((name for name, theirs in self.orders.items() if theirs == asked.broker_order_id), None)
            if name is not None:
                self.push(report(self.orders.pop(name), Status.CANCELED, attempt=name))
        for name, theirs in [*self.orders.items()]:
            order = self.book.orders[cl_ord_id_of(name)].order
            natural = natural_price(order.legs, self.executor._desk.quotes)
            if natural is not None and natural >= order.net_price:
                del self.orders[name]
                fills = fills_of(order, order.order_qty, tag=f"{name}-", at=self.clock.now)
                self.push(report(theirs, Status.FILLED, *fills, attempt=name))

    def closes(self) -> list[datetime]:
        lives = (life for life in self.book.orders.values() if life.order.intent is Intent.CLOSE)
        return [fill.at for life in lives for fill in life.fills]


@pytest.mark.parametrize(
    ("on", "underlying", "legs", "begins", "ends", "before_min"),
    [
        (
            date(2021, 1, 4),
            "SPXW",
            (("SPXW  210104C03700000", Action.SELL_TO_OPEN), ("SPXW  210104C03800000", Action.BUY_TO_OPEN)),
            "2021-01-04T10:00",
            "2021-01-04T16:00",
            10,
        ),
        (date(2015, 12, 24), "GOOG", None, "2015-12-24T10:00", "2015-12-24T13:00", 30),  # pinned
    ],
)
def test_shorts_without_an_exit_are_gone_before_the_real_end(shared, on, underlying, legs, begins, ends, before_min):
    replay = ReplayMarket.of_path(shared / "data" / "market" / "lean", on, underlying, PRODUCTS, SESSIONS)
    rig = Recorded(replay, at(begins))
    name, looked = "condor-20260105-1", None
    for batch in replay.batches(at(begins)):
        rig.show(batch)
        if name not in rig.book.orders:
            chosen = legs or nearest_put_spread(rig, on)
            if chosen is None:
                continue
            sold = tuple(Leg(symbol=symbol, action=action) for symbol, action in chosen)
            credit = natural_price(sold, rig.executor._desk.quotes)
            if credit is None or credit <= 0:
                continue
            under = rig.book.underlying(sold[0].symbol)
            rig.ask(open_signal(1, now=rig.clock.now, underlying=under, legs=sold, net_price=credit))
        rig.serve()
        for _ in range(3):
            rig.clock.advance(3)
            rig.executor.turn(0)
            rig.look()
            rig.serve()
        looked = rig.clock.now
    assert looked is not None
    assert looked >= at(ends) - timedelta(minutes=1)
    assert name in rig.book.structures, "it was never opened"
    assert rig.book.structures[name].is_flat, rig.watch.news
    assert all(at(ends) - timedelta(minutes=before_min) <= closed < at(ends) for closed in rig.closes())


def nearest_put_spread(rig: Recorded, on: date) -> tuple[tuple[str, Action], ...] | None:
    """A put spread at the money that expires that day, or with the first series after it."""
    quotes = rig.executor._desk.quotes
    puts = [each for each in rig.replay.contracts if each.is_option and each.right == "P" and each.expires_on >= on]
    if not puts:
        return None
    first = min(each.expires_on for each in puts)
    spot = quotes.quote("GOOG")
    if spot is None or spot.bid is None:
        return None
    by_strike = {each.strike: each.symbol for each in puts if each.expires_on == first}
    short = min(by_strike, key=lambda strike: abs(strike - spot.bid))
    longs = [strike for strike in by_strike if strike < short]
    if not longs:
        return None
    return (by_strike[short], Action.SELL_TO_OPEN), (by_strike[max(longs)], Action.BUY_TO_OPEN)
