"""A recorded day through the validation that live quotes go through, on a replayed clock, and what it says counted.

Every row of the day is judged by `quote_check` as it would be on its arrival, in the batches that the paper venue
plays; after each batch the whole chain is looked over once. Rows are accepted, with or without flags, or rejected, each
under one reason; what is not a quote is counted beside them: a print alone, and a row of the file that does not read.
Flaws are counted in looks: one contract flawed at one look is one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from actors.domain.market.chain_check import ChainCheck
from actors.domain.market.chain_sheet import ChainSheet
from actors.domain.market.contract import Kind, Products
from actors.domain.market.flaw import Flaw, FlawLimits
from actors.domain.market.quote import UNSOUND_MIN, Codes, QuoteFrame, QuoteTable, RawQuotes, Universe
from actors.domain.market.quote_check import LastGood, QuoteCode, QuoteLimits, check, rejection
from actors.domain.market.session import Sessions
from actors.domain.value import Value
from actors.venue.lean import LeanFolder
from actors.venue.market import Batch
from actors.venue.replay import ReplayMarket

Counts = dict[str, int]
EARLIEST = timedelta(days=2)
"""Rows so long before the open are played too."""


class ContractCounts(Value):
    """What was said of one contract, or of all. rows = accepted + the sum of rejected."""

    rows: int = 0
    accepted: int = 0
    rejected: Counts = Field(default_factory=dict)
    flagged: Counts = Field(default_factory=dict)
    """Accepted rows by flag; one row may carry several."""
    flaws: Counts = Field(default_factory=dict)
    """Looks at which the contract was flawed, by flaw."""


class DayCounts(Value):
    """One underlying's day."""

    underlying: str
    session: date
    total: ContractCounts
    prints: int
    """Rows with a print and no quote, of something that is traded on quotes."""
    skipped: tuple[str, ...]
    """Rows of the files that do not read, each with its reason."""
    looks: int
    contracts: Mapping[str, ContractCounts]


class _Tally:
    """Counters of one contract."""

    def __init__(self) -> None:
        self.rows = self.accepted = 0
        self.rejected, self.flagged, self.flaws = Counter[str](), Counter[str](), Counter[str]()

    def take(self, code: int) -> None:
        self.rows += 1
        if code >= UNSOUND_MIN:
            self.rejected[rejection(code)] += 1
            return
        self.accepted += 1
        if code:
            self.flagged.update(str(bit.name) for bit in QuoteCode if bit & code)

    def counts(self) -> ContractCounts:
        kinds = {kind: dict(sorted(getattr(self, kind).items())) for kind in ("rejected", "flagged", "flaws")}
        return ContractCounts(rows=self.rows, accepted=self.accepted, **kinds)


class _Day:
    """The validation of one day, with its replayed clock."""

    def __init__(self, market: ReplayMarket, quotes: QuoteLimits, flaws: FlawLimits) -> None:
        contracts = market.contracts
        self.table = QuoteTable(Universe(version=1, contracts=contracts))
        self.tallies = [_Tally() for _ in contracts]
        self.prints = self.looks = 0
        self._last = LastGood(contracts, quotes)
        self._check = ChainCheck(ChainSheet.of(contracts, market.session, flaws), flaws)
        self._is_index = np.array([contract.product.kind is Kind.INDEX for contract in contracts], np.bool_)

    def take(self, batch: Batch) -> None:
        raw, now_ns = wired(batch, self._is_index), int(batch.at.timestamp() * 1e9)
        self.prints += len(batch.rows) - len(raw.rows)
        codes = check(raw, self._last, now_ns)
        self.table.apply(_frame(raw, codes, now_ns))
        for row, code in zip(raw.rows.tolist(), codes.tolist(), strict=True):
            self.tallies[row].take(code)
        self.looks += 1
        for row, found in self._check.look(self.table).items():
            self.tallies[row].flaws.update(str(flaw.name) for flaw in Flaw if flaw & found.flaws)


def wired(batch: Batch, is_index: NDArray[np.bool_]) -> RawQuotes:
    """Return a batch as the feed gets it: an index's print on both sides, prints of anything else not at all.

    `is_index` is by row of the market.
    """
    level = np.where(is_index[batch.rows], batch.last, np.nan)
    unquoted = np.isnan(batch.bid) & np.isnan(batch.ask) & ~np.isnan(batch.last)
    keep = ~unquoted | ~np.isnan(level)
    bid, ask = (np.where(np.isnan(level), side, level)[keep] for side in (batch.bid, batch.ask))
    sizes = (batch.bid_size[keep], batch.ask_size[keep])
    return RawQuotes(batch.rows[keep], bid, ask, *sizes, batch.exchange_ns[keep])


def _frame(raw: RawQuotes, codes: Codes, now_ns: int) -> QuoteFrame:
    figures = (raw.rows, raw.bid, raw.ask, raw.bid_size, raw.ask_size, raw.exchange_ns)
    return QuoteFrame(1, 1, *figures, now_ns, codes)


def check_day(
    market: ReplayMarket, underlying: str, quotes: QuoteLimits | None = None, flaws: FlawLimits | None = None
) -> DayCounts:
    """Return the counts of one underlying's day."""
    day = _Day(market, quotes or QuoteLimits(), flaws or FlawLimits())
    for batch in market.batches(market.opens_at - EARLIEST):
        day.take(batch)
    contracts = {contract.symbol: tally.counts() for contract, tally in zip(market.contracts, day.tallies, strict=True)}
    return DayCounts(
        underlying=underlying,
        session=market.session,
        total=summed(contracts.values()),
        prints=day.prints,
        skipped=tuple(f"{each.file} row {each.row}: {each.reason}" for each in market.skipped),
        looks=day.looks,
        contracts=contracts,
    )


def summed(every: Iterable[ContractCounts]) -> ContractCounts:
    """Return the counts of all together."""
    whole = _Tally()
    for each in every:
        whole.rows += each.rows
        whole.accepted += each.accepted
        for kind in ("rejected", "flagged", "flaws"):
            getattr(whole, kind).update(getattr(each, kind))
    return whole.counts()


def check_days(
    path: Path, on: date, underlying: str | None, products: Products, sessions: Sessions
) -> Iterator[DayCounts]:
    """Yield the counts of one underlying, or of all the folder has quotes of. Raises `NoSuchData`, `DamagedData`."""
    folder = LeanFolder(path)
    for name in folder.names_on(on) if underlying is None else (underlying,):
        yield check_day(ReplayMarket(folder, on, name, products, sessions), name)
