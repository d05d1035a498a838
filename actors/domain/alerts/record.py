"""What the notifier writes down: one record a line of its outbox, in order. Nothing else is its memory.

What people ask of the alerts is written here too, and not in the journal: that has one writer, the executor, and an
answer to an alert must not wait for it, nor be lost with it.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.silence import Silence
from actors.domain.value import Instant, Value


class Raised(Value):
    """An alert that is to be sent."""

    kind: Literal["raised"] = "raised"
    alert: Alert
    at: Instant
    summary: bool = False
    """It sums up what was counted, and is no new event."""
    ways: tuple[tuple[str, ...], ...] = ()
    """The ways it was owed to when it was raised, each a chain of targets: a way named later owes it nothing."""


class Counted(Value):
    """An alert that repeats another within the window."""

    kind: Literal["counted"] = "counted"
    alert: Alert
    at: Instant
    times: int = Field(default=1, gt=0)


class Sent(Value):
    """A target took an alert."""

    kind: Literal["sent"] = "sent"
    alert_id: str
    target: str
    at: Instant


class Digested(Value):
    """A target took a digest that names the alert: no other way is owed it any more."""

    kind: Literal["digested"] = "digested"
    alert_id: str
    target: str
    at: Instant


class GivenUp(Value):
    """An alert grew too old for a way that never took it; `target` is the first of that way."""

    kind: Literal["given_up"] = "given_up"
    alert_id: str
    target: str
    at: Instant


class Repeated(Value):
    """What nobody acknowledged is said again."""

    kind: Literal["repeated"] = "repeated"
    code: str
    subject: str
    at: Instant
    times: int = Field(default=1, gt=0)


class Acknowledged(Value):
    """A person has seen it: it is not said again."""

    kind: Literal["acknowledged"] = "acknowledged"
    code: str
    subject: str
    by: str
    reason: str = ""
    at: Instant


class Silenced(Value):
    """A person wants quiet about something, for a time."""

    kind: Literal["silenced"] = "silenced"
    silence: Silence
    at: Instant


class Stands(Value):
    """Something that a person should see to, and what was said of it."""

    alert: Alert
    """As it was last said."""
    first_at: Instant
    last_at: Instant
    times: int = 1
    told_at: Instant | None = None
    """When a service last took it; None: nobody was told yet."""
    repeats: int = 0
    acknowledged: Acknowledged | None = None


class Window(Value):
    """What was sent of a (code, subject), and what was counted since."""

    first_id: str
    sent_id: str
    sent_level: Level
    last: Alert
    opened_at: Instant
    since: Instant
    counted: int = 0
    turns: int = 0


class Snapshot(Value):
    """All that stands, is counted and is silenced at this place of the record; what stood before it is no more."""

    kind: Literal["snapshot"] = "snapshot"
    stands: tuple[Stands, ...] = ()
    windows: tuple[Window, ...] = ()
    silences: tuple[Silence, ...] = ()
    heard: dict[str, Instant] = Field(default_factory=dict)
    """Ids of the last alerts, raised or counted, and when they came."""


class Unsilenced(Value):
    """A person ended a silence before its time."""

    kind: Literal["unsilenced"] = "unsilenced"
    silence_id: str
    by: str
    at: Instant


Record = Annotated[
    Raised | Counted | Sent | Digested | GivenUp | Repeated | Acknowledged | Silenced | Unsilenced | Snapshot,
    Field(discriminator="kind"),
]
RECORD: TypeAdapter[Record] = TypeAdapter(Record)
