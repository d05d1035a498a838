"""What a route can do now: the session's state, and the health of reads and writes as their outcomes come in.

It keeps what the pure rules of `connection.route_health` decide on, and says when there is news or a heartbeat is due.
A route that is not logged in can do nothing; a refused login stays refused.
"""

from pydantic import Field

from actors.domain.connection.route_health import (
    HealthLimits,
    PathHealth,
    after_failure,
    after_outcome,
    after_success,
)
from actors.domain.orders.attempt import SubmitOutcome
from actors.domain.value import Value
from actors.ports import Clock

_SECOND_NS = 1_000_000_000


class WatchLimits(Value):
    """How health is judged, and how often it is said."""

    heartbeat_s: float = Field(default=1.0, gt=0)
    health: HealthLimits = HealthLimits()


class RouteStatus(Value):
    """What a route can do, and what is wrong where it cannot."""

    reads: bool
    writes: bool
    stream: bool
    reason: str


class RouteWatch:
    """The state of one route."""

    def __init__(self, clock: Clock, limits: WatchLimits) -> None:
        self._clock, self._limits = clock, limits
        self._reads, self._writes = PathHealth(), PathHealth()
        self._stream_lost: str | None = "not logged in yet"
        self._said: RouteStatus | None = None
        self._said_ns = 0
        self.logged_in = False
        self.refused: str | None = None

    def stream_up(self) -> None:
        """Note a login with its stream."""
        self.logged_in, self._stream_lost = True, None

    def stream_down(self, reason: str) -> None:
        """Note that the stream ended, or was not got."""
        self._stream_lost = reason

    def read(self, failure: str | None = None) -> None:
        """Note how a read ended."""
        self._reads = self._after(self._reads, failure)

    def write_probe(self, failure: str | None = None) -> None:
        """Note how a probe of the write path ended."""
        self._writes = self._after(self._writes, failure)

    def write(self, outcome: SubmitOutcome) -> None:
        """Note how a send ended that the route decided."""
        self._writes = after_outcome(self._writes, outcome, self._clock.boot_ns(), self._limits.health)

    def news(self) -> RouteStatus | None:
        """Return the status if it changed since it was last returned, or is due again."""
        usable = self.logged_in and self.refused is None
        causes = (self.refused, self._writes.reason, self._reads.reason, self._stream_lost)
        status = RouteStatus(
            reads=usable and self._reads.healthy,
            writes=usable and self._writes.healthy,
            stream=usable and self._stream_lost is None,
            reason="; ".join(cause for cause in causes if cause),
        )
        now_ns = self._clock.boot_ns()
        if status == self._said and now_ns - self._said_ns < self._limits.heartbeat_s * _SECOND_NS:
            return None
        self._said, self._said_ns = status, now_ns
        return status

    def _after(self, path: PathHealth, failure: str | None) -> PathHealth:
        now_ns, health = self._clock.boot_ns(), self._limits.health
        return after_success(path, now_ns, health) if failure is None else after_failure(path, failure, now_ns, health)
