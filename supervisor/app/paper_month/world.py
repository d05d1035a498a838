"""The world of a paper month: actors, two routes to two accounts at one venue, and a market that is played to them.

Moments lie in one heap and happen in their order on a virtual clock, as in the order machine; the connections are that
machine's, with the real venue behind them. Whoever dies is built anew from what it left.
"""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from actors.brokers.route_watch import WatchLimits
from actors.config import RuntimeConfig
from actors.domain.portfolio.view import BookView
from actors.domain.value import Value
from actors.executor import Executor
from actors.latch import read_latch, resume
from actors.messages import AskBook, BookChanged, ResetBreakers, UniverseChanged
from actors.ports import Envelope, PeerLost
from actors.risk import RiskActor
from actors.strategy import StrategyActor
from actors.venue.account import VenueEvent
from actors.venue.market import Batch, Market
from supervisor.app.order_machine.broker import Held
from supervisor.app.order_machine.host import Struck
from supervisor.app.order_machine.link import Link
from supervisor.app.order_machine.luck import Luck
from supervisor.app.order_machine.surroundings import VirtualClock
from supervisor.app.order_machine.world import SETTLE
from supervisor.app.paper_month.bank import Bank, venue_of
from supervisor.app.paper_month.feed import NAME as FEED
from supervisor.app.paper_month.feed import MonthFeed
from supervisor.app.paper_month.month_clock import MonthClock
from supervisor.app.paper_month.post import PERSON, Post, from_
from supervisor.app.paper_month.shells import EXECUTOR, RISK, Shells, Tables

HEARTBEAT_S: Final = 0.5
FEED_CUT_S: Final = 6.0
"""How long the feed is away, on the machine's clock."""
PASSES_MAX: Final = 8
READS_BACK: Final = timedelta(days=4)
"""How far back an account is read: over a weekend and a holiday."""
_NS: Final = 1e9


