"""The feed of a paper month: each batch of the venue through the checks of live quotes, and out as a frame."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from actors.chain_watch import ChainWatch
from actors.config import RuntimeConfig
from actors.domain.market.contract import Kind
from actors.domain.market.flaw import News
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe
from actors.domain.market.quote_check import LastGood, QuoteLimits, check
from actors.domain.market.quote_snapshot import snapshot
from actors.messages import FeedState
from actors.ports import Clock
from actors.quote_board import Snapshot
from actors.venue.market import Batch, Market
from supervisor.app.data_day import wired

NAME: Final = "data_feed"


class MonthFeed:
    """The quotes of one day; `incarnation` is its universe's version. While `is_cut`, nothing goes out."""

    def __init__(self, market: Market, incarnation: int, clock: Clock, config: RuntimeConfig) -> None:
        self.universe = Universe(version=incarnation, contracts=market.contracts)
        self.table, self._clock = QuoteTable(self.universe), clock
        limits = QuoteLimits(
            ahead_max_s=config.feed.ahead_max_s,
            behind_max_s=config.feed.behind_max_s,
            rewind_max_s=config.feed.rewind_max_s,
        )
        self._last = LastGood(market.contracts, limits)
        self._chains = ChainWatch(self.table, clock, config.validation.limits, config.risk.drift_max_s)
        self._is_index = np.array([each.product.kind is Kind.INDEX for each in market.contracts], np.bool_)
        self._sequence = self._read = self._last_frame_ns = self._rows = 0
        self.is_cut = False

    def take(self, batch: Batch) -> QuoteFrame:
        """Check a batch, keep it, and return it as it is published."""
        raw = wired(batch, self._is_index)
        self._last_frame_ns = self._clock.boot_ns()
        self._sequence += 1
        self._rows += len(raw.rows)
        frame = QuoteFrame(
            universe=self.universe.version,
            sequence=self._sequence,
            rows=raw.rows,
            bid=raw.bid,
            ask=raw.ask,
            bid_size=raw.bid_size,
            ask_size=raw.ask_size,
            exchange_ns=raw.exchange_ns,
            received_ns=self._last_frame_ns,
            codes=check(raw, self._last, int(self._clock.market_now().timestamp() * 1e9)),
        )
        self.table.apply(frame)
        return frame

    def everything(self) -> Iterator[QuoteFrame]:
        """Yield the latest of every row, for whoever comes late."""
        for frame in snapshot(self.table, self._clock.boot_ns(), self._sequence + 1):
            self._sequence = frame.sequence
            yield frame

    def survey(self) -> list[News]:
        """Look over all chains; return what is told of them."""
        return self._chains.look_again()

    def state(self) -> FeedState:
        """Say how it is."""
        return FeedState(
            incarnation=self.universe.version,
            connected=not self.is_cut,
            received=self._rows,
            accepted=self._rows,
            rejected={},
            reason="cut off" if self.is_cut else "",
            last_frame_ns=self._last_frame_ns,
            at_ns=self._clock.boot_ns(),
        )

    def board(self) -> Snapshot | None:
        """Return the quotes as risk reads them now and then; None before the first."""
        if not self._sequence:
            return None
        return Snapshot(self.table, self._clock.market_now(), self._clock.boot_ns())
