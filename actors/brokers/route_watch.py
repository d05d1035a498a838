"""What a route can do now: the session's state, and the health of reads and writes as their outcomes come in.

It keeps what the pure rules of `connection.route_health` decide on, and says when there is news or a heartbeat is due.
A refused login stays refused.
"""

from pydantic import Field

from actors.domain.connection.route_health import (
    HealthLimits,
    PathHealth,
    RouteStatus,
    Vitals,
    after_failure,
    after_outcome,
    after_success,
    after_waiting,
    route_status,
)
from actors.domain.orders.attempt import SubmitOutcome
from actors.domain.value import Value
from actors.ports import Clock

_SECOND_NS = 1_000_000_000


class WatchLimits(Value):
    """How health is judged, how often it is said, and how often the paths are tried."""

    heartbeat_s: float = Field(default=1.0, gt=0)
    probe_every_s: float = Field(default=5.0, gt=0)
    probe_again_s: float = Field(default=0.5, gt=0)
    """Pace of the probes while a path has failed and is not yet given up."""
    health: HealthLimits = HealthLimits()


class RouteWatch:
    """The state of one route."""

    def __init__(self, clock: Clock, limits: WatchLimits) -> None:
        self._clock, self._limits = clock, limits
        self._reads, self._writes = PathHealth(), PathHealth()
        self._stream_lost: str | None = None
        self._said: RouteStatus | None = None
        self._said_ns = 0
        self.logged_in = False
        self.refused: str | None = None

    @property
    def probe_wait_s(self) -> float:
        """How long to wait until the paths are tried again."""
        doubtful = self._writes.is_doubtful or self._reads.is_doubtful
        return self._limits.probe_again_s if doubtful else self._limits.probe_every_s

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

    def news(self, vitals: Vitals, waiting_since_ns: int | None, *, asked: bool = False) -> RouteStatus | None:
        """Return the status if it changed since it was last returned, is due again, or `asked` for.

        `waiting_since_ns` is when the oldest send without an answer began; None where there is none.
        """
        now_ns = self._clock.boot_ns()
        self._writes = after_waiting(self._writes, waiting_since_ns, now_ns, self._limits.health)
        login_lost = self.refused or (None if self.logged_in else self._stream_lost or "not logged in yet")
        status = route_status(self._reads, self._writes, self._stream_lost, login_lost, vitals)
        if not asked and status == self._said and now_ns - self._said_ns < self._limits.heartbeat_s * _SECOND_NS:
            return None
        self._said, self._said_ns = status, now_ns
        return status

    def _after(self, path: PathHealth, failure: str | None) -> PathHealth:
        now_ns, health = self._clock.boot_ns(), self._limits.health
        return after_success(path, now_ns, health) if failure is None else after_failure(path, failure, now_ns, health)
