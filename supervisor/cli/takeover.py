"""`holdfast takeover --confirm-dead NODE`: make this folder, which served that node, the journal to trade on.

Exit 0: taken over, and openings are off; 6: refused, and nothing was changed.
"""

import getpass
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from actors.places import places
from supervisor.app.takeover import TakeoverRefused, take_over
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option

SILENCE_S = 3.0
"""A leader dials again every half second (`[journal] redial_s`): one that lives is heard well within it."""


@click.command(help="Make a follower's copy the journal to trade on, on your word that its leader's node is dead.")
@state_option
@click.option("--confirm-dead", "node", required=True, metavar="NODE", help="The node you know to be off, by its name.")
@click.option("--reason", required=True, help="How you know; kept in the journal.")
@click.option("--by", default=getpass.getuser, show_default="your login", help="Who says so; kept in the journal.")
@click.option("--silence", default=SILENCE_S, show_default=True, help="Seconds in which the node must not be heard.")
@json_option
def takeover(state: Path, node: str, reason: str, by: str, silence: float, as_json: bool) -> None:
    """Check, take, tell."""
    where = places(state)
    try:
        done = take_over(where, node, by, reason, lambda: datetime.now(UTC), silence_s=silence)
    except TakeoverRefused as error:
        click.echo(f"{error}. Nothing was changed.", err=True)
        sys.exit(ExitCode.REFUSED)
    if as_json:
        click.echo(json.dumps({"schema": "holdfast.takeover/1"} | done.model_dump(mode="json")))
        return
    click.echo(
        f"taken over from {node}: the journal to event {done.sequence}, epoch {done.epoch}; openings are off (reduce)\n"
        f"Next: holdfast up --state {where.state} --config YOURS.toml --set journal.durability=local\n"
        "(or with a follower on a third machine: the one here refuses every leader from now on).\n"
        "It reconciles with every broker; `holdfast recovery` says what it found. Exits that the dead node sent while\n"
        "the follower was away are not in this journal: look at every account before you resume."
    )
