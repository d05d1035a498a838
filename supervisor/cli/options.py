"""Options that several verbs share."""

import os
from getpass import getuser
from pathlib import Path

import click

STATE_DEFAULT = Path("~/.local/state/holdfast")


def user() -> str:
    """Return who asks; one whom the system has no name for is told by number."""
    try:
        return getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


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
stop_reason_option = click.option("--reason", default="by hand", show_default=True, help="Why; kept with the stop.")
by_option = click.option("--by", default=user, show_default="your user name", help="Who.")
