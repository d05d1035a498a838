"""What an opening is asked about greeks and the stress grid, beside all that is held and may yet open.

Rules of this file:
* Risk's figures come with the permit; the asked structure, what moved since they were made, and each working opening
  are priced here on the curves beside them, in one pass. So two orders never pass on the same stale book.
* A working opening counts at its worst, filled or not, figure by figure and cell by cell: what may not fill excuses
  nothing.
* At the limit passes, beyond it fails. An opening that brings a figure beyond its limit nearer to it passes as well:
  a hedge must not be refused for what it mends.
* No figures, old ones, or something that cannot be priced is R080, and refuses. Without limits nothing is asked.
* What only completes a structure is asked nothing: its lack would leave a leg alone.
"""

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import Final, NamedTuple

import numpy as np

from actors.domain.market.contract import UnknownSymbol
from actors.domain.market.quote import Floats
from actors.domain.orders.order import Intent, Leg
from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.signal import Open
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.exposure import GREEKS, Exposure
from actors.domain.risk.exposure_limits import ExposureLimits, GreekLimits
from actors.domain.risk.exposure_pricer import Pricer, pricer_of
from actors.domain.value import ZERO

_UNITS: Final = {"delta": "per 1 %", "gamma": "per 1 % per 1 %", "vega": "per point", "theta": "per day"}
_Bounds = tuple[Floats, Floats]
"""The least and the most that a row of figures may be."""


class _Kind(Enum):
    ASKED = auto()
    WORKING = auto()
    MOVED = auto()


class _Part(NamedTuple):
    """What one order, or one change of a holding, adds; in dollars."""

    kind: _Kind
    underlying: str
    row: Floats


_Wanted = tuple[_Kind, str, Sequence[tuple[str, int]]]
"""Signed contracts by symbol."""


def exposure_allowed(request: Open, seen: Circumstances) -> Iterator[Check]:
    """Yield the checks of an opening; none where the permit sets no such limit."""
    limits = seen.permit.exposure_limits if seen.permit is not None else None
    if limits is None or seen.completes:
        return
    exposure = seen.permit.exposure if seen.permit is not None else None
    why = _unknown(exposure, limits)
    if exposure is None or why:
        yield Check(code=Code.R080_GREEKS_UNKNOWN, passed=False, value=why)
        return
    pricer = pricer_of(exposure, limits.grid)
    parts, strange = _priced(request, seen, exposure, pricer)
    if strange:
        yield Check(code=Code.R080_GREEKS_UNKNOWN, passed=False, value=", ".join(strange), limit="no volatility")
        return
    mine = [part for part in parts if part.underlying == request.underlying]
    asked = parts[0].row
    before = _bounds(pricer.held(request.underlying), mine)
    yield from _greeks_within(request.underlying, before, asked, limits.underlying, exposure.age_s)
    before = _bounds(pricer.held(None), parts)
    yield from _greeks_within("whole book", before, asked, limits.whole, exposure.age_s)
    if limits.stress_loss_max is not None:
        yield _stress_within(before[0], asked, limits, exposure.age_s)


def _unknown(exposure: Exposure | None, limits: ExposureLimits) -> str:
    if exposure is None:
        return "no figures of the book yet"
    if not exposure.age_s <= limits.age_max_s:
        return f"figures of the book on quotes {exposure.age_s:.1f} s old, limit {limits.age_max_s:g} s"
    unknown = [symbol for each in exposure.underlyings.values() for symbol in each.unknown]
    return f"held and without a price now: {', '.join(unknown)}" if unknown else ""


def _priced(request: Open, seen: Circumstances, exposure: Exposure, pricer: Pricer) -> tuple[list[_Part], list[str]]:
    """Return what is asked, then what is working and what moved since, all priced at once; and what has no price."""
    asked: list[_Wanted] = [(_Kind.ASKED, request.underlying, _quantities(request.legs, request.order_qty))]
    for life in seen.book.live_orders():
        order = life.order
        if order.intent is Intent.OPEN and order.cl_ord_id not in seen.excluding and life.leaves_qty:
            asked.append((_Kind.WORKING, order.underlying, _quantities(order.legs, life.leaves_qty)))
    for symbol, change in _changes(seen, exposure).items():
        try:
            name = seen.book.contract(symbol).underlying
        except UnknownSymbol:  # from elsewhere, and not looked at yet
            return [], [symbol]
        asked.append((_Kind.MOVED, name, [(symbol, change)]))
    lines = [line for _, _, quantities in asked for line in quantities]
    rows = pricer.rows([seen.contracts.get(symbol) or seen.book.contract(symbol) for symbol, _ in lines])
    rows *= np.array([quantity for _, quantity in lines], float)[:, None]
    if not np.isfinite(rows).all():
        return [], [symbol for (symbol, _), row in zip(lines, rows, strict=True) if not np.isfinite(row).all()]
    parts, place = [], 0
    for kind, name, quantities in asked:
        parts.append(_Part(kind, name, rows[place : place + len(quantities)].sum(axis=0)))
        place += len(quantities)
    return parts, []


def _quantities(legs: Sequence[Leg], combos: int) -> list[tuple[str, int]]:
    return [(leg.symbol, leg.action.sign * leg.ratio * combos) for leg in legs]


def _changes(seen: Circumstances, exposure: Exposure) -> dict[str, int]:
    """Return what is held now and was not when the figures were made, signed contracts by symbol."""
    change = {symbol: -count for symbol, count in exposure.counted.items()}
    for positions in seen.book.positions.values():
        for symbol, count in positions.items():
            change[symbol] = change.get(symbol, 0) + count
    return {each: count for each, count in change.items() if count and each not in exposure.without}


def _bounds(held: Floats, parts: Sequence[_Part]) -> _Bounds:
    """Return the least and the most that what is held and may yet open can be, the asked left out."""
    low = high = held
    for part in parts:
        if part.kind is _Kind.MOVED:
            low, high = low + part.row, high + part.row
        elif part.kind is _Kind.WORKING:
            low, high = low + np.minimum(part.row, 0.0), high + np.maximum(part.row, 0.0)
    return low, high


def _greeks_within(name: str, before: _Bounds, asked: Floats, limits: GreekLimits, age_s: float) -> Iterator[Check]:
    (least, most), every = before, (limits.delta_max, limits.gamma_max, limits.vega_max, limits.theta_max)
    for place, limit in enumerate(every):
        if limit is None:
            continue
        greek, low, high, more = GREEKS[place], float(least[place]), float(most[place]), float(asked[place])
        after = max(low + more, high + more, key=abs)
        is_nearer = abs(after) < max(abs(low), abs(high))
        yield Check(
            code=Code.R081_GREEKS,
            passed=abs(after) <= float(limit) or is_nearer,
            subject=f"{name} {greek}",
            value=f"{after:,.0f} dollars {_UNITS[greek]}",
            limit=str(limit),
            age_s=age_s,
        )


def _stress_within(low: Floats, asked: Floats, limits: ExposureLimits, age_s: float) -> Check:
    """The worst cell counts, with every working opening that makes it worse."""
    was, cells = low[len(GREEKS) :], low[len(GREEKS) :] + asked[len(GREEKS) :]
    cell = int(cells.argmin())
    worst, limit = float(cells[cell]), limits.stress_loss_max or ZERO  # NaN is the least of all
    return Check(
        code=Code.R082_STRESS,
        passed=-worst <= float(limit) or worst > float(was.min()),
        subject="whole book",
        value=f"{worst:,.0f} dollars at {limits.grid.words(cell)}",
        limit=str(limit),
        age_s=age_s,
    )
