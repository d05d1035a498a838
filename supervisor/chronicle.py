"""What the loop leaves behind at each step: the directory for peers and screens, the log, a word to the trader.

`changed` marks that the directory no longer says what is; `publish` writes it then, and the log's lines with one fsync.
A disk that takes no lines stops nothing: they are kept, tried again at each step, and a person is told once.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from supervisor import directory as directories
from supervisor.child import Child
from supervisor.directory import Directory, NodeEntry, RayEntry
from supervisor.event_log import EventLog
from supervisor.health import Mark
from supervisor.process import Process
from supervisor.state_disk import FULL
from supervisor.watcher import boot_s


@dataclass(frozen=True)
class Hooks:
    """What the loop needs from the half that knows about trading."""

    mark: Callable[[str], Mark | None]
    """Read a child's watermark."""
    make_safe: Callable[[str], None]
    """Latch trading into the safe state, for this reason; durable on return."""
    tell: Callable[[str, str, str], None]
    """Tell the trader: event, child, text. Must not wait."""
    jitter: Callable[[], float]
    progress: Callable[[], None] = lambda: None
    """Count a pass of the supervisor's own work, for whoever watches it."""
    quiet: Callable[[], bool] = lambda: True
    """Whether no order is unanswered or in doubt."""
    fence: Callable[[], None] = lambda: None
    """Take the epoch, far above every one that anybody may hold or take elsewhere."""


@dataclass(frozen=True)
class Paths:
    """Where the loop writes."""

    state: Path
    run: Path
    directory: Path


class Chronicle:
    """The loop's pen."""

    def __init__(self, paths: Paths, tell: Callable[[str, str, str], None]) -> None:
        now = datetime.now(UTC)
        self._path, self._tell = paths.directory, tell
        self._log = EventLog(paths.state / "supervisor.log.jsonl")
        self._directory = Directory(supervisor=None, since=now, written_at=now)
        self.changed = True
        self.nodes: dict[str, NodeEntry] = {}
        """Other nodes, as last heard."""
        self._is_unwritable = False

    def begin(self, me: Process, ray: RayEntry) -> None:
        """Say who writes from now on, and on which Ray."""
        self._directory = self._directory.model_copy(update={"supervisor": me, "ray": ray})
        self.note("supervisor_started", pid=me.pid, ray=ray.address)

    def stand_on(self, ray: RayEntry) -> None:
        """Say that Ray's GCS was started again, at once: whoever comes after us must find it."""
        self._directory = self._directory.model_copy(update={"ray": ray})
        directories.write(self._path, self._directory)
        gcs = ray.processes[0].pid
        self.note("gcs_restarted", pid=gcs, ray=ray.address)
        self._tell("gcs_restarted", "ray", f"its GCS ended and was started again, process {gcs}")

    def note(self, event: str, child: Child | None = None, **fields: str | float | None) -> None:
        """Add a line to the log."""
        told: dict[str, str | float | None] = {"boot_s": round(boot_s(), 4)}
        if child is not None:
            told |= {"incarnation": child.incarnation, "pid": child.process.pid if child.process else None}
        self._log.note(event, child.spec.name if child else "", **(told | fields))

    def tell(self, event: str, child: Child, text: str) -> None:
        """Add a line, and tell the trader."""
        self.note(event, child, text=text)
        self._tell(event, child.spec.name, text)

    def tell_of(self, event: str, name: str, text: str) -> None:
        """Tell the trader of something that is no child."""
        self._tell(event, name, text)

    def know(self, node: str, entry: NodeEntry) -> None:
        """Take note of what another node is now."""
        self.nodes[node], self.changed = entry, True

    def write(self, children: Mapping[str, Child], spares: Mapping[int, Process]) -> None:
        """Write the directory now."""
        self.changed = False
        entries = {name: child.entry() for name, child in children.items()}
        now = {"written_at": datetime.now(UTC), "spares": dict(spares), "children": entries, "nodes": dict(self.nodes)}
        self._directory = self._directory.model_copy(update=now)
        directories.write(self._path, self._directory)

    def publish(self, children: Mapping[str, Child], spares: Mapping[int, Process]) -> None:
        """Write what changed; the log is durable on return, where the disk takes it."""
        if self.changed:
            self.write(children, spares)
        try:
            self._log.flush()
        except OSError as error:
            if not self._is_unwritable:
                event = "log_unwritable" if error.errno in FULL else "disk_unwritable"
                self._tell(event, "supervisor", f"its log cannot be written: {error.strerror}")
            self._is_unwritable = True
        else:
            self._is_unwritable = False

    def close(self) -> None:
        """Flush and close the log."""
        with suppress(OSError):
            self._log.close()
