"""Which quotes may move a mark, and which an opening should not lean on.

Every quote gets a code, 0 for sound. A code's bits come in two classes:

    UNSOUND  (>= UNSOUND_MIN)  nonsense, or not believed yet: the last good figures stay
    FLAGGED  (<  UNSOUND_MIN)  true enough to mark a position by, and to close on; the gate decides about openings

A batch is judged in a few passes over its columns; only rows that are not plainly good are looked at bit by bit. What
is remembered is the last good middle of each contract, and the last one that was not believed: a jump is refused once,
and believed when a second quote stands near the first. So is a quote stamped well before the one before it (REWOUND):
a stream that begins anew further back is believed with its second quote. An index has one price and no sizes, so it
cannot be locked or empty-handed; a future may trade below zero. Assumes what `RawQuotes` says: NaN for a missing side,
0 for no time. Left out: how old a quote may be for an order, and how wide: the gate knows the leg.
"""

from collections.abc import Sequence
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from actors.domain.market.contract import Contract, Kind
from actors.domain.market.quote import UNSOUND_MIN, Codes, Floats, Nanos, RawQuotes
from actors.domain.value import Value

_NS = 1_000_000_000
_ALL = 0xFFFF
Places = NDArray[np.intp]


class QuoteCode(IntFlag):
    """What is wrong with a quote. Where several bits say why it is unsound, the lowest of them names it."""

    ONE_SIDED = 0x01
    """Nobody bids, or nobody offers."""
    LOCKED = 0x02
    """Bid and ask are the same."""
    NO_SIZE = 0x04
    """A side shows no contracts."""
    FUTURE = 0x08
    """Stamped later than now: one of the two clocks is wrong."""
    OLD = 0x10
    """Stamped long before it arrived."""
    EMPTY = 0x100
    """Neither side has a price."""
    NEGATIVE = 0x200
    """A side is below zero."""
    ABSURD = 0x400
    """A side is beyond any price there is."""
    CROSSED = 0x800
    """The bid is above the ask."""
    WORTHLESS = 0x1000
    """Offered for nothing."""
    JUMP = 0x2000
    """Far from the last good middle, and no second quote has confirmed it."""
    REWOUND = 0x4000
    """Stamped well before the one before it: late, played again, or of a server that lags."""


_UNBOUND: dict[Kind, QuoteCode] = {
    Kind.INDEX: QuoteCode.LOCKED | QuoteCode.NO_SIZE,
    Kind.FUTURE: QuoteCode.NEGATIVE | QuoteCode.WORTHLESS,
}
"""The codes that say nothing about a kind."""


class QuoteLimits(Value):
    """How far a quote may stray. Times on the market's clock, prices in points."""

    ahead_max_s: float = Field(default=5.0, ge=0)
    """An exchange's stamp may be this far in the future."""
    behind_max_s: float = Field(default=900.0, gt=0)
    """And this far in the past."""
    price_max: float = Field(default=10_000_000.0, gt=0)
    rewind_max_s: float = Field(default=5.0, ge=0)
    """And so far before the stamp of the quote before it, of the same contract."""
    jump_points: float = Field(default=5.0, ge=0)
    """A smaller move is never a jump."""
    jump_option: float = Field(default=9.0, gt=0)
    """Nor is one smaller than this multiple of the lower of the two middles: an option ..."""
    jump_underlying: float = Field(default=0.2, gt=0)
    """... and anything else."""


class LastGood:
    """What the check remembers of each contract. One owner; lives as long as the numbering."""

    def __init__(self, contracts: Sequence[Contract], limits: QuoteLimits) -> None:
        self.limits = limits
        self.mid: Floats = np.full(len(contracts), np.nan)
        self.doubted: Floats = np.full(len(contracts), np.nan)
        """The last middle that was taken for a jump."""
        self.stamp: Nanos = np.zeros(len(contracts), np.int64)
        """Of the last quote, believed or not."""
        self.binds: Codes = np.array([_ALL & ~_UNBOUND.get(c.product.kind, 0) for c in contracts], np.uint16)
        self.jump: Floats = np.array([limits.jump_option if c.is_option else limits.jump_underlying for c in contracts])


