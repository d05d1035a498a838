"""Quotes as columns.

A `Universe` numbers the contracts of a session once; from then on a quote is a row number and six figures, and a batch
of quotes is six arrays. Prices are float64 (a quote is a measurement, not money), sizes float32 (contracts), times
int64 nanoseconds: `exchange_ns` since the Unix epoch on the market's clock (0 where the exchange gave none),
`received_ns` on this machine's boot clock. A missing side is NaN.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.contract import Contract
from actors.domain.market.flaw import FlawFound, Survey
from actors.domain.market.interest import Held, Interest
from actors.domain.value import Value

Rows = NDArray[np.int32]
Floats = NDArray[np.float64]
Sizes = NDArray[np.float32]
Nanos = NDArray[np.int64]
Codes = NDArray[np.uint16]

UNSOUND_MIN = 0x100
"""Codes from here on must not move a mark; lower ones only flag a quote that does (see `quote_check`)."""

_PRICE_STEP = Decimal("0.0001")


class Universe(Value):
    """The contracts of a session, numbered by their place. `version` changes whenever the numbering does."""

    version: int
    contracts: tuple[Contract, ...]

    def rows(self) -> dict[str, int]:
        """Return the row of each symbol."""
        return {contract.symbol: row for row, contract in enumerate(self.contracts)}


@dataclass(frozen=True, slots=True)
class QuoteFrame:
    """One batch of quotes of one universe. All arrays have the same length.

    `codes` is 0 where the quote is sound, below `UNSOUND_MIN` where it is flagged, and moves no mark from there on.
    """

    universe: int
    sequence: int
    rows: Rows
    bid: Floats
    ask: Floats
    bid_size: Sizes
    ask_size: Sizes
    exchange_ns: Nanos
    received_ns: int
    codes: Codes


@dataclass(frozen=True, slots=True)
class RawQuotes:
    """A batch as decoded from the wire, before any check. `rows` number the contracts that were asked for.

    An index has no quote: its last print stands on both sides, with sizes 0. An empty batch says that the stream lives.
    `unknown` counts the events of the same wire message whose symbol nobody asked for; the arrays do not hold them.
    `halts` are rows whose trading status the message told, and whether each is halted; `held` what it told of interest.
    """

    rows: Rows
    bid: Floats
    ask: Floats
    bid_size: Sizes
    ask_size: Sizes
    exchange_ns: Nanos
    unknown: int = 0
    halts: tuple[tuple[int, bool], ...] = ()
    held: tuple[tuple[int, Held], ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """The latest quote of one contract, as a rule or a strategy reads it. A missing side is None."""

    symbol: str
    bid: Decimal | None
    ask: Decimal | None
    bid_size: int
    ask_size: int
    exchange_at: datetime | None
    received_ns: int
    code: int

    @property
    def mid(self) -> Decimal | None:
        """Middle of a two-sided quote."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2

    def age_s(self, now: datetime, boot_ns: int) -> float:
        """Return its age in seconds, counted on both clocks: the worse one counts."""
        received_s = (boot_ns - self.received_ns) / 1e9
        return received_s if self.exchange_at is None else max(received_s, (now - self.exchange_at).total_seconds())


_Figures = tuple[float, float, int, int, int, int, int]
"""Bid, ask, their sizes, exchange's and receiver's nanoseconds, code."""


