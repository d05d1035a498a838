"""The section of the configuration that says when a child is given up, found hanging, too large, or stopped."""

from pydantic import Field

from actors.config_sections import Seconds
from actors.domain.value import Value


class SupervisorSection(Value):
    """When a child is given up, found hanging, or stopped."""

    restarts_max: int = Field(default=5, gt=0, le=1_000)
    """Restarts of one child allowed within `period_s`; one more stops openings and cancels those at work."""
    period_s: Seconds = 60.0
    start_timeout_s: Seconds = 30.0
    hang_after_s: Seconds = 2.0
    """Longest time without a pass of a child's work loop in which it could have made one."""
    critical_hang_after_s: Seconds = 0.3
    """The same of executor, risk and the primary's connection; each makes a pass every tenth of a second when idle."""
    stall_max_s: Seconds = 5.0
    """Longest time without a pass, though the child was starved, computing, or waiting for the disk."""
    supervisor_hang_after_s: Seconds = 20.0
    """Longest time without progress of the supervisor itself; then its keeper replaces it, and nobody else."""
    stop_grace_s: Seconds = 5.0
    memory_max_mb: int = Field(default=1_500, ge=200, le=1_000_000)
    """A child that holds more is replaced, in a quiet moment where one comes in time."""
    quiet_wait_s: Seconds = 60.0
    """How long a child over its memory limit waits for such a moment: none of its orders unanswered or in doubt."""
    spares: int = Field(default=2, ge=0, le=8)
    """Idle processes kept ready, each of which can become any child."""
    object_store_mb: int = Field(default=100, ge=80, le=100_000)