def check(quotes: RawQuotes, last: LastGood, now_ns: int) -> Codes:
    """Return the code of every quote, and remember the good ones.

    `now_ns` is the market's time in nanoseconds since the Unix epoch.
    """
    limits, bid, ask = last.limits, quotes.bid, quotes.ask
    rows = quotes.rows.astype(np.intp)  # once: numpy would at every use
    with np.errstate(invalid="ignore"):
        mid = bid + ask
        mid *= 0.5
        shapely = (bid > 0) & (ask > bid) & (ask < limits.price_max)
        shapely &= np.minimum(quotes.bid_size, quotes.ask_size) > 0
        timely = quotes.exchange_ns <= now_ns + int(limits.ahead_max_s * _NS)
        timely &= quotes.exchange_ns >= now_ns - int(limits.behind_max_s * _NS)
        before = last.stamp.take(rows)
        timely &= quotes.exchange_ns >= before
        last.stamp[rows] = quotes.exchange_ns
        moved = last.mid.take(rows)
        np.abs(np.subtract(mid, moved, out=moved), out=moved)
        near = ~(moved > limits.jump_points)
        codes = np.zeros(len(rows), np.uint16)
        if (shapely & timely & near).all():
            last.mid[rows] = mid
            return codes
        if not shapely.all():
            _grade_shapes(codes, np.flatnonzero(~shapely), quotes, last)
        if not timely.all():
            codes |= _grade_times(quotes.exchange_ns, before, limits, now_ns)
            codes[np.isnan(mid)] &= ~np.uint16(QuoteCode.REWOUND)  # a side that went took its stamp along
        if not near.all():
            _grade_jumps(codes, np.flatnonzero(~near & (codes < UNSOUND_MIN)), rows, mid, last)
    good = (codes < UNSOUND_MIN) & ~np.isnan(mid)
    last.mid[rows[good]] = mid[good]
    return codes


def reasons(code: int) -> tuple[str, ...]:
    """Return the names of a code's bits, the gravest class first."""
    names = [bit.name or "" for bit in QuoteCode if code & bit]
    return tuple(sorted(names, key=lambda name: QuoteCode[name] < UNSOUND_MIN))


def rejection(code: int) -> str:
    """Return the one name that an unsound quote is counted under: its lowest reason."""
    reasons_only = code & ~(UNSOUND_MIN - 1)
    return str(QuoteCode(reasons_only & -reasons_only).name)


def _grade_shapes(codes: Codes, odd: Places, quotes: RawQuotes, last: LastGood) -> None:
    bid, ask, most = quotes.bid[odd], quotes.ask[odd], last.limits.price_max
    no_bid, no_ask = np.isnan(bid), np.isnan(ask)
    found = np.zeros(len(odd), np.uint16)
    for bit, present in (
        (QuoteCode.ONE_SIDED, no_bid | no_ask | (bid == 0)),
        (QuoteCode.LOCKED, bid == ask),
        (QuoteCode.NO_SIZE, ~(np.minimum(quotes.bid_size[odd], quotes.ask_size[odd]) > 0)),
        (QuoteCode.EMPTY, no_bid & no_ask),
        (QuoteCode.NEGATIVE, (bid < 0) | (ask < 0)),
        (QuoteCode.ABSURD, (np.abs(bid) >= most) | (np.abs(ask) >= most)),
        (QuoteCode.CROSSED, bid > ask),
        (QuoteCode.WORTHLESS, ask == 0),
    ):
        found |= present * np.uint16(bit)
    codes[odd] = found & last.binds[quotes.rows[odd]]


def _grade_times(exchange_ns: Nanos, before: Nanos, limits: QuoteLimits, now_ns: int) -> Codes:
    ahead = exchange_ns > now_ns + int(limits.ahead_max_s * _NS)
    behind = (exchange_ns < now_ns - int(limits.behind_max_s * _NS)) & (exchange_ns != 0)
    rewound = (exchange_ns < before - int(limits.rewind_max_s * _NS)) & (exchange_ns != 0)
    codes: Codes = ahead * np.uint16(QuoteCode.FUTURE) | behind * np.uint16(QuoteCode.OLD)
    codes |= rewound * np.uint16(QuoteCode.REWOUND)
    return codes


def _grade_jumps(codes: Codes, far: Places, rows: Places, mid: Floats, last: LastGood) -> None:
    """A jump is far from the last good middle and not near the last doubted one. NaN, never seen, is near nothing."""
    rows, mid = rows[far], mid[far]
    share, points = last.jump[rows], last.limits.jump_points
    leapt = np.abs(mid - last.mid[rows]) > _reach(mid, last.mid[rows], share, points)
    leapt &= ~(np.abs(mid - last.doubted[rows]) <= _reach(mid, last.doubted[rows], share, points))
    codes[far[leapt]] |= np.uint16(QuoteCode.JUMP)
    last.doubted[rows[leapt]] = mid[leapt]


def _reach(mid: Floats, other: Floats, share: Floats, points: float) -> Floats:
    return np.maximum(points, share * np.abs(np.minimum(mid, other)))
