"""What the outbox remembers, and what follows from it: which alerts some target has yet to take.

    raised --> sent by each target of its level      nothing is owed
           --> given up at a target                  too old to be worth telling; said so in the record
    counted                                          a repetition; kept for the history, owed to nobody

The outbox is a fold of these records in their order. Delivery is at least once: a process that dies between a target's
yes and the record of it sends again, and says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from actors.domain.alerts.alert import Alert
from actors.domain.value import Instant, Value


class Raised(Value):
    """An alert that is to be sent."""

    kind: Literal["raised"] = "raised"
    alert: Alert
    at: Instant


class Counted(Value):
    """An alert that repeats another within the window."""

    kind: Literal["counted"] = "counted"
    alert: Alert
    at: Instant


class Sent(Value):
    """A target took an alert."""

    kind: Literal["sent"] = "sent"
    alert_id: str
    target: str
    at: Instant


class GivenUp(Value):
    """An alert grew too old for a target that never took it."""

    kind: Literal["given_up"] = "given_up"
    alert_id: str
    target: str
    at: Instant


Record = Annotated[Raised | Counted | Sent | GivenUp, Field(discriminator="kind")]
RECORD: TypeAdapter[Record] = TypeAdapter(Record)


@dataclass(slots=True)
class OutboxState:
    """The fold of the records so far. One owner writes it."""

    raised: dict[str, Raised] = field(default_factory=dict)
    settled: dict[str, set[str]] = field(default_factory=dict)
    """By alert, the targets that took it or were given up."""

    def apply(self, record: Record) -> None:
        """Take in one record."""
        match record:
            case Raised():
                self.raised.setdefault(record.alert.alert_id, record)
            case Sent() | GivenUp():
                self.settled.setdefault(record.alert_id, set()).add(record.target)
            case Counted():
                pass

    def owed(self, targets: Mapping[str, Iterable[str]]) -> Iterator[tuple[Raised, str]]:
        """Yield each alert with each target of its level that has yet to take it, oldest first.

        `targets` names the targets of each level.
        """
        for alert_id, raised in self.raised.items():
            for target in targets.get(raised.alert.level, ()):
                if target not in self.settled.get(alert_id, ()):
                    yield raised, target

    def pruned(self, targets: Mapping[str, Iterable[str]], keep: int) -> list[Record]:
        """Return the shortest record of the same debts, with the last `keep` alerts for the history."""
        owed = {raised.alert.alert_id for raised, _ in self.owed(targets)}
        kept = owed | set(list(self.raised)[-keep:])
        records: list[Record] = []
        for alert_id in (each for each in self.raised if each in kept):
            raised = self.raised[alert_id]
            records.append(raised)
            settled = sorted(self.settled.get(alert_id, ()))
            records += [Sent(alert_id=alert_id, target=target, at=raised.at) for target in settled]
        return records
