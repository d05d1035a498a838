"""What crosses about strategies' sizes. Like `actors.messages`, where these are read with the others."""

from decimal import Decimal

from pydantic import Field

from actors.domain.value import Value


class RestoreSize(Value):
    """A person to executor: let a strategy trade its full size again."""

    strategy: str
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    reply_to: str


class SizeRestored(Value):
    """Executor to the asker; durable. `share` is what it was before, None where it was not cut."""

    strategy: str
    share: Decimal | None
