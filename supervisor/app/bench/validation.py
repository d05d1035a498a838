"""Times the validation of one refresh of a 20,000-contract chain against a bare numpy pass over the same columns.

A *refresh*: every contract of the chain is quoted anew, at other prices than before; each quote is checked as one frame
(`quote_check.check`), and the whole chain is looked over once (`ChainCheck.look`): all that is done about the quality
of a quote before the gate reads it. Applying them to a table is not part of it.

The *bare pass*: each of the seven columns that a refresh reads (rows, bid, ask, both sizes, exchange stamp, code) is
brought into the order of the chain by one `take`, held against one bound, and the answers joined. A look across strikes
cannot do with less, for quotes stand in the order of the universe. `plain_pass_ms` is the same without the `take`:
columns as they lie.

The three are timed turn by turn, so that the machine is as busy for each. A figure is the median over the turns of the
shortest of a few calls in a row: what others do to the processor's caches in between is not measured.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.chain_check import ChainCheck
from actors.domain.market.chain_sheet import ChainSheet, Places
from actors.domain.market.contract import Contract, Products, Right, occ_symbol
from actors.domain.market.flaw import FlawLimits
from actors.domain.market.quote import QuoteFrame, QuoteTable, RawQuotes, Universe
from actors.domain.market.quote_check import LastGood, QuoteLimits, check
from actors.products import load_products
from supervisor.app.plan import TABLES

SESSION = date(2026, 1, 5)
EXPIRIES, STRIKES, STEP, SPOT = 40, 250, 5, 5_000.0
WARM = 20
IN_A_ROW = 3
_HALF_WIDTH = 0.1
T = TypeVar("T")
_NOW_NS = 1_767_625_200 * 10**9


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of each turn, and the contracts that a refresh judged."""

    refresh: NDArray[np.float64]
    bare: NDArray[np.float64]
    plain: NDArray[np.float64]
    contracts: int
    flawed: int


def figures(turns: int) -> dict[str, float]:
    """Return what the section prints."""
    timed = measure(load_products(TABLES / "products.toml"), turns)
    refresh, bare, plain = (float(np.median(each)) for each in (timed.refresh, timed.bare, timed.plain))
    return {
        "over_numpy_pass": round(refresh / bare, 2),
        "refresh_ms": round(refresh, 3),
        "numpy_pass_ms": round(bare, 3),
        "plain_pass_ms": round(plain, 3),
        "contracts": timed.contracts,
        "flawed": timed.flawed,
    }


def measure(products: Products, turns: int) -> Timed:
    """Return the timings of `turns` refreshes, each beside a bare pass and a plain one."""
    contracts = listed(products)
    table = QuoteTable(Universe(version=1, contracts=contracts))
    last, limits = LastGood(contracts, QuoteLimits()), FlawLimits()
    sheet = ChainSheet.of(contracts, SESSION, limits)
    looks, order = ChainCheck(sheet, limits), sheet.rows.reshape(-1) - 1  # a frame has no index, whose row is the first
    markets = [_quotes(contracts, SPOT + move) for move in (0.0, 3.0)]
    timed: tuple[list[float], list[float], list[float]] = ([], [], [])
    flawed = 0
    for turn in range(WARM + turns):
        raw = markets[turn % 2]
        checked_s, codes = _timed(partial(check, raw, last, _NOW_NS))
        figures = (raw.rows, raw.bid, raw.ask, raw.bid_size, raw.ask_size, raw.exchange_ns)
        table.bid[0] = table.ask[0] = SPOT + turn % 2
        table.apply(QuoteFrame(1, turn, *figures, turn + 1, codes))
        looked_s, found = _timed(partial(looks.look, table))
        flawed = max(flawed, len(found))
        columns = (*figures, codes)
        timed[0].append(checked_s + looked_s)
        timed[1].append(_timed(partial(_bounded_in, order, columns))[0])
        timed[2].append(_timed(partial(_bounded, columns))[0])
    refresh, bare, plain = (np.array(seconds[WARM:]) * 1e3 for seconds in timed)
    return Timed(refresh, bare, plain, len(contracts) - 1, flawed)


def listed(products: Products) -> tuple[Contract, ...]:
    """Return the index and its 20,000 options."""
    expiries = (SESSION + timedelta(days=ahead) for ahead in range(EXPIRIES))
    strikes = [Decimal(int(SPOT) + STEP * (place - STRIKES // 2)) for place in range(STRIKES)]
    names = [occ_symbol("SPXW", day, right, strike) for day in expiries for strike in strikes for right in Right]
    return (products.contract("SPX"), *map(products.contract, names))


def _timed(act: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds of the shortest of a few calls in a row, and what the last one returned."""
    shortest_s = math.inf
    for _ in range(IN_A_ROW):
        began = time.perf_counter()
        found = act()
        shortest_s = min(shortest_s, time.perf_counter() - began)
    return shortest_s, found


def _bounded_in(order: Places, columns: Sequence[NDArray[Any]]) -> bool:
    return _bounded([column.take(order) for column in columns])


def _bounded(columns: Sequence[NDArray[Any]]) -> bool:
    sound = columns[0] >= 0
    for column in columns[1:]:
        sound &= column >= 0
    return bool(sound.all())


def _quotes(contracts: tuple[Contract, ...], spot: float) -> RawQuotes:
    """Quote every option so that nothing is wrong with any: prices convex in strike, parity exact."""
    strikes = np.array([float(contract.strike or spot) for contract in contracts])
    ahead = np.array([(contract.expires_on - SESSION).days if contract.expires_on else 0 for contract in contracts])
    signs = np.array([1 if contract.right is Right.CALL else -1 for contract in contracts])
    away = spot - strikes
    mid = (np.hypot(away, 20.0 * np.sqrt(ahead + 1.0)) + signs * away) / 2 + 1.0
    bid, ask = mid[1:] - _HALF_WIDTH, mid[1:] + _HALF_WIDTH
    count = len(bid)
    sizes, stamps = np.full(count, 10, np.float32), np.full(count, _NOW_NS, np.int64)
    return RawQuotes(np.arange(1, count + 1, dtype=np.int32), bid, ask, sizes, sizes, stamps)
