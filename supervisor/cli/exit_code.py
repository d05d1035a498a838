"""What a verb's exit code means; a script may rely on it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The same for every verb."""

    DONE = 0
    BUG = 1
    USAGE = 2
    NOT_RUNNING = 3
    DEGRADED = 4
    HALTED = 5
    REFUSED = 6
    BROKER_UNREACHABLE = 7
    NOT_CONFIRMED = 8
    """Accepted but not confirmed: do not assume it is done."""
    CONFIG_INVALID = 9
