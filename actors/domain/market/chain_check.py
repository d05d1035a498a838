"""Which contracts' prices cannot stand beside the others': one look over every chain of a universe, vectorised.

Each check is of one form, points in hand against points allowed, and counts only what could be traded on: bids
against asks, so that a wide spread accuses nobody. NaN accuses nobody either: what is missing is the gate's business.

    UNDER_WORTH  ask below intrinsic value at the chain's forward
    PARITY       call less put, bid and ask, beside forward less strike; both are flawed
    VERTICAL     neighbouring strikes: a spread for nothing, or for more than it can ever pay; both are flawed
    BUTTERFLY    bid above the line between the neighbours' asks
    OFF_MODEL    ask below the line between the neighbours' bids, by more than prices bend where the chain's own
                 straddle is what it is: the smile around a contract says what it is worth, within that
    STUCK        neither side changed while the underlying moved so far that, by the slope of the prices around it, the
                 middle should have moved by several of its own spreads

The forward is the chain's own, by parity near the money, and as blurred as the quotes there are wide. The underlying's
moves are those of its own quote, and the forward's where it has none. What is remembered is how each price last stood,
and the underlying then: a new start remembers nothing, so a price can be called stuck only by what happened since.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.chain_sheet import ChainSheet, Places, Singles
from actors.domain.market.flaw import Flaw, FlawFound, FlawLimits
from actors.domain.market.quote import Floats, QuoteTable

Mask = NDArray[np.bool_]
Place = tuple[slice | int, slice]
_CALLS, _PUTS = np.s_[0, :], np.s_[1, :]
_LEFT, _RIGHT, _INNER = np.s_[:, :-1], np.s_[:, 1:], np.s_[:, 1:-1]
"""Which contracts a row of figures is of: of both rights, the left or the right of each two, the middle of three."""
_NEAR: Final = np.arange(-2, 3)
"""The columns around the one nearest the money whose median is the forward: one stale quote moves nothing."""
_HALF_STRADDLE: Final = 1.2533141373
"""Standard deviation in points, per point of an at-the-money straddle."""


class ChainCheck:
    """The check, with its memory. One owner; lives as long as the numbering."""

    def __init__(self, sheet: ChainSheet, limits: FlawLimits) -> None:
        self._sheet, self._limits = sheet, limits
        shape = sheet.rows.shape
        self._bid, self._ask, self._mid = (np.full(shape, np.nan, np.float32) for _ in range(3))
        self._stood_at: Singles = np.full(shape, np.nan, np.float32)
        self._by_forward: Mask = np.zeros(len(sheet.starts), np.bool_)
        self._flaws = np.zeros(shape, np.uint8)
        self._values, self._limits_of = np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def look(self, table: QuoteTable) -> dict[int, FlawFound]:
        """Return the flaws by row of the universe. `table` is of the universe that the sheet was made of."""
        if not self._sheet.strikes.size:
            return {}
        self._flaws[:] = 0
        with np.errstate(invalid="ignore", divide="ignore"):
            self._read(table)
            forward, blur, std_dev = self._money()
            of_each = self._sheet.columns_of
            self._find_worth(np.repeat(forward, of_each), np.repeat(blur, of_each))
            self._find_neighbours(np.repeat(std_dev, of_each))
            self._find_stuck(np.repeat(self._spot(table, forward), of_each))
        return self._found()

    def _read(self, table: QuoteTable) -> None:
        self._stood_bid, self._bid = self._bid, self._column(table.bid)
        self._stood_ask, self._ask = self._ask, self._column(table.ask)
        np.add(self._bid, self._ask, out=self._mid)
        self._mid *= 0.5

    def _column(self, prices: Floats) -> Singles:
        found = prices.astype(np.float32).take(self._sheet.rows)
        if len(self._sheet.missing):
            found.reshape(-1)[self._sheet.missing] = np.nan
        return found

    def _money(self) -> tuple[Singles, Singles, Singles]:
        """Return each chain's forward, how far it may be off, and the standard deviation to expiry; NaN: nothing says.

        All in points. The forward is as good as its quotes: half of what call and put may hide together.
        """
        sheet, bid, ask = self._sheet, self._bid, self._ask
        above = self._mid[0] - self._mid[1]
        distance = np.abs(above)
        nearest = np.fmin.reduceat(distance, sheet.starts)
        hits = np.flatnonzero(distance == np.repeat(nearest, sheet.columns_of))
        at = sheet.starts.copy()
        at[sheet.chain[hits]] = hits
        around = np.clip(at[:, None] + _NEAR, sheet.starts[:, None], sheet.ends[:, None])
        forwards = (sheet.strikes + above).take(around)
        widths = (ask[0] - bid[0] + ask[1] - bid[1]).take(around)
        forward, width = np.split(_median(np.concatenate((forwards, widths))), 2)
        straddle = self._mid[:, at].sum(axis=0) - np.abs(forward - sheet.strikes[at])
        return forward, 0.25 * width, np.maximum(straddle, 0.0) * _HALF_STRADDLE

    def _spot(self, table: QuoteTable, forward: Singles) -> Singles:
        known = self._sheet.underlying
        quoted = np.where(known >= 0, (table.bid[known] + table.ask[known]) * 0.5, np.nan)
        by_forward = np.isnan(quoted)
        if (by_forward != self._by_forward).any():
            # Forward and spot lie apart by the carry: from one to the other is no move, so all begin to stand here.
            self._by_forward, self._stood_at[:] = by_forward, np.nan
        return np.where(by_forward, forward, quoted).astype(np.float32)

    def _find_worth(self, forward: Singles, blur: Singles) -> None:
        sheet, bid, ask = self._sheet, self._bid, self._ask
        above = forward - sheet.strikes
        allowed = np.abs(above)
        allowed *= sheet.slope
        allowed += sheet.slack
        allowed += blur
        self._over(Flaw.UNDER_WORTH, above - ask[0], allowed, _CALLS)
        self._over(Flaw.UNDER_WORTH, -above - ask[1], allowed, _PUTS)
        apart = np.maximum(bid[0] - ask[1] - above, above - (ask[0] - bid[1]))
        self._over(Flaw.PARITY, apart, allowed, _CALLS, _PUTS)

    def _find_neighbours(self, std_dev: Singles) -> None:
        sheet, bid, ask = self._sheet, self._bid, self._ask
        self._over(Flaw.VERTICAL, bid[:, 1:] - ask[:, :-1], sheet.rise_max, _LEFT, _RIGHT)
        self._over(Flaw.VERTICAL, bid[:, :-1] - ask[:, 1:], sheet.fall_max, _LEFT, _RIGHT)
        tick = sheet.tick[1:-1]
        above = bid[:, 1:-1] - (sheet.left * ask[:, :-2] + sheet.right * ask[:, 2:])
        self._over(Flaw.BUTTERFLY, above, tick, _INNER)
        below = sheet.left * bid[:, :-2] + sheet.right * bid[:, 2:] - ask[:, 1:-1]
        self._over(Flaw.OFF_MODEL, below, tick + sheet.bend / std_dev[1:-1], _INNER)

    def _find_stuck(self, spot: Singles) -> None:
        sheet, mid = self._sheet, self._mid
        moved = (self._bid != self._stood_bid) | (self._ask != self._stood_ask) | np.isnan(self._stood_at)
        np.copyto(self._stood_at, spot, where=moved)
        due = (mid[:, 2:] - mid[:, :-2]) * sheet.per_strike * (spot - self._stood_at)[:, 1:-1]
        allowed = self._limits.stuck_spreads * (self._ask - self._bid)[:, 1:-1] + sheet.tick[1:-1]
        self._over(Flaw.STUCK, np.abs(due), allowed, _INNER)

    def _over(self, flaw: Flaw, value: Singles, limit: Singles, *places: Place) -> None:
        """Note the contracts, at each of `places`, whose figure is beyond its limit."""
        hit: Mask = value > limit
        if hit.any():
            limit = np.broadcast_to(limit, value.shape)
            for place in places:
                fresh = hit & (self._flaws[place] == 0)
                self._flaws[place] |= hit * np.uint8(flaw)
                self._values[place][fresh] = value[fresh]
                self._limits_of[place][fresh] = limit[fresh]

    def _found(self) -> dict[int, FlawFound]:
        if not self._flaws.any():
            return {}
        flat = np.flatnonzero(self._flaws)
        columns: tuple[NDArray[np.generic] | Places, ...] = (
            self._sheet.rows,
            self._flaws,
            self._values,
            self._limits_of,
        )
        rows, flaws, values, limits = (column.reshape(-1)[flat].tolist() for column in columns)
        return {
            row: FlawFound(Flaw(each), round(value, 3), round(limit, 3))
            for row, each, value, limit in zip(rows, flaws, values, limits, strict=True)
        }


def _median(figures: Singles) -> Singles:
    """Return the (lower) median of each row, of those that are there."""
    ordered = np.sort(figures, axis=1)  # NaN sorts last
    count = np.count_nonzero(~np.isnan(ordered), axis=1)
    found: Singles = ordered[np.arange(len(ordered)), np.maximum(count - 1, 0) // 2]
    return found