class QuoteTable:
    """The latest quote of every contract of a universe; written by one owner, row by row or frame by frame.

    Sound and flagged quotes move the marks; an unsound one leaves the last good figures, and its code.
    """

    def __init__(self, universe: Universe) -> None:
        count = len(universe.contracts)
        self.universe = universe
        self.row_of = universe.rows()
        self.bid: Floats = np.full(count, np.nan)
        self.ask: Floats = np.full(count, np.nan)
        self.bid_size: Sizes = np.zeros(count, np.float32)
        self.ask_size: Sizes = np.zeros(count, np.float32)
        self.exchange_ns: Nanos = np.zeros(count, np.int64)
        self.received_ns: Nanos = np.zeros(count, np.int64)
        self.codes: Codes = np.zeros(count, np.uint16)
        self.survey: Survey | None = None
        """The latest look over all chains; None: there was none yet."""
        self._flaws: dict[int, FlawFound] = {}
        self._held: dict[int, Held] = {}
        self._read: dict[int, tuple[_Figures, Quote]] = {}
        """Quotes by row, with the figures they were made of: one decision asks for the same ones several times."""

    def apply(self, frame: QuoteFrame) -> None:
        """Take in a frame of this table's universe; later rows win."""
        rows = frame.rows.astype(np.intp)  # once: numpy would at every use
        self.codes[rows] = frame.codes
        sound = frame.codes < UNSOUND_MIN
        if not sound.all():
            rows = rows[sound]
            bid, ask = frame.bid[sound], frame.ask[sound]
            bid_size, ask_size = frame.bid_size[sound], frame.ask_size[sound]
            exchange_ns = frame.exchange_ns[sound]
        else:
            bid, ask, bid_size, ask_size = frame.bid, frame.ask, frame.bid_size, frame.ask_size
            exchange_ns = frame.exchange_ns
        self.bid[rows] = bid
        self.ask[rows] = ask
        self.bid_size[rows] = bid_size
        self.ask_size[rows] = ask_size
        self.exchange_ns[rows] = exchange_ns
        self.received_ns[rows] = frame.received_ns

    def take_survey(self, survey: Survey) -> None:
        """Take in what was seen against single contracts; one of another universe says nothing here."""
        if survey.universe == self.universe.version:
            self.survey, self._flaws = survey, survey.found()

    def take_interest(self, interest: Interest) -> None:
        """Take in open interest and volume; those of another universe say nothing here."""
        if interest.universe == self.universe.version:
            self._held = interest.held

    def held(self, symbol: str) -> Held | None:
        """Return open interest and volume of `symbol`; None where nobody told them."""
        return self._held.get(self.row_of.get(symbol, -1))

    def flaw(self, symbol: str) -> FlawFound | None:
        """Return what the latest survey has against `symbol`; None for nothing, or where none was made."""
        return self._flaws.get(self.row_of.get(symbol, -1))

    def is_cut(self, symbol: str) -> bool:
        """Whether the latest quote of `symbol` is of before the stream broke off or began anew."""
        row, since_ns = self.row_of.get(symbol), self.survey.since_ns if self.survey is not None else 0
        return row is not None and 0 < self.received_ns[row] < since_ns

    def quote(self, symbol: str) -> Quote | None:
        """Return the latest quote of `symbol`; None where the universe does not hold it or nothing came yet."""
        row = self.row_of.get(symbol)
        if row is None or self.received_ns[row] == 0:
            return None
        figures = (
            float(self.bid[row]),
            float(self.ask[row]),
            int(self.bid_size[row]),
            int(self.ask_size[row]),
            int(self.exchange_ns[row]),
            int(self.received_ns[row]),
            int(self.codes[row]),
        )
        known = self._read.get(row)
        if known is None or known[0] != figures:
            known = self._read[row] = figures, _quote(symbol, figures)
        return known[1]


def _quote(symbol: str, figures: _Figures) -> Quote:
    bid, ask, bid_size, ask_size, exchange_ns, received_ns, code = figures
    return Quote(
        symbol=symbol,
        bid=price(bid),
        ask=price(ask),
        bid_size=bid_size,
        ask_size=ask_size,
        exchange_at=datetime.fromtimestamp(exchange_ns / 1e9, UTC) if exchange_ns else None,
        received_ns=received_ns,
        code=code,
    )


def price(value: float) -> Decimal | None:
    """Return a quoted price as money, to the hundredth of a cent; None for NaN."""
    return None if math.isnan(value) else Decimal(repr(value)).quantize(_PRICE_STEP)
