"""How long to wait before a read, a login or a stream is tried again. Writes are never retried, so never wait here.

The wait doubles with each failure up to a cap, and a share of it is luck, so that two routes that fell together do not
knock together. Luck comes in as an argument.
"""

from pydantic import Field

from actors.domain.value import Value


class BackoffLimits(Value):
    """The bounds of a wait."""

    first_s: float = Field(default=0.1, gt=0)
    factor: float = Field(default=2.0, ge=1)
    longest_s: float = Field(default=15.0, gt=0)
    luck_share: float = Field(default=0.5, ge=0, le=1)
    """How much of the wait luck may take away."""


def delay_s(failures: int, luck: float, limits: BackoffLimits) -> float:
    """Return the wait after the `failures`-th failure in a row, from 1; `luck` is uniform in [0, 1)."""
    # The exponent is capped: a route that failed all weekend must not overflow a float.
    full = min(limits.first_s * limits.factor ** min(failures - 1, 64), limits.longest_s)
    return full * (1 - limits.luck_share * luck)
