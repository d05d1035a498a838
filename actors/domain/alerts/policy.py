"""The limits of what is told when. All times are seconds; what a level is not given keeps its default."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_validator

from actors.domain.alerts.alert import Level
from actors.domain.alerts.group import Pace
from actors.domain.alerts.quiet import QuietHours
from actors.domain.value import Value

PACES: Mapping[Level, Pace] = {
    Level.P0: Pace(first_s=1, longest_s=60),
    Level.P1: Pace(first_s=5, longest_s=300),
    Level.P2: Pace(first_s=30, longest_s=600),
    Level.P3: Pace(first_s=60, longest_s=900),
}
REPEATS: Mapping[Level, tuple[float, ...]] = {Level.P0: (60.0,), Level.P1: (300.0, 600.0, 1_200.0, 2_400.0)}
Wait = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
RepeatWait = Annotated[float, Field(ge=10, le=86_400, allow_inf_nan=False)]


class AlertPolicy(Value):
    """What is counted, grouped, held back, repeated."""

    repeat_window_s: Wait = 300.0
    """The same code and subject within it is counted, not sent."""
    paces: dict[Level, Pace] = Field(default_factory=lambda: dict(PACES))
    """Between two messages of one code: the first wait, and the longest it is doubled to."""
    repeats: dict[Level, tuple[RepeatWait, ...]] = Field(default_factory=lambda: dict(REPEATS))
    """P0 and P1: waits between two sayings of what nobody acknowledged; the last goes on. An empty list: said once."""
    repeat_age_max_s: Wait = 86_400.0
    """What did not happen again for so long is not said again."""
    quiet: QuietHours | None = None
    silence_max_s: Wait = 86_400.0
    silence_page_max_s: Annotated[float, Field(gt=0, le=3_600)] = 900.0
    """How much of a silence a page keeps to."""
    inhibit_max_s: Wait = 600.0
    """How long something broken holds back what follows from it, after it was last said."""
    child_wait_s: Annotated[float, Field(ge=0, le=60)] = 3.0
    """How long what may follow from something else waits for that to be said."""
    resend_age_max_s: Wait = 86_400.0

    @field_validator("paces")
    @classmethod
    def _with_other_paces(cls, given: dict[Level, Pace]) -> dict[Level, Pace]:
        return {**PACES, **given}

    @field_validator("repeats")
    @classmethod
    def _with_other_repeats(cls, given: dict[Level, tuple[float, ...]]) -> dict[Level, tuple[float, ...]]:
        return {**REPEATS, **given}
