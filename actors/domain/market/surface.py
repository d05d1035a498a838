"""The volatility surface of one moment: for each expiry its forward, its end, and the volatilities by strike.

Decided here: which options speak for an expiry (those out of the money, quoted soundly on both sides and recently,
within `_REACH` standard deviations of the forward, thinned to `knots_max`), how the volatility between two of them is
found (a straight line in strike, flat beyond the last), and how long an expiry has left (calendar time to its last
trade, 365 days a year; the morning's open where it settles then).

The expected move is one standard deviation to expiry in points, from the straddle nearest the forward: two days in
three stay within it.

Quotes that say nothing give no curve, never a NaN: who needs the expiry must take its absence for unknown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
) -> tuple[Curve, ...]:
    """Return the curve of each chain, named with its underlying, whose quotes since `since_ns` give one."""
    raws = [raw for name, chain in chains if (raw := _raw(name, chain, table, now, sessions, since_ns, knots_max))]
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


def _raw(
    underlying: str,
    chain: Chain,
    table: QuoteTable,
    now: datetime,
    sessions: Sessions,
    since_ns: int,
    knots_max: int,
) -> _Raw | None:
    end = ends_at(chain, sessions)
    if end <= now:
        return None
    calls, puts = chain.calls.quoted(table, since_ns), chain.puts.quoted(table, since_ns)
    strikes, call_at, put_at = np.intersect1d(calls.strikes, puts.strikes, assume_unique=True, return_indices=True)
    call_mid, put_mid = calls.mid[call_at], puts.mid[put_at]
    forward = parity_forward(strikes, call_mid, put_mid)
    std_dev = straddle_std_dev(strikes, call_mid, put_mid, forward)
    if not (forward > 0 and std_dev > 0):
        return None
    calls, puts = calls.out_of_the_money(forward), puts.out_of_the_money(forward)
    all_strikes = np.concatenate([puts.strikes, calls.strikes])
    near = np.flatnonzero(np.abs(np.log(all_strikes / forward)) <= _REACH * std_dev)
    kept = near[np.unique(np.linspace(0, len(near) - 1, min(knots_max, len(near))).astype(int))] if len(near) else near
    mids = np.concatenate([puts.mid, calls.mid])[kept]
    is_call = kept >= len(puts.strikes)
    return _Raw(chain, underlying, end, forward, std_dev * forward, all_strikes[kept], is_call, mids)


def _curves(raws: Sequence[_Raw], std_devs: Floats, now: datetime) -> Iterator[Curve]:
    place = 0
    for raw in raws:
        found = std_devs[place : place + len(raw.strikes)] / np.sqrt((raw.ends_at - now) / YEAR)
        place += len(raw.strikes)
        known = np.isfinite(found)
        if known.any():
            strikes, order = np.unique(raw.strikes[known], return_index=True)
            yield Curve(
                root=raw.chain.root,
                underlying=raw.underlying,
                expires_on=raw.chain.expires_on,
                ends_at=raw.ends_at,
                forward=raw.forward,
                expected_move=raw.move,
                strikes=tuple(strikes.tolist()),
                volatilities=tuple(np.round(found[known][order], _DIGITS).tolist()),
            )
