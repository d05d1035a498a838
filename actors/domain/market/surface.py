"""The volatility surface of one moment: for each expiry its forward, its end, and the volatilities by strike.

Decided here: which options speak for an expiry (those out of the money, quoted soundly on both sides and recently,
thinned to `knots_max`; in its last hour, when nobody bids for any of them, the nearest of each side at half its ask),
how the volatility between two of them is found (a straight line in strike, flat beyond the last), and how long an
expiry has left (calendar time to its last trade, 365 days a year; the morning's open where it settles then).

A chain without one strike quoted as call and put has no parity: then the underlying's own price stands for the forward.

The expected move is one standard deviation to expiry in points, at the volatility of a straddle struck at the forward:
two times in three the price stays within it.

Quotes that say nothing give no curve, never a NaN: who needs the expiry must take its absence for unknown.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Final

import numpy as np

from actors.domain.market.black import implied_std_devs
from actors.domain.market.chain import Chain, Mask, Strip
from actors.domain.market.contract import SettlementTime
from actors.domain.market.curve import YEAR, Curve
from actors.domain.market.pricing import parity_forward
from actors.domain.market.quote import Floats, QuoteTable
from actors.domain.market.quote_check import QuoteCode
from actors.domain.market.session import NEW_YORK, Session, Sessions

_CLOSENESS: Final = 1.5
"""How much closer together the strikes that are kept lie near the forward; 1 is evenly."""
_USUAL_END: Final = time(16)
_DIGITS: Final = 6
"""Kept of a volatility: a thousandth of what quotes can tell."""


_Quotes = tuple[Floats, Floats]
"""Strikes, rising, and middles."""


@dataclass(frozen=True, slots=True, eq=False)
class _Raw:
    """What the quotes of one chain say, before its volatilities are solved for."""

    chain: Chain
    underlying: str
    ends_at: datetime
    forward: float
    strikes: Floats
    is_call: Mask
    mids: Floats


def surface(
    chains: Iterable[tuple[str, Chain]],
    table: QuoteTable,
    now: datetime,
    sessions: Sessions,
    *,
    since_ns: int,
    knots_max: int,
    spots: Mapping[str, float] | None = None,
) -> tuple[Curve, ...]:
    """Return the curve of each chain, named with its underlying, whose quotes since `since_ns` give one.

    `spots` are prices of underlyings, for chains that have no strike with both rights.
    """
    known = spots or {}
    raws = []
    for name, chain in chains:
        end = ends_at(chain, sessions)
        raw = _raw(name, chain, end, table, since_ns, known.get(name, math.nan)) if end > now else None
        if raw is not None:
            raws.append(_thinned(raw, knots_max))
    if not raws:
        return ()
    forwards = np.concatenate([np.full(len(raw.strikes), raw.forward) for raw in raws])
    std_devs = implied_std_devs(
        np.concatenate([raw.is_call for raw in raws]),
        np.concatenate([raw.strikes for raw in raws]),
        forwards,
        np.concatenate([raw.mids for raw in raws]),
    )
    return tuple(_curves(raws, std_devs, now))


def ends_at(chain: Chain, sessions: Sessions) -> datetime:
    """Return when a chain's contracts are worth what they pay; where no table knows the day, the usual close."""
    session = sessions.session(chain.session, chain.expires_on, expiring=True)
    if isinstance(session, Session):
        return session.closes_at
    day = sessions.session("equity_option", chain.expires_on)
    if isinstance(day, Session):
        return day.opens_at if chain.settlement_time is SettlementTime.AM else day.closes_at
    return datetime.combine(chain.expires_on, _USUAL_END, NEW_YORK)


def _raw(underlying: str, chain: Chain, end: datetime, table: QuoteTable, since_ns: int, spot: float) -> _Raw | None:
    calls, puts = _quoted(chain.calls, table, since_ns), _quoted(chain.puts, table, since_ns)
    strikes, call_at, put_at = np.intersect1d(calls[0], puts[0], assume_unique=True, return_indices=True)
    forward = parity_forward(strikes, calls[1][call_at], puts[1][put_at])
    forward = spot if math.isnan(forward) else forward
    if not forward > 0:
        return None
    sides = _out_of_the_money(calls, puts, forward)
    if not any(len(side[0]) for side in sides):
        calls, puts = (_quoted(strip, table, since_ns, bidden=False) for strip in (chain.calls, chain.puts))
        (call, call_mid), (put, put_mid) = _out_of_the_money(calls, puts, forward)
        sides = (call[:1], call_mid[:1]), (put[-1:], put_mid[-1:])
    (call, call_mid), (put, put_mid) = sides
    return _Raw(
        chain=chain,
        underlying=underlying,
        ends_at=end,
        forward=forward,
        strikes=np.concatenate([put, call]),
        is_call=np.repeat([False, True], [len(put), len(call)]),
        mids=np.concatenate([put_mid, call_mid]),
    )


def _quoted(strip: Strip, table: QuoteTable, since_ns: int, *, bidden: bool = True) -> _Quotes:
    """Return strikes and middles of the options quoted soundly since then; those nobody bids for where not `bidden`."""
    rows = strip.rows
    bid, ask, stamp, codes = table.bid[rows], table.ask[rows], table.exchange_ns[rows], table.codes[rows]
    if bidden:
        sound = (codes == 0) & (bid > 0) & (ask >= bid)
    else:
        bid = np.nan_to_num(bid)
        sound = (codes & ~np.uint16(QuoteCode.ONE_SIDED) == 0) & (ask > bid)
    sound &= (stamp == 0) | (stamp >= since_ns)
    return strip.strikes[sound], (bid[sound] + ask[sound]) / 2


def _out_of_the_money(calls: _Quotes, puts: _Quotes, forward: float) -> tuple[_Quotes, _Quotes]:
    above, below = calls[0] >= forward, puts[0] <= forward
    return (calls[0][above], calls[1][above]), (puts[0][below], puts[1][below])


def _thinned(raw: _Raw, knots_max: int) -> _Raw:
    """Return it with no more strikes than that: closer together near the forward, and the outermost of each side."""
    count = len(raw.strikes)
    if count <= knots_max:
        return raw
    middle = count - int(raw.is_call.sum())
    away = np.linspace(-1, 1, knots_max)
    span = np.where(away < 0, middle, count - 1 - middle)
    kept = np.unique(np.clip(middle + np.sign(away) * np.abs(away) ** _CLOSENESS * span, 0, count - 1).astype(int))
    return replace(raw, strikes=raw.strikes[kept], is_call=raw.is_call[kept], mids=raw.mids[kept])


def _curves(raws: Sequence[_Raw], std_devs: Floats, now: datetime) -> Iterator[Curve]:
    place = 0
    for raw in raws:
        root = math.sqrt((raw.ends_at - now) / YEAR)
        found = std_devs[place : place + len(raw.strikes)] / root
        place += len(raw.strikes)
        known = np.isfinite(found)
        if known.any():
            strikes, order = np.unique(raw.strikes[known], return_index=True)
            volatilities = found[known][order]
            middle = float(np.interp(raw.forward, strikes, volatilities))
            yield Curve(
                root=raw.chain.root,
                underlying=raw.underlying,
                expires_on=raw.chain.expires_on,
                ends_at=raw.ends_at,
                forward=raw.forward,
                expected_move=raw.forward * middle * root,
                strikes=tuple(strikes.tolist()),
                volatilities=tuple(np.round(volatilities, _DIGITS).tolist()),
            )
