"""`holdfast preflight`: go or no-go, a line a check, each with what was seen, what is allowed and what to do.

Read from files, settings and the journal; nothing need run, and what only a running tree can say is told as unknown.
The last one is kept in `reports/` and stands in the morning's report. Exit 0: go; 6: no-go; 9: the configuration is
invalid; 3: nothing was ever started here and no --config was given.
"""

import json
import sys
from pathlib import Path

import click

from actors.config_model import RuntimeConfig
from actors.domain.market.session import NEW_YORK
from actors.places import Places, places
from supervisor.app.reports.kept import FOLDER, keep
from supervisor.app.reports.reading import settled
from supervisor.cli.arm import settings
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import STATE_DEFAULT, json_option
from supervisor.cli.progress import progress
from supervisor.cli.readiness import as_json as told
from supervisor.cli.readiness import check_lines, folded
from supervisor.cli.readiness import preflight as looked

KEPT = "preflight.json"


@click.command(help="Say go or no-go: every check, with what was seen, what is allowed and what to do.")
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The settings that `up` is given.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), envvar="HOLDFAST_STATE", help="As of `up`.")
@json_option
def preflight(config: Path | None, state: Path | None, as_json: bool) -> None:
    """Look, keep, tell."""
    chosen, where = chosen_settings(config, state)
    with progress("journal") as tell:
        book = folded(where, tell)
    found = looked(chosen, where, book)
    keep(where.state / FOLDER / KEPT, json.dumps(told(found)).encode())
    if as_json:
        click.echo(json.dumps(told(found)))
    else:
        at = found.made_at.astimezone(NEW_YORK)
        click.echo(f"GO / NO-GO   {at:%a %d %b %H:%M} ET   {found.mode.upper()}")
        click.echo("\n".join(check_lines(found)))
        failed = len(found.failures)
        click.echo("GO: nothing forbids trading." if found.is_go else f"NO-GO: {failed} failed.")
    sys.exit(ExitCode.DONE if found.is_go else ExitCode.REFUSED)


def chosen_settings(config: Path | None, state: Path | None) -> tuple[RuntimeConfig, Places]:
    """Return the settings that are named, else those the state folder was last started with; else the shipped ones."""
    if config is None:
        where = places(state or STATE_DEFAULT)
        known = settled(where)
        if known is not None:
            return known, where
    chosen = settings(config, state)
    return chosen, places(chosen.runtime.state)
