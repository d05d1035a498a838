"""`holdfast killswitch`: the kill switch's dead-man timer, a process of its own that nobody of the tree supervises.

It fires the kill switch once supervisor, executor or a connection made no progress for so long, with something held.
`up` starts it where `[killswitch] dead_man_s` is set; it may as well be a service of its own.

Exit 0: the runtime was ended as planned, or it fired and each broker shows nothing of ours; 2: nobody said after which
silence; 3: nothing was ever started in this folder; 6: another one watches here; 8: it fired, and something remains.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from actors.config_model import RuntimeConfig
from actors.places import places
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import state_option
from supervisor.killswitch.watching import Watching
from supervisor.ownership import AlreadyOwned, Ownership

LOCK = "killswitch-watch.lock"


@click.command(help="Watch the runtime's progress, and fire the kill switch when it is silent with something held.")
@click.option("--silence", type=click.FloatRange(min=1), help="Seconds; default [killswitch] dead_man_s.")
@state_option
def killswitch(silence: float | None, state: Path) -> None:
    """Watch, fire, tell."""
    where = places(state)
    if not where.config.exists():
        click.echo(f"nothing was ever started in {where.state}: is that the folder you meant (--state)?", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    section = RuntimeConfig.model_validate_json(where.config.read_bytes()).killswitch
    after_s = silence or section.dead_man_s
    if after_s is None:
        click.echo("after which silence? say --silence SECONDS, or set dead_man_s in [killswitch]", err=True)
        sys.exit(ExitCode.USAGE)
    try:
        hold = Ownership.take(where.state / LOCK, datetime.now(UTC))
    except AlreadyOwned as error:
        click.echo(f"{error}: another one watches here", err=True)
        sys.exit(ExitCode.REFUSED)
    verdict = Watching(where, after_s, section.wait_s, _say).run()
    hold.release()
    if verdict is not None:
        _say("FLAT" if verdict.is_flat else "NOT CONFIRMED: do not assume flat; holdfast kill goes on")
    sys.exit(ExitCode.DONE if verdict is None or verdict.is_flat else ExitCode.NOT_CONFIRMED)


def _say(text: str) -> None:
    click.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}")
