"""What one slot of a checkpoint store holds: generation, keyed hash, record. Pure; `checkpoints` keeps them on disk."""

import hashlib
import hmac
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict

M = TypeVar("M", bound=BaseModel)
SCHEMA: Final = 2


class Record(BaseModel):
    """What a slot holds, behind its generation and its keyed hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    kind: str
    generation: int
    journal_sequence: int
    body: str


def opened(key: bytes, name: str, held: str, number: int, kind: type[M]) -> tuple[M, int]:
    """Return what a slot holds as generation `number`, and its sequence. Raises `ValueError` of what is unsound."""
    _, _, rest = held.partition(" ")
    check, _, text = rest.partition(" ")
    if not hmac.compare_digest(check, keyed(key, name, text)):
        raise ValueError("does not match its hash")
    record = Record.model_validate_json(text)
    if (record.schema_version, record.kind, record.generation) != (SCHEMA, kind.__name__, number):
        raise ValueError(f"holds {record.kind} of schema {record.schema_version}, generation {record.generation}")
    return kind.model_validate_json(record.body), record.journal_sequence


def keyed(key: bytes, name: str, text: str) -> str:
    """Return the keyed hash over a record's name and content."""
    return hashlib.blake2b(f"{name} {text}".encode(), key=key, digest_size=16).hexdigest()
