"""`holdfast follow`: keep a copy of another node's journal in this state folder, until stopped or taken over.

It runs on the node that is to take over, in the foreground; let a service manager keep it. `holdfast down` ends it.
After a takeover it lets go of the folder and goes on refusing the old leader.
"""

import os
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import click

from actors.credentials import CredentialMissing
from actors.places import places
from supervisor.app.follower import Follower
from supervisor.app.replication import TokenShort, shared_token
from supervisor.chain import JournalDamagedError
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import state_option
from supervisor.journal_head import JournalBusyError
from supervisor.ownership import AlreadyOwned

_BACKLOG = 16


@click.command(help="Keep a copy of another node's journal in this state folder.")
@state_option
@click.option(
    "--listen", required=True, metavar="HOST:PORT", help="Where the leader finds it; [journal] follower there."
)
@click.option("--token", required=True, metavar="NAME", help="The name of the shared secret; [journal] token there.")
def follow(state: Path, listen: str, token: str) -> None:
    """Listen, keep, acknowledge."""
    os.umask(0o077)
    where = places(state)
    try:
        door = _door(listen)
        follower = Follower(where, door, shared_token(token), _say)
    except (CredentialMissing, TokenShort, OSError, ValueError) as error:
        click.echo(f"{error}\nNothing was started.", err=True)
        sys.exit(ExitCode.CONFIG_INVALID)
    except (AlreadyOwned, JournalBusyError) as error:
        click.echo(str(error), err=True)
        sys.exit(ExitCode.USAGE)
    except JournalDamagedError as error:
        click.echo(f"the copy is damaged: {error}\nKeep the folder, and follow anew in an empty one.", err=True)
        sys.exit(ExitCode.DEGRADED)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _say(f"listens at {listen}; {'follows' if follower.follows else 'was taken over, and refuses every leader'}")
    while not stop.is_set():
        follower.turn()
    follower.close()


def _door(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    return socket.create_server((host, int(port)), backlog=_BACKLOG)


def _say(text: str) -> None:
    click.echo(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}", err=True)
