"""The executor's sight of the market: the universe, its quotes, and the frames that came before the universe they need.

Universe and quotes travel on two links, and nothing orders them. Without keeping what came early, a new executor would
miss the snapshot it asked for, and see each quote only when it next moved.
"""

from collections import deque
from typing import Final

from actors.desk import Desk
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe

EARLY_FRAMES_MAX: Final = 256
"""A snapshot is some dozens; beyond it the oldest go, which a later frame corrects."""


class QuoteSight:
    """Keeps the desk's quotes and contracts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._early: deque[QuoteFrame] = deque(maxlen=EARLY_FRAMES_MAX)

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

    def take_survey(self, survey: Survey) -> None:
        """Take in what the feed saw against single contracts. One that came early is followed by the next."""
        if self._desk.quotes is not None:
            self._desk.quotes.take_survey(survey)

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
