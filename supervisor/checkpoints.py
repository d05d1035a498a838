"""Checkpoints: the last states of one actor in a diskcache folder, set up for truth and not as a cache.

Rules of this file:
* One folder and one writer per actor. Nothing is evicted, nothing lives in side files, every write is on the disk when
  `save` returns; the settings are read back after opening, for they persist in the file and an old one may differ.
* A store opened with `durable=False` hands its writes to the kernel and does not wait for the disk: they survive the
  process (`kill -9` at any instant), and may be lost with the machine, newest first, never torn (WAL). It is for an
  actor whose state the journal restores well enough, and whose every write would stand in the path of an order.
* `note` is a save that waits for nothing: one write(2) to a plain file, which survives the process from then on. The
  next `save` stands for it; where the process died before that, opening the store saves what was noted. A torn note is
  a death within that write, before anybody was told of what it says, and is passed over.
* A record is JSON text in a raw row. Every other row mode is refused, on writing and on reading: a planted row can
  make nobody unpickle it.
* Each record carries a keyed hash over its name and content, its schema, its kind and the journal sequence it stands
  for. The last `generations` are kept, in slots that take turns: a save overwrites the oldest, in one statement, for
  it may stand in the path of an order. One that does not verify is set aside (renamed, never deleted), and the one
  before it is used.
* A file that SQLite cannot make sense of is set aside in the same way, whole, and a fresh one begun.
* A checkpoint is only a shorter way to the same state: an empty folder is no error here. The journal tells whether it
  should have been empty. So is one that finds no room on the disk, or no disk that writes: it is told, and the work
  goes on without it.
"""

import hmac
import os
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import diskcache
from diskcache.core import DBNAME, MODE_RAW
from pydantic import BaseModel, ValidationError

from supervisor.checkpoint_record import KEY, SCHEMA, Record, opened, seal

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

_UNREADABLE: Final = 2**63
SETTINGS: Final[dict[str, Any]] = {
    "eviction_policy": "none",
    "size_limit": 2**40,
    "cull_limit": 0,
    "sqlite_synchronous": 2,
    "sqlite_mmap_size": 0,
    "sqlite_auto_vacuum": 0,
    "disk_min_file_size": 2**31 - 1,
    "statistics": 0,
}
NOTE: Final = "note"
NOTE_BYTES: Final = 65_536
"""Kept for the note, so that a full disk keeps nobody from an exit."""
_NONSENSE: Final = (sqlite3.DatabaseError, ValueError, KeyError, TypeError, AttributeError)
_THE_DISKS: Final = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
}
"""What SQLite says of the disk or of others, and not of the file."""
_TAKES_NOTHING: Final = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
}
"""A disk that is full, or takes no writes any more."""
UNSYNCED: Final[dict[str, Any]] = {"sqlite_synchronous": 1}


class PlantedRowError(Exception):
    """A row is not plain text: nobody of ours wrote it."""


class RawDisk(diskcache.Disk):  # type: ignore[misc]
    """Text in, text out; any other row mode is refused."""

    def put(self, key: Any) -> tuple[str, bool]:
        """Take a text key as it is."""
        return _text(key), True

    def get(self, key: Any, raw: bool) -> str:  # noqa: FBT001 - diskcache's signature
        """Return a text key."""
        if not raw:
            raise PlantedRowError("a key that is not plain text")
        return _text(key)

    def store(self, value: Any, read: bool, key: Any = None) -> tuple[int, int, None, str]:  # noqa: ARG002, FBT001
        """Store text in the row itself."""
        return 0, MODE_RAW, None, _text(value)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> str:  # noqa: ARG002, FBT001
        """Return text; refuse every other mode."""
        if mode != MODE_RAW or filename is not None:
            raise PlantedRowError(f"a row of mode {mode}")
        return _text(value)


