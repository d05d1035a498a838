"""The configuration's section on the disk below the state folder: what is kept free, what is slow, what is verified."""

from pydantic import Field

from actors.domain.value import Value


class DiskSection(Value):
    """Limits of the state folder's disk."""

    reserve_mb: int = Field(default=32, ge=1, le=100_000)
    """A file of this size is let go of when the disk is full, so that exits can still be journaled."""
    free_min_mb: int = Field(default=256, ge=1, le=1_000_000)
    """With less room than this no opening is admitted."""
    slow_append_s: float = Field(default=1.0, gt=0, le=60, allow_inf_nan=False)
    """A journal append that takes longer stops openings for `calm_s`."""
    calm_s: float = Field(default=10.0, gt=0, le=3600, allow_inf_nan=False)
    look_every_s: float = Field(default=1.0, gt=0, le=60, allow_inf_nan=False)
    """Pace at which the free room is looked at."""
    verify_events: int = Field(default=2_000, gt=0, le=1_000_000)
    """Events of the journal's chain that the analyst verifies at a time, every `verify_pace_s`."""
    verify_pace_s: float = Field(default=0.2, ge=0, le=60, allow_inf_nan=False)
    verify_every_s: float = Field(default=86_400.0, gt=0, le=2_592_000, allow_inf_nan=False)
    """How often the whole chain is walked anew; once at each start besides."""
