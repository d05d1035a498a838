"""`holdfast risk`: greeks by underlying and whole, the stress grid's worst cell, limits used, expected moves.

Read from risk's boards alone, with their age; a number that nobody has measured lately says so, and none is computed
here. Signs are the account's own: delta +120 makes 120 dollars when the underlying rises by 1 %.

Exit 0: told; 3: nothing was measured since this machine's boot.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from actors.domain.market.new_york import NEW_YORK
from actors.places import Places, places
from supervisor.cli.breaker_lines import STALE_S, board_lines, breaker_board
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option

SCHEMA: Final = "holdfast.risk/1"
GREEKS: Final = ("delta", "gamma", "vega", "theta")
_UNITS: Final = {"delta": "per 1 %", "gamma": "per 1 % per 1 %", "vega": "per point", "theta": "per day"}
_NAME: Final = 14


@click.command(help="Say the greeks, the stress grid, what is used of each limit, and the expected moves.")
@state_option
@json_option
def risk(state: Path, as_json: bool) -> None:
    """Read, tell."""
    where = places(state)
    board, breakers = exposure_board(where), breaker_board(where)
    if board is None and breakers is None:
        click.echo(f"risk has measured nothing in {where.state} since this machine's boot", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    if as_json:
        click.echo(json.dumps(as_object(board, breakers)))
    else:
        click.echo("\n".join([*(_lines(board) if board else []), *board_lines(breakers)]))


def as_object(board: dict[str, Any] | None, breakers: dict[str, Any] | None) -> dict[str, Any]:
    """Return both boards as plain JSON."""
    return {"schema": SCHEMA, "exposure": board and told(board), "breakers": breakers}


def exposure_board(where: Places) -> dict[str, Any] | None:
    """Return risk's board of greeks and stress with the age of its quotes; None where none was written since boot."""
    try:
        board: dict[str, Any] = json.loads(where.exposure.read_bytes())
    except FileNotFoundError:
        return None
    since_s = (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - board.pop("at_ns")) / 1e9
    return {"age_s": round(max(since_s, 0) + board["exposure"]["age_s"], 1), **board}


def told(board: dict[str, Any]) -> dict[str, Any]:
    """Return what the board says as a program wants it: figures, limits used, the worst cell, moves."""
    exposure, limits = board["exposure"], board["limits"]
    return {
        "age_s": board["age_s"],
        "at": exposure["at"],
        "underlyings": exposure["underlyings"],
        "whole": board["whole"],
        "limits": [_limit(name, greek, value, limit, board["enabled"]) for name, greek, value, limit in _used(board)],
        "stress": {"worst": _worst(board), "at": board["worst"], "limit": limits["stress_loss_max"]},
        "grid": limits["grid"],
        "beyond": board["beyond"],
        "without": exposure["without"],
        "moves": [
            {key: curve[key] for key in ("root", "underlying", "expires_on", "ends_at", "forward", "expected_move")}
            for curve in exposure["curves"]
        ],
    }


def _limit(name: str, greek: str, value: float, limit: str, enabled: bool) -> dict[str, Any]:
    return {
        "subject": name,
        "greek": greek,
        "value": value,
        "limit": limit,
        "used": round(abs(value) / float(limit), 4),
        "enabled": enabled,
    }


def _used(board: dict[str, Any]) -> Iterator[tuple[str, str, float, str]]:
    """Yield each limit that is set, with what is used of it."""
    scopes = [(name, each, "underlying") for name, each in board["exposure"]["underlyings"].items()]
    for name, figures, whose in (*scopes, ("whole book", board["whole"], "whole")):
        for greek in GREEKS:
            limit = board["limits"][whose][f"{greek}_max"]
            if limit is not None:
                yield name, greek, float(figures[greek]), limit


def _worst(board: dict[str, Any]) -> float | None:
    return min(board["whole"]["cells"], default=None)


def _lines(board: dict[str, Any]) -> Iterator[str]:
    stale = "  STALE" if board["age_s"] > STALE_S else ""
    at = datetime.fromisoformat(board["exposure"]["at"]).astimezone(NEW_YORK)
    yield f"Greeks   dollars of all that is held, on quotes {board['age_s']:.1f} s old ({at:%H:%M:%S} ET){stale}"
    yield " " * (9 + _NAME) + "".join(f"{f'{greek} {_UNITS[greek]}':>24}" for greek in GREEKS)
    named = board["exposure"]["underlyings"].items()
    for name, figures in (*named, ("whole book", board["whole"])):
        yield f"         {name:<{_NAME}}" + "".join(f"{float(figures[greek]):>+24,.0f}" for greek in GREEKS)
    for name, figures in named:
        if figures["unknown"]:
            yield f"UNKNOWN  {name}: no volatility now of {', '.join(figures['unknown'])}; openings are refused (R080)"
    yield from _limit_lines(board)
    for curve in board["exposure"]["curves"]:
        expires = datetime.fromisoformat(curve["ends_at"]).astimezone(NEW_YORK)
        low, high = (curve["forward"] + sign * curve["expected_move"] for sign in (-1, 1))
        yield (
            f"Move     {curve['root']:<6} {expires:%a %d %b %H:%M}  forward {curve['forward']:,.2f}, one deviation "
            f"{curve['expected_move']:,.2f} points: {low:,.2f} to {high:,.2f}"
        )
    if board["exposure"]["without"]:
        yield f"Without  foreign and not quoted, in no figure: {', '.join(board['exposure']['without'])}"


def _limit_lines(board: dict[str, Any]) -> Iterator[str]:
    note = "" if board["enabled"] else "  (not asked of openings: greeks.enabled is false)"
    for name, greek, value, limit in _used(board):
        beyond = "  BEYOND" if f"{name} {greek}" in board["beyond"] else ""
        share = abs(value) / float(limit)
        numbers = f"{abs(value):>10,.0f} of {Decimal(limit):,} {share:>6.0%}"
        yield f"Limit    {name + ' ' + greek:<24} {numbers}{beyond}{note}"
    worst, most = _worst(board), board["limits"]["stress_loss_max"]
    if worst is None:
        yield "Stress   nothing is held"
        return
    used = f" of {Decimal(most):,} {max(-worst, 0.0) / float(most):>6.0%}" if most else ""
    beyond = "  BEYOND" if "whole book stress" in board["beyond"] else ""
    yield f"Stress   worst cell {worst:+,.0f}{used}  at {board['worst']}{beyond}{note}"
