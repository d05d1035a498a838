"""`holdfast expiring`: what is held and ends when, in New York's time, what may be assigned, and what is done about it.

Told from risk's board, with its age: needs no Ray, no answer, nothing that runs.

Exit 0: told; 3: risk has looked at no book here since the machine started.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from actors.domain.market.new_york import NEW_YORK
from actors.places import Places, places
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option

STALE_S: Final = 10.0
SCHEMA: Final = "holdfast.expiring/1"
Board = dict[str, Any]


@click.command(help="Say what expires when, what may be assigned, and what is done about it.")
@state_option
@json_option
def expiring(state: Path, as_json: bool) -> None:
    """Read, tell."""
    board = expiry_board(places(state))
    if board is None:
        click.echo(f"risk has looked at no book in {state} since this machine started", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    click.echo(json.dumps(as_object(board)) if as_json else "\n".join(lines(board)))


def as_object(board: Board) -> dict[str, Any]:
    """Return the board as plain JSON."""
    return {"schema": SCHEMA, **board}


def expiry_board(where: Places) -> Board | None:
    """Return risk's board with its age; None where none was written since boot."""
    try:
        board: Board = json.loads(where.expiring.read_bytes())
    except FileNotFoundError:
        return None
    age_s = (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - board.pop("at_ns")) / 1e9
    return {"age_s": round(max(age_s, 0), 1), **board}


def lines(board: Board) -> list[str]:
    """Return the board in a trader's words: each structure, its legs, its dangers."""
    now = datetime.fromisoformat(board["at"])
    found = [f"Expiring as risk knew it {board['age_s']:.0f} s ago"] if board["age_s"] > STALE_S else []
    names = dict.fromkeys(leg["structure_id"] for leg in board["legs"])
    for name in names:
        found += _structure(name, board, now)
    return found if names else [*found, "nothing is held that expires"]


def _structure(name: str, board: Board, now: datetime) -> Iterator[str]:
    legs = [leg for leg in board["legs"] if leg["structure_id"] == name]
    yield f"{name}  ({legs[0]['strategy']})"
    for leg in legs:
        yield f"  {leg['quantity']:+4d} {leg['symbol']:<24} {_end(leg, now)}  {_value(leg)}"
    concerns = [each for each in board["concerns"] if each["structure_id"] == name]
    for each in concerns:
        yield f"  {each['danger']:<9} {each['text']}"
        yield f"            policy: {each['plan']}"
    if not concerns:
        yield "  no danger is seen today"


def _end(leg: dict[str, Any], now: datetime) -> str:
    if leg["last_trade_at"] is None:
        return "ends: no table says"
    last = datetime.fromisoformat(leg["last_trade_at"]).astimezone(NEW_YORK)
    left = last - now
    away = f"in {left.days} d" if left.days > 0 else f"in {max(left.total_seconds(), 0) / 60:.0f} min"
    must = datetime.fromisoformat(leg["must_end_at"]).astimezone(NEW_YORK)
    early = "" if must == last else f", its broker may close it from {must:%H:%M}"
    if leg["quantity"] > 0 and leg["instructions_until"] is not None:
        early += f", exercise or not until {leg['instructions_until'][:5]}"
    return f"ends {last:%a %d %b %H:%M} ET ({away}{early})"


def _value(leg: dict[str, Any]) -> str:
    what = f"{leg['style'].lower()}, {leg['settlement'].lower()}"
    if leg["moneyness"] is None:
        return f"{what}, price unknown"
    return f"{what}, moneyness {leg['moneyness']}, extrinsic {leg['extrinsic']}"
