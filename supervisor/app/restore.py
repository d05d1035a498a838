"""Brings a backup back as a state folder, so that nothing of its past can send.

Rules of this file:
* Nothing that lives is replaced, and no journal that knows more than the backup, unless somebody says so. What was
  there is renamed, never deleted; the new folder takes its name only when all of it is on the disk.
* The epoch taken is far above any that the backup or the folder knew: whoever held one of those is refused (law 9). So
  are the incarnations: a connection must never find an old attempt's number to be its own.
* The send ledgers stay in the backup. What they do not say would prove that an attempt was not sent, and a backup
  cannot know: without them every unanswered attempt is in doubt, and its broker is asked (law 2).
* Openings stay off (reduce) until a person resumes: the brokers know more than the backup. The start reconciles
  (law 8), and an id that a broker shows is never taken again.
* The paper venue is the world outside: where the folder has one, it goes on as it is.
"""

import shutil
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import Final

from actors.domain.value import Value
from actors.epoch import read_epoch, take_epoch
from actors.latch import Latch, StopLevel, read_latch, tighten
from actors.places import Places
from actors.ports import DamagedState
from supervisor import directory as directories
from supervisor import keeper
from supervisor.app.backup import Manifest, check, make_durable, sync_folder
from supervisor.chain import Chain, JournalDamagedError
from supervisor.journal import JournalReader
from supervisor.journal_head import JournalBusyError, JournalHead, acknowledged
from supervisor.ownership import AlreadyOwned, Ownership
from supervisor.process import alive
from supervisor.runtime import lock_path

STEP: Final = 1_000
"""How far above every known epoch and incarnation: those that came after the backup, on a lost disk, are not known."""
_LEFT_OUT: Final = "ledgers/"
_VENUE: Final = "venue"
_INCARNATIONS: Final = "incarnations"


class RestoreRefused(Exception):
    """The folder lives, or knows more than the backup; nothing was changed."""


class Restored(Value):
    """What a restore did. `set_aside`: where what was there before lies now."""

    manifest: Manifest
    epoch: int
    set_aside: Path | None


def restore(where: Places, backup: Path, now: datetime, *, over_newer: bool = False) -> Restored:
    """Put a backup in the place of a state folder. Raises `BackupUnsound`, `RestoreRefused`."""
    manifest = check(backup)
    with ExitStack() as held:
        _hold(where, now, held)
        present = _end(where.journal)
        if present is not None and present.sequence > manifest.sequence and not over_newer:
            raise RestoreRefused(
                f"the journal in {where.state} goes on to event {present.sequence}, the backup to {manifest.sequence}"
            )
        fresh = where.state.with_name(f"{where.state.name}.restoring")
        epoch = _lay_out(where, backup, manifest, fresh, now)
        aside = where.state.with_name(f"{where.state.name}.before-{now:%Y%m%dT%H%M%SZ}")
        where.state.rename(aside)
        fresh.rename(where.state)
        sync_folder(where.state.parent)
    if not any(path.stat().st_size for path in aside.rglob("*") if path.is_file() and path.suffix != ".lock"):
        shutil.rmtree(aside)
        return Restored(manifest=manifest, epoch=epoch, set_aside=None)
    return Restored(manifest=manifest, epoch=epoch, set_aside=aside)


def _hold(where: Places, now: datetime, held: ExitStack) -> None:
    """Keep everybody out who could be living there, or refuse."""
    try:
        for path in (keeper.lock(where.state), lock_path(where.state)):
            held.callback(Ownership.take(path, now).release)
        held.callback(JournalHead(where.journal).release)
    except (AlreadyOwned, JournalBusyError) as error:
        raise RestoreRefused(str(error)) from None
    directory = directories.read(where.directory)
    for name, entry in (directory.children if directory else {}).items():
        if entry.process is not None and alive(entry.process):
            raise RestoreRefused(f"{name} lives (process {entry.process.pid}): holdfast down first")


def _end(journal: Path) -> Chain | None:
    """Return how far a journal goes, by its events or by what was acknowledged of it; None: there is none."""
    try:
        known = acknowledged(journal)
    except JournalDamagedError:
        known = None
    try:
        with closing(JournalReader(journal)) as reader:
            last = reader.last()
    except (FileNotFoundError, JournalDamagedError):
        last = None
    ends = [Chain(last.sequence, last.hash)] if last else []
    ends += [known] if known else []
    return max(ends, key=lambda end: end.sequence, default=None)


def _lay_out(where: Places, backup: Path, manifest: Manifest, fresh: Path, now: datetime) -> int:
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    for name in manifest.files:
        if name.startswith(_LEFT_OUT):
            continue
        (fresh / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(backup / name, fresh / name)
    if (where.state / _VENUE).is_dir():
        shutil.copytree(where.state / _VENUE, fresh / _VENUE)
    to = Places(state=fresh, run=where.run)
    make_durable(fresh)
    head = JournalHead(to.journal)
    head.write(Chain(manifest.sequence, bytes.fromhex(manifest.hash)))
    head.release()
    epoch = take_epoch(to.epoch, above=max(manifest.epoch, _epoch(where)) + STEP)
    started = max(_incarnation(where.state), _incarnation(fresh)) + STEP
    (fresh / _INCARNATIONS).write_text(f"{started:020d}\n")
    tighten(to.latch, read_latch(where.latch))
    reason = f"restored from a backup of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC, event {manifest.sequence}"
    tighten(to.latch, Latch(level=StopLevel.REDUCE, reason=reason, by="restore", at=now))
    make_durable(fresh)
    return epoch


def _incarnation(state: Path) -> int:
    try:
        return int((state / _INCARNATIONS).read_text())
    except (OSError, ValueError):
        return 0


def _epoch(where: Places) -> int:
    try:
        return read_epoch(where.epoch)
    except DamagedState:
        return 0
