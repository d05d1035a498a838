"""One record of a checkpoint as it lies in its row, and a look at the newest from outside, which writes nothing.

A row is `GENERATION CHECK TEXT`: the text a `Record` as JSON, the check a keyed hash over slot and text. Whoever looks
from outside changes nothing about what it finds unsound: setting that aside is the owner's.
"""

import hashlib
import hmac
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict

M = TypeVar("M", bound=BaseModel)

SCHEMA: Final = 2
KEY: Final = "key"
FILE: Final = "cache.db"
"""As diskcache names it."""
_SLOTS: Final = "SELECT key, value FROM Cache WHERE key LIKE 'slot-%' AND typeof(value) = 'text'"


class Record(BaseModel):
    """What a slot holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    kind: str
    generation: int
    journal_sequence: int
    body: str


def seal(key: bytes, name: str, text: str) -> str:
    """Return the keyed hash over a slot's name and text."""
    return hashlib.blake2b(f"{name} {text}".encode(), key=key, digest_size=16).hexdigest()


def opened(key: bytes, name: str, row: str, number: int, kind: type[M]) -> tuple[M, int]:
    """Return the state in a row and its journal sequence. Raises `ValueError` where it is unsound."""
    _, _, rest = row.partition(" ")
    check, _, text = rest.partition(" ")
    if not hmac.compare_digest(check, seal(key, name, text)):
        raise ValueError("does not match its hash")
    record = Record.model_validate_json(text)
    if (record.schema_version, record.kind, record.generation) != (SCHEMA, kind.__name__, number):
        raise ValueError(f"holds {record.kind} of schema {record.schema_version}, generation {record.generation}")
    return kind.model_validate_json(record.body), record.journal_sequence


def peek(folder: Path, kind: type[M]) -> M | None:
    """Return the newest sound state in a folder of checkpoints, its owner alive or dead; None where there is none."""
    try:
        key = (folder / KEY).read_bytes()
        with closing(sqlite3.connect(f"{(folder / FILE).as_uri()}?mode=ro", uri=True, timeout=1)) as db:
            rows = db.execute(_SLOTS).fetchall()
    except (OSError, sqlite3.DatabaseError):
        return None
    numbered = [(int(row.partition(" ")[0]), name, row) for name, row in rows if row.partition(" ")[0].isdecimal()]
    for number, name, row in sorted(numbered, reverse=True):
        try:
            return opened(key, name, row, number, kind)[0]
        except ValueError:  # pydantic's too: the one before it serves
            continue
    return None
