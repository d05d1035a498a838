"""The notifier's outbox on disk: one JSON line a record, durable before anything is sent.

One thread of one process writes it; anybody may read it. A line cut by a crash is passed over, a line that does not
verify is set aside in the count, and neither stops an alert. At each opening the file is rewritten without what nobody
is owed, through a temporary file and a rename, so a crash leaves the old one or the new one.
"""

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from actors.domain.alerts.outbox import OutboxState, Ways
from actors.domain.alerts.record import RECORD, Record

HISTORY_ALERTS = 500
RECORDS_MAX = 50_000
"""Beyond it the file is rewritten in mid-life."""


class Outbox:
    """The records, and their fold in `state`."""

    def __init__(self, path: Path, ways: Ways) -> None:
        self._path, self._ways = path, ways
        self.state = OutboxState()
        records, self.damaged = read_records(path)
        self.state.replay(records)
        self._descriptor, self._is_synced, self._count = -1, True, 0
        with suppress(OSError):  # a disk that takes no writes must not keep alerts in: tried again with each record
            self._rewrite()

    def append(self, records: Iterable[Record]) -> None:
        """Write the records, durable on return. Raises `OSError` (a full disk); they are remembered all the same."""
        self.note(records)
        self.sync()

    def note(self, records: Iterable[Record]) -> None:
        """Write the records, not yet durable. Raises as `append` does."""
        records = list(records)
        for record in records:
            self.state.apply(record)
        if self._descriptor < 0:
            self._rewrite()  # holds these records, too
            return
        self._is_synced = False
        lines = _lines(records)
        written = os.write(self._descriptor, lines)
        if written != len(lines):
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise OSError(errno.ENOSPC, "a record was cut short", str(self._path))
        self._count += len(records)

    def sync(self) -> None:
        """Make what was written durable; costs nothing where all of it is."""
        if not self._is_synced:
            self._is_synced = True  # a disk that fails now is told once, and asked again with the next record
            os.fdatasync(self._descriptor)
        if self._count > RECORDS_MAX:
            self._rewrite()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _rewrite(self) -> None:
        records = self.state.pruned(self._ways, HISTORY_ALERTS)
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_lines(records))
            file.flush()
            os.fsync(descriptor)
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self.state.replay(records)
        self._count = len(records)


def read_records(path: Path) -> tuple[list[Record], int]:
    """Return what the outbox holds, and how many lines of it are damaged."""
    records: list[Record] = []
    damaged = 0
    if path.exists():
        for line in path.read_bytes().splitlines():
            try:
                records.append(RECORD.validate_json(line))
            except ValidationError:
                damaged += 1
    return records, damaged


def _lines(records: Iterable[Record]) -> bytes:
    return b"".join(record.model_dump_json().encode() + b"\n" for record in records)
