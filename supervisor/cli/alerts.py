"""`holdfast alerts`: what stands unacknowledged, what is silenced, what came and who took it. From files alone.

Exit 0: told. `alerts` alone and `alerts standing` show what a person should see to; `alerts history` what came.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from actors.places import places
from supervisor import alert_door
from supervisor.cli.alert_lines import history_lines, silence_lines, standing_lines
from supervisor.cli.options import json_option, state_option

SCHEMA = "holdfast.alerts/1"
LAST = 20


@click.group(invoke_without_command=True, help="Show what stands, what is silenced and what came.")
@state_option
@json_option
@click.pass_context
def alerts(context: click.Context, state: Path, as_json: bool) -> None:
    """Show what stands where no other verb is asked."""
    if context.invoked_subcommand is None:
        _tell(state, 0, as_json=as_json)
    said: dict[str, object] = {"state": state, "as_json": as_json}
    context.default_map = dict.fromkeys(alerts.commands, said)  # also what was said before the verb's second word


@alerts.command(help="What nobody has acknowledged yet, and what is silenced.")
@state_option
@json_option
def standing(state: Path, as_json: bool) -> None:
    """Read, tell."""
    _tell(state, 0, as_json=as_json)


@alerts.command(help="What came last, and who took it.")
@click.option("--last", default=LAST, show_default=True, type=click.IntRange(1, 500), help="How many.")
@state_option
@json_option
def history(last: int, state: Path, as_json: bool) -> None:
    """Read, tell."""
    _tell(state, last, as_json=as_json)


def _tell(state: Path, last: int, *, as_json: bool) -> None:
    where = places(state)
    now = datetime.now(UTC)
    board, runs = alert_door.read_alerts(where, now), alert_door.notifier_runs(where)
    if as_json:
        told = board.model_dump(mode="json")
        told["history"] = told["history"][-last:] if last else []
        click.echo(json.dumps({"schema": SCHEMA, "notifier_runs": runs, **told}))
        return
    lines = list(history_lines(board, last)) if last else [*standing_lines(board), *silence_lines(board)]
    if not runs:
        lines.append("No notifier runs: nobody is told of anything new, and what is asked waits for its start.")
    click.echo("\n".join(lines))
