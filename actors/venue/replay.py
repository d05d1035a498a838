"""A recorded day as a market: LEAN's minute bars of one underlying and its options, in the order of time.

A bar is known when its minute is over: that is its instant, and every row of one instant is one `Batch`. (A row that
the file holds twice for one minute goes to a batch of its own, at the same instant: no row is lost.) Rows outside the
session are yielded too; whoever takes quotes accounts for them.

A side that a bar leaves empty did not change in that minute, it did not vanish: LEAN's own cache keeps it, and so does
this market, for `SIDE_KEPT` and no longer. A bar with both sides empty stays empty.

The underlying's row carries its quote and its last print: where a minute has a print but no new quote, the quote that
stood before stands. An index has prints only. Settles at the last print of the day for an index, which goes on to be
computed after the close, and for anything else at the last print of its own session. Leaves out the options' own
prints, and the opening prints that settle AM series.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.contract import Contract, Kind, Products
from actors.domain.market.quote import Floats, Nanos, Rows, Sizes
from actors.domain.market.session import Session, Sessions
from actors.venue.lean import Bars, LeanFolder, NoSuchData
from actors.venue.lean_day import read_day
from actors.venue.market import Batch

SIDE_KEPT = timedelta(minutes=5)
_NOTHING = Bars(
    name="",
    ends_ns=np.empty(0, np.int64),
    bid=np.empty(0),
    ask=np.empty(0),
    bid_size=np.empty(0, np.float32),
    ask_size=np.empty(0, np.float32),
    last=np.empty(0),
)


class ReplayMarket:
    """One underlying's recorded day; the `Market` of a LEAN folder."""

    def __init__(self, folder: LeanFolder, on: date, underlying: str, products: Products, sessions: Sessions) -> None:
        """Read the whole day. `underlying` is a ticker (`GOOG`), one root (`SPXW`) or one future (`/ESH20`).

        Raises `NoSuchData` where the folder or the calendar has no such day, `DamagedData` for a file that will not
        open.
        """
        day = read_day(folder, on, underlying, products)
        options = _contracts(day.options, products)
        found = sessions.find(options[0].product.session, on)
        if not isinstance(found, Session):
            raise NoSuchData(f"{underlying} on {on} has no session: {found.text}")
        stocks = sessions.find("equity_option", on)
        if not isinstance(stocks, Session):
            raise NoSuchData(f"the stock exchange on {on} has no session: {stocks.text}")
        underlyings = tuple(products.contract(symbol) for symbol in sorted({option.underlying for option in options}))
        merged = {
            contract.symbol: _merge(
                day.quotes.get(contract.symbol, _NOTHING), day.trades.get(contract.symbol, _NOTHING)
            )
            for contract in underlyings
        }
        self.session = on
        self.opens_at = found.opens_at
        self.closes_at = found.closes_at
        self.stock_hours = stocks
        self.contracts = (*underlyings, *options)
        self.skipped = tuple(day.skipped)
        self.option_rows = sum(len(bars.ends_ns) for bars in day.options.values())
        """Rows of the option quote files, without the skipped ones."""
        kept = {symbol: _keep_sides(bars) for symbol, bars in day.options.items()}
        self._columns = _in_order_of_time(self.contracts, kept | merged)
        self._settlement = {
            contract.symbol: _settlement(
                contract, merged[contract.symbol], sessions.session(contract.product.session, on)
            )
            for contract in underlyings
        }

    @classmethod
    def of_path(cls, path: Path, on: date, underlying: str, products: Products, sessions: Sessions) -> "ReplayMarket":
        """Open the LEAN folder at `path`, with the clocks its families usually have. Raises as the class does."""
        return cls(LeanFolder(path), on, underlying, products, sessions)

    def batches(self, start: datetime) -> Iterator[Batch]:
        """Yield every batch from `start` to the end of the recorded day, in order of time."""
        columns = self._columns
        first_ns = int(start.timestamp() * 1e9)
        for begin, end in zip(columns.begins[:-1].tolist(), columns.begins[1:].tolist(), strict=True):
            ends_ns = columns.ends_ns[begin:end]
            if ends_ns[0] < first_ns:
                continue
            yield Batch(
                at=datetime.fromtimestamp(int(ends_ns[0]) / 1e9, UTC),
                rows=columns.rows[begin:end],
                bid=columns.bid[begin:end],
                ask=columns.ask[begin:end],
                bid_size=columns.bid_size[begin:end],
                ask_size=columns.ask_size[begin:end],
                last=columns.last[begin:end],
                exchange_ns=ends_ns,
            )

    def settlement_price(self, symbol: str) -> float | None:
        """Return the settling print of an underlying of this day; None where nothing printed."""
        return self._settlement.get(symbol)


@dataclass(frozen=True, slots=True)
class _Columns:
    """All rows of the day, batch after batch; batch i is rows `begins[i]` to `begins[i + 1]`."""

    begins: NDArray[np.int64]
    rows: Rows
    ends_ns: Nanos
    bid: Floats
    ask: Floats
    bid_size: Sizes
    ask_size: Sizes
    last: Floats


