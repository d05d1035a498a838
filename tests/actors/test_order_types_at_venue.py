"""Replaced, stopped and paired orders: the real executor and adapter against the paper venue, over real sockets.

The bridge does the connection's part by hand, one message after the other, so that a race falls where the test says.
"""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from actors.desk import DeskSettings
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteFrame, Universe
from actors.domain.market.session import ExchangeDay, ExchangeTable, LastSession, OfficialTable, SessionRule, Sessions
from actors.domain.orders import event as happened
from actors.domain.orders.order import Action, Leg, Stop
from actors.domain.orders.replace_event import ReplaceEnded
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Close, Complex, Open, Replace, Request, Signal
from actors.domain.orders.trigger import TriggerState
from actors.domain.orders.watch_settings import WatchSettings
from actors.domain.orders.working import Plan
from actors.executor import Executor
from actors.executor_settings import ExecutorSettings
from actors.messages import (
    AccountRead,
    AskAccount,
    CancelOrder,
    ConnectionState,
    IssuePermit,
    OrderSent,
    Reported,
    SendComplex,
    SendOrder,
    SubmitSignal,
    UniverseChanged,
)
from tests.actors.brokers.test_against_venue import session, step
from tests.actors.venue.conftest import CLOSES_AT, OPENS_AT, PRODUCTS, SESSION, SmallMarket, option, places_in, running
from tests.builders import MARGINS, permit
from tests.fakes import CountingWatermark, FakeClock, FakeStream, MemoryCheckpoints, MemoryJournal

ROUTE, PEER = "tastytrade", "connection-tastytrade"
CALL = option(5050, "C")
"""9.90 bid and 10.10 asked until the third second."""
LEG = Leg(symbol=CALL, action=Action.BUY_TO_OPEN)
RISES_AT_S = 3
QUIET_LOOKS = 5
"""Looks in a row that find nothing to carry: the venue has said what it had to say."""


class MovingMarket(SmallMarket):
    """Every option cheaper or dearer by `jump` from the third second on."""

    def __init__(self, jump: float, size: float = 50) -> None:
        super().__init__(size=size)
        self.jump = jump

    def batch(self, at):
        batch = super().batch(at)
        if (at - OPENS_AT).total_seconds() >= RISES_AT_S:
            batch.bid[1:] += self.jump
            batch.ask[1:] += self.jump
        return batch


def sessions() -> Sessions:
    span = {"first_on": SESSION, "last_on": SESSION}
    rules = {"index_option": SessionRule(close_lag_min=15, expiring=LastSession.EXCHANGE_CLOSE)}
    return Sessions(
        exchange=ExchangeTable(
            source="test", days={SESSION: ExchangeDay(opens_at=OPENS_AT, closes_at=CLOSES_AT)}, **span
        ),
        official=OfficialTable(source="test", checked_on=SESSION, holidays=frozenset(), half_days=frozenset(), **span),
        rules={**rules, "equity_option": SessionRule()},
    )


