"""What `holdfast reduce` and `holdfast halt` do: latch first, then say what is in force, then what is obeyed of it.

The stop is durable before a word is said, and needs nothing that runs: executor and connections read its file. What
the executor does of it is read from its board; what it cannot be heard of is said to be unknown.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from actors.domain.market.session import NEW_YORK
from actors.latch import Latch, StopLevel
from actors.places import Places
from supervisor.app.copy_folder import is_copy
from supervisor.cli import boards
from supervisor.cli.boards import Board
from supervisor.cli.exit_code import ExitCode
from supervisor.stop import latch_or_make_room


def stop(level: StopLevel, by: str, reason: str, where: Places, wait_s: float, *, as_json: bool) -> ExitCode:
    """Latch, say so, and tell what became of the openings that worked."""
    try:
        held, asked = latch(level, by, reason, where)
    except OSError as error:
        click.echo(f"NOT LATCHED: {where.latch}: {error.strerror}. Nothing is stopped.", err=True)
        return ExitCode.NOT_CONFIRMED
    if not as_json:
        click.echo("\n".join(in_force(held, is_new=held == asked)))
    if (why := astray(where)) is not None:
        click.echo(why, err=True)
    board = _heard(held, where, wait_s) if why is None else None
    code = ExitCode.NOT_RUNNING if why is not None else _verdict(board, held)
    if as_json:
        click.echo(json.dumps(_told(held, asked, board, code)))
    elif why is None:
        click.echo("\n".join(_lines(board, held)))
    return code


def latch(level: StopLevel, by: str, reason: str, where: Places) -> tuple[Latch, Latch]:
    """Latch at least this level for a person; return the stop in force, durable, and what was asked. Raises `OSError`.

    Shares nothing with whatever shows anything: it must work where a screen does not.
    """
    asked = Latch(level=level, reason=reason, by=by, at=datetime.now(UTC), by_person=True)
    return latch_or_make_room(where, asked), asked


def astray(where: Places) -> str | None:
    """Return why a stop in this folder stops nothing; None where it may well do."""
    if is_copy(where.state):
        return f"{where.state} follows another node's journal: this stops nothing. Stop it there."
    if not where.journal.exists():
        return f"Nothing was ever traded in {where.state}: is that the folder you meant (--state)?"
    return None


def in_force(held: Latch, *, is_new: bool = True) -> list[str]:
    """Return the stop in force: level, since when, by whom, why."""
    since = f"{held.at.astimezone(NEW_YORK):%a %d %b %H:%M:%S} ET" if held.at else "a time nobody kept"
    lines = [f"LATCHED  {held.level.upper()} since {since}, by {held.by}: {held.reason}"]
    return lines if is_new else [*lines, "         as it was before; the first reason stays"]


def _heard(held: Latch, where: Places, wait_s: float) -> Board | None:
    return boards.follow(where, wait_s, lambda seen: obeys(seen, held) and not openings(seen))


def obeys(board: Board, held: Latch) -> bool:
    """Return whether the executor that wrote a board obeys this stop."""
    return bool(board["open"]["stop"] == held.words)


def openings(board: Board | None) -> list[dict[str, Any]]:
    """Return the openings that may still trade."""
    return [] if board is None else [each for each in board["open"]["orders"] if each["intent"] == "OPEN"]


def _verdict(board: Board | None, held: Latch) -> ExitCode:
    is_done = board is not None and obeys(board, held) and not openings(board)
    return ExitCode.DONE if is_done else ExitCode.NOT_CONFIRMED


def _told(held: Latch, asked: Latch, board: Board | None, code: ExitCode) -> dict[str, Any]:
    return {
        "schema": "holdfast.stop/1",
        "in_force": held.model_dump(mode="json"),
        "changed": held == asked,
        "executor": None if board is None else {"stop": board["open"]["stop"]},
        "openings": None if board is None else openings(board),
        "confirmed": code is ExitCode.DONE,
    }


def _lines(board: Board | None, held: Latch) -> Sequence[str]:
    if board is None:
        return [
            "Executor not heard: no opening leaves, for each connection reads the stop itself;",
            "         what works at the brokers is NOT KNOWN here: look there.",
        ]
    obeyed = "refuses every opening; exits go on" if obeys(board, held) else f"still reads: {board['open']['stop']}"
    working = openings(board)
    end = "         NOT CONFIRMED: these may still trade; holdfast order ID tells more" if working else ""
    return [f"Executor {obeyed}", *map(boards.order_line, working), end or "Openings none works at any broker"]
