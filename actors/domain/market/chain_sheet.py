"""All options of a universe as one sheet: calls above puts, a column for each strike of each expiry, strikes rising.

Built once a session, so that a look over everything is a few dozen passes over two rows of figures, whatever the
number of expiries. Columns of one chain (one expiry of one root) lie together; what compares neighbours has a limit of
infinity, or a weight of NaN, where the neighbour belongs to another chain. Holds no price.

Decided here: what a carry may explain. No rate, dividend or borrow is known, so each may be anything up to
`carry_max` a year; an American option may besides be worth `early_max` of its moneyness more, for it can be exercised
before a dividend. On the last day a European chain has no such slack at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.contract import Contract, Right, Style
from actors.domain.market.flaw import FlawLimits

Places = NDArray[np.intp]
Singles = NDArray[np.float32]
"""Half as wide as a price is kept, and so half as long to look over; what that loses is added to every tick."""
_LOST = 4e-7
"""Of a strike, in the sum of a few singles of its size."""
_DENSITY = 0.3989422804
"""Of a normal distribution at its middle, times its standard deviation: a chain's prices bend at most so much."""
_YEAR_DAYS = 365.0


@dataclass(frozen=True, slots=True, eq=False)
class ChainSheet:
    """The layout. `rows` number the universe, calls first; C chains, P columns."""

    rows: Places
    """(2, P); 0 where `missing`."""
    missing: Places
    """Flat places of `rows` that no contract has."""
    strikes: Singles
    """(P,)"""
    chain: Places
    """(P,): the chain of each column."""
    starts: Places
    """(C,): the first column of each chain ..."""
    ends: Places
    """... and the last ..."""
    columns_of: Places
    """... and how many it has."""
    underlying: Places
    """(C,): its row; -1 where the universe does not hold it."""
    tick: Singles
    """(P,): points that mean nothing."""
    slack: Singles
    """(P,): and those that carry may explain, at the money ..."""
    slope: Singles
    """... and for each point from the money."""
    rise_max: Singles
    """(2, P - 1): bid of the right column less ask of the left one, for calls and puts ..."""
    fall_max: Singles
    """... and bid of the left one less ask of the right one."""
    left: Singles
    """(P - 2,): weight of the left neighbour on the line through a column; NaN without two of its own chain ..."""
    right: Singles
    """... of the right one ..."""
    bend: Singles
    """... how far below that line a price may lie, times the chain's standard deviation ..."""
    per_strike: Singles
    """... and one over the distance of the two."""

    @classmethod
    def of(cls, contracts: Sequence[Contract], today: date, limits: FlawLimits) -> Self:
        """Lay out the options among `contracts`, as they are on the date `today`."""
        columns = _columns(contracts)
        options = [contracts[max(pair)] for pair in columns.values()]
        rows = np.array(list(columns.values()), np.intp).reshape(-1, 2).T
        missing = np.flatnonzero(rows < 0)
        strikes = np.array([float(option.strike or 0) for option in options], np.float32)
        keys = [(option.product.root, option.underlying, option.expires_on) for option in options]
        starts = np.array([at for at, key in enumerate(keys) if at == 0 or key != keys[at - 1]], np.intp)
        ends = np.append(starts[1:] - 1, len(keys) - 1)[: len(starts)]
        chain = np.repeat(np.arange(len(starts)), ends - starts + 1)
        row_of = {contract.symbol: row for row, contract in enumerate(contracts)}
        step = np.array([float(option.product.tick_large) for option in options], np.float32)
        tick = limits.ticks * step + _LOST * strikes
        days = [max((option.expires_on - today).days, 0) for option in options if option.expires_on]
        carry = limits.carry_max / _YEAR_DAYS * np.array(days, np.float32)
        american = np.array([option.product.style is Style.AMERICAN for option in options], np.bool_)
        apart = _steps(strikes, chain)
        before, after = apart[:-1], apart[1:]
        return cls(
            rows=np.maximum(rows, 0),
            missing=missing,
            strikes=strikes,
            chain=chain,
            starts=starts,
            ends=ends,
            columns_of=ends - starts + 1,
            underlying=np.array([row_of.get(options[at].underlying, -1) for at in starts], np.intp),
            tick=tick,
            slack=tick + american * carry * strikes,
            slope=carry + american * limits.early_max,
            rise_max=_for_nothing(tick, apart, (0, 1)),
            fall_max=_for_nothing(tick, apart, (1, 0)),
            left=after / (before + after),
            right=before / (before + after),
            bend=0.5 * limits.bend * _DENSITY * before * after,
            per_strike=(1 / (before + after)).astype(np.float32),
        )


def _columns(contracts: Sequence[Contract]) -> dict[tuple[object, ...], list[int]]:
    """Return the row of call and put of each column, -1 for none, in the order of the sheet."""
    columns: dict[tuple[object, ...], list[int]] = {}
    for row, option in enumerate(contracts):
        if option.right is not None and option.strike is not None and option.expires_on is not None:
            key = (option.underlying, option.expires_on, option.product.root, option.strike)
            columns.setdefault(key, [-1, -1])[option.right is Right.PUT] = row
    return dict(sorted(columns.items()))


def _steps(strikes: Singles, chain: Places) -> Singles:
    """Return the distance of each column to the next; NaN at the end of a chain."""
    return np.where(np.diff(chain) == 0, np.diff(strikes), np.nan)


def _for_nothing(tick: Singles, step: Singles, strikes_apart: tuple[int, int]) -> Singles:
    """Return what a spread between neighbours may win for sure: a tick, above what it could ever be worth."""
    worth = np.array(strikes_apart, np.float32)[:, None] * step
    return np.where(np.isnan(step), np.inf, tick[1:] + worth)
