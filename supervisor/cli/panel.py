"""`holdfast panel`: serves this state folder's page on 127.0.0.1, outside Ray, and prints a link that is good once.

Where one runs already, another link to it is printed. It shows what journal and boards say, with the tree alive or
dead; what may be done there is `reduce`, `halt`, and what alerts allow.

Exit 0: a link to the one that runs, or it was stopped; 2: the port is another program's; 6: another one starts here.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Final

import click

from actors.config_panel import PanelSection
from actors.places import places
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import state_option

NICE: Final = 5
"""Whoever trades comes first."""


@click.command(help="Serve this folder's page on 127.0.0.1, and print a link that is good once.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Default [panel] port; 0: any that is free.")
@click.option("--with-tree", is_flag=True, hidden=True, help="End once the tree was ended as planned.")
@state_option
def panel(port: int | None, with_tree: bool, state: Path) -> None:
    """Serve, or print a link."""
    from actors.logs import LogSettings, set_up
    from actors.redaction import Redactor
    from supervisor.ownership import AlreadyOwned
    from supervisor.panel.identity import settings
    from supervisor.panel.running import PortTaken, Serving, link, port_of_running

    os.umask(0o077)
    where = places(state)
    config = settings(where)
    section = config.panel if config is not None else PanelSection()
    if port is not None:
        section = section.model_copy(update={"port": port})
    if (running := port_of_running(where)) is not None:
        click.echo(link(where, section, running))
        return
    try:
        serving = Serving(where, section)
    except AlreadyOwned as error:
        click.echo(f"{error}: another one starts here", err=True)
        sys.exit(ExitCode.REFUSED)
    except PortTaken as error:
        click.echo(f"{error}. Another port: holdfast panel --port N, or [panel] port", err=True)
        sys.exit(ExitCode.USAGE)
    set_up("panel", where.logs, LogSettings(), Redactor())
    if with_tree:  # nobody reads it here, and a link lies in no log
        click.echo(f"listens on port {serving.port}; a link: holdfast panel --state {where.state}")
    else:
        click.echo(f"{serving.link()}\nGood once; another: holdfast panel. Ends with Ctrl-C.")
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: serving.stop())
    os.nice(NICE)
    serving.run(with_tree=with_tree)
