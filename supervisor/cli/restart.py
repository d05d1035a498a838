"""`holdfast restart ACTOR`: stop one child in order and start it again, through the supervisor.

Whatever restarts with it by the plan does so here, too. A child that died too often and is retried slowly starts anew
with a clean record; the stop that was latched for it stays, until a person resumes. Exit 0: it runs again; 2: no such
child; 3: no supervisor; 8: asked, and not seen running in time.
"""

import json
import sys
from pathlib import Path

import click

from actors.places import Places, places
from supervisor import directory as directories
from supervisor.app.drill import Overdue, wait_for
from supervisor.asked import RestartAsked, ask
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, reason_option, state_option
from supervisor.directory import Entry
from supervisor.ownership import owner
from supervisor.runtime import lock_path
from supervisor.tree import ChildState


@click.command(help="Stop one actor in order and start it again; lifts the slow pace of one that died too often.")
@click.argument("actor")
@reason_option
@click.option("--wait", default=60.0, show_default=True, help="Seconds to wait until it runs again.")
@state_option
@json_option
def restart(actor: str, reason: str, wait: float, state: Path, as_json: bool) -> None:
    """Ask, wait, tell."""
    where = places(state)
    before = _entry(where, actor)
    ask(where.run, RestartAsked(name=actor, reason=reason))
    try:
        after = wait_for(f"{actor} running again", lambda: _successor(where, actor, before), wait)
    except Overdue as overdue:
        click.echo(f"{overdue}; holdfast tree tells more", err=True)
        sys.exit(ExitCode.NOT_CONFIRMED)
    pid = after.process.pid if after.process else None
    told = {"schema": "holdfast.restart/1", "actor": actor, "pid": pid, "incarnation": after.incarnation}
    click.echo(json.dumps(told) if as_json else f"{actor} runs again: process {pid}, incarnation {after.incarnation}")


def _entry(where: Places, actor: str) -> Entry:
    directory = directories.read(where.directory)
    if directory is None or owner(lock_path(where.state)) is None:
        click.echo(f"no supervisor runs in {where.state}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    if actor not in directory.children:
        click.echo(f"no actor {actor}; there is {', '.join(directory.children)}", err=True)
        sys.exit(ExitCode.USAGE)
    if directory.children[actor].state is ChildState.AWAY:
        click.echo(f"{actor} runs on another node: restart it there, with that node's --state", err=True)
        sys.exit(ExitCode.USAGE)
    return directory.children[actor]


def _successor(where: Places, actor: str, before: Entry) -> Entry | None:
    directory = directories.read(where.directory)
    now = directory.children.get(actor) if directory else None
    fresh = now is not None and now.incarnation > before.incarnation and now.state is ChildState.RUNNING
    return now if fresh else None
