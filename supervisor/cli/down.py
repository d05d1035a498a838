"""`holdfast down`: end the runtime of one state folder, and only it, and prove it.

A Ray that was joined, not started, stays. Where the tree has other nodes, theirs is ended first; one that was lost is
named, because nobody can confirm it from here.
"""

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Final

import click

from actors.places import Places, places
from supervisor import directory as directories
from supervisor import ending
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option
from supervisor.directory import DirectoryDamaged, NodeState
from supervisor.killswitch.hold import lock
from supervisor.ownership import owner
from supervisor.process import Process, alive

SCHEMA: Final = "holdfast.down/1"


@click.command(help="End the runtime of this state folder, and only it.")
@state_option
@json_option
def down(state: Path, as_json: bool) -> None:
    """Stop, wait, verify."""
    where = places(state)
    if (killing := owner(lock(where.state))) is not None:
        click.echo(f"a kill switch is at work here, process {killing.process.pid}: let it end", err=True)
        sys.exit(ExitCode.REFUSED)
    owners = ending.masters(where)
    elsewhere = [held for held in owners if not held.is_here]
    if elsewhere:
        click.echo(f"{where.state} is run on {elsewhere[0].host}: end it there", err=True)
        sys.exit(ExitCode.REFUSED)
    masters, (named, lost, damage) = [held.process for held in owners], _named(where)
    if not masters and not named and not damage:
        click.echo(f"nothing runs in {where.state}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    began = time.monotonic()
    ending.end(where, masters, ending.grace(where), lambda text: click.echo(text, err=True))
    left = [process.pid for process in (*masters, *named) if alive(process)]
    if left:
        click.echo(f"still there: {left}. Do not assume it is down.", err=True)
        sys.exit(ExitCode.NOT_CONFIRMED)
    if where.directory.exists() and damage:  # an end in order takes it away
        click.echo(f"{damage}\nWhat it named may live, and cannot be ended by it. Do not assume it is down.", err=True)
        sys.exit(ExitCode.NOT_CONFIRMED)
    shutil.rmtree(where.run, ignore_errors=True)
    gone, took_s = len(masters) + len(named), time.monotonic() - began
    told = {"schema": SCHEMA, "processes": gone, "seconds": round(took_s, 1), "nodes_lost": lost}
    click.echo(json.dumps(told) if as_json else f"down: {gone} processes gone, {took_s:.1f} s")
    if lost:
        click.echo(f"lost before, and not confirmed to be down: node {', '.join(lost)}", err=True)
        sys.exit(ExitCode.NOT_CONFIRMED)


def _named(where: Places) -> tuple[list[Process], list[str], str]:
    """Return what the directory names: processes, nodes that were lost; and why it cannot be read, if so."""
    try:
        directory, named = directories.read(where.directory), ending.named(where)
    except DirectoryDamaged as error:
        return [], [], str(error)
    nodes = {} if directory is None else directory.nodes
    return named, [name for name, node in nodes.items() if node.state is NodeState.LOST], ""
