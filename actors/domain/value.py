"""The base of everything that crosses a boundary: frozen, closed to unknown fields, compared by value."""

from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

ZERO = Decimal(0)
CENT = Decimal("0.01")

Money = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=20)]
"""Dollars, signed from the account's side unless the name ends in `_cost` or `_fee`."""

Instant = AwareDatetime
"""An aware time; UTC inside."""


class Value(BaseModel):
    """A frozen value. Unknown fields are an error, so a misspelt one can never be dropped in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")
