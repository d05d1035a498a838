"""An early assignment on the wire: real executor, adapter and watches of risk against the paper venue, over sockets."""

import asyncio
from decimal import Decimal

import numpy as np

from actors.breaker_watch import BreakerPorts, BreakerWatch
from actors.domain.market.contract import Right, occ_symbol
from actors.domain.orders.event import Quarantined, parse_event
from actors.domain.orders.finding import OptionSettled
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.report import SettlementCause
from actors.domain.orders.signal import Open
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.expiry_policy import ExpiryPolicy
from actors.expiry_watch import ExpiryPorts, ExpiryWatch
from actors.messages import SubmitSignal
from tests.actors.test_order_types_at_venue import Bridge, played, trading
from tests.actors.venue.conftest import PRODUCTS, SESSION, SPOT, STRIKES, TASTYTRADE, SmallMarket
from tests.expiries import SESSIONS, TABLE
from tests.fakes import MemoryCheckpoints

LONG, SHORT = (occ_symbol("GOOG", SESSION, Right.PUT, Decimal(strike)) for strike in (5000, 5050))


class Shares(SmallMarket):
    """Options on shares, and the shares themselves, two cents wide."""

    def __init__(self) -> None:
        super().__init__()
        options = (occ_symbol("GOOG", SESSION, Right(right), Decimal(strike)) for strike in STRIKES for right in "CP")
        self.contracts = (PRODUCTS.contract("GOOG"), *(PRODUCTS.contract(symbol) for symbol in options))

    def batch(self, at):
        batch = super().batch(at)
        batch.bid[0], batch.ask[0], batch.last[0] = SPOT - 0.01, SPOT + 0.01, np.nan
        batch.bid_size[0] = batch.ask_size[0] = 10_000
        return batch


class Risk:
    """Risk's watches beside a bridge."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self.watch = ExpiryWatch(ExpiryPolicy(leftover_after_min=0), ExpiryPorts(PRODUCTS, SESSIONS, TABLE, {}))
        self.breakers = BreakerWatch("risk", BreakerLimits(), BreakerPorts(MemoryCheckpoints(), lambda latch: latch))

    async def look(self) -> None:
        bridge = self.bridge
        view, now_ns, now = bridge.executor._picture().book, bridge.clock.ns, bridge.clock.now
        told = self.breakers.on_book(view, now_ns, now, wishes=self.watch.on_book(view, now_ns, now))
        for each in told:
            if isinstance(each, SubmitSignal):
                bridge.hear("risk", each)
        await bridge.pump()


def told(bridge: Bridge, kind: type) -> list:
    return [event for event in map(parse_event, bridge.journal.bodies) if isinstance(event, kind)]


def test_a_short_put_that_is_assigned_early_is_booked_and_what_it_left_is_closed(tmp_path):
    async def scenario():
        async with trading(tmp_path, Shares()) as bridge:
            risk = Risk(bridge)
            legs = (Leg(symbol=SHORT, action=Action.SELL_TO_OPEN), Leg(symbol=LONG, action=Action.BUY_TO_OPEN))
            name = await bridge.ask(Open(underlying="GOOG", legs=legs, order_qty=1, net_price=Decimal("30.00")))
            await bridge.to(1)
            structure = bridge.book.structures[name]
            assert dict(structure.holdings) == {SHORT: -1, LONG: 1}

            what = {"account": TASTYTRADE, "symbol": SHORT, "quantity": 1}
            await asyncio.to_thread(bridge.venue.control, "POST", "/assign", what)
            for second in range(12, 34, 2):
                await bridge.to(second)
                await risk.look()

            (event,) = told(bridge, OptionSettled)
            assert (event.cause, event.parts[0].shares) == (SettlementCause.ASSIGNMENT, 100)
            assert told(bridge, Quarantined) == []
            assert bridge.book.structures[name].is_flat
            assert await bridge.held_there() == 0
            there = await bridge.adapter.account(bridge.clock.now)
            assert there.positions == ()
            assert there.cash == bridge.book.cash[bridge.adapter.account_domain]

    played(scenario())
