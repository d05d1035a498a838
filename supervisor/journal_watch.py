"""The journal's whole chain, walked in the background: slice by slice, beside the writer, and again from time to time.

A start verifies only what its checkpoint does not cover; this finds what was changed before. Runs in a process that
nobody waits for. What it finds it says once: a broken chain does not mend.
"""

from collections.abc import Callable
from pathlib import Path

from supervisor.chain import Chain, JournalDamagedError
from supervisor.journal import JournalReader
from supervisor.journal_file import JournalUnwritableError


class JournalWatch:
    """One walk after the other; `boot_ns` is a clock that goes on while the machine sleeps."""

    def __init__(
        self, path: Path, *, events_max: int, pace_s: float, again_s: float, boot_ns: Callable[[], int]
    ) -> None:
        self._path, self._events_max, self._boot_ns = path, events_max, boot_ns
        self._pace_ns, self._again_ns, self._looked_ns = int(pace_s * 1e9), int(again_s * 1e9), 0
        self._reader: JournalReader | None = None
        self._chain, self._begun_ns = Chain(), boot_ns()
        self.broken = False

    @property
    def verified(self) -> int:
        """The last event that this walk has verified."""
        return self._chain.sequence

    def look(self) -> str | None:
        """Verify the next slice when it is due; return what is wrong, once. A file that is away is waited for."""
        now_ns = self._boot_ns()
        if self.broken or now_ns - self._looked_ns < self._pace_ns:
            return None
        self._looked_ns = now_ns
        try:
            if self._reader is None:
                self._reader = JournalReader(self._path)
            if not self._follow(self._reader) and self._is_due():
                self._chain, self._begun_ns = Chain(), self._boot_ns()
        except JournalDamagedError as error:
            self.broken = True
            return str(error)
        except (FileNotFoundError, JournalUnwritableError):
            self._reader = None
        return None

    def _follow(self, reader: JournalReader) -> int:
        try:
            return reader.follow(self._chain, self._events_max)
        except JournalDamagedError:
            reader.close()  # a newer writer may have opened it since, and its events are of another version
            self._reader = JournalReader(self._path)
            return self._reader.follow(self._chain, self._events_max)

    def _is_due(self) -> bool:
        return self._boot_ns() - self._begun_ns >= self._again_ns
