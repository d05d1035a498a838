"""`holdfast down`: end the runtime of one state folder, and only it, and prove it.

The keeper is asked, or the supervisor where no keeper lives; they stop the children in reverse order, each with its
grace. What is still there at the deadline is killed by number and start time, never by name. A Ray that was joined, not
started, stays.
"""

import shutil
import signal
import sys
import time
from pathlib import Path

import click

from actors.places import Places, places
from supervisor import directory as directories
from supervisor import keeper
from supervisor.adoption import Unkillable, bury
from supervisor.child_spec import Plan
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import state_option
from supervisor.ownership import Owner, owner
from supervisor.process import Process, alive, in_session, kill_and_confirm, send, wait_gone
from supervisor.runtime import lock_path, plan_path

MARGIN_S = 20.0
"""What ending costs beyond the children's own grace."""
CONFIRM_S = 10.0


@click.command(help="End the runtime of this state folder, and only it.")
@state_option
def down(state: Path) -> None:
    """Stop, wait, verify."""
    where = places(state)
    elsewhere = [held for held in _owners(where) if not held.is_here]
    if elsewhere:
        click.echo(f"{where.state} is run on {elsewhere[0].host}: end it there", err=True)
        sys.exit(ExitCode.REFUSED)
    masters = [held.process for held in _owners(where)]
    named = _named(where)
    if not masters and not named:
        click.echo(f"nothing runs in {where.state}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    began = time.monotonic()
    if masters:
        send(masters[0], signal.SIGTERM)
    deadline = began + _grace(where)
    for master in masters:
        if not wait_gone(master, max(deadline - time.monotonic(), 0.0)):
            click.echo(f"process {master.pid} did not end in time; killed", err=True)
            kill_and_confirm(master, CONFIRM_S)
    try:
        bury(where.directory)
    except Unkillable as error:
        click.echo(str(error), err=True)
    left = [process.pid for process in (*masters, *named) if alive(process)]
    if left:
        click.echo(f"still there: {left}. Do not assume it is down.", err=True)
        sys.exit(ExitCode.NOT_CONFIRMED)
    shutil.rmtree(where.run, ignore_errors=True)
    click.echo(f"down: {len(masters) + len(named)} processes gone, {time.monotonic() - began:.1f} s")


def _owners(where: Places) -> list[Owner]:
    owners = (owner(keeper.lock(where.state)), owner(lock_path(where.state)))
    return [held for held in owners if held is not None]


def _named(where: Places) -> list[Process]:
    """Every other process of this runtime that is alive now."""
    directory = directories.read(where.directory)
    if directory is None:
        return []
    named = [entry.process for entry in directory.children.values() if entry.process is not None]
    named += directory.spares.values()
    if directory.ray is not None and directory.ray.private:
        named += [*directory.ray.processes, *(process for process, _ in in_session(directory.ray.session))]
    return [process for process in dict.fromkeys(named) if alive(process)]


def _grace(where: Places) -> float:
    try:
        plan = Plan.model_validate_json(plan_path(where.state).read_bytes())
    except FileNotFoundError:
        return MARGIN_S
    return MARGIN_S + sum(child.stop_grace_s for child in plan.children())
