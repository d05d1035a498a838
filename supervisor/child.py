"""One child as the control loop knows it: its plan, its process, its deadlines. Mutable, and the loop's alone."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from supervisor.child_spec import ChildContext, ChildSpec
from supervisor.directory import Entry
from supervisor.health import Progress
from supervisor.poison import DEATHS_MAX, Suspicion, after_death
from supervisor.process import Process
from supervisor.restart_policy import History
from supervisor.tree import ChildState

SETTLING_S = 1.0
"""After a start no spare is made for so long: that costs a processor what the new child needs to take over."""


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
    suspicion: Suspicion = field(default_factory=Suspicion)
    restarts: int = 0
    reason: str = ""
    """Why it last went down; while it is being brought down, why."""

    @property
    def up(self) -> bool:
        """Whether there may be a process on this node."""
        return self.state not in (ChildState.DOWN, ChildState.AWAY, ChildState.LOST)

    def calm(self, now_s: float) -> bool:
        """Whether no start of it is under way, or so fresh that it is still learning who else is there."""
        return self.state is not ChildState.STARTING and not 0 <= now_s - self.started_s < SETTLING_S

    def enter(self, state: ChildState) -> None:
        """Change state, now."""
        self.state = state
        self.since = datetime.now(UTC)

    def doom(self, reason: str) -> None:
        """Have it brought down, for a cause that is not charged to it; nothing where it is down or falls already."""
        if self.up and not self.doomed:
            self.doomed, self.reason = True, reason

    def die_over(self, in_hand: int) -> str | None:
        """Take note of a death; return what to tell where a message is to be set aside for it."""
        before, self.suspicion = self.suspicion, after_death(self.suspicion, in_hand)
        if self.suspicion.set_aside == before.set_aside:
            return None
        return f"died {DEATHS_MAX} times over one message, which is set aside; the last: {self.reason}"

    def context(self, state: Path, run: Path) -> ChildContext:
        """Return what its factory is given."""
        return ChildContext(
            name=self.spec.name,
            incarnation=self.incarnation,
            state=state,
            run=run,
            factory=self.spec.factory,
            arguments=self.spec.arguments,
            set_aside=self.suspicion.set_aside,
        )

    def begin_anew(self, reason: str, now_s: float) -> None:
        """Be brought down, where it is up, and started again now, with its deaths forgotten; here, not elsewhere."""
        if self.state is ChildState.AWAY:
            return
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
            set_aside=self.suspicion.set_aside,
        )
