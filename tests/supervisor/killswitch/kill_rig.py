"""A state folder whose executor is dead, with a journal that tells what it held at a real venue's two brokers."""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from actors.config import load, with_overrides
from actors.config_sections import RouteSection
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, Attempt, SubmitOutcome
from actors.domain.orders.order import Action, Intent, Leg, Order, attempt_id
from actors.domain.orders.report import AccountState
from actors.domain.portfolio.book import Book
from actors.epoch import read_epoch, take_epoch
from actors.places import Places
from actors.ports import Broker
from supervisor.app.adapters import broker
from supervisor.app.event_schema import EVENTS
from supervisor.app.workplace import Workplace
from supervisor.journal import JournalReader, JournalWriter
from supervisor.killswitch.killing import Verdict, fire
from tests.actors.venue.conftest import Running, option
from tests.actors.venue.wire_clients import CONDOR

SETTLE_S = 2.0
NATURAL, RESTING = Decimal("9.5"), Decimal(19)
"""Credits that everybody pays, and nobody."""
DAY = timedelta(days=1)


@dataclass
class KillRig:
    """`tell` has what the kill switch said."""

    venue: Running
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        routes = {f"routes.{name}.settle_window_s": SETTLE_S for name in ("tastytrade", "alpaca")}
        deadlines = {f"routes.{name}.user_timeout_s": 0.5 for name in ("tastytrade", "alpaca")}
        answers = {f"routes.{name}.answer_timeout_s": 0.8 for name in ("tastytrade", "alpaca")}
        config = with_overrides(load(None), {"runtime.state": self.where.state, **routes, **deadlines, **answers})
        self.where.config.write_text(config.model_dump_json())
        self.place = Workplace.visitor(self.where)
        self.epoch = take_epoch(self.where.epoch)
        self.journal(started(self.epoch, self.place))
        for route in config.routes:
            state = self.read(route.name)
            self.journal(adopted(state))

    @property
    def where(self) -> Places:
        return self.venue.places

    def route(self, name: str) -> RouteSection:
        return next(each for each in self.place.config.routes if each.name == name)

    def journal(self, *events: happened.Event) -> None:
        writer = JournalWriter(
            self.where.journal, epoch=self.epoch, clock=time.time_ns, fence=lambda: None, schema=EVENTS
        )
        with closing(writer):
            writer.append((each.kind, each.correlation, each.model_dump_json().encode()) for each in events)

    def events(self) -> list[happened.Event]:
        with closing(JournalReader(self.where.journal, EVENTS)) as reader:
            return [happened.parse_event(entry.body) for entry in reader.read()]

    def book(self) -> Book:
        book = Book(self.place.products)
        for sequence, event in enumerate(self.events(), start=1):
            book.apply(event, sequence)
        return book

    def read(self, route: str = "tastytrade") -> AccountState:
        async def account(adapter: Broker) -> AccountState:
            return await adapter.account(self.place.clock.market_now() - DAY)

        return self._with(route, account)

    def positions(self, route: str = "tastytrade") -> dict[str, int]:
        return {each.symbol: each.quantity for each in self.read(route).positions}

    def open(self, name: str, route: str = "tastytrade", price: Decimal = NATURAL, quantity: int = 1) -> Order:
        """Send a condor as the executor would have, and journal it all, its fills too where it has any."""
        order = condor(name, price, quantity, self.place)
        self.send(order, route)
        reports = [each for each in self.read(route).orders if each.attempt_id == attempt_id(name, 1)]
        self.journal(*(happened.ReportTaken(cl_ord_id=name, report=each, at=each.at) for each in reports))
        return order

    def send(self, order: Order, route: str = "tastytrade", *, is_answered: bool = True) -> None:
        now, name = self.place.clock.market_now(), attempt_id(order.cl_ord_id, 1)
        attempt = Attempt(
            number=1,
            route=route,
            account_domain=self.route(route).account_domain,
            connection_incarnation=1,
            executor_epoch=self.epoch,
            started_at=now,
        )
        placed = happened.OrderPlaced(signal=None, order=order, checks=(), at=now)
        self.journal(placed, happened.AttemptStarted(cl_ord_id=order.cl_ord_id, attempt=attempt))
        if is_answered:
            outcome = self.submit(order, route)
            assert isinstance(outcome, Accepted), outcome
            self.journal(happened.AttemptEnded(attempt_id=name, outcome=outcome, at=now))

    def submit(self, order: Order, route: str = "tastytrade") -> SubmitOutcome:
        name = attempt_id(order.cl_ord_id, 1)

        async def submitted(adapter: Broker) -> SubmitOutcome:
            words = adapter.words(name, order)
            assert isinstance(words, bytes)
            return await adapter.submit(name, words, 5.0, lambda: None)

        return self._with(route, submitted)

    def fire(self, wait_s: float = 30.0) -> Verdict:
        return fire(self.where, "ann", "the test", wait_s, self.said.append)

    def epoch_now(self) -> int:
        return read_epoch(self.where.epoch)

    def _with(self, route: str, act: Callable):
        async def work():
            adapter = broker(self.place, self.route(route))
            try:
                await adapter.connect()
                return await act(adapter)
            finally:
                await adapter.close()

        return asyncio.run(work())


def started(epoch: int, place: Workplace) -> happened.Event:
    return happened.ExecutorStarted(epoch=epoch, incarnation=1, boot_id="", at=place.clock.market_now())


def adopted(state: AccountState) -> happened.Event:
    return happened.AccountAdopted(
        account_domain=state.account_domain,
        cash=state.cash,
        positions={each.symbol: each.quantity for each in state.positions},
        executions=(),
        cash_events=(),
        orders=tuple(each.broker_order_id for each in state.orders),
        since=None,
        at=state.read_at,
    )


def condor(name: str, price: Decimal, quantity: int, place: Workplace) -> Order:
    now = place.clock.market_now()
    return Order(
        cl_ord_id=name,
        signal_id=name,
        strategy="condor",
        structure_id=name,
        intent=Intent.OPEN,
        underlying="SPX",
        legs=tuple(
            Leg(symbol=option(strike, right), action=Action(action.upper().replace(" ", "_")))
            for strike, right, action, _ in CONDOR
        ),
        order_qty=quantity,
        net_price=price,
        created_at=now,
        expires_at=now + timedelta(minutes=5),
    )


def closing_of(opening: Order, name: str, price: Decimal, domain: str) -> Order:
    return opening.model_copy(
        update={
            "cl_ord_id": name,
            "signal_id": name,
            "intent": Intent.CLOSE,
            "legs": tuple(leg.model_copy(update={"action": leg.action.closing}) for leg in opening.legs),
            "net_price": price,
            "account_domain": domain,
        }
    )
