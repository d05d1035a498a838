"""The configuration's section on alerts: who is told of which level, by which way, and how often."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from actors.config_sections import Count, Seconds, Target
from actors.domain.alerts.alert import Level
from actors.domain.alerts.policy import AlertPolicy


def _chain(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


_Targets = Annotated[tuple[Target, ...], Field(min_length=1, max_length=8)]
Chain = Annotated[_Targets, BeforeValidator(_chain, json_schema_input_type=Target | _Targets)]
"""Targets that are asked one after the other; a target by itself is a chain of one."""
FALLBACK_AFTER: dict[Level, float] = {Level.P0: 1.0, Level.P1: 10.0, Level.P2: 30.0, Level.P3: 60.0}


class NotifierSection(AlertPolicy):
    """Who is told, how often. Every alert also goes to `log_file`."""

    targets: dict[Level, tuple[Chain, ...]] = Field(default_factory=dict)
    """Each is told. A list in place of a target is a chain: the next one is told where the one before does not take
    it."""
    log_file: str = Field(default="alerts.log", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    """In the state folder."""
    send_retries: int = Field(default=2, ge=0, le=10)
    retry_wait_s: Seconds = 1.0
    fallback_after_s: dict[Level, Seconds] = Field(default_factory=lambda: dict(FALLBACK_AFTER))
    """How long a target of a chain may be silent before the next one is told as well."""
    down_s: Seconds = 60.0
    """How long a target that failed is not asked first."""
    resend_interval_s: Seconds = 60.0
    """Pace at which what no target of a way took is tried again."""
    pending_max: Count = 10_000

    @field_validator("fallback_after_s")
    @classmethod
    def _with_other_waits(cls, given: dict[Level, float]) -> dict[Level, float]:
        return {**FALLBACK_AFTER, **given}
