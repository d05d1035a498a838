"""The volatility surface of one moment: for each expiry its forward, its end, and the volatilities by strike.

Decided here: which options speak for an expiry (those out of the money, quoted soundly on both sides and recently,
within `_REACH` standard deviations of the forward, thinned to `knots_max`), how the volatility between two of them is
found (a straight line in strike, flat beyond the last), and how long an expiry has left (calendar time to its last
trade, 365 days a year; the morning's open where it settles then).

A chain without one strike quoted as call and put has no parity: then the underlying's own price stands for the forward.

The expected move is one standard deviation to expiry in points, from the straddle nearest the forward, or from the
volatility there: two days in three stay within it.

Quotes that say nothing give no curve, never a NaN: who needs the expiry must take its absence for unknown.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Final

import numpy as np

from actors.domain.market.black import implied_std_devs
from actors.domain.market.chain import Chain, Mask
from actors.domain.market.contract import SettlementTime
from actors.domain.market.curve import YEAR, Curve
from actors.domain.market.pricing import parity_forward, straddle_std_dev
from actors.domain.market.quote import Floats, QuoteTable
from actors.domain.market.session import NEW_YORK, Session, Sessions

_REACH: Final = 6.0
_USUAL_END: Final = time(16)
_DIGITS: Final = 6
"""Kept of a volatility: a thousandth of what quotes can tell."""


@dataclass(frozen=True, slots=True, eq=False)
class _Raw:
    """What the quotes of one chain say, before its volatilities are solved for."""

    chain: Chain
    underlying: str
    ends_at: datetime
    forward: float
    move: float
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
    calls, puts = chain.calls.quoted(table, since_ns), chain.puts.quoted(table, since_ns)
    strikes, call_at, put_at = np.intersect1d(calls.strikes, puts.strikes, assume_unique=True, return_indices=True)
    call_mid, put_mid = calls.mid[call_at], puts.mid[put_at]
    forward = parity_forward(strikes, call_mid, put_mid)
    std_dev = straddle_std_dev(strikes, call_mid, put_mid, forward)
    forward = spot if math.isnan(forward) else forward
    if not forward > 0:
        return None
    calls, puts = calls.out_of_the_money(forward), puts.out_of_the_money(forward)
    all_strikes, mids = np.concatenate([puts.strikes, calls.strikes]), np.concatenate([puts.mid, calls.mid])
    is_call = np.arange(len(all_strikes)) >= len(puts.strikes)
    near = np.abs(np.log(all_strikes / forward)) <= (_REACH * std_dev if std_dev > 0 else np.inf)
    return _Raw(chain, underlying, end, forward, std_dev * forward, all_strikes[near], is_call[near], mids[near])


def _thinned(raw: _Raw, knots_max: int) -> _Raw:
    count = len(raw.strikes)
    if count <= knots_max:
        return raw
    kept = np.unique(np.linspace(0, count - 1, knots_max).astype(int))
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
                expected_move=raw.move if raw.move > 0 else raw.forward * middle * root,
                strikes=tuple(strikes.tolist()),
                volatilities=tuple(np.round(volatilities, _DIGITS).tolist()),
            )
