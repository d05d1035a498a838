"""The kill switch's own eyes: quotes of what is held, over a login of its own. It goes on without them.

A quote with a crossed market, or with a side below zero, moves nothing; anything else may, for a close is bounded by
more than the quotes (`domain.risk.kill_plan`).
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import numpy as np

from actors.domain.market.contract import Contract
from actors.domain.market.quote import UNSOUND_MIN, Codes, QuoteFrame, QuoteTable, RawQuotes, Universe
from actors.ports import BrokerRefused, BrokerUnavailable, Clock, Feed, FeedLost

AGAIN_S: Final = 1.0


class Eyes:
    """Quotes of contracts that are named as they are met."""

    def __init__(self, feed: Callable[[], Feed | None], clock: Clock) -> None:
        self._feed, self._clock = feed, clock
        self._table: QuoteTable | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def table(self) -> QuoteTable | None:
        """What is seen; None before anything was asked for."""
        return self._table

    def look(self, contracts: Sequence[Contract]) -> None:
        """Look at these contracts, beside those looked at already."""
        known = self._table.universe.contracts if self._table is not None else ()
        fresh = [each for each in contracts if each not in known]
        if not fresh:
            return
        self.close()
        self._table = QuoteTable(Universe(version=1, contracts=(*known, *fresh)))
        self._task = asyncio.create_task(self._watch(self._table))

    def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _watch(self, table: QuoteTable) -> None:
        while True:
            feed = self._feed()
            if feed is None:
                return
            try:
                async for raw in feed.quotes(table.universe.contracts):
                    table.apply(_frame(raw, self._clock.boot_ns()))
            except BrokerRefused:
                return
            except (FeedLost, BrokerUnavailable):
                await asyncio.sleep(AGAIN_S)
            finally:
                with suppress(BrokerUnavailable):
                    await feed.close()


def _frame(raw: RawQuotes, now_ns: int) -> QuoteFrame:
    with np.errstate(invalid="ignore"):
        unsound = (raw.bid > raw.ask) | (raw.bid < 0) | (raw.ask <= 0)
    codes: Codes = np.where(unsound, UNSOUND_MIN, 0).astype(np.uint16)
    return QuoteFrame(
        universe=1,
        sequence=0,
        rows=raw.rows,
        bid=raw.bid,
        ask=raw.ask,
        bid_size=raw.bid_size,
        ask_size=raw.ask_size,
        exchange_ns=raw.exchange_ns,
        received_ns=now_ns,
        codes=codes,
    )
