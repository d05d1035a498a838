"""What every child needs, from its context: places, configuration, clock, stream, watermark, checkpoints, log."""

import time
from collections.abc import Iterable
from datetime import timedelta
from functools import cached_property

from loguru import logger

from actors.clock import ClockNotStarted, SharedMarketClock, WallClock
from actors.config_sections import Mode
from actors.domain.market.contract import Products
from actors.domain.market.expiry_table import ExpiryTable
from actors.domain.market.session import NEW_YORK, Sessions
from actors.domain.risk.margin_table import MarginTable
from actors.expiry_tables import load_expiry
from actors.in_hand import Hand, WatchedStream
from actors.logs import LogSettings, set_up
from actors.places import Places
from actors.ports import Clock
from actors.redaction import Redactor
from actors.venue.venue_settings import VenueFile, read_venue_file
from actors.watermark import MappedWatermark
from supervisor.app import warmth
from supervisor.app.plan import TABLES
from supervisor.checkpoints import CheckpointStore
from supervisor.child_host import CLEANERS
from supervisor.child_spec import ChildContext

POLL_S = 0.02


class VenueAbsent(Exception):
    """The paper venue did not open its doors in time."""


class Workplace:
    """One child's surroundings. Made on its process; costs what is asked for."""

    streams: type[WatchedStream] = WatchedStream

    def __init__(self, context: ChildContext) -> None:
        self.name, self.incarnation, self.arguments = context.name, context.incarnation, context.arguments
        self.places = Places(state=context.state, run=context.run)
        self.config = warmth.config(self.places.config)
        self.redactor, self._set_aside = Redactor(), context.set_aside

    @classmethod
    def child(cls, context: ChildContext) -> "Workplace":
        """Return the workplace of a child of the tree, its log opened."""
        place = cls(context)
        runtime = place.config.runtime
        settings = LogSettings(level=runtime.log_level, file_mb=runtime.log_file_mb, files_max=runtime.log_files_max)
        set_up(context.name, place.places.logs, settings, place.redactor)
        CLEANERS.append(place.redactor.clean)
        logger.info("incarnation {} starts", context.incarnation)
        return place

    @classmethod
    def visitor(cls, where: Places) -> "Workplace":
        """Return a workplace for somebody who looks at a runtime from outside: it reads, and writes no log."""
        nobody = ChildContext(name="visitor", incarnation=1, state=where.state, run=where.run, factory="none:none")
        return cls(nobody)

    @property
    def is_paper(self) -> bool:
        """Whether the venue is our own."""
        return self.config.runtime.mode is Mode.PAPER

    @cached_property
    def products(self) -> Products:
        """The product table."""
        return warmth.products(TABLES / "products.toml")

    @cached_property
    def margins(self) -> MarginTable:
        """The margin rules."""
        return warmth.margins(TABLES / "margin.toml")

    @cached_property
    def sessions(self) -> Sessions:
        """The trading days; a synthetic market's day is declared open."""
        sessions = warmth.sessions(TABLES / "sessions.toml", self.places.state / "exchange-days.json")
        sessions = sessions.without(self.config.calendar.closures)
        market = self.config.market
        if self.is_paper and market.source == "synthetic" and market.start is not None:
            closes_at = market.start + timedelta(seconds=market.length_s)
            sessions = sessions.declare(market.start.astimezone(NEW_YORK).date(), market.start, closes_at)
        return sessions

    @cached_property
    def expiry(self) -> ExpiryTable:
        """What an expiry means, by product and broker."""
        return load_expiry(TABLES / "expiry.toml")

    @cached_property
    def clock(self) -> Clock:
        """The market's clock: the venue's on paper, the wall's otherwise."""
        if not self.is_paper:
            return WallClock()
        self.venue  # noqa: B018 - its doors open after its clock
        return SharedMarketClock.open(self.places.clock)

    @cached_property
    def venue(self) -> VenueFile:
        """What the paper venue published. Raises `VenueAbsent` where it does not come in time."""
        deadline = time.monotonic() + self.config.clock.market_wait_max_s
        while time.monotonic() < deadline:
            try:
                found = read_venue_file(self.places)
                SharedMarketClock.open(self.places.clock)
            except (FileNotFoundError, ClockNotStarted):
                time.sleep(POLL_S)
            else:
                return found
        raise VenueAbsent(f"no venue within {self.config.clock.market_wait_max_s} s")

    def watermark(self) -> MappedWatermark:
        """Return this child's progress counter."""
        return self._mark

    @cached_property
    def _mark(self) -> MappedWatermark:
        return MappedWatermark(self.places.watermark(self.name), self.incarnation)

    def checkpoints(self, *, durable: bool = True, actor: str | None = None) -> CheckpointStore:
        """Return this child's checkpoints; another actor's where that is confirmed dead."""
        return CheckpointStore(self.places.checkpoints(actor or self.name), durable=durable, tell=logger.error)

    def stream(
        self,
        peers: Iterable[str] = (),
        hears: Iterable[str] = (),
        quotes: str | None = None,
        *,
        decides_on_quotes: bool = False,
    ) -> WatchedStream:
        """Return this child's stream."""
        stream = self.streams(
            self.places,
            self.name,
            incarnation=self.incarnation,
            peers=peers,
            hears=hears,
            hears_quotes_of=quotes,
            decides_on_quotes=decides_on_quotes,
        )
        stream.hand = self.hand()
        return stream

    def hand(self) -> Hand:
        """Return what notes the message in hand, and keeps out those its predecessors died over."""
        return Hand(self._mark, self.places.dead_letters, self.name, self._set_aside)

    def argument(self, name: str) -> str:
        """Return one of the child's arguments."""
        value = self.arguments[name]
        assert isinstance(value, str)
        return value
