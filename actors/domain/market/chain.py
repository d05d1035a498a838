"""The options of one underlying by expiry: which rows of the universe hold its calls and puts, by rising strike.

A `Chain` is built once a universe and holds no price; `Strip.quoted` reads the two-sided, sound quotes of one moment.
Roots are never mixed: SPX and SPXW options of one day and strike are different contracts, settled at different times.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.contract import Contract, Right, SettlementTime
from actors.domain.market.pricing import deltas, parity_forward, straddle_std_dev
from actors.domain.market.quote import Floats, QuoteTable, Rows, Universe

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Quoted:
    """The options of one right that had a sound bid and a sound ask. All fields have one length, strikes rise."""

    right: Right
    symbols: tuple[str, ...]
    strikes: Floats
    bid: Floats
    ask: Floats

    @property
    def mid(self) -> Floats:
        """Middle of each quote."""
        return (self.bid + self.ask) / 2

    def only(self, keep: Mask) -> "Quoted":
        """Return the options whose mask is set."""
        symbols = tuple(symbol for symbol, kept in zip(self.symbols, keep.tolist(), strict=True) if kept)
        return Quoted(self.right, symbols, self.strikes[keep], self.bid[keep], self.ask[keep])

    def out_of_the_money(self, forward: float) -> "Quoted":
        """Return the options without intrinsic value at `forward`."""
        return self.only(self.strikes >= forward if self.right is Right.CALL else self.strikes <= forward)


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """All options of one right of one expiry, by rising strike."""

    right: Right
    symbols: tuple[str, ...]
    strikes: Floats
    rows: Rows

    def quoted(self, table: QuoteTable, since_ns: int = 0) -> Quoted:
        """Return those that can be traded both ways now: both sides there, bid above zero, nothing flagged.

        A quote the exchange stamped before `since_ns` (nanoseconds, the market's clock) is left out.
        """
        rows = self.rows
        bid, ask, stamp = table.bid[rows], table.ask[rows], table.exchange_ns[rows]
        sound = (table.codes[rows] == 0) & (bid > 0) & (ask >= bid)
        return Quoted(self.right, self.symbols, self.strikes, bid, ask).only(
            sound & ((stamp == 0) | (stamp >= since_ns))
        )


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """One expiry of one root. `session` names its session rule."""

    root: str
    expires_on: date
    settlement_time: SettlementTime
    session: str
    calls: Strip
    puts: Strip

    def dte(self, on: date) -> int:
        """Return calendar days from `on` to expiry."""
        return (self.expires_on - on).days


@dataclass(frozen=True, slots=True, eq=False)
class Smile:
    """What the quotes of one chain say at one moment: the forward, and each option out of the money with its delta."""

    forward: float
    calls: Quoted
    puts: Quoted
    call_deltas: Floats
    put_deltas: Floats


def chains(universe: Universe, underlying: str) -> tuple[Chain, ...]:
    """Return the chains of `underlying`, nearest expiry first; of one expiry the one with most contracts first."""
    grouped: dict[tuple[date, str], list[tuple[int, Contract]]] = defaultdict(list)
    for row, contract in enumerate(universe.contracts):
        if contract.underlying == underlying and contract.expires_on is not None:
            grouped[contract.expires_on, contract.product.root].append((row, contract))
    found = sorted(grouped.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1]))
    return tuple(_chain(expires_on, root, members) for (expires_on, root), members in found)


def smile(chain: Chain, table: QuoteTable, since_ns: int = 0) -> Smile | None:
    """Return forward and deltas from the present quotes; None where no strike is quoted on both rights.

    An option whose own price implies no volatility takes that of the straddle nearest the forward.
    """
    calls, puts = chain.calls.quoted(table, since_ns), chain.puts.quoted(table, since_ns)
    strikes, call_at, put_at = np.intersect1d(calls.strikes, puts.strikes, assume_unique=True, return_indices=True)
    call_mid, put_mid = calls.mid[call_at], puts.mid[put_at]
    forward = parity_forward(strikes, call_mid, put_mid)
    if math.isnan(forward):
        return None
    std_dev = straddle_std_dev(strikes, call_mid, put_mid, forward)
    calls, puts = calls.out_of_the_money(forward), puts.out_of_the_money(forward)
    return Smile(
        forward=forward,
        calls=calls,
        puts=puts,
        call_deltas=deltas(Right.CALL, calls.strikes, calls.mid, forward, std_dev),
        put_deltas=deltas(Right.PUT, puts.strikes, puts.mid, forward, std_dev),
    )


def _chain(expires_on: date, root: str, members: list[tuple[int, Contract]]) -> Chain:
    product = members[0][1].product
    return Chain(
        root=root,
        expires_on=expires_on,
        settlement_time=product.settlement_time,
        session=product.session,
        calls=_strip(Right.CALL, members),
        puts=_strip(Right.PUT, members),
    )


def _strip(right: Right, members: Iterable[tuple[int, Contract]]) -> Strip:
    found = sorted(
        (contract.strike, row, contract.symbol)
        for row, contract in members
        if contract.right is right and contract.strike is not None
    )
    return Strip(
        right=right,
        symbols=tuple(symbol for _, _, symbol in found),
        strikes=np.array([float(strike) for strike, _, _ in found], np.float64),
        rows=np.array([row for _, row, _ in found], np.int32),
    )
