"""What a person asks of the alerts: seen, quiet, quiet no more, a test. Each as a value, whoever carries it.

A name picks what stands: its handle (`7f3a21`), an alert's id, a code, a subject, or `all`.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from actors.domain.alerts.alert import Alert, Key, Level, handle
from actors.domain.alerts.silence import Silence
from actors.domain.value import Instant, Value

ALL = "all"


class Ack(Value):
    """`by` has seen these."""

    kind: Literal["ack"] = "ack"
    keys: tuple[Key, ...]
    by: str
    reason: str = ""
    at: Instant


class Hush(Value):
    """Quiet, for a time and a reason."""

    kind: Literal["silence"] = "silence"
    silence: Silence
    at: Instant


class Unhush(Value):
    """Quiet no more."""

    kind: Literal["unsilence"] = "unsilence"
    silence_id: str
    by: str
    at: Instant


class SendTest(Value):
    """Send one test message of a level, the way every alert of it goes."""

    kind: Literal["test"] = "test"
    level: Level
    by: str
    at: Instant

    @property
    def alert_id(self) -> str:
        """The id of the alert that it becomes."""
        return f"A160-{self.level}-{self.at.timestamp():.6f}"


Request = Annotated[Ack | Hush | Unhush | SendTest, Field(discriminator="kind")]
REQUEST: TypeAdapter[Request] = TypeAdapter(Request)


def picked(name: str, unseen: Iterable[Alert]) -> tuple[Key, ...]:
    """Return what `name` picks of what nobody has acknowledged."""
    return tuple(
        alert.key
        for alert in unseen
        if name in {ALL, alert.alert_id, alert.subject, alert.code} or name.lower() == handle(alert.key)
    )
