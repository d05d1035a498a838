"""The configuration's section on the kill switch: when it fires by itself, and how its closes walk to their cap."""

from decimal import Decimal

from pydantic import Field

from actors.domain.value import Value


class KillSwitchSection(Value):
    """The kill switch. Points are of the net price of one combo."""

    dead_man_s: float | None = Field(default=None, ge=10, le=86_400, allow_inf_nan=False)
    """With something held, it fires by itself once supervisor, executor or a connection made no progress for so long.

    None: never, and that is the default: to close everything at what the market pays is a loss of its own, and a
    machine that only slept has brought it about before; whoever wants it knows how long their positions may be alone.
    """
    wait_s: float = Field(default=180.0, ge=1, le=3_600, allow_inf_nan=False)
    """How long one use that fired by itself goes on trying; then it begins another."""
    step_s: float = Field(default=3.0, gt=0, le=600, allow_inf_nan=False)
    """How long a price stands."""
    steps: int = Field(default=5, gt=0, le=100)
    """Prices from the natural to the cap."""
    slippage_share: Decimal = Field(default=Decimal("0.5"), ge=0, le=10)
    slippage_points: Decimal = Field(default=Decimal(1), ge=0, le=1_000)
    """The cap lies so far beyond the natural: this share of it, at least so many points; never beyond what the
    structure can be worth at its expiry."""
