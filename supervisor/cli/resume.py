"""`holdfast resume`: loosen the stop in force, after looking at what tripped and at what is open.

It is loosened by a person with a reason, who is shown the stop, the session's baseline and all that is open, and asked.
It is refused while a breaker is tripped that stops everybody, while an account does not agree, and, unless the person
says `--despite-doubt`, while an order is in doubt. All of it is looked at once more after the answer, and a stop that
was latched meanwhile is not the one that is loosened. A breaker that pauses one strategy holds by itself, and is told.

Exit 0: loosened, or there was no stop; 2: no reason, or not the folder to do it in; 3: no executor is heard, and it
alone knows what is open; 5: the person did not confirm, the stop stays; 6: refused; 8: loosened, and not heard to be
obeyed.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from actors.domain.orders.breaker_event import BreakerStep
from actors.latch import Latch, LatchChanged, StopLevel, read_latch
from actors.latch import resume as loosen
from actors.places import Places, places
from supervisor.app.copy_folder import is_copy, is_outpost
from supervisor.cli import boards
from supervisor.cli.boards import Board
from supervisor.cli.breaker import tripped
from supervisor.cli.breaker_lines import trip_lines
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option, state_option, wait_option
from supervisor.cli.route_lines import day_lines
from supervisor.cli.stops import in_force


class Seen(NamedTuple):
    """What a person decides on."""

    held: Latch
    board: Board
    trips: list[dict[str, Any]]

    def refusals(self, *, despite_doubt: bool) -> Iterator[str]:
        """Yield each reason why the stop stays, with what ends it."""
        for trip in self.trips:
            if BreakerStep(trip["step"]).stops_all:
                yield f"breaker {trip['name']} is tripped: holdfast breaker reset {trip['name']} --reason WHY"
        if not self.board["open"]["ready"]:
            away = [each["name"] for each in self.board["routes"] if not each["reconciled"]]
            yield f"not every account agrees with the journal ({', '.join(away)}): holdfast status says why"
        doubts = [each["cl_ord_id"] for each in self.board["open"]["orders"] if each["in_doubt"]]
        if doubts and not despite_doubt:
            yield f"in doubt: {', '.join(doubts)}; look at the broker, or say --despite-doubt"

    def lines(self) -> list[str]:
        """Return the stop, the baseline, what is open, what is tripped."""
        return [
            *in_force(self.held),
            *day_lines(self.board["day"]),
            *boards.open_lines(self.board),
            *trip_lines(self.trips),
        ]

    def as_object(self) -> dict[str, Any]:
        """Return the same as JSON."""
        seen = {"in_force": self.held.model_dump(mode="json"), "day": self.board["day"], "open": self.board["open"]}
        return seen | {"tripped": self.trips}


@click.command(help="Loosen the stop in force: shows what tripped and what is open, and asks.")
@click.option("--reason", required=True, help="Why; kept in the stop's history.")
@by_option
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@click.option("--despite-doubt", is_flag=True, help="Also while an order may or may not exist.")
@wait_option
@state_option
@json_option
def resume(reason: str, by: str, yes: bool, despite_doubt: bool, wait: float, state: Path, as_json: bool) -> None:
    """Look, ask, look again, loosen, tell."""
    where = places(state)
    _check(reason, by, where)
    if read_latch(where.latch).level is StopLevel.NONE:
        _tell({"changed": False}, "no stop is latched", as_json=as_json)
        return
    seen = look(where)
    click.echo("\n".join(seen.lines()), err=as_json)
    _refuse(seen, despite_doubt=despite_doubt, as_json=as_json)
    if not yes:
        _confirm()
        again = look(where)
        _refuse(again, despite_doubt=despite_doubt, as_json=as_json)
    sys.exit(_loosen(seen, where, by, reason, wait, as_json=as_json))


def look(where: Places) -> Seen:
    """Return what is to be decided on; ends the verb where no executor is heard."""
    held, board = read_latch(where.latch), boards.follow(where, boards.HEARD_S)
    if board is None:
        click.echo(f"no executor is heard in {where.state}: what is open is not known; the stop stays", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    return Seen(held, board, tripped(where))


def _check(reason: str, by: str, where: Places) -> None:
    wrong = ""
    if not reason.strip() or not by.strip():
        wrong = "resume needs a person and a reason"
    elif is_outpost(where.state) or is_copy(where.state):
        wrong = "this folder follows another one: resume there"
    if wrong:
        click.echo(wrong, err=True)
        sys.exit(ExitCode.USAGE)


def _refuse(seen: Seen, *, despite_doubt: bool, as_json: bool) -> None:
    """End the verb where something keeps the stop."""
    refusals = list(seen.refusals(despite_doubt=despite_doubt))
    if refusals:
        text = "\n".join(f"REFUSED  {each}" for each in refusals)
        _tell({"changed": False, "refused": refusals} | seen.as_object(), text, as_json=as_json)
        sys.exit(ExitCode.REFUSED)


def _confirm() -> None:
    try:
        is_sure = click.confirm("Let openings go again?", default=False, err=True)
    except click.Abort:
        is_sure = False
    if not is_sure:
        click.echo("the stop stays", err=True)
        sys.exit(ExitCode.HALTED)


def _loosen(seen: Seen, where: Places, by: str, reason: str, wait_s: float, *, as_json: bool) -> ExitCode:
    try:
        loosen(where.latch, by, reason, datetime.now(UTC), seen.held)
    except LatchChanged as changed:
        click.echo(f"another stop is in force now: {changed}; it stays", err=True)
        return ExitCode.REFUSED
    except OSError as error:
        click.echo(f"the stop stays: {error.strerror}", err=True)
        return ExitCode.REFUSED
    after = boards.follow(where, wait_s, lambda board: board["open"]["stop"] is None)
    is_heard = after is not None and after["open"]["stop"] is None
    text = "the executor reads no stop any more" if is_heard else "NOT CONFIRMED: the executor was not heard to read it"
    told = {"changed": True, "confirmed": is_heard, "by": by, "reason": reason}
    _tell(told | seen.as_object(), f"RESUMED  by {by}: {reason}; {text}", as_json=as_json)
    return ExitCode.DONE if is_heard else ExitCode.NOT_CONFIRMED


def _tell(told: dict[str, Any], text: str, *, as_json: bool) -> None:
    click.echo(json.dumps({"schema": "holdfast.resume/1"} | told) if as_json else text)
