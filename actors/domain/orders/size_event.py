"""What the journal remembers of a strategy's size: cut where it does worse than expected, and given back.

The share is of the size it traded at in full; `quantity_max` is what that comes to, in combos an order, and what the
gate asks for.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field

from actors.domain.value import Instant, Value


class SizeCause(StrEnum):
    """Why a size moves."""

    DEGRADED = "degraded"
    RECOVERED = "recovered"
    PERSON = "person"


class SizeMoved(Value):
    """A strategy may open less from here on, or more again. The evidence starts anew."""

    kind: Literal["size_moved"] = "size_moved"
    strategy: str
    share: Decimal = Field(ge=0, le=1)
    """1: its full size; 0: it opens nothing."""
    quantity_max: int | None = Field(ge=0)
    """Most combos of one opening; None at the full size."""
    full_quantity: int | None
    """What the share is of; None where it never opened anything."""
    cause: SizeCause
    by: str
    text: str
    """The evidence with its numbers, or the person's reason."""
    at: Instant

    @property
    def correlation(self) -> str:
        """The strategy."""
        return f"size-{self.strategy}"