class Bridge:
    """An executor, and the adapter and venue it trades through."""

    def __init__(self, venue, adapter, pushed) -> None:
        self.venue, self.adapter, self.pushed = venue, adapter, pushed
        self.clock, self.stream, self.journal = FakeClock(OPENS_AT), FakeStream(), MemoryJournal()
        self.second, self.count = 0, 0
        self.executor = Executor(
            name="executor",
            started=happened.ExecutorStarted(epoch=1, incarnation=1, boot_id="b", at=OPENS_AT),
            stream=self.stream,
            journal=self.journal,
            checkpoints=MemoryCheckpoints(),
            clock=self.clock,
            watermark=CountingWatermark(),
            products=PRODUCTS,
            sessions=sessions(),
            latch=lambda: None,
            routes=(ROUTE,),
            feed="data_feed",
            notifier="notifier",
            settings=ExecutorSettings(
                desk=DeskSettings(
                    silence_s=1e6, margins=MARGINS, watch=WatchSettings(looks_min=2, confirm_s=0.5, spread_max=9)
                )
            ),
        )
        self.universe = Universe(version=1, contracts=venue.market.contracts)

    @property
    def book(self):
        return self.executor._desk.book

    def hear(self, sender, message) -> None:
        self.stream.arrive(sender, message)
        self.executor.turn(0)

    async def begin(self) -> "Bridge":
        self.hear("data_feed", UniverseChanged(universe=self.universe))
        self.hear("risk", IssuePermit(permit=permit(naked_allowed=True, structure_loss_max=Decimal(10**7))))
        state = ConnectionState(
            route=ROUTE,
            account_domain=self.adapter.account_domain,
            incarnation=1,
            reads=True,
            writes=True,
            stream=True,
            at_ns=0,
            coverage=self.adapter.coverage,
        )
        self.quote()
        self.hear(PEER, state)
        await self.pump()
        return self

    def quote(self) -> None:
        batch = self.venue.market.batch(self.clock.now)
        bid = np.where(np.isnan(batch.bid), batch.last, batch.bid)
        ask = np.where(np.isnan(batch.ask), batch.last, batch.ask)
        sizes, codes = (batch.bid_size, batch.ask_size), np.zeros(len(batch.rows), np.uint16)
        frame = QuoteFrame(1, 1, batch.rows, bid, ask, *sizes, batch.exchange_ns, self.clock.ns, codes)
        self.stream.arrivals.append(frame)
        self.stream.arrive("data_feed", Survey(universe=1, at_ns=self.clock.ns))
        self.executor.turn(0)

    async def to(self, second: float) -> None:
        """Let the market, and what follows from it, come to a second of the day."""
        self.clock.advance(second - self.second)
        self.second = second
        await step(self.venue, second)
        self.quote()
        await self.pump()

    async def ask(self, request: Request, *, pump: bool = True) -> str:
        self.count += 1
        name = f"s{self.count}"
        signal = Signal(
            signal_id=name,
            strategy="s",
            request=request,
            reason="test",
            created_at=self.clock.now,
            expires_at=self.clock.now + timedelta(hours=3),
        )
        self.hear("strategy", SubmitSignal(signal=signal, reply_to="strategy"))
        if pump:
            await self.pump()
        return name

    async def pump(self) -> None:
        """Carry messages both ways until nothing is left to carry."""
        quiet = 0
        while quiet < QUIET_LOOKS:
            told, self.stream.told = self.stream.told, []
            for _, message in told:
                await self._carry(message)
            await asyncio.sleep(0.01)
            quiet = 0 if told or not self.pushed.empty() else quiet + 1
            while not self.pushed.empty():
                self.hear(PEER, Reported(report=self.pushed.get_nowait()))
            self.clock.advance(0.001)
            self.executor.turn(0)

    async def _carry(self, message) -> None:
        match message:
            case SendOrder(attempt_id=name, order=order):
                words = self.adapter.words(name, order)
                self._sent(name, await self.adapter.submit(name, words, 3.0, lambda: None))
            case SendComplex(contingency=contingency, parts=parts):
                pairs = [(part.attempt_id, part.order) for part in parts]
                outcomes = await self.adapter.submit_complex(contingency, pairs, 3.0, lambda: None)
                for (name, _), outcome in zip(pairs, outcomes, strict=True):
                    self._sent(name, outcome)
            case CancelOrder(broker_order_id=theirs):
                requested, _ = await self.adapter.cancel(theirs, 3.0, lambda: None)
                if not requested:
                    self.hear(PEER, Reported(report=await self.adapter.order(theirs)))
            case AskAccount(request_id=number, since=since):
                state = await self.adapter.account(since)
                self.hear(PEER, AccountRead(route=ROUTE, request_id=number, state=state))

    def _sent(self, name, outcome) -> None:
        self.hear(PEER, OrderSent(route=ROUTE, connection_incarnation=1, attempt_id=name, outcome=outcome))

    async def held_there(self) -> int:
        positions = {each.symbol: each.quantity for each in (await self.adapter.account(OPENS_AT)).positions}
        assert positions == {symbol: held for symbol, held in self.held_here().items() if held}
        return positions.get(CALL, 0)

    def held_here(self) -> dict[str, int]:
        return self.book.positions.get(self.adapter.account_domain, {})


@asynccontextmanager
async def trading(folder, market):
    with running(places_in(folder), market) as venue:
        await asyncio.to_thread(venue.step, 0)
        async with session(ROUTE, venue) as (adapter, pushed):
            yield await Bridge(venue, adapter, pushed).begin()


def played(scenario) -> None:
    async def within_time():
        async with asyncio.timeout(60):
            await scenario

    asyncio.run(within_time())


def opening(price: str, quantity: int = 2, **terms: object) -> Open:
    return Open(underlying="SPX", legs=(LEG,), order_qty=quantity, net_price=Decimal(price), **terms)


def test_a_replacement_trades_what_is_left_and_no_more(tmp_path):
    async def scenario():
        async with trading(tmp_path, MovingMarket(0.0)) as bridge:
            name = await bridge.ask(opening("-9.50"))
            await bridge.ask(Replace(cl_ord_id=name, net_price=Decimal("-10.10")))
            await bridge.to(1)
            await bridge.to(2)
            assert bridge.book.orders[name].status is Status.CANCELED
            assert bridge.book.orders[f"{name}.p2"].status is Status.FILLED
            assert await bridge.held_there() == 2

    played(scenario())


