"""What nobody foresaw: its traceback kept in a file of its own, cleaned of secrets, under an id that names it."""

import hashlib
import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import click

from actors.redaction import Redactor
from supervisor.chain import JournalDamagedError
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import STATE_DEFAULT

FOLDER = "bugs"


def told(error: Exception) -> ExitCode:
    """Say what ended a verb, and return its exit code: a damaged journal is no bug of ours, all else is."""
    if isinstance(error, JournalDamagedError):
        click.echo(f"the journal is damaged: {error}\n`holdfast journal verify` says its last good event.", err=True)
        return ExitCode.DEGRADED
    return _kept(error)


def _kept(error: Exception) -> ExitCode:
    """Write the traceback down, and say where."""
    lines = traceback.format_exception(error)
    places = "".join(line for line in lines if not line.startswith(type(error).__name__))
    name = f"B-{hashlib.blake2b(places.encode(), digest_size=4).hexdigest()}"
    head = f"{datetime.now(UTC).isoformat()}  holdfast {' '.join(sys.argv[1:])}\n"
    path = _written(name, Redactor().clean(head + "".join(lines)))
    click.echo(f"bug {name}: {type(error).__name__}; what happened is kept in {path}", err=True)
    click.echo("Nothing is known of what it left undone. `holdfast bug-report` packs what its reader needs.", err=True)
    return ExitCode.BUG


def _folder() -> Path:
    """Return where tracebacks are kept: in the state folder that was named, else the environment's, else the usual."""
    named = [after for before, after in pairwise(sys.argv) if before == "--state"]
    state = named[-1] if named else os.environ.get("HOLDFAST_STATE", STATE_DEFAULT)
    return Path(state).expanduser() / FOLDER


def _written(name: str, text: str) -> Path:
    try:
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        path = _folder() / f"{name}.txt"
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
    except OSError:  # a full or read-only disk is no reason to say nothing
        descriptor, spare = tempfile.mkstemp(prefix=f"holdfast-{name}-", suffix=".txt", text=True)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return Path(spare)
    return path
