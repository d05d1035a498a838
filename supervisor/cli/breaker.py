"""`holdfast breaker`: how much of each limit on losses is used, which breakers are tripped, and their reset.

What is tripped is told by the journal, so it is known with nothing running; how much is used by risk's board, with its
age. A reset goes through the executor, is durable before it is confirmed, and loosens the latch that a breaker set, as
soon as no breaker is tripped any more.

Exit 0: told, or reset; 2: no tripped breaker has that name; 3: nothing runs, or nothing ever did; 8: not confirmed.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from actors.domain.orders.event import parse_event
from actors.domain.portfolio.breakers import Breakers
from actors.latch import BREAKER, Latch, LatchChanged, StopLevel, read_latch
from actors.latch import resume as loosen
from actors.messages import BreakersReset, ResetBreakers
from actors.places import Places, places
from supervisor.app.event_schema import EVENTS
from supervisor.cli import door
from supervisor.cli.breaker_lines import board_lines, breaker_board, trip_lines
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option, state_option
from supervisor.journal import JournalReader


@click.group(help="Show the limits on losses, or reset what has tripped; each takes --state.")
def breaker() -> None:
    """Group the verbs of the breakers."""


@breaker.command(help="Say how much of each limit is used, and what is tripped, since when and at what.")
@state_option
@json_option
def show(state: Path, as_json: bool) -> None:
    """Read, tell."""
    where = places(state)
    try:
        found = tripped(where)
    except FileNotFoundError as error:
        click.echo(f"nothing was ever traded in {state}: {error}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    board = breaker_board(where)
    if as_json:
        click.echo(json.dumps(as_object(found, board)))
        return
    click.echo(
        "\n".join([*trip_lines(found), *board_lines(board)] or ["no limit was measured yet, and none is tripped"])
    )


def as_object(found: list[dict[str, Any]], board: dict[str, Any] | None) -> dict[str, Any]:
    """Return what is tripped, and risk's board, as plain JSON."""
    return {"schema": "holdfast.breaker/1", "tripped": found, "board": board}


@breaker.command(help="Reset the tripped breakers whose NAME begins so, part by part; `all` resets all of them.")
@click.argument("name")
@click.option("--reason", required=True, help="Why; kept in the journal.")
@by_option
@state_option
@json_option
def reset(name: str, reason: str, by: str, state: Path, as_json: bool) -> None:
    """Ask, loosen, tell."""
    if not reason.strip() or not by.strip():
        click.echo("a reset needs a person and a reason", err=True)
        sys.exit(ExitCode.USAGE)
    where = places(state)
    beginning = "" if name == "all" else name
    done = door.ask(
        lambda me: ResetBreakers(beginning=beginning, by=by, reason=reason, reply_to=me), BreakersReset, name, where
    )
    loosened = _loosen(where, name, done, by, reason)
    if as_json:
        told = {"reset": done.names, "tripped": done.tripped, "loosened": loosened.model_dump(mode="json")}
        click.echo(json.dumps({"schema": "holdfast.breaker-reset/1", **told}))
    else:
        click.echo("\n".join(_lines(done, loosened)))
    nothing = not done.names and loosened.level is StopLevel.NONE
    if nothing:
        click.echo(f"no tripped breaker is called {name}", err=True)
    sys.exit(ExitCode.USAGE if nothing else ExitCode.DONE)


def _loosen(where: Places, name: str, done: BreakersReset, by: str, reason: str) -> Latch:
    """Loosen the latch where a breaker set it and none that could is tripped; return what was loosened.

    A verb that was killed between reset and latch is finished by asking again, for the breaker that the latch names.
    """
    held = read_latch(where.latch)
    own = held.by == BREAKER and held.reason.startswith(f"breaker {'' if name == 'all' else name}")
    if held.by != BREAKER or done.tripped or not (done.names or own):
        return Latch()
    try:
        return loosen(where.latch, by, reason, datetime.now(UTC), held)
    except LatchChanged:
        return Latch()  # somebody stops for another reason now


def tripped(where: Places) -> list[dict[str, Any]]:
    """Return what is tripped, oldest first, as the journal has it. Raises `FileNotFoundError` without one."""
    reader, known = JournalReader(where.journal, EVENTS), Breakers()
    try:
        for entry in reader.read(kinds=("breaker_tripped", "breaker_reset")):
            known = known.after(parse_event(entry.body), entry.sequence)
    finally:
        reader.close()
    return [trip.model_dump(mode="json") for trip in known.tripped.values()]


def _lines(done: BreakersReset, loosened: Latch) -> list[str]:
    lines = [f"{name}: reset" for name in done.names]
    if loosened.level is not StopLevel.NONE:
        lines.append(f"latch {loosened.level} of {loosened.reason}: loosened")
    return [*lines, *(f"{name}: still tripped" for name in done.tripped)]