class MonthWorld:
    """Implements the order machine's `Surroundings`."""

    def __init__(self, config: RuntimeConfig, tables: Tables, folder: Path, luck: Luck, begins: datetime) -> None:
        self._clock = MonthClock(begins, config.market.speed)
        self.clock: VirtualClock = self._clock
        self.luck, self.config = luck, config
        self.watch = WatchLimits(heartbeat_s=HEARTBEAT_S)
        self.epoch, self.began_at = 0, begins
        self.stop: str | None = None
        self.deaths = 0
        self.executor_deaths_ns: list[int] = []
        self._moments: list[tuple[int, int, Callable[[], None]]] = []
        self._places = count()
        self._post = Post(self.at, self._tell_quotes)
        self.shells = Shells(config, tables, self._clock, folder, self._post.carry)
        self.exchange = venue_of(config, tables.products, folder)
        self.exchange.subscribe(self._on_venue)
        self.feed: MonthFeed | None = None
        self._actors: dict[str, Executor | RiskActor | StrategyActor] = {}
        self.banks: dict[str, Bank] = {}
        self.links: dict[str, Link] = {}
        for route in config.routes:
            bank = Bank(route.name, route.account_domain, self.exchange, tables.products, self._clock)
            self.banks[route.name], self.links[route.name] = bank, Link(bank, self, SETTLE)
        self._post.links = {link.peer: link for link in self.links.values()}
        self._start_all()

    @property
    def executor(self) -> Executor | None:
        """The one that lives."""
        found = self._actors.get(EXECUTOR)
        return found if isinstance(found, Executor) else None

    @property
    def now(self) -> datetime:
        """The market's time."""
        return self._clock.market_now()

    def _start_all(self) -> None:
        for link in self.links.values():
            link.start()
        self._start_executor()
        self._start(RISK)
        for section in self.config.strategies:
            self._start(section.name)
        self._beat()

    # -- the day ------------------------------------------------------------------------------------------------------

    def open_day(self, market: Market, opens_at: datetime, before_s: float) -> None:
        """Let the night pass, and have the feed list the session; the market opens `before_s` later."""
        self.began_at = max(self.began_at, opens_at - READS_BACK)
        self._clock.rest_until(opens_at - timedelta(seconds=before_s), machine_s=30.0)
        self.exchange.bind(market)
        version = 1 if self.feed is None else self.feed.universe.version + 1
        self.feed = MonthFeed(market, version, self._clock, self.config)
        told = UniverseChanged(universe=self.feed.universe)
        for name in self._post.lines:
            self._post.arrive(name, from_(FEED, told))

    def show(self, batch: Batch) -> None:
        """Let the market move, and tell it."""
        self.exchange.advance(batch)
        assert self.feed is not None
        frame = self.feed.take(batch)
        if self.feed.is_cut:
            return
        news = self.feed.survey()
        for name in self._post.lines:
            if name != RISK:
                self._post.arrive(name, frame)
        self._post.arrive(EXECUTOR, *(from_(FEED, each) for each in news))
        self._post.arrive(EXECUTOR, from_(FEED, self.feed.state()))
        self._post.arrive(RISK, from_(FEED, self.feed.state()))

    def end_day(self, market: Market) -> None:
        """Settle what expires."""
        self.exchange.end_session(market, self.now)

    def run_to(self, at: datetime) -> None:
        """Let all happen that happens until the market's time is `at`."""
        left_s = (at - self.now).total_seconds() / self._clock.speed
        end_ns = self._clock.ns + max(0, int(left_s * _NS))
        self._work(everyone=True)
        while True:
            self._work()
            if not self._moments or self._moments[0][0] > end_ns:
                break
            due_ns, _, act = heapq.heappop(self._moments)
            self._clock.ns = max(self._clock.ns, due_ns)  # a night may have passed over it
            act()
        self._clock.ns = end_ns
        self._work(everyone=True)

    def at(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something later, on the machine's clock."""
        heapq.heappush(self._moments, (self._clock.ns + int(delay_s * _NS), next(self._places), act))

    def _work(self, *, everyone: bool = False) -> None:
        """Let the actors work until nobody has heard anything new; those alone that have, unless `everyone`."""
        latch = read_latch(self.shells.latch)
        self.stop = latch.words
        for _ in range(PASSES_MAX):
            hearing = [name for name in self._actors if everyone or self._post.lines[name].inbox]
            if not hearing:
                return
            for name in hearing:
                self._turn(name)
            everyone = False

    def _turn(self, name: str) -> None:
        actor = self._actors.get(name)
        if actor is None:
            return
        try:
            actor.turn(0.0)
        except Struck:
            self._died(name)

    def _beat(self) -> None:
        """Let time pass at the venue, on the routes, and for the executor, which asks and chases by the clock."""
        self.exchange.tick(self.now)
        self._turn(EXECUTOR)
        for link in self.links.values():
            if link.is_up:
                link.say_state()
        self.at(HEARTBEAT_S, self._beat)

    # -- deaths -------------------------------------------------------------------------------------------------------

    def kill(self, whom: str, steps: int | None = None) -> None:
        """End a process now, or `steps` writes and words from now."""
        if steps is not None:
            self.shells.blows[whom].left = steps
        elif whom == "feed":
            self._cut_feed()
        elif whom == "machine":
            self._lose_power()
        elif whom in self.links:
            if self.links[whom].is_up:
                self.links[whom].die()
        elif whom in self._actors:
            self._died(whom)

    def _lose_power(self) -> None:
        for link in self.links.values():
            if link.is_up:
                link.die()
            link.lose_ledger()
        for name in tuple(self._actors):
            self._died(name)

    def _cut_feed(self) -> None:
        feed = self.feed
        if feed is None or feed.is_cut:
            return
        feed.is_cut = True
        for name in self._post.lines:
            self._post.arrive(name, PeerLost(peer=FEED))
        self.at(FEED_CUT_S, lambda: self._mend_feed(feed))

    def _mend_feed(self, feed: MonthFeed) -> None:
        feed.is_cut = False
        if feed is self.feed:
            for name in self._post.lines:
                self._tell_quotes(name)

    def link_died(self, link: Link) -> None:
        """Have a successor started."""
        self.deaths += 1
        self._post.arrive(EXECUTOR, PeerLost(peer=link.peer))
        self.at(self.luck.absence_s(), link.start)

    def _died(self, name: str) -> None:
        if self._actors.pop(name, None) is None and name != EXECUTOR:
            return
        self.deaths += 1
        self._post.lines.pop(name, None)
        if name == EXECUTOR:
            self.executor_deaths_ns.append(self._clock.ns)
            for other in self._post.lines:
                self._post.arrive(other, PeerLost(peer=EXECUTOR))
            self.at(self.luck.absence_s(), self._start_executor)
        else:
            self.at(self.luck.absence_s(), lambda: self._start(name))

    def _start_executor(self) -> None:
        self.epoch += 1
        line = self._post.lines[EXECUTOR] = self.shells.line(EXECUTOR)
        try:
            self._actors[EXECUTOR] = self.shells.executor(line, self.epoch)
        except Struck:
            self._died(EXECUTOR)
            return
        self._tell_quotes(EXECUTOR)
        for link in self.links.values():
            if link.is_up:
                link.hear_anew()
                link.say_state()

    def _start(self, name: str) -> None:
        line = self._post.lines[name] = self.shells.line(name)
        if name == RISK:
            self._actors[name] = self.shells.risk(line, lambda: None if self.feed is None else self.feed.board())
        else:
            self._actors[name] = self.shells.strategy(name, line)
            self._tell_quotes(name)

    def _tell_quotes(self, name: str) -> None:
        if self.feed is None or self.feed.is_cut:
            return
        self._post.arrive(name, from_(FEED, UniverseChanged(universe=self.feed.universe)))
        if name != RISK:
            self._post.arrive(name, *self.feed.everything())
        if name == EXECUTOR:
            self._post.arrive(name, *(from_(FEED, each) for each in self.feed.survey()))

    # -- messages -----------------------------------------------------------------------------------------------------

    def tell_executor(self, link: Link, message: Value) -> None:
        """Carry what a connection tells."""
        self._post.arrive(EXECUTOR, Envelope(link.peer, link.incarnation, 1, message))

    def booked(self, link: Link, held: Held) -> None:
        """Leave the trading to the exchange."""

    def _on_venue(self, event: VenueEvent) -> None:
        for route, bank in self.banks.items():
            if (held := bank.hear(event)) is not None and self.links[route].is_up:
                self.links[route].push(held)

    # -- a person -----------------------------------------------------------------------------------------------------

    def resume(self, reason: str) -> bool:
        """Have a person reset what tripped, and loosen the stop where one is latched; return whether one was."""
        reset = ResetBreakers(beginning="", by=PERSON, reason=reason, reply_to=PERSON)
        self._post.arrive(EXECUTOR, from_(PERSON, reset))
        self._work()
        was_latched = read_latch(self.shells.latch).words is not None
        if was_latched:
            resume(self.shells.latch, PERSON, reason, self.now)
        return was_latched

    def ask_book(self) -> BookView | None:
        """Have a person ask the executor for its book; None where none answers."""
        self._post.told_person = None
        self._post.arrive(EXECUTOR, from_(PERSON, AskBook(reply_to=PERSON)))
        self._work()
        told = self._post.told_person
        return told.book if isinstance(told, BookChanged) else None
