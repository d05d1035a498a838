"""Whether a route's reads, writes and stream can be trusted, from what was seen of each. Hysteresis, no timers.

    healthy --failures_to_trip failures in a row--> sick
    sick    --a success after quiet_s without a failure--> healthy

A path starts healthy: the first order finds out otherwise at the price of one NOT_SENT. Only what the route itself
failed at counts; what we refused to send says nothing of it. The stream has no hysteresis: it is open or it is not.
"""

from pydantic import Field

from actors.domain.orders.attempt import Accepted, InDoubt, NotSent, Rejected, SubmitOutcome
from actors.domain.value import Value

_SECOND_NS = 1_000_000_000


class HealthLimits(Value):
    """When a path is sick, and when it is well again."""

    failures_to_trip: int = Field(default=2, gt=0)
    quiet_s: float = Field(default=5.0, ge=0)


class PathHealth(Value):
    """One path. `failed_ns` is the boot clock at the last failure; `reason` says what that was while sick."""

    healthy: bool = True
    failures: int = 0
    failed_ns: int = 0
    reason: str = ""


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
