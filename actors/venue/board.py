"""The venue's board: the latest quote of every contract, as the servers show it.

It decides nothing. Prices are float64 points, NaN a missing side; `at` is the market's time of the last batch.
"""

import math
from datetime import datetime

import numpy as np

from actors.domain.market.contract import Contract
from actors.domain.market.quote import Floats, Nanos, Rows, Sizes
from actors.venue.market import Batch, Market


class Board:
    """The latest row of every contract of a market."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.contracts: tuple[Contract, ...] = market.contracts
        self.row_of = {contract.symbol: row for row, contract in enumerate(self.contracts)}
        count = len(self.contracts)
        self.bid: Floats = np.full(count, np.nan)
        self.ask: Floats = np.full(count, np.nan)
        self.bid_size: Sizes = np.zeros(count, np.float32)
        self.ask_size: Sizes = np.zeros(count, np.float32)
        self.last: Floats = np.full(count, np.nan)
        self.exchange_ns: Nanos = np.zeros(count, np.int64)
        self.is_known = np.zeros(count, np.bool_)
        self.at: datetime = market.opens_at

    def post(self, batch: Batch) -> None:
        """Take in a batch. A print stays up until the next one."""
        rows = batch.rows
        self.bid[rows] = batch.bid
        self.ask[rows] = batch.ask
        self.bid_size[rows] = batch.bid_size
        self.ask_size[rows] = batch.ask_size
        self.exchange_ns[rows] = batch.exchange_ns
        self.is_known[rows] = True
        printed = ~np.isnan(batch.last)
        self.last[rows[printed]] = batch.last[printed]
        self.at = batch.at

    def snapshot(self, rows: Rows) -> Batch:
        """Return the latest of `rows`, those without any left out, as one batch."""
        known = rows[self.is_known[rows]]
        return Batch(
            at=self.at,
            rows=known,
            bid=self.bid[known],
            ask=self.ask[known],
            bid_size=self.bid_size[known],
            ask_size=self.ask_size[known],
            last=self.last[known],
            exchange_ns=self.exchange_ns[known],
        )

    def contract(self, symbol: str) -> Contract | None:
        """Return the contract of a canonical symbol; None where the market does not list it."""
        row = self.row_of.get(symbol)
        return None if row is None else self.contracts[row]

    def mark(self, symbol: str) -> float | None:
        """Return the middle, else the last print, else None."""
        row = self.row_of.get(symbol)
        if row is None:
            return None
        middle = float(self.bid[row] + self.ask[row]) / 2
        price = float(self.last[row]) if math.isnan(middle) else middle
        return None if math.isnan(price) else price
