"""A future delivered early, on the wire: real executor, adapter and watches of risk against the paper venue."""

import asyncio
from datetime import date
from decimal import Decimal

import numpy as np

from actors.domain.market.contract import Right, future_option_symbol
from actors.domain.orders.event import Quarantined
from actors.domain.orders.finding import OptionSettled
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.report import CashEvent, SettlementCause
from actors.domain.orders.signal import Open
from tests.actors.brokers.test_against_venue import session
from tests.actors.test_assignment_at_venue import Risk, told
from tests.actors.test_order_types_at_venue import ROUTE, Bridge, played
from tests.actors.venue.conftest import PRODUCTS, SPOT, STRIKES, TASTYTRADE, SmallMarket, places_in, running
from tests.expiries import SESSIONS

FUTURE = "/ESZ26"
EXPIRY = date(2026, 12, 18)
LONG, SHORT = (future_option_symbol(FUTURE, EXPIRY, Right.PUT, Decimal(strike)) for strike in (5000, 5050))


class Pit(SmallMarket):
    """Options on a future, and the future itself, two ticks wide."""

    def __init__(self) -> None:
        super().__init__()
        strikes = ((Decimal(strike), Right(right)) for strike in STRIKES for right in "CP")
        options = (future_option_symbol(FUTURE, EXPIRY, right, strike) for strike, right in strikes)
        self.contracts = tuple(PRODUCTS.contract(each) for each in (FUTURE, *options))

    def batch(self, at):
        batch = super().batch(at)
        batch.bid[0], batch.ask[0], batch.last[0] = SPOT - 0.25, SPOT + 0.25, np.nan
        batch.bid_size[0] = batch.ask_size[0] = 100
        return batch


def test_a_short_put_on_a_future_that_is_assigned_early_leaves_one_future_which_is_closed_to_the_cent(tmp_path):
    async def scenario():
        with running(places_in(tmp_path), Pit()) as venue:
            await asyncio.to_thread(venue.step, 0)
            async with session(ROUTE, venue, futures=("ES",), products=PRODUCTS) as (adapter, pushed):
                bridge = Bridge(venue, adapter, pushed)
                bridge.executor._desk.sessions = SESSIONS
                await bridge.begin()
                risk, before = Risk(bridge), await adapter.account(bridge.clock.now)
                legs = (Leg(symbol=SHORT, action=Action.SELL_TO_OPEN), Leg(symbol=LONG, action=Action.BUY_TO_OPEN))
                name = await bridge.ask(Open(underlying=FUTURE, legs=legs, order_qty=1, net_price=Decimal("30.00")))
                await bridge.to(1)
                assert dict(bridge.book.structures[name].holdings) == {SHORT: -1, LONG: 1}

                what = {"account": TASTYTRADE, "symbol": SHORT, "quantity": 1}
                await asyncio.to_thread(bridge.venue.control, "POST", "/assign", what)
                seen = set()
                for second in range(12, 34, 2):
                    await bridge.to(second)
                    seen.update(bridge.book.structures[name].holdings)
                    await risk.look()

                (event,) = told(bridge, OptionSettled)
                assert (event.cause, event.parts[0].shares) == (SettlementCause.ASSIGNMENT, 1)
                assert told(bridge, Quarantined) == []
                assert FUTURE in seen
                structure = bridge.book.structures[name]
                assert structure.is_flat
                there = await adapter.account(bridge.clock.now)
                assert there.positions == ()
                marks = [each for each in there.cash_events if each.type is CashEvent.Type.DEPOSIT and each.symbol]
                assert [(each.symbol, each.amount) for each in marks] == [(FUTURE, Decimal("-50.25") * 50)]
                assert there.cash == bridge.book.cash[adapter.account_domain]
                assert there.cash - before.cash == structure.cash
                assert bridge.book.found.variation_of(adapter.account_domain) == 0

    played(scenario())
