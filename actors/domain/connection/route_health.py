"""Whether a route's reads, writes and stream can be trusted, from what was seen of each. Hysteresis, no timers.

    healthy --failures_to_trip failures in a row, or one send without an answer for stall_s--> sick
    sick    --a success after quiet_s without a failure--> healthy

A path starts healthy: the first order finds out otherwise at the price of one NOT_SENT. Only what the route itself
failed at counts; what we refused to send says nothing of it. A send that is merely slow is no failure yet, and its fate
is its own; but what would follow it into the same silence goes elsewhere. The stream has no hysteresis: it is open or
it is not. Without a login, or with a token that has ended, a route can do nothing, and says which.
"""

from pydantic import Field

from actors.domain.orders.attempt import Accepted, InDoubt, NotSent, Rejected, SubmitOutcome
from actors.domain.value import Value

_SECOND_NS = 1_000_000_000


class HealthLimits(Value):
    """When a path is sick, and when it is well again."""

    failures_to_trip: int = Field(default=2, gt=0)
    quiet_s: float = Field(default=5.0, ge=0)
    stall_s: float = Field(default=0.75, gt=0)
    """How long a send may wait for its answer before the write path counts as sick."""


class PathHealth(Value):
    """One path. `failed_ns` is the boot clock at the last failure; `reason` says what that was while sick."""

    healthy: bool = True
    failures: int = 0
    failed_ns: int = 0
    reason: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Whether it has failed and is not yet given up: worth a look sooner than usual."""
        return self.healthy and self.failures > 0


class Vitals(Value):
    """What a session knows of itself beyond its health, in seconds; None where there is no such thing."""

    token_age_s: float | None = None
    """Since the login's token was last fetched."""
    token_left_s: float | None = None
    """Until it ends."""
    token_refused: str = ""
    """Why no new one is asked for; then the one there is, is the last."""
    stream_heard_s: float | None = None
    """Since the account's stream last gave a sign of life."""


class RouteStatus(Value):
    """What a route can do, and what is wrong where it cannot."""

    reads: bool
    writes: bool
    stream: bool
    reason: str


def after_failure(path: PathHealth, cause: str, now_ns: int, limits: HealthLimits) -> PathHealth:
    """Return the path after it failed once more."""
    failures = path.failures + 1
    healthy = path.healthy and failures < limits.failures_to_trip
    return PathHealth(healthy=healthy, failures=failures, failed_ns=now_ns, reason="" if healthy else cause)


def after_success(path: PathHealth, now_ns: int, limits: HealthLimits) -> PathHealth:
    """Return the path after it worked. A sick one stays sick until it was quiet for `quiet_s`."""
    if path.healthy:
        return path if path.failures == 0 else PathHealth(failed_ns=path.failed_ns)
    quiet = now_ns - path.failed_ns >= limits.quiet_s * _SECOND_NS
    return PathHealth(failed_ns=path.failed_ns) if quiet else path


def after_waiting(path: PathHealth, since_ns: int | None, now_ns: int, limits: HealthLimits) -> PathHealth:
    """Return the write path while its oldest unanswered send, begun at `since_ns`, waits; None: there is none."""
    if since_ns is None or now_ns - since_ns < limits.stall_s * _SECOND_NS:
        return path
    reason = path.reason or f"a send has had no answer for {limits.stall_s:g} s"
    return PathHealth(healthy=False, failures=max(path.failures, 1), failed_ns=now_ns, reason=reason)


def after_outcome(path: PathHealth, outcome: SubmitOutcome, now_ns: int, limits: HealthLimits) -> PathHealth:
    """Return the write path after a send that the route, not we, decided."""
    match outcome:
        case Accepted():
            return after_success(path, now_ns, limits)
        case Rejected(retryable=True):
            return after_failure(path, f"rejected: {outcome.text}", now_ns, limits)
        case Rejected():
            return after_success(path, now_ns, limits)
        case NotSent() | InDoubt():
            return after_failure(path, outcome.cause, now_ns, limits)


def route_status(
    reads: PathHealth, writes: PathHealth, stream_lost: str | None, login_lost: str | None, vitals: Vitals
) -> RouteStatus:
    """Return what a route can do; `stream_lost` and `login_lost` say why there is none, None where there is."""
    ended = vitals.token_left_s is not None and vitals.token_left_s <= 0
    token = "the login's token has ended" if ended and login_lost is None else ""
    usable = login_lost is None and not token
    causes = (login_lost, token, vitals.token_refused, writes.reason, reads.reason, stream_lost)
    return RouteStatus(
        reads=usable and reads.healthy,
        writes=usable and writes.healthy,
        stream=login_lost is None and stream_lost is None,
        reason="; ".join(dict.fromkeys(cause for cause in causes if cause)),
    )
