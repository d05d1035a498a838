"""The page Risk: limits on losses, greeks, the stress grid as a table, the expiry clock, and the what-if."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from actors.domain.risk.exposure_limits import Grid
from actors.domain.risk.shock import Shock
from supervisor.cli import whatif
from supervisor.cli.risk import GREEKS, told
from supervisor.panel.glance import RISK_STALE_S, Told, gauges
from supervisor.panel.sources import Sources

TAIL: Final = 15
"""Expiry, right and strike at the end of an option's symbol."""
STRIKE_DIGITS: Final = 8
STEPS: Final = 4
"""Shades of a side in the grid."""


def look(sources: Sources, _: str, status: Told) -> Told:
    """Return what the page shows."""
    board, expiring = sources.exposure(), sources.expiring()
    legs = [] if expiring is None else expiring["legs"]
    moves = {} if board is None else {_key(move): move for move in told(board)["moves"]}
    return {
        "gauges": gauges(status["breakers"]),
        "breakers": status["breakers"],
        "sizes": status["sizes"],
        "risk": None if board is None else {**told(board), "enabled": board["enabled"]},
        "greeks": GREEKS,
        "tables": [] if board is None else tables(board),
        "expiring": expiring,
        "structures": [] if expiring is None else structures(expiring, moves),
        "moves": [move for move in moves.values() if any(_of(leg) == _key(move) for leg in legs)],
        "stale_s": RISK_STALE_S,
    }


def tables(board: Told) -> list[Told]:
    """Return the stress grid, a table for each number of days: rows of volatility, columns of spot, shaded."""
    cells = board["whole"]["cells"]
    if not cells:
        return []
    grid = Grid.model_validate(board["limits"]["grid"])
    known = [place for place, cell in enumerate(cells) if cell is not None]
    largest = max((abs(cells[place]) for place in known), default=0) or 1.0
    worst = min(known, key=cells.__getitem__, default=None)
    places = {grid.point(cell): cell for cell in range(grid.size)}
    return [
        {
            "days": days,
            "spots": grid.spot,
            "rows": [
                {
                    "volatility": volatility,
                    "cells": [
                        _cell(cells[place], largest, is_worst=place == worst)
                        for spot in grid.spot
                        for place in (places[spot, volatility, days],)
                    ],
                }
                for volatility in grid.volatility
            ],
        }
        for days in grid.days
    ]


def _cell(value: float | None, largest: float, *, is_worst: bool) -> Told:
    if value is None:
        return {"value": None, "shade": "", "is_worst": False}
    step = min(int(abs(value) / largest * STEPS) + 1, STEPS)
    return {"value": value, "shade": f"{'loss' if value < 0 else 'gain'}-{step}", "is_worst": is_worst}


def _key(move: Told) -> tuple[str, str]:
    return move["root"], str(move["expires_on"])


def _of(leg: Told) -> tuple[str, str]:
    """Return root and expiry of an option as the moves are named; nothing of the kind for what is no option."""
    symbol = leg["symbol"]
    tail = symbol[-TAIL:]
    expires = f"20{tail[:2]}-{tail[2:4]}-{tail[4:6]}"
    return symbol[:-TAIL].strip(), expires


def deviations(leg: Told, moves: Mapping[tuple[str, str], Told]) -> float | None:
    """Return how many expected moves its strike lies from the forward; None where nobody knows."""
    move, strike = moves.get(_of(leg)), leg["symbol"][-STRIKE_DIGITS:]
    if move is None or not move["expected_move"] or not strike.isdigit():
        return None
    return float(abs(int(strike) / 1_000 - move["forward"]) / move["expected_move"])


def structures(board: Told, moves: Mapping[tuple[str, str], Told]) -> list[Told]:
    """Return what ends, by structure, the soonest first, each leg with its strike's distance."""
    found: dict[str, Told] = {}
    for leg in board["legs"]:
        name = leg["structure_id"]
        each = found.setdefault(name, {"id": name, "strategy": leg["strategy"], "until": None, "legs": []})
        each["legs"].append({**leg, "deviations": deviations(leg, moves)})
        ends = [at for at in (each["until"], leg["must_end_at"]) if at]
        each["until"] = min(ends, default=None)
    for each in found.values():
        each["concerns"] = [told for told in board["concerns"] if told["structure_id"] == each["id"]]
    return sorted(found.values(), key=lambda each: each["until"] or "9999")


def what_if(sources: Sources, query: Mapping[str, str]) -> Told:
    """Return the book repriced as `holdfast whatif` does, or why it is not; sends nothing."""
    asked = {name: query.get(name, default) for name, default in (("spot", "-3"), ("iv", "6"), ("days", "0"))}
    answer: dict[str, Any] = {"asked": asked, "found": None, "wrong": ""}
    try:
        numbers = [float(asked[name].strip().removesuffix("%")) for name in ("spot", "iv", "days")]
        shock = Shock(spot=numbers[0] / 100, volatility=numbers[1] / 100, days=numbers[2])
    except (ValueError, ValidationError):
        return answer | {"wrong": "No market moves so: spot in percent, volatility in points, days in days."}
    try:
        found = whatif.reprice(sources.where, shock)
    except (OSError, ValueError) as error:
        return answer | {"wrong": f"It cannot be repriced now: {error}"}
    if found is None:
        return answer | {"wrong": "Nothing was measured since this machine's boot."}
    return answer | {"found": found[1], "age_s": found[2]}