class CheckpointStore:
    """The checkpoints of one actor; implements `ports.Checkpoints`. `tell` hears of every fault, as it is found."""

    def __init__(
        self,
        folder: Path,
        *,
        generations: int = 3,
        durable: bool = True,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.faults: list[str] = []
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key, self._generations, self._tell_of = _key(folder / KEY), generations, tell
        self._folder, self._settings = folder, SETTINGS if durable else SETTINGS | UNSYNCED
        self._cache: Any = None
        self._open()
        self._note = os.open(folder / NOTE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.posix_fallocate(self._note, 0, NOTE_BYTES)
        self._save_noted()

    def save(self, state: BaseModel, journal_sequence: int) -> None:
        """Write one generation over the oldest, durable on return; where the disk does not take it, tell so instead."""
        try:
            self._on_sound_file(lambda: self._write(self._next(state, journal_sequence)))
        except sqlite3.OperationalError as error:
            if _code(error) not in _TAKES_NOTHING:
                raise
            self._tell(f"checkpoint of event {journal_sequence} not kept: {error}")

    def note(self, state: BaseModel, journal_sequence: int) -> None:
        """Hand the state that is saved next to the kernel. Raises `OSError`: then it is not noted."""
        head = f"{SCHEMA} {type(state).__name__} {self._generation + 1} {journal_sequence}"
        text = f"{head} {state.model_dump_json()}"
        data = text.encode()
        line = b"%s %d %s" % (self._check(NOTE, text).encode(), len(data), data)
        if os.pwrite(self._note, line, 0) != len(line):
            raise OSError(f"part of {len(line)} bytes noted")

    def load(self, kind: type[M]) -> tuple[M, int] | None:
        """Return the newest sound generation and its journal sequence; None where there is none."""
        return self._on_sound_file(lambda: self._load(kind))

    def _load(self, kind: type[M]) -> tuple[M, int] | None:
        for number, name in sorted(self._slots(), reverse=True):
            try:
                return self._read(number, name, kind)
            except (ValueError, PlantedRowError, ValidationError) as error:
                self._set_aside(name, f"{type(error).__name__}: {error}"[:300])
        return None

    def close(self) -> None:
        """Close the folder."""
        os.close(self._note)
        self._cache.close()

    def _next(self, state: BaseModel, journal_sequence: int) -> Record:
        return Record(
            schema_version=SCHEMA,
            kind=type(state).__name__,
            generation=self._generation + 1,
            journal_sequence=journal_sequence,
            body=state.model_dump_json(),
        )

    def _write(self, record: Record) -> None:
        self._generation = record.generation
        name, text = f"slot-{self._generation % self._generations}", record.model_dump_json()
        self._cache.set(name, f"{self._generation} {self._check(name, text)} {text}")

    def _save_noted(self) -> None:
        check, _, rest = os.pread(self._note, os.fstat(self._note).st_size, 0).partition(b" ")
        length, _, text = rest.partition(b" ")
        noted = text[: int(length)].decode(errors="replace") if length.isdigit() else ""
        if not hmac.compare_digest(check, self._check(NOTE, noted).encode()):
            return
        schema, kind, generation, sequence, body = noted.split(" ", 4)
        if int(schema) == SCHEMA and int(generation) > self._generation:
            self._write(
                Record(
                    schema_version=SCHEMA,
                    kind=kind,
                    generation=int(generation),
                    journal_sequence=int(sequence),
                    body=body,
                )
            )

    def _open(self) -> None:
        try:
            self._open_file()
        except _NONSENSE as error:
            if not _is_damage(error):
                raise
            self._set_file_aside(error)
            self._open_file()

    def _open_file(self) -> None:
        self._cache = diskcache.Cache(str(self._folder), disk=RawDisk, timeout=5, **self._settings)
        _assert_settings(self._cache, self._settings)
        self._generation = max((number for number, _ in self._slots() if number != _UNREADABLE), default=0)

    def _on_sound_file(self, act: Callable[[], T]) -> T:
        """Do it; where the file turns out to be nonsense, set it aside, and do it on a fresh one."""
        try:
            return act()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._set_file_aside(error)
            self._open_file()
            return act()

    def _set_file_aside(self, error: Exception) -> None:
        if self._cache is not None:
            self._cache.close()
        number = len(list(self._folder.glob(f"damaged-*-{DBNAME}"))) + 1
        for path in tuple(self._folder.glob(f"{DBNAME}*")):
            path.rename(self._folder / f"damaged-{number}-{path.name}")
        self._tell(f"checkpoints in {self._folder} set aside, all of them: {type(error).__name__}: {error}"[:300])

    def _read(self, number: int, name: str, kind: type[M]) -> tuple[M, int]:
        return opened(self._key, name, str(self._cache[name]), number, kind)

    def _tell(self, fault: str) -> None:
        self.faults.append(fault)
        self._tell_of(fault)

    def _set_aside(self, name: str, why: str) -> None:
        ((count,),) = self._cache._sql("SELECT count(*) FROM Cache WHERE key LIKE 'damaged-%'")  # noqa: SLF001
        self._cache._sql("UPDATE Cache SET key = ? WHERE key = ?", (f"damaged-{count + 1}-{name}", name))  # noqa: SLF001
        self._tell(f"checkpoint {name} set aside: {why}")

    def _slots(self) -> list[tuple[int, str]]:
        """Return generation and name of every slot in use; one without a generation comes first, to be set aside."""
        rows = self._cache._sql("SELECT key, value FROM Cache WHERE key LIKE 'slot-%'")  # noqa: SLF001
        return [(_number(value), key) for key, value in rows]

    def _check(self, name: str, text: str) -> str:
        return seal(self._key, name, text)


def _is_damage(error: Exception) -> bool:
    return _code(error) not in _THE_DISKS


def _code(error: Exception) -> int:
    """Return SQLite's primary result code; 0 where it is not SQLite's word."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def _number(value: object) -> int:
    first = value.partition(" ")[0] if isinstance(value, str) else ""
    return int(first) if first.isdecimal() else _UNREADABLE


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise PlantedRowError(f"a {type(value).__name__} where text belongs")
    return value


def _key(path: Path) -> bytes:
    """Return the folder's own key, made on first use."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        key = secrets.token_bytes(32)
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def _assert_settings(cache: Any, settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        if getattr(cache, name) != value:
            raise ValueError(f"{cache.directory}: {name} is {getattr(cache, name)}, not {value}")
    (synchronous,) = cache._sql("PRAGMA synchronous").fetchone()  # noqa: SLF001 - the only way to read it back
    if synchronous != settings["sqlite_synchronous"]:
        raise ValueError(f"{cache.directory}: synchronous is {synchronous}")
