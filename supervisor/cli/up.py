"""`holdfast up`: run the tree of one state folder until stopped. A second one on the same folder is refused.

The plan is made and checked before anything starts, written to the state folder, and read from there by each
supervisor process. Where a supervisor outlived its keeper, it is kept, with the plan it has.
"""

import importlib
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from actors.places import Places, places
from supervisor import directory as directories
from supervisor import keeper
from supervisor.child_spec import Plan, RaySettings
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import state_option
from supervisor.ownership import AlreadyOwned, Ownership, owner
from supervisor.runtime import lock_path, plan_path
from supervisor.tree import ChildState

DETACH_TIMEOUT_S = 120.0
POLL_S = 0.1


@click.command(help="Run the tree in the foreground, or with --detach in the background.")
@state_option
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The settings; default: paper trading.")
@click.option("--plan", "plan_file", type=click.Path(exists=True, path_type=Path), help="A ready plan, as JSON.")
@click.option("--ray-address", default=None, help='"private" (default), "auto", or "host:port" of a running Ray.')
@click.option("--detach", is_flag=True, help="Return once every child runs.")
def up(state: Path, config: Path | None, plan_file: Path | None, ray_address: str | None, detach: bool) -> None:
    """Start the keeper."""
    where = places(state)
    plan = _plan(where, config, plan_file)
    if ray_address is not None:
        plan = plan.model_copy(update={"ray": plan.ray.model_copy(update={"address": ray_address})})
        RaySettings.model_validate(plan.ray.model_dump())
    try:
        ownership = Ownership.take(keeper.lock(where.state), datetime.now(UTC))
    except AlreadyOwned as error:
        click.echo(f"{error}\nTo end it: holdfast down --state {where.state}", err=True)
        sys.exit(ExitCode.USAGE)
    if owner(lock_path(where.state)) is None:
        plan_path(where.state).write_text(plan.model_dump_json(indent=1))
    if detach and os.fork():
        _wait_until_running(where, plan)
        return
    if detach:
        _leave_terminal(where)
    ownership.sign(datetime.now(UTC))
    orderly = keeper.keep(plan, where)
    sys.exit(ExitCode.DONE if orderly else ExitCode.NOT_CONFIRMED)


def _plan(where: Places, config: Path | None, plan_file: Path | None) -> Plan:
    if plan_file is not None:
        return Plan.model_validate_json(plan_file.read_bytes())
    made = importlib.import_module("supervisor.app").plan(where, config)
    assert isinstance(made, Plan)
    return made


def _leave_terminal(where: Places) -> None:
    os.setsid()
    where.logs.mkdir(mode=0o700, exist_ok=True)
    log = os.open(where.logs / "keeper.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)


def _wait_until_running(where: Places, plan: Plan) -> None:
    names = [child.name for child in plan.children()]
    deadline = time.monotonic() + DETACH_TIMEOUT_S
    while time.monotonic() < deadline:
        directory = directories.read(where.directory)
        children = directory.children if directory else {}
        if children and all(name in children and children[name].state is ChildState.RUNNING for name in names):
            click.echo(f"{len(names)} children run; holdfast status --state {where.state}")
            return
        if owner(keeper.lock(where.state)) is None:
            click.echo(f"the keeper ended; see {where.logs / 'keeper.log'}", err=True)
            sys.exit(ExitCode.NOT_RUNNING)
        time.sleep(POLL_S)
    click.echo("not everything runs yet; see holdfast tree", err=True)
    sys.exit(ExitCode.DEGRADED)
