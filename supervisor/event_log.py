"""The supervisor's own log: one JSON line per start, death, escalation, adoption; durable, append-only.

The executor imports it, the scorecard reads its timings. Lines are collected while the loop acts and written with one
fsync when it has acted, so no restart waits for the disk. What the disk does not take stays collected, whole; beyond
`LINES_KEPT_MAX` the oldest go, and how many is said.
"""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

LINES_KEPT_MAX = 10_000


class EventLog:
    """The log, open for appending."""

    def __init__(self, path: Path) -> None:
        self._path, self._descriptor = path, -1
        self._lines: list[str] = []
        self._lost = 0
        with suppress(OSError):  # a disk that takes no writes: tried again with the first line
            self._open()

    def note(self, event: str, name: str = "", **fields: JsonValue) -> None:
        """Collect one line; it is on disk after the next `flush`."""
        line: dict[str, JsonValue] = {"at": datetime.now(UTC).isoformat(), "event": event}
        if name:
            line["name"] = name
        self._lines.append(json.dumps(line | fields))
        if len(self._lines) > LINES_KEPT_MAX:
            del self._lines[0]
            self._lost += 1

    def flush(self) -> None:
        """Write what was collected, durable on return. Raises `OSError`: then it is still collected."""
        if not self._lines:
            return
        if self._descriptor < 0:
            self._open()
        size, lines = os.fstat(self._descriptor).st_size, self._lines
        if self._lost:
            said = {"at": datetime.now(UTC).isoformat(), "event": "lines_lost", "count": self._lost}
            lines = [json.dumps(said), *lines]
        data = ("\n".join(lines) + "\n").encode()
        written = os.write(self._descriptor, data)
        if written != len(data):
            os.ftruncate(self._descriptor, size)
            raise OSError(errno.ENOSPC, "lines were cut short", str(self._path))
        os.fdatasync(self._descriptor)
        self._lines.clear()
        self._lost = 0

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            self._lines.insert(0, "")  # a predecessor died inside a line: end it, so the next one stands alone


def read_events(path: Path) -> Iterator[dict[str, JsonValue]]:
    """Yield each whole line; a line cut by a crash is passed over."""
    if not path.exists():
        return
    with path.open() as file:
        for text in file:
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                continue
            yield line
