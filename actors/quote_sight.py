"""The executor's sight of the market: the universe, its quotes, and the frames that came before the universe they need.

Universe and quotes travel on two links, and nothing orders them. Without keeping what came early, a new executor would
miss the snapshot it asked for, and see each quote only when it next moved.
"""

from collections import deque
from typing import Final

from actors.desk import Desk
from actors.domain.market.flaw import News, Survey
from actors.domain.market.interest import Interest
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe
from actors.messages import UniverseChanged

EARLY_FRAMES_MAX: Final = 256
"""A snapshot is some dozens; beyond it the oldest go, which a later frame corrects."""


class QuoteSight:
    """Keeps the desk's quotes and contracts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._early: deque[QuoteFrame] = deque(maxlen=EARLY_FRAMES_MAX)
        self._news: dict[type[News], News] = {}
        """The latest of each."""

    @property
    def known(self) -> int:
        """The version of the universe that is known; 0 for none."""
        return self._desk.quotes.universe.version if self._desk.quotes else 0

    def take(self, frame: QuoteFrame) -> bool:
        """Take in a frame; False: its universe is not known here, and is to be asked for."""
        table = self._desk.quotes
        if table is not None and table.universe.version == frame.universe:
            table.apply(frame)
            return True
        self._early.append(frame)
        return False

    def hear(self, told: UniverseChanged | News) -> None:
        """Take in the universe, or what is said of its contracts; news that come before their universe wait for it."""
        if isinstance(told, UniverseChanged):
            self.take_universe(told.universe)
        else:
            self._news[type(told)] = told
            self._pass_on()

    def _pass_on(self) -> None:
        table = self._desk.quotes
        if table is None:
            return
        for news in self._news.values():
            if isinstance(news, Survey):
                table.take_survey(news)
            elif isinstance(news, Interest):
                table.take_interest(news)

    def take_universe(self, universe: Universe) -> None:
        """Take in the universe, and what came early for it."""
        if self._desk.quotes is not None and self._desk.quotes.universe.version == universe.version:
            return
        table = self._desk.quotes = QuoteTable(universe)
        self._desk.contracts = {contract.symbol: contract for contract in universe.contracts}
        for frame in self._early:
            if frame.universe == universe.version:
                table.apply(frame)
        self._early.clear()
        self._pass_on()
