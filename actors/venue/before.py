"""Where a market's day is taken up: at its beginning, or where a venue that was replaced had come to.

What lies before goes to the board alone, so that who subscribes sees every contract's latest quote; what was played is
not played again. The market's clock never goes back: while the venue was away its peers read on.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from actors.clock import ClockNotStarted, SharedMarketClock
from actors.venue.board import Board
from actors.venue.market import Batch, Market

BEFORE_OPEN = timedelta(days=1)
"""No day's first quote is earlier than that."""


class Before:
    """What is over of a session: everything before `begin_at`, or up to `played` where some of it was played."""

    def __init__(self, begin_at: datetime, played: datetime | None) -> None:
        self._begin_at = begin_at if played is None else max(begin_at, played)
        self._played = played
        self.rows = 0

    def shown(self, clock: Path, latest: datetime) -> datetime:
        """Return the time the market's clock begins at: not before what peers of this session read, up to `latest`."""
        if self._played is not None:
            with contextlib.suppress(ClockNotStarted, FileNotFoundError):
                return max(self._begin_at, min(SharedMarketClock.open(clock).market_now(), latest))
        return self._begin_at

    def restore(self, market: Market, board: Board) -> Iterator[Batch]:
        """Fill the board with what lies before; return what is still to be played."""
        batches = market.batches(self._begin_at)
        first = next(batches, None)
        if first is None or len(first.rows) < len(board.contracts):
            # Not every contract is quoted here at once, as a made-up market does: take the day from its beginning.
            batches = market.batches(market.opens_at - BEFORE_OPEN)
            first = next(batches, None)
        while first is not None and self._covers(first):
            board.post(first)
            self.rows += len(first.rows)
            first = next(batches, None)
        return batches if first is None else chain((first,), batches)

    def _covers(self, batch: Batch) -> bool:
        return batch.at < self._begin_at if self._played is None else batch.at <= self._played
