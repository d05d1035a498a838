"""`holdfast completion SHELL`: print what makes bash, zsh or fish complete verbs and options. Needs no --state.

Put it where the shell reads it, e.g. `holdfast completion bash >> ~/.bashrc`. Completing verbs imports none of them.
"""

import json

import click
from click.shell_completion import get_completion_class

from supervisor.cli.options import json_option

PROGRAM = "holdfast"
SCHEMA = "holdfast.completion/1"


@click.command(help="Print the completion script of your shell; needs no --state.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@json_option
def completion(shell: str, as_json: bool) -> None:
    """Print."""
    from supervisor.cli.main import main

    found = get_completion_class(shell)
    assert found is not None
    text = found(main, {}, PROGRAM, f"_{PROGRAM.upper()}_COMPLETE").source()
    click.echo(json.dumps({"schema": SCHEMA, "shell": shell, "script": text}) if as_json else text)
