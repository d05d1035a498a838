"""`holdfast silence WHAT LENGTH --reason WHY`: quiet about a code, a subject or both, for a time; told afterwards.

WHAT is a code (A050), a subject (route-tastytrade, route-*), or both (A050:route-*); LENGTH is 90s, 30m or 2h.
Exit 0: silenced, or kept until the notifier starts; 2: refused, with why; 8: the notifier runs and has not taken it.
"""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from actors.domain.alerts.silence import Silence, silence_about
from actors.places import places
from supervisor import alert_door
from supervisor.alert_door import KEPT
from supervisor.cli.alert_lines import clock
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option, state_option, wait_option

SCHEMA = "holdfast.silence/1"
_LENGTH = re.compile(r"(\d{1,5})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600}


@click.command(help="Want quiet about WHAT (a code, a subject, CODE:SUBJECT) for LENGTH (90s, 30m, 2h); or end it.")
@click.argument("what", required=False)
@click.argument("length", required=False)
@click.option("--reason", default="", help="Why; everybody is told.")
@click.option("--end", "ended", metavar="ID", help="End this silence now.")
@by_option
@wait_option
@state_option
@json_option
def silence(
    what: str | None,
    length: str | None,
    reason: str,
    ended: str | None,
    by: str,
    wait: float,
    state: Path,
    **options: bool,
) -> None:
    """Ask, wait, tell."""
    where = places(state)
    if ended is not None:
        asked, words = alert_door.end_silence(where, ended, by=by), f"silence {ended} ended"
    else:
        seconds = _seconds(length or "")
        if not what or seconds is None:
            click.echo("say what, and for how long: A050 30m", err=True)
            sys.exit(ExitCode.USAGE)
        wanted = silence_about(what, seconds, by=by, reason=reason, now=datetime.now(UTC))
        asked, words = alert_door.silence(where, wanted), _words(wanted)
    if asked.why is not None:
        click.echo(asked.why, err=True)
        sys.exit(ExitCode.USAGE)
    runs = alert_door.notifier_runs(where)
    taken = asked.taken(wait if runs else 0)
    if options["as_json"]:
        told = {"schema": SCHEMA, "silence": asked.names[0], "ended": ended is not None, "taken": taken}
        click.echo(json.dumps(told))
    else:
        click.echo(words if taken else f"{words}; {KEPT}")
    sys.exit(ExitCode.NOT_CONFIRMED if runs and not taken else ExitCode.DONE)


def _seconds(length: str) -> float | None:
    found = _LENGTH.fullmatch(length)
    return None if found is None else float(found[1]) * _SECONDS[found[2]]


def _words(wanted: Silence) -> str:
    return f"silence {wanted.silence_id}: {wanted.words} until {clock(wanted.ends)}"
