"""`holdfast journal`: walk the chain, make a backup while the tree runs, bring one back. None of it needs Ray.

Exit 0: sound, made, restored; 3: there is no journal; 4: the journal is damaged; 6: refused, and nothing was changed.
"""

import json
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from actors.domain.value import Value
from actors.places import places
from supervisor.app.backup import BackupUnsound, back_up
from supervisor.app.readiness.noted import note_backup
from supervisor.app.restore import RestoreRefused
from supervisor.app.restore import restore as bring_back
from supervisor.chain import Chain, JournalDamagedError
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option
from supervisor.journal import JournalReader

SLICE_EVENTS = 5_000


class Verified(Value):
    """What a walk found: the last event that is proved to be as written, and what is wrong after it."""

    last_good: int
    epoch: int = 0
    fault: str = ""


@click.group(help="Verify the journal, back the state folder up, or restore it; each takes --state.")
def journal() -> None:
    """Group the verbs of the journal."""


@journal.command(help="Walk the whole chain and say the last good event.")
@state_option
@json_option
def verify(state: Path, as_json: bool) -> None:
    """Walk, tell."""
    found = verified(places(state).journal)
    text = f"sound: {found.last_good} events, the last of epoch {found.epoch}"
    if found.fault:
        text = f"DAMAGED after event {found.last_good}: {found.fault}\nNothing is opened on it, and no executor starts "
        text += "where its state rests on that event. Keep the folder; `holdfast journal restore` brings a backup back."
    _tell("holdfast.journal-verify/1", found.model_dump() | {"sound": not found.fault}, text, as_json=as_json)
    sys.exit(ExitCode.DEGRADED if found.fault else ExitCode.DONE)


@journal.command(help="Copy the state folder, as it is in one instant, into a new folder below FOLDER.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@state_option
@json_option
def backup(folder: Path, state: Path, as_json: bool) -> None:
    """Copy, check, tell."""
    try:
        made, manifest = back_up(places(state), folder.expanduser().resolve(), datetime.now(UTC))
    except FileNotFoundError as error:
        _fail(error, ExitCode.NOT_RUNNING)
    except JournalDamagedError as error:
        _fail(error, ExitCode.DEGRADED)
    note_backup(places(state), manifest.taken_at, manifest.sequence)
    told = {"folder": str(made), **manifest.model_dump(mode="json", exclude={"files"}), "files": len(manifest.files)}
    text = f"{made}: {len(manifest.files)} files, the journal to event {manifest.sequence}"
    _tell("holdfast.journal-backup/1", told, text, as_json=as_json)


@journal.command(help="Put BACKUP in the place of the state folder; what was there is set aside.")
@click.argument("backup", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--over-newer", is_flag=True, help="Although the journal that is there goes further than the backup.")
@state_option
@json_option
def restore(backup: Path, over_newer: bool, state: Path, as_json: bool) -> None:
    """Check, replace, tell."""
    try:
        done = bring_back(places(state), backup.resolve(), datetime.now(UTC), over_newer=over_newer)
    except (BackupUnsound, RestoreRefused) as error:
        _fail(error, ExitCode.REFUSED)
    text = f"restored: the journal to event {done.manifest.sequence}, epoch {done.epoch}; openings are off (reduce)\n"
    text += f"what was there: {done.set_aside or 'nothing'}\n"
    text += "Brokers know more than the backup: `holdfast up` reconciles and `holdfast recovery` says what it found. "
    text += "Look at every account before you resume."
    told = {"sequence": done.manifest.sequence, "epoch": done.epoch, "taken_at": done.manifest.taken_at.isoformat()}
    told |= {"set_aside": str(done.set_aside) if done.set_aside else None}
    _tell("holdfast.journal-restore/1", told, text, as_json=as_json)


def verified(path: Path) -> Verified:
    """Walk a journal to its end, or to what is wrong. Exits where there is none."""
    chain = Chain()
    try:
        with closing(JournalReader(path)) as reader:
            while reader.follow(chain, SLICE_EVENTS):
                pass
            last, fault = reader.last(), reader.is_whole()
    except FileNotFoundError as error:
        _fail(error, ExitCode.NOT_RUNNING)
    except JournalDamagedError as error:
        return Verified(last_good=chain.sequence, fault=str(error))
    return Verified(last_good=chain.sequence, epoch=last.epoch if last else 0, fault=fault)


def _tell(schema: str, told: dict[str, object], text: str, *, as_json: bool) -> None:
    click.echo(json.dumps({"schema": schema} | told) if as_json else text)


def _fail(error: Exception, code: ExitCode) -> NoReturn:
    click.echo(str(error), err=True)
    sys.exit(code)
