"""`holdfast ray-env`: the exports for a `ray start` of the trader's own, as shell lines or JSON.

The same lines belong in the shell that runs `holdfast up --ray-address`: the token is read on both sides.
"""

import json
from pathlib import Path

import click

from actors.places import places
from supervisor.cli.options import json_option, state_option
from supervisor.private_ray import token
from supervisor.ray_settings import OURS, SHARED

START = "ray start --head --node-ip-address=127.0.0.1 --include-dashboard=false"


@click.command(
    "ray-env", help='Print what a Ray of your own must be told before it starts: eval "$(holdfast ray-env)".'
)
@state_option
@json_option
def ray_env(state: Path, as_json: bool) -> None:
    """Print the exports."""
    path = token(places(state).state / "ray.token")
    settings = (*OURS, *SHARED)
    if as_json:
        values = {setting.name: setting.value for setting in settings} | {"RAY_AUTH_TOKEN_PATH": str(path)}
        click.echo(json.dumps({"schema": "holdfast.ray-env/1", "environment": values, "start": START}))
        return
    for setting in settings:
        click.echo(f"export {setting.name}={setting.value}  # without it, {setting.cost}")
    click.echo(f"export RAY_AUTH_TOKEN_PATH='{path}'")
    click.echo(f"# then, in this shell: {START}")
    click.echo("# and in this shell again: holdfast up --ray-address auto")
