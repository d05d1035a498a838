"""The chain of the journal: each event carries the hash of the one before it, so what was changed is found.

Assumes that events come in the order of their sequence. Whoever walks keeps a `Chain`: where it is, and the hash there.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

GENESIS: Final = bytes(16)


class JournalDamagedError(Exception):
    """The journal is not what was written: an event does not verify, or one that was acknowledged is missing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it lies on the disk. `correlation` groups what belongs to one order or signal."""

    sequence: int
    epoch: int
    kind: str
    correlation: str
    written_ns: int
    body: bytes
    hash: bytes
    version: int = 1
    """Of the events' shapes, in which the body was written."""


@dataclass(slots=True)
class Chain:
    """A walk along the chain, up to and including `sequence`."""

    sequence: int = 0
    digest: bytes = GENESIS

    def add(self, epoch: int, kind: str, correlation: str, written_ns: int, body: bytes, version: int) -> None:
        """Go on by one event that is being written."""
        self.sequence += 1
        parts: tuple[str | int | bytes, ...] = (self.sequence, epoch, kind, correlation, written_ns, body)
        self.digest = _hash(self.digest, *parts, *((version,) if version > 1 else ()))

    def follow(self, entry: Entry) -> None:
        """Go on by one event that was read. Raises `JournalDamagedError`, and stays where it was."""
        if entry.sequence != self.sequence + 1:
            raise JournalDamagedError(f"event {self.sequence + 1} is missing; {entry.sequence} follows")
        further = Chain(self.sequence, self.digest)
        further.add(entry.epoch, entry.kind, entry.correlation, entry.written_ns, entry.body, entry.version)
        if further.digest != entry.hash:
            raise JournalDamagedError(f"event {entry.sequence} ({entry.kind}) does not match its hash")
        self.sequence, self.digest = further.sequence, further.digest


def _hash(before: bytes, *parts: str | int | bytes) -> bytes:
    digest = hashlib.blake2b(before, digest_size=16)
    for part in parts:
        piece = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(piece).to_bytes(4, "little") + piece)
    return digest.digest()
