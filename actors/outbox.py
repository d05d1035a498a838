"""The notifier's outbox on disk: one JSON line a record, durable before anything is sent.

One process writes it. A line cut by a crash is passed over, a line that does not verify is set aside in the count, and
neither stops an alert. At each opening the file is rewritten without what nobody is owed, through a temporary file
and a rename, so a crash leaves the old one or the new one.
"""

import errno
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from actors.domain.alerts.outbox import RECORD, OutboxState, Raised, Record

HISTORY_ALERTS = 500
RECORDS_MAX = 50_000
"""Beyond it the file is rewritten in mid-life."""


class Outbox:
    """The records and their fold; safe to call from the notifier's workers."""

    def __init__(self, path: Path, targets: Mapping[str, Sequence[str]]) -> None:
        self._path = path
        self._targets = targets
        self._lock = threading.Lock()
        self._state = OutboxState()
        self.damaged = 0
        for record in self._read():
            self._state.apply(record)
        self._descriptor = -1
        self._rewrite()

    def append(self, records: Iterable[Record]) -> None:
        """Write the records, durable on return. Raises `OSError` (a full disk); they are remembered all the same."""
        records = list(records)
        lines = _lines(records)
        with self._lock:
            for record in records:
                self._state.apply(record)
            written = os.write(self._descriptor, lines)
            if written != len(lines):
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
                raise OSError(errno.ENOSPC, "a record was cut short", str(self._path))
            os.fdatasync(self._descriptor)
            self._count += len(records)
            if self._count > RECORDS_MAX:
                self._rewrite()

    def owed(self) -> list[tuple[Raised, str]]:
        """Return what some target has yet to take, oldest first."""
        with self._lock:
            return list(self._state.owed(self._targets))

    def knows(self, alert_id: str) -> bool:
        """Whether this alert was raised before."""
        with self._lock:
            return alert_id in self._state.raised

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            os.close(self._descriptor)

    def _read(self) -> list[Record]:
        if not self._path.exists():
            return []
        records: list[Record] = []
        for line in self._path.read_bytes().splitlines():
            try:
                records.append(RECORD.validate_json(line))
            except ValidationError:
                self.damaged += 1
        return records

    def _rewrite(self) -> None:
        records = self._state.pruned(self._targets, HISTORY_ALERTS)
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
        self._state = OutboxState()
        for record in records:
            self._state.apply(record)
        self._count = len(records)


def _lines(records: Iterable[Record]) -> bytes:
    return b"".join(record.model_dump_json().encode() + b"\n" for record in records)
