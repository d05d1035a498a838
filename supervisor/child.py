"""One child as the control loop knows it: its plan, its process, its deadlines. Mutable, and the loop's alone."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from supervisor.child_spec import ChildSpec
from supervisor.directory import Entry
from supervisor.health import Progress
from supervisor.process import Process
from supervisor.restart_policy import History
from supervisor.tree import ChildState


@dataclass
class Child:
    """Seconds are on the boot clock; `deadline_s` belongs to the state STARTING or STOPPING."""

    spec: ChildSpec
    state: ChildState = ChildState.DOWN
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    host: int | None = None
    process: Process | None = None
    incarnation: int = 0
    wanted: bool = True
    """Whether it shall run again once it is down."""
    tried: bool = False
    doomed: bool = False
    """Whether it is being brought down for a cause of ours: such a death is not charged to it."""
    started_s: float = 0.0
    due_s: float = 0.0
    deadline_s: float = 0.0
    up_since_s: float = 0.0
    died_s: float = 0.0
    progress: Progress = field(default_factory=lambda: Progress(0, 0.0))
    history: History = field(default_factory=History)
    restarts: int = 0
    reason: str = ""
    """Why it last went down; while it is being brought down, why."""

    @property
    def up(self) -> bool:
        """Whether there may be a process."""
        return self.state is not ChildState.DOWN

    def enter(self, state: ChildState) -> None:
        """Change state, now."""
        self.state = state
        self.since = datetime.now(UTC)

    def begin_anew(self, reason: str, now_s: float) -> None:
        """Be brought down, where it is up, and started again now, with its deaths forgotten."""
        self.doomed, self.reason = self.up, reason
        self.wanted, self.due_s, self.history = True, now_s, History()

    def entry(self) -> Entry:
        """Return what the directory says of it."""
        return Entry(
            state=self.state,
            since=self.since,
            host=self.host,
            process=self.process,
            incarnation=self.incarnation,
            wanted=self.wanted,
            restarts=self.restarts,
            restarted_at_s=self.history.restarts,
            escalated=self.history.escalated,
            last_reason=self.reason,
        )
