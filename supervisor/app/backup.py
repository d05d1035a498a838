"""A backup of a state folder: one consistent copy, made while the tree runs, with a manifest of hashes.

Rules of this file:
* Each database is copied by SQLite's backup, as it is in one instant. Checkpoints come before the journal, so that none
  stands for an event the copy does not have; the send ledgers after it, so that they know of every attempt in it.
* Everything is on the disk, and the folder has its name, only when all of it is there: a backup cut short is not one.
* No secret is in it: the state folder holds names of secrets, and Ray's token is left out. Nor is the paper venue: it
  is the world outside, which nobody can back up.
"""

import hashlib
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

import apsw

from actors.domain.value import Instant, Value
from actors.epoch import read_epoch
from actors.places import Places
from actors.runtime_tag import FILE as RUNTIME_TAG
from supervisor.chain import JournalDamagedError
from supervisor.journal import JournalReader

MANIFEST: Final = "manifest.json"
SCHEMA: Final = "holdfast.backup/1"
JOURNAL: Final = "journal.sqlite"
BEFORE: Final = (RUNTIME_TAG, "latch.json", "epoch", "checkpoints/*/key", "checkpoints/*/cache.db")
AFTER: Final = (
    "latch.history.jsonl",
    "armed.history.jsonl",
    "killswitch/*",
    "incarnations",
    "ledgers/*/*",
    "config.json",
    "plan.json",
    "exchange-days.json",
    "outbox.jsonl",
    "alert-requests/*",
    "alerts.log",
    "supervisor.log.jsonl",
    "drills.log.jsonl",
    "gate.json",
    "gate.history.jsonl",
    "reports/*.json",
)
_DATABASES: Final = {".db", ".sqlite"}
_CHUNK: Final = 1 << 20


class BackupUnsound(Exception):
    """A backup is not what its manifest says; names the file."""


class Manifest(Value):
    """What a backup holds. `sequence`, `hash`: the journal's last event in it. `files`: BLAKE2b by relative path."""

    schema_name: str = SCHEMA
    taken_at: Instant
    host: str
    sequence: int
    hash: str
    epoch: int
    files: Mapping[str, str]


def back_up(where: Places, folder: Path, now: datetime) -> tuple[Path, Manifest]:
    """Make a backup below `folder`; return where it lies, and its manifest.

    Raises `FileNotFoundError` where there is no journal, `JournalDamagedError` where it does not verify: what is no
    longer sound must not take the place of what is.
    """
    reader = JournalReader(where.journal)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / f".holdfast-{now:%Y%m%dT%H%M%SZ}.unfinished"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    _copy_all(where.state, fresh, BEFORE)
    with closing(reader):
        reader.copy_to(fresh / JOURNAL)
    as_one_file(fresh / JOURNAL)
    _copy_all(where.state, fresh, AFTER)
    with closing(JournalReader(fresh / JOURNAL)) as copied:
        copied.verify()
        last = copied.last()
    if last is None:
        raise FileNotFoundError(f"the journal at {where.journal} has no event yet")
    manifest = Manifest(
        taken_at=now,
        host=socket.gethostname(),
        sequence=last.sequence,
        hash=last.hash.hex(),
        epoch=max(last.epoch, read_epoch(where.epoch)),
        files={str(path.relative_to(fresh)): digest_of(path) for path in sorted(_files(fresh))},
    )
    (fresh / MANIFEST).write_text(manifest.model_dump_json(indent=1))
    make_durable(fresh)
    made = folder / f"holdfast-{now:%Y%m%dT%H%M%SZ}-{last.sequence}"
    fresh.rename(made)
    sync_folder(folder)
    return made, manifest


def check(backup: Path) -> Manifest:
    """Return the manifest of a backup in which every file, and the journal's chain, is as it says.

    Raises `BackupUnsound`.
    """
    try:
        manifest = Manifest.model_validate_json((backup / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise BackupUnsound(f"{backup}: no readable {MANIFEST}: {type(error).__name__}") from None
    if manifest.schema_name != SCHEMA:
        raise BackupUnsound(f"{backup}: made as {manifest.schema_name}; this version reads {SCHEMA}")
    there = {str(path.relative_to(backup)) for path in _files(backup)} - {MANIFEST}
    if odd := there ^ manifest.files.keys():
        raise BackupUnsound(f"{backup}: not as its manifest says: {', '.join(sorted(odd))}")
    for name, digest in manifest.files.items():
        if digest_of(backup / name) != digest:
            raise BackupUnsound(f"{backup}: {name} does not match its hash")
    try:
        with closing(JournalReader(backup / JOURNAL)) as reader:
            reader.verify()
            last = reader.last()
    except JournalDamagedError as error:
        raise BackupUnsound(str(error)) from None
    if last is None or (last.sequence, last.hash.hex()) != (manifest.sequence, manifest.hash):
        raise BackupUnsound(f"{backup}: its journal does not end with event {manifest.sequence}")
    return manifest


def digest_of(path: Path) -> str:
    """Return a file's BLAKE2b."""
    digest = hashlib.blake2b(digest_size=32)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def make_durable(folder: Path) -> None:
    """Bring every file of a folder to the disk, readable by this user alone."""
    for path in _files(folder):
        path.chmod(0o600)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        os.fsync(descriptor)
        os.close(descriptor)
    for path in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
        path.chmod(0o700)
        sync_folder(path)


def as_one_file(database: Path) -> None:
    """Have a copied database need no files beside it, so that looking at it changes nothing."""
    with closing(apsw.Connection(str(database))) as copy:
        copy.pragma("journal_mode", "delete")


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_all(state: Path, to: Path, patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        for path in sorted(state.glob(pattern)):
            copied = to / path.relative_to(state)
            copied.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.suffix in _DATABASES:
                _copy_database(path, copied)
            else:
                copied.write_bytes(path.read_bytes())


def _copy_database(path: Path, to: Path) -> None:
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as source:
        source.set_busy_timeout(5000)
        with closing(apsw.Connection(str(to))) as copy, copy.backup("main", source, "main") as backup:
            backup.step()
    as_one_file(to)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
