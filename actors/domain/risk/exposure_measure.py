"""Measures the exposure of a book: what risk does with each look at the quotes, off the order path.

Rules of this file:
* Everything held counts: our structures, and what is foreign in our accounts. Working openings are not in these
  figures: the gate adds each at its worst, for it may fill or not.
* Held and without a curve or a price is unknown, and its underlying with it. A foreign position that nobody quotes is
  left out, by name, as the day's result leaves it out. What is past its end is worth what it pays, and moves no more.
* American options in the money are priced by QuantLib (`exposure_american`); what is out of it, what is asked, and
  what moved since are priced in the closed form, and never below an exercise (`exposure_exercise`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from actors.domain.market.contract import Contract, UnknownSymbol
from actors.domain.market.curve import Curve
from actors.domain.market.quote import Floats
from actors.domain.portfolio.view import BookView
from actors.domain.risk.exposure import GREEKS, Exposure, Figures
from actors.domain.risk.exposure_american import american_row, is_early
from actors.domain.risk.exposure_limits import ExposureLimits, Grid
from actors.domain.risk.exposure_pricer import Pricer, figures, row_of


@dataclass(frozen=True, slots=True)
class Sight:
    """The market as risk last saw it. `age_s` is that of the quotes; `is_over` says whether a contract has ended."""

    at: datetime
    age_s: float
    curves: tuple[Curve, ...]
    spots: Mapping[str, float]
    contract: Callable[[str], Contract]
    is_over: Callable[[Contract], bool]
    rate: float = 0.0
    """A year's, for early exercise alone."""


def holdings(book: BookView) -> tuple[dict[str, int], dict[str, int]]:
    """Return what our structures hold, and what is foreign: signed contracts by symbol, over all accounts."""
    ours: dict[str, int] = {}
    foreign: dict[str, int] = {}
    for held, wholes in ((ours, [each.holdings for each in book.structures]), (foreign, list(book.foreign.values()))):
        for positions in wholes:
            for symbol, quantity in positions.items():
                held[symbol] = held.get(symbol, 0) + quantity
    return {each: count for each, count in ours.items() if count}, {each: n for each, n in foreign.items() if n}


def measure(book: BookView, seen: Sight, grid: Grid) -> Exposure:
    """Return the exposure of a book."""
    ours, foreign = holdings(book)
    pricer = Pricer(seen.curves, seen.spots, seen.at, grid, rate=seen.rate)
    counted = {each: ours.get(each, 0) + foreign.get(each, 0) for each in {**ours, **foreign}}
    parsed = {symbol: contract for symbol in counted if (contract := _contract(symbol, seen)) is not None}
    without = [symbol for symbol in counted if symbol not in parsed]
    contracts = list(parsed.values())
    rows = pricer.rows(contracts)
    for place, contract in enumerate(contracts):
        facts, spot = pricer.facts(contract), seen.spots.get(contract.underlying)
        if facts is not None and spot is not None and is_early(contract, facts):
            rows[place] = american_row(facts, spot, seen.rate, grid)
    sums: dict[str, Floats] = {}
    unknown: dict[str, list[str]] = {}
    for contract, row in zip(contracts, rows, strict=True):
        name, symbol = contract.underlying, contract.symbol
        total = sums.setdefault(name, np.zeros(pricer.width))
        if seen.is_over(contract):
            continue
        if np.isfinite(row).all():
            total += row * counted[symbol]
        elif symbol in ours:
            unknown.setdefault(name, []).append(symbol)
        else:
            without.append(symbol)
    return Exposure(
        at=seen.at,
        age_s=round(seen.age_s, 3),
        underlyings={name: figures(total, unknown.get(name, ())) for name, total in sums.items()},
        counted={symbol: count for symbol, count in counted.items() if symbol not in without},
        without=tuple(sorted(without)),
        curves=seen.curves,
        spots=seen.spots,
        rate=seen.rate,
    )


def _contract(symbol: str, seen: Sight) -> Contract | None:
    """Return a contract; None of a foreign symbol that is none of ours to read."""
    try:
        return seen.contract(symbol)
    except UnknownSymbol:
        return None


def whole(exposure: Exposure) -> Figures:
    """Return the figures of all underlyings together."""
    width = max((len(each.cells) + len(GREEKS) for each in exposure.underlyings.values()), default=len(GREEKS))
    total = sum((row_of(each, width) for each in exposure.underlyings.values()), np.zeros(width))
    unknown = [symbol for each in exposure.underlyings.values() for symbol in each.unknown]
    return figures(total, unknown)


def worst(found: Figures) -> tuple[int, float] | None:
    """Return the worst cell and what it makes; None where nothing was measured."""
    if not found.cells:
        return None
    cell = int(np.argmin(found.cells))
    return cell, found.cells[cell]


def beyond(exposure: Exposure, limits: ExposureLimits) -> dict[str, str]:
    """Return what of the book as it is held is beyond its limit, with the numbers, by name."""
    scopes = [(name, each, limits.underlying) for name, each in exposure.underlyings.items()]
    total, found = whole(exposure), dict[str, str]()
    for name, each, its in (*scopes, ("whole book", total, limits.whole)):
        for greek in GREEKS:
            limit, value = its.of(greek), getattr(each, greek)
            if limit is not None and not abs(value) <= float(limit):
                found[f"{name} {greek}"] = f"{value:,.0f} dollars, limit {limit:,}"
    low = worst(total)
    if limits.stress_loss_max is not None and low is not None and not -low[1] <= float(limits.stress_loss_max):
        text = f"{low[1]:,.0f} dollars at {limits.grid.words(low[0])}, limit {limits.stress_loss_max:,}"
        found["whole book stress"] = text
    return found
