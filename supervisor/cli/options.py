"""Options that several verbs share."""

from pathlib import Path

import click

STATE_DEFAULT = Path("~/.local/state/holdfast")

state_option = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="HOLDFAST_STATE",
    default=STATE_DEFAULT,
    show_default=True,
    help="The state folder: one runtime each.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
reason_option = click.option("--reason", default="by hand", show_default=True, help="Why; kept in the journal.")
wait_option = click.option("--wait", default=10.0, show_default=True, help="Seconds to wait for the end.")
