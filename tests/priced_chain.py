"""A chain priced by Black's formula, quoted as makers do: what a test then spoils is the only thing wrong with it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np
import QuantLib as ql  # noqa: N813 - the name its own documentation uses

from actors.domain.market.chain_check import ChainCheck
from actors.domain.market.chain_sheet import ChainSheet
from actors.domain.market.contract import Contract, Kind, Product, Products, Right, Settlement, Style, occ_symbol
from actors.domain.market.flaw import FlawFound, FlawLimits
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe

TODAY = date(2026, 1, 5)
TICK = Decimal("0.05")
SPXW = Product(
    root="SPXW",
    underlying="SPX",
    kind=Kind.INDEX_OPTION,
    style=Style.EUROPEAN,
    settlement=Settlement.CASH,
    tick_small=TICK,
    tick_large=TICK,
)
SPY = Product(root="SPY", underlying="SPY")
PRODUCTS = Products((SPXW, SPY))
STRIKES = range(4900, 5101, 10)
STD_DEV = 0.008
_TYPES = {Right.CALL: ql.Option.Call, Right.PUT: ql.Option.Put}


def listed(root: str = "SPXW", expiries: Sequence[date] = (TODAY,), strikes: Sequence[int] = STRIKES) -> list[Contract]:
    """The underlying, then calls and puts of every strike of every expiry."""
    names = [occ_symbol(root, day, right, Decimal(k)) for day in expiries for k in strikes for right in Right]
    return [PRODUCTS.contract(PRODUCTS.of_root(root).underlying), *map(PRODUCTS.contract, names)]


class PricedChain:
    """The market, and what is said of it. Prices in points; times in seconds since the first quote."""

    def __init__(self, contracts: Sequence[Contract] | None = None, limits: FlawLimits | None = None) -> None:
        self.contracts = contracts or listed()
        self.table = QuoteTable(Universe(version=1, contracts=tuple(self.contracts)))
        limits = limits or FlawLimits()
        self.check = ChainCheck(ChainSheet.of(self.contracts, TODAY, limits), limits)
        self.quote(5000.0)

    def symbol(self, strike: int, right: str = "C", root: str = "SPXW", expires_on: date = TODAY) -> str:
        return occ_symbol(root, expires_on, Right(right), Decimal(strike))

    def quote(self, forward: float, half_width: float = 0.1, without: Sequence[str] = ()) -> None:
        """Quote everything around its worth at `forward`, to the tick, but for the contracts that are left out."""
        worth = np.array([forward if not c.is_option else _worth(c, forward) for c in self.contracts])
        tick = float(TICK)
        bid = np.maximum(np.floor((worth - half_width) / tick) * tick, 0.0)
        ask = np.ceil((worth + half_width) / tick) * tick
        bid[0] = ask[0] = forward
        rows = np.array([row for row, c in enumerate(self.contracts) if c.symbol not in without], np.int32)
        self._apply(rows, bid[rows], ask[rows])

    def spoil(self, symbol: str, bid: float, ask: float) -> None:
        self._apply(np.array([self.table.row_of[symbol]], np.int32), np.array([bid]), np.array([ask]))

    def shift(self, symbol: str, points: float) -> None:
        """Move one contract's two sides."""
        row = self.table.row_of[symbol]
        self.spoil(symbol, float(self.table.bid[row]) + points, float(self.table.ask[row]) + points)

    def look(self) -> dict[str, FlawFound]:
        return {self.contracts[row].symbol: found for row, found in self.check.look(self.table).items()}

    def _apply(self, rows, bid, ask) -> None:
        size, count = np.full(len(rows), 10, np.float32), len(rows)
        stamps, codes = np.zeros(count, np.int64), np.zeros(count, np.uint16)
        self.table.apply(QuoteFrame(1, 1, rows, bid, ask, size, size, stamps, 1, codes))


def _worth(option: Contract, forward: float) -> float:
    assert option.right is not None
    assert option.expires_on is not None
    std_dev = STD_DEV * (1 + (option.expires_on - TODAY).days) ** 0.5
    return float(ql.blackFormula(_TYPES[option.right], float(option.strike), forward, std_dev))
