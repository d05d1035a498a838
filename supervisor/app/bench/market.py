"""The market of the measuring tree: an index, a chain, and frames of quotes as a DXLink server sends them.

Prices hardly move, so that every quote is sound and every order priced right whenever it comes; they are convex in
strike and keep parity, so that a look over the chain finds nothing either. A frame holds the four legs of one iron
condor and a window over the rest of the chain; the first leg's bid size counts the orders that were asked for, which is
how a frame tells the strategy to act, once. The index is printed in a frame of its own.
"""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np

from actors.domain.market.contract import Contract, Products, Right
from actors.domain.market.quote import Rows
from actors.domain.orders.order import Action, Leg
from actors.venue.chain import build_chain, expiries_of, is_weekday
from actors.venue.dxlink_encode import encode_quotes, encode_trades
from actors.venue.market import Batch

ROOT, SPOT, VOLATILITY, CONTRACTS = "SPXW", 5_000.0, 0.16, 600
FRAME_QUOTES = 100
_TIME_VALUE = 60.0
"""Points of a straddle at the money."""
WING = 1
"""Strikes between a short leg and its wing."""
_SHORT_AT = 5
"""Strikes from the middle of the chain to the short legs."""


def listed(session: date, products: Products) -> tuple[Contract, ...]:
    """Return the contracts, the index first, then the options of the session's own expiry and later ones."""
    expiries = expiries_of(session, is_weekday)
    chain = build_chain(ROOT, SPOT, VOLATILITY, CONTRACTS, expiries, products)
    return (products.contract(chain.contracts[0].underlying), *chain.contracts)


def condor(options: Sequence[Contract]) -> tuple[Leg, ...]:
    """Return an iron condor around the middle of the nearest expiry."""
    nearest = min(option.expires_on for option in options if option.expires_on is not None)
    first = [option for option in options if option.expires_on == nearest]
    strikes = sorted({option.strike for option in first if option.strike is not None})
    middle, named = len(strikes) // 2, {(option.strike, option.right): option.symbol for option in first}
    put, call = middle - _SHORT_AT, middle + _SHORT_AT
    return (
        Leg(symbol=named[strikes[put], Right.PUT], action=Action.SELL_TO_OPEN),
        Leg(symbol=named[strikes[put - WING], Right.PUT], action=Action.BUY_TO_OPEN),
        Leg(symbol=named[strikes[call], Right.CALL], action=Action.SELL_TO_OPEN),
        Leg(symbol=named[strikes[call + WING], Right.CALL], action=Action.BUY_TO_OPEN),
    )


def _worth(contract: Contract) -> float:
    """Return a price: a hyperbola in strike, whose time value does not depend on the day."""
    away = SPOT - float(contract.strike or SPOT)
    sign = 1 if contract.right is Right.CALL else -1
    return (math.hypot(away, _TIME_VALUE) + sign * away) / 2 + 1.0


class Frames:
    """Makes frames for one channel of one client. Row 0 is the index, which is printed and not quoted."""

    def __init__(self, contracts: Sequence[Contract], symbols: Sequence[str]) -> None:
        self._symbols = tuple(symbols)
        rows = {contract.symbol: row for row, contract in enumerate(contracts)}
        legs = [rows[leg.symbol] for leg in condor(contracts[1:])]
        self._legs: Rows = np.array(legs, np.int32)
        self._others: Rows = np.setdiff1d(np.arange(1, len(contracts), dtype=np.int32), self._legs)
        self._bids = np.round(np.array([_worth(contract) for contract in contracts]), 2)
        self._turn = 0

    def snapshot(self, channel: int, fields: Sequence[str], rows: Rows) -> bytes:
        """Return one frame with the quotes of `rows`."""
        return self._encoded(channel, fields, rows, 1)

    def level(self, channel: int, fields: Sequence[str]) -> bytes:
        """Return one frame with the index's level."""
        nothing, none = np.full(1, np.nan), np.zeros(1, np.float32)
        now = datetime.now(UTC)
        stamp, row = np.array([int(now.timestamp() * 1e9)], np.int64), np.zeros(1, np.int32)
        batch = Batch(now, row, nothing, nothing, none, none, np.array([SPOT]), stamp)
        return encode_trades(channel, fields, self._symbols, batch)

    def frame(self, channel: int, fields: Sequence[str], marker: int) -> bytes:
        """Return the next frame; `marker`, from 1, is the bid size of the first leg."""
        width = FRAME_QUOTES - len(self._legs)
        window = np.arange(self._turn * width, (self._turn + 1) * width) % len(self._others)
        self._turn += 1
        return self._encoded(channel, fields, np.concatenate([self._legs, self._others[window]]), marker)

    def _encoded(self, channel: int, fields: Sequence[str], rows: Rows, marker: int) -> bytes:
        now = datetime.now(UTC)
        bid = self._bids[rows] + 0.05 * (self._turn % 2) * (rows % 2)
        bid_size = np.full(len(rows), 10, np.float32)
        bid_size[rows == self._legs[0]] = marker
        batch = Batch(
            at=now,
            rows=rows,
            bid=bid,
            ask=bid + 0.10,
            bid_size=bid_size,
            ask_size=np.full(len(rows), 10, np.float32),
            last=np.full(len(rows), np.nan),
            exchange_ns=np.full(len(rows), int(now.timestamp() * 1e9), np.int64),
        )
        return encode_quotes(channel, fields, self._symbols, batch)