def _contracts(options: Mapping[str, Bars], products: Products) -> tuple[Contract, ...]:
    contracts = [products.contract(symbol) for symbol in options]
    return tuple(sorted(contracts, key=lambda option: (option.expires_on, option.strike, option.right, option.symbol)))


def _keep_sides(bars: Bars) -> Bars:
    """Return the bars with each lone empty side as it last stood, where that is not too long ago."""
    bid, bid_size = _kept(bars, bars.bid, bars.bid_size, np.isnan(bars.bid) & ~np.isnan(bars.ask))
    ask, ask_size = _kept(bars, bars.ask, bars.ask_size, np.isnan(bars.ask) & ~np.isnan(bars.bid))
    return dataclasses.replace(bars, bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)


def _kept(bars: Bars, price: Floats, size: Sizes, empty: NDArray[np.bool_]) -> tuple[Floats, Sizes]:
    places = np.arange(len(price))
    stood = np.maximum.accumulate(np.where(np.isnan(price), -1, places)) if len(price) else places
    age_ns = bars.ends_ns - bars.ends_ns[stood]
    fill = empty & (stood >= 0) & (age_ns >= 0) & (age_ns <= SIDE_KEPT // timedelta(microseconds=1) * 1000)
    from_ = np.where(fill, stood, places)
    return price[from_], size[from_]


def _merge(quotes: Bars, trades: Bars) -> Bars:
    """Return one row for each minute with a quote or a print; a quote stands until the next."""
    ends_ns = np.union1d(quotes.ends_ns, trades.ends_ns)
    order, quoted = _latest(quotes.ends_ns, ends_ns)
    bid, ask, last = (np.full(len(ends_ns), np.nan) for _ in range(3))
    bid_size, ask_size = (np.zeros(len(ends_ns), np.float32) for _ in range(2))
    known = quoted >= 0
    stood = order[quoted[known]]
    bid[known], ask[known] = quotes.bid[stood], quotes.ask[stood]
    bid_size[known], ask_size[known] = quotes.bid_size[stood], quotes.ask_size[stood]
    order, _ = _latest(trades.ends_ns, ends_ns)
    last[np.searchsorted(ends_ns, trades.ends_ns[order])] = trades.last[order]
    return Bars(quotes.name or trades.name, ends_ns, bid, ask, bid_size, ask_size, last)


def _latest(known_ns: Nanos, at_ns: Nanos) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the order of time of `known_ns`, and for each of `at_ns` the last place in it that was known, or -1."""
    order = np.argsort(known_ns, kind="stable")
    return order, np.searchsorted(known_ns[order], at_ns, side="right") - 1


def _in_order_of_time(contracts: tuple[Contract, ...], bars: Mapping[str, Bars]) -> _Columns:
    parts = [bars[contract.symbol] for contract in contracts]
    rows = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part.ends_ns) for part in parts])
    ends_ns = np.concatenate([part.ends_ns for part in parts])
    repeat = _repeats(rows, ends_ns)
    order = np.lexsort((rows, repeat, ends_ns))
    key = np.stack((ends_ns[order], repeat[order]))
    changes = np.flatnonzero((key[:, 1:] != key[:, :-1]).any(axis=0)) + 1
    return _Columns(
        begins=np.unique(np.concatenate(([0], changes, [len(rows)]))),  # of an empty day, just the 0
        rows=rows[order],
        ends_ns=ends_ns[order],
        bid=np.concatenate([part.bid for part in parts])[order],
        ask=np.concatenate([part.ask for part in parts])[order],
        bid_size=np.concatenate([part.bid_size for part in parts])[order],
        ask_size=np.concatenate([part.ask_size for part in parts])[order],
        last=np.concatenate([part.last for part in parts])[order],
    )


def _repeats(rows: Rows, ends_ns: Nanos) -> NDArray[np.int64]:
    """Return how often each (contract, instant) occurred before, in the order of the file: almost always 0."""
    order = np.lexsort((np.arange(len(rows)), ends_ns, rows))
    starts = np.ones(len(rows), np.bool_)
    starts[1:] = (rows[order][1:] != rows[order][:-1]) | (ends_ns[order][1:] != ends_ns[order][:-1])
    places = np.arange(len(rows))
    repeats = np.empty(len(rows), np.int64)
    repeats[order] = places - np.maximum.accumulate(np.where(starts, places, 0))
    return repeats


def _settlement(contract: Contract, bars: Bars, own: Session | None) -> float | None:
    """Return the settling print; `own` is the session of the underlying itself, which may end before its options'."""
    prints = ~np.isnan(bars.last)
    if contract.product.kind is not Kind.INDEX and own is not None:
        prints &= bars.ends_ns <= int(own.closes_at.timestamp() * 1e9)
    places = np.flatnonzero(prints)
    return float(bars.last[places[-1]]) if len(places) else None
