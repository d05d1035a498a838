"""What `holdfast reduce` and `holdfast halt` do: latch first, then say what is in force, then what is obeyed of it.

The stop is durable before a word is said, and needs nothing that runs: executor and connections read its file. What
the executor does of it is read from its board; what it cannot be heard of is said to be unknown.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import click

from actors.domain.market.new_york import NEW_YORK
from actors.latch import Latch, StopLevel
from actors.places import Places
from supervisor.app.copy_folder import is_copy
from supervisor.cli import boards
from supervisor.cli.boards import Board
from supervisor.cli.exit_code import ExitCode
from supervisor.state_disk import mounted_as
from supervisor.stop import latch_or_make_room


class Outcome(NamedTuple):
    """What became of a stop that was `asked`. `held` is what is in force, None where the disk did not take it."""

    code: ExitCode
    asked: Latch | None = None
    held: Latch | None = None
    board: Board | None = None


def stop(level: StopLevel, by: str, reason: str, where: Places, wait_s: float, *, as_json: bool) -> ExitCode:
    """Latch, say so, and tell what became of the openings that worked."""
    tell = (lambda _: None) if as_json else click.echo
    done = carry_out(level, by, reason, where, wait_s, tell, partial(click.echo, err=True))
    if as_json and done.held is not None and done.asked is not None:
        click.echo(json.dumps(_told(done.held, done.asked, done.board, done.code)))
    return done.code


def carry_out(
    level: StopLevel,
    by: str,
    reason: str,
    where: Places,
    wait_s: float,
    tell: Callable[[str], object],
    warn: Callable[[str], object],
) -> Outcome:
    """Latch; tell what is in force, then what is obeyed of it; warn where nothing is stopped."""
    try:
        held, asked = latch(level, by, reason, where)
    except OSError as error:
        warn(f"NOT LATCHED: {where.latch}: {error.strerror}. Nothing is stopped.{_meanwhile(where)}")
        return Outcome(ExitCode.NOT_CONFIRMED)
    tell("\n".join(in_force(held, is_new=held == asked)))
    if (why := astray(where)) is not None:
        warn(why)
        return Outcome(ExitCode.NOT_RUNNING, asked, held)
    board = _heard(held, where, wait_s)
    tell("\n".join(_lines(board, held)))
    return Outcome(_verdict(board, held), asked, held, board)


def _meanwhile(where: Places) -> str:
    """Return what holds all the same where the disk takes no writes at all."""
    if not mounted_as(where.state):
        return ""
    return (
        " No new order leaves while its disk takes no writes, for none can be written down; an opening at work goes on"
        " until its connection misses the executor. `holdfast kill` cancels what works; close at the broker."
    )


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
