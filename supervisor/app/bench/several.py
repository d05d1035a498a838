"""Several synthetic markets played as one: a paper venue plays one market, and a failover is timed in many underlyings.

All of them step together, so what they bring at one instant is one batch. Rows: every underlying first, then each
market's options in its turn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from heapq import merge
from itertools import groupby

import numpy as np

from actors.venue.market import Batch, Skipped
from actors.venue.synthetic import SyntheticMarket


class SeveralMarkets:
    """Implements `market.Market`; the first of `markets` gives session and hours."""

    skipped: tuple[Skipped, ...] = ()

    def __init__(self, markets: Sequence[SyntheticMarket]) -> None:
        self._markets, first = tuple(markets), markets[0]
        self.session, self.opens_at, self.closes_at = first.session, first.opens_at, first.closes_at
        self.stock_hours = first.stock_hours
        underlyings = tuple(market.contracts[0] for market in markets)
        self.contracts = (*underlyings, *(each for market in markets for each in market.contracts[1:]))
        places, start = [], len(markets)
        for number, market in enumerate(markets):
            options = len(market.contracts) - 1
            places.append(np.concatenate(([number], np.arange(start, start + options))).astype(np.int32))
            start += options
        self._places = places

    def batches(self, start: datetime) -> Iterator[Batch]:
        """Yield every batch from `start` to the end of the day, in order of time."""
        streams = (
            self._placed(market, place, start) for market, place in zip(self._markets, self._places, strict=True)
        )
        for at, found in groupby(merge(*streams, key=lambda batch: batch.at), key=lambda batch: batch.at):
            together = list(found)
            columns = [each.name for each in fields(Batch) if each.name != "at"]
            yield Batch(at=at, **{name: np.concatenate([getattr(each, name) for each in together]) for name in columns})

    def settlement_price(self, symbol: str) -> float | None:
        """Return the settling print of one of the underlyings."""
        for market in self._markets:
            if market.contracts[0].symbol == symbol:
                return market.settlement_price(symbol)
        return None

    @staticmethod
    def _placed(market: SyntheticMarket, place: np.ndarray, start: datetime) -> Iterator[Batch]:
        for batch in market.batches(start):
            yield Batch(
                **{each.name: getattr(batch, each.name) for each in fields(Batch) if each.name != "rows"},
                rows=place[batch.rows],
            )
