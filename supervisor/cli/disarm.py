"""`holdfast disarm`: end live trading's arming now. Openings stop at once, whatever runs; exits go on.

Exit 0: disarmed, as executor and connections read at their next opening; 6: the configuration is not live.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from actors.armed import Armed, set_armed
from actors.config_sections import Mode
from actors.places import places
from supervisor.app import arming
from supervisor.cli.arm import SCHEMA, settings
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option


@click.command(help="End live trading's arming now: nothing opens any more, exits go on.")
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The settings that `up` was given.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), envvar="HOLDFAST_STATE", help="As of `up`.")
@click.option("--reason", default="by hand", show_default=True, help="Why; kept in the history of arming.")
@by_option
@json_option
def disarm(config: Path | None, state: Path | None, reason: str, by: str, as_json: bool) -> None:
    """Disarm."""
    settled = settings(config, state)
    if settled.runtime.mode is not Mode.LIVE:
        click.echo(f"mode is {settled.runtime.mode}: nothing was ever armed", err=True)
        sys.exit(ExitCode.REFUSED)
    armed = Armed(accounts=arming.tails(settled), by=by, reason=reason, at=datetime.now(UTC))
    set_armed(places(settled.runtime.state).armed, armed)
    told = {"schema": SCHEMA, **armed.model_dump(mode="json")}
    click.echo(json.dumps(told) if as_json else f"DISARMED by {by}: {reason}")
