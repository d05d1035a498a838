"""`holdfast ack NAME`: a person has seen what stands; it is not said again.

Works with nothing running: the answer is kept, and the notifier takes it at its start.
Exit 0: acknowledged, or kept; 2: nothing that stands has that name; 8: the notifier runs and has not taken it.
"""

import json
import sys
from pathlib import Path

import click

from actors.places import places
from supervisor import alert_door
from supervisor.alert_door import KEPT
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option, state_option, wait_option

SCHEMA = "holdfast.ack/1"


@click.command(help="Acknowledge what stands: NAME is its short name, an alert's id, a code, a subject, or all.")
@click.argument("name")
@click.option("--reason", default="", help="What you make of it; kept with it.")
@by_option
@wait_option
@state_option
@json_option
def ack(name: str, reason: str, by: str, wait: float, state: Path, as_json: bool) -> None:
    """Ask, wait, tell."""
    where = places(state)
    asked = alert_door.acknowledge(where, name, by=by, reason=reason)
    if asked.why is not None:
        click.echo(asked.why, err=True)
        sys.exit(ExitCode.USAGE)
    runs = alert_door.notifier_runs(where)
    taken = asked.taken(wait if runs else 0)
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "acknowledged": asked.names, "taken": taken, "notifier_runs": runs}))
    else:
        how = "acknowledged" if taken else f"acknowledged; {KEPT}"
        click.echo("\n".join(f"{each}: {how}" for each in asked.names))
    sys.exit(ExitCode.NOT_CONFIRMED if runs and not taken else ExitCode.DONE)
