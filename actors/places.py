"""Where things lie: the state folder, which outlives everything, and the run folder, which lives with one boot.

All paths are absolute. The run folder holds sockets and shared memory, so it must be short (a socket's path may have
107 characters) and on memory where there is any; it is derived from the state folder, so every process finds the same.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from actors.domain.value import Value

RUN_ROOT = "HOLDFAST_RUN_ROOT"
"""Environment variable that puts run folders elsewhere; the path must be short."""


class Places(Value):
    """The files of one runtime."""

    state: Path
    run: Path

    @property
    def journal(self) -> Path:
        """The truth about intents and fills."""
        return self.state / "journal.sqlite"

    @property
    def config(self) -> Path:
        """The settled configuration, as JSON; every child reads it."""
        return self.state / "config.json"

    @property
    def epoch(self) -> Path:
        """The one sender's number (law 9)."""
        return self.state / "epoch"

    @property
    def latch(self) -> Path:
        """Reduce, halt, flatten (law 10)."""
        return self.state / "latch.json"

    @property
    def armed(self) -> Path:
        """Whether a person armed live trading, and until when."""
        return self.state / "armed.json"

    @property
    def dead_letters(self) -> Path:
        """Messages that killed their reader each time, whole; a line each."""
        return self.state / "dead-letters.jsonl"

    @property
    def outbox(self) -> Path:
        """What the notifier was told, whom it told, what stands; a record a line."""
        return self.state / "outbox.jsonl"

    @property
    def alert_requests(self) -> Path:
        """What people ask of the alerts, a file a request, until the notifier has taken it."""
        return self.state / "alert-requests"

    @property
    def clock(self) -> Path:
        """The paper market's clock, in shared memory."""
        return self.run / "market-clock"

    @property
    def universe(self) -> Path:
        """The contracts the feed follows, as its last start found them: read ahead by spares."""
        return self.run / "universe.json"

    @property
    def directory(self) -> Path:
        """Who runs: name, process, incarnation; written by the supervisor, read by every screen."""
        return self.run / "directory.json"

    @property
    def routes(self) -> Path:
        """What the executor last knew of each route; for screens."""
        return self.run / "routes.json"

    @property
    def breakers(self) -> Path:
        """How much of each limit on losses is used, as risk last knew; for screens."""
        return self.run / "breakers.json"

    @property
    def exposure(self) -> Path:
        """Greeks and stress of the book, as risk last knew them; for screens."""
        return self.run / "exposure.json"

    @property
    def quotes(self) -> Path:
        """The latest quote of every contract, as the feed last knew it."""
        return self.run / "quotes.columns"

    @property
    def expiring(self) -> Path:
        """What expires when, and what is done about it, as risk last knew; for screens."""
        return self.run / "expiring.json"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.state / "logs"

    def checkpoints(self, actor: str) -> Path:
        """The folder of one actor's checkpoints."""
        return self.state / "checkpoints" / actor

    def ledgers(self, route: str) -> Path:
        """The folder of one route's send ledgers, a file an incarnation."""
        return self.state / "ledgers" / route

    def socket(self, actor: str) -> Path:
        """The door of one actor, where others tell it things and hear what it publishes."""
        return self.run / f"{actor}.door"

    def watermark(self, actor: str) -> Path:
        """The progress counter of one actor, in shared memory."""
        return self.run / f"{actor}.mark"


def places(state: Path) -> Places:
    """Return the places of the runtime whose state lies in `state`; creates both folders, for this user alone."""
    state = state.expanduser().resolve()
    memory = Path("/dev/shm")  # noqa: S108 - documented home of shared memory; the folder below is ours alone
    usual = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    root = Path(os.environ.get(RUN_ROOT, usual))
    digest = hashlib.blake2b(str(state).encode(), digest_size=5).hexdigest()
    run = root / f"holdfast-{os.getuid()}-{digest}"
    for folder in (state, run):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if run.stat().st_uid != os.getuid():
        raise PermissionError(f"{run} belongs to another user")
    return Places(state=state, run=run)
