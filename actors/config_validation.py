"""The configuration's section on whether prices are believed."""

from typing import Annotated

from pydantic import Field

from actors.domain.market.flaw import FlawLimits


class ValidationSection(FlawLimits):
    """How far a contract may stray from the others, and how often all are looked over. What the gate asks is [risk]."""

    every_s: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 1.0

    @property
    def limits(self) -> FlawLimits:
        """The part that the look itself needs."""
        return FlawLimits(**self.model_dump(include=set(FlawLimits.model_fields)))
