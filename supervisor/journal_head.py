"""The journal's lock, and in it the last event that was acknowledged: the journal's end may lie after it, never before.

SQLite opens a file that lost its end, or its whole log, as if nothing had ever been there. The head is how a writer
tells: it is written after each commit, in place, and not synced, so it may be older than the journal and never newer.
A power cut leaves the old or the new one (one write within a sector).
"""

import contextlib
import fcntl
import os
import re
import zlib
from pathlib import Path

from supervisor.chain import Chain, JournalDamagedError

_WRITTEN = re.compile(rb"(\d{20} [0-9a-f]{32}) ([0-9a-f]{8})\n")


class JournalBusyError(Exception):
    """Another process holds the journal."""


class JournalHead:
    """The held lock of one journal."""

    def __init__(self, journal: Path) -> None:
        self.path = head_path(journal)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise JournalBusyError(f"{self.path} is held by another process") from None
        if not os.fstat(self._descriptor).st_size:
            self.write(Chain())
            os.fsync(self._descriptor)

    def acknowledged(self) -> Chain | None:
        """Return the last event known to have been acknowledged. Raises `JournalDamagedError`."""
        return _read(self.path)

    def write(self, end: Chain) -> None:
        """Note the journal's end, which is durable; a note that finds no place is left out."""
        text = b"%020d %s" % (end.sequence, end.digest.hex().encode())
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, b"%s %08x\n" % (text, zlib.crc32(text)), 0)

    def release(self) -> None:
        """Let go of the lock."""
        os.close(self._descriptor)


def head_path(journal: Path) -> Path:
    """Return where the lock of a journal lies."""
    return journal.with_name(journal.name + ".lock")


def acknowledged(journal: Path) -> Chain | None:
    """Return the last event known to have been acknowledged, without the lock; None: none is known.

    Raises `JournalDamagedError`.
    """
    return _read(head_path(journal))


def _read(path: Path) -> Chain | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if not content:
        return None
    written = _WRITTEN.fullmatch(content)
    if written is None or b"%08x" % zlib.crc32(written[1]) != written[2]:
        raise JournalDamagedError(f"{path}: not a journal's head: {content[:70]!r}")
    sequence, _, digest = written[1].partition(b" ")
    return Chain(int(sequence), bytes.fromhex(digest.decode()))