def test_a_fill_that_overtakes_the_cancel_is_the_end_of_the_replacement(tmp_path):
    """The market moves while the cancel is under way, and nobody here has heard of the fill."""

    async def scenario():
        async with trading(tmp_path, MovingMarket(-1.0)) as bridge:
            name = await bridge.ask(opening("-9.50"))
            await bridge.ask(Replace(cl_ord_id=name, net_price=Decimal("-10.10")), pump=False)
            await bridge.to(RISES_AT_S)
            await bridge.to(RISES_AT_S + 1)
            assert [event.text for event in events(bridge, ReplaceEnded)] == ["it ended FILLED"]
            assert f"{name}.p2" not in bridge.book.orders
            assert await bridge.held_there() == 2

    played(scenario())


def test_a_partial_fill_that_overtakes_the_cancel_leaves_the_rest_to_the_replacement(tmp_path):
    async def scenario():
        async with trading(tmp_path, MovingMarket(-1.0, size=1)) as bridge:
            name = await bridge.ask(opening("-9.50", 3))
            await bridge.ask(Replace(cl_ord_id=name, net_price=Decimal("-10.10")), pump=False)
            for second in range(RISES_AT_S, RISES_AT_S + 8):
                await bridge.to(second)
            first, second = bridge.book.orders[name], bridge.book.orders[f"{name}.p2"]
            assert (first.cum_qty, second.order.order_qty, second.status) == (1, 2, Status.FILLED)
            assert await bridge.held_there() == 3

    played(scenario())


def test_an_opening_is_worked_from_the_middle_until_somebody_takes_it(tmp_path):
    async def scenario():
        async with trading(tmp_path, MovingMarket(0.0)) as bridge:
            plan = Plan(step_s=2, step_share=Decimal("0.5"), give_up_s=30)
            name = await bridge.ask(opening("-10.10", work=plan))
            prices = [bridge.book.orders[name].order.net_price]
            for second in range(1, 12):
                await bridge.to(second)
            prices += [life.order.net_price for life in bridge.book.orders.values() if life.order.replaces]
            assert prices == [Decimal("-10.0"), Decimal("-10.1")]
            assert await bridge.held_there() == 2

    played(scenario())


@pytest.mark.parametrize("jump", [-5.0, 5.0], ids=["down to the stop", "up to the limit"])
def test_a_pair_at_the_broker_closes_what_is_held_once_and_both_sides_end(tmp_path, jump):
    async def scenario():
        async with trading(tmp_path, MovingMarket(jump)) as bridge:
            name = await bridge.ask(opening("-10.10"))
            await bridge.to(1)
            exits = (
                Close(structure_id=name, net_price=Decimal("14.00")),
                Close(structure_id=name, stop=Stop(stop_px=Decimal("6.00"))),
            )
            pair = await bridge.ask(Complex(orders=exits))
            await bridge.to(2)
            assert {trigger.state for trigger in bridge.book.triggers.live()} == {TriggerState.PLACED}
            for second in range(RISES_AT_S, RISES_AT_S + 9):
                await bridge.to(second)
            assert {bridge.book.triggers.known[f"{pair}.{side}"].state for side in (1, 2)} == {TriggerState.DONE}
            assert await bridge.held_there() == 0

    played(scenario())


def test_a_stop_held_here_cancels_the_limit_at_the_broker_and_closes_the_structure(tmp_path):
    async def scenario():
        async with trading(tmp_path, MovingMarket(-3.0)) as bridge:
            spread = (LEG, Leg(symbol=option(5100, "C"), action=Action.SELL_TO_OPEN))
            name = await bridge.ask(Open(underlying="SPX", legs=spread, order_qty=1, net_price=Decimal("-5.30")))
            await bridge.to(1)
            exits = (
                Close(structure_id=name, net_price=Decimal("9.00")),
                Close(structure_id=name, stop=Stop(stop_px=Decimal("5.00"))),
            )
            pair = await bridge.ask(Complex(orders=exits))
            await bridge.to(2)
            for second in range(RISES_AT_S, RISES_AT_S + 8):
                await bridge.to(second)
            states = {side: bridge.book.triggers.known[f"{pair}.{side}"].state for side in (1, 2)}
            assert states == {1: TriggerState.CANCELED, 2: TriggerState.DONE}
            assert await bridge.held_there() == 0

    played(scenario())


def events(bridge, kind):
    parsed = (happened.parse_event(body) for body in bridge.journal.bodies)
    return [event for event in parsed if isinstance(event, kind)]
