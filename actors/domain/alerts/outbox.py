"""What the outbox remembers, and what follows from it: which alerts some way has yet to take, and what still stands.

    raised --> sent by a target of each way of its level      nothing is owed
           --> digested                                       named in a digest that some target took; nothing is owed
           --> given up at a way                              too old to be worth telling; said so in the record
    counted                                                   a repetition; kept for its summary, owed to nobody
    raised, P0 or P1 --> acknowledged                         seen by a person: not said again
                     --> ended                                its end was told (`inhibition.ENDS`)

The outbox is a fold of these records in their order. Delivery is at least once: a process that dies between a target's
yes and the record of it sends again, and says so. An alert is owed to the ways there were when it was raised: one that
a configuration names later gets none of the past, and one whose target has gone is owed to those there are now.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta

from actors.domain.alerts.alert import ASKS_FOR_ANSWER, Alert, Key, Level
from actors.domain.alerts.inhibition import PARENT_CODES, SAY_THEIR_END, ended_by
from actors.domain.alerts.record import (
    Acknowledged,
    Counted,
    Digested,
    GivenUp,
    Raised,
    Record,
    Repeated,
    Sent,
    Silenced,
    Snapshot,
    Stands,
    Unsilenced,
)
from actors.domain.alerts.repeat import Windows
from actors.domain.alerts.silence import Silence
from actors.domain.value import Instant

LOG = "log"
"""The target that is a file here: what it took is on record, and nobody has heard it yet."""
Way = tuple[str, ...]
"""A chain of targets: the first that takes an alert is enough."""
STANDS_MAX = 5_000
HEARD_MAX = 20_000
HEARD = timedelta(minutes=10)
"""How long at least an id is known again; whoever tells twice does so within `actors.retold.RETELL_S`."""
Ways = Mapping[Level, tuple[Way, ...]]
"""By level."""


@dataclass(slots=True)
class OutboxState:
    """The fold of the records so far. One owner writes it."""

    raised: dict[str, Raised] = field(default_factory=dict)
    settled: dict[str, set[str]] = field(default_factory=dict)
    """By alert, the targets that took it or were given up."""
    digested: set[str] = field(default_factory=set)
    windows: Windows = field(default_factory=Windows)
    stands: dict[Key, Stands] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    heard: dict[str, Instant] = field(default_factory=dict)
    """Ids of the last alerts: one that is told again, to a successor of who knew it, is the same alert."""
    parents: dict[Key, tuple[Alert, Instant]] = field(default_factory=dict)
    """What may hold others back, and when it was last said."""

    def apply(self, record: Record) -> None:
        """Take in one record."""
        match record:
            case Raised():
                self._raise(record)
            case Counted():
                self._hear(record.alert.alert_id, record.at)
                self.windows.counted(record.alert, record.at)
                self._stand(record.alert, record.at, is_new=False)
            case Sent() | GivenUp():
                self.settled.setdefault(record.alert_id, set()).add(record.target)
                if isinstance(record, Sent) and record.target != LOG:
                    self._told(record.alert_id, record.at)
            case Digested():
                self.digested.add(record.alert_id)
                self._told(record.alert_id, record.at)
            case Repeated():
                self._update((record.code, record.subject), told_at=record.at, again=1)
            case Acknowledged() | Silenced() | Unsilenced():
                self._ask(record)
            case Snapshot():
                self.windows = Windows(record.windows)
                self.stands = {each.alert.key: each for each in record.stands}
                self.silences = {each.silence_id: each for each in record.silences}
                self.heard = dict(record.heard)
                broken = (each for each in record.stands if each.alert.code in PARENT_CODES)
                self.parents = {each.alert.key: (each.alert, each.last_at) for each in broken}

    def _ask(self, record: Acknowledged | Silenced | Unsilenced) -> None:
        match record:
            case Acknowledged():
                self._update((record.code, record.subject), acknowledged=record)
            case Silenced():
                self.silences[record.silence.silence_id] = record.silence
            case Unsilenced():
                self.silences.pop(record.silence_id, None)

    def replay(self, records: Iterable[Record]) -> None:
        """Forget everything, and fold `records` instead."""
        fresh = OutboxState()
        for record in records:
            fresh.apply(record)
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))

    def owed(self, ways: Ways) -> Iterator[tuple[Raised, Way]]:
        """Yield each alert with each way of its level that has yet to take it, oldest first."""
        for raised in self.raised.values():
            for way in self.owed_of(raised, ways):
                yield raised, way

    def owed_of(self, raised: Raised, ways: Ways) -> list[Way]:
        """Return the ways that have yet to take one alert."""
        settled = self.settled.get(raised.alert.alert_id, set())
        named = raised.ways or ways.get(raised.alert.level, ())
        if all(self._took(way, settled, raised) for way in named):
            return []
        return [way for way in ways.get(raised.alert.level, ()) if not self._took(way, settled, raised)]

    def pruned(self, ways: Ways, keep: int) -> list[Record]:
        """Return the shortest record of the same debts and of all that stands, with the last `keep` alerts."""
        needed = {raised.alert.alert_id for raised, _ in self.owed(ways)}
        kept = needed | set(list(self.raised)[-keep:] if keep else ())
        records: list[Record] = []
        for alert_id in (each for each in self.raised if each in kept):
            records += self._records_of(self.raised[alert_id])
        stands, silences = tuple(self.stands.values()), tuple(self.silences.values())
        newest = max(self.heard.values(), default=None)
        heard = {name: at for name, at in self.heard.items() if newest is None or newest - at <= HEARD}
        return [*records, Snapshot(stands=stands, windows=self.windows.all(), silences=silences, heard=heard)]

    def forget(self, before: Instant) -> None:
        """Let go of what a person has seen, and of silences, that ended before `before`."""
        for key, each in list(self.stands.items()):
            if each.acknowledged is not None and each.last_at < before:
                del self.stands[key]
        for key, (_, said_at) in list(self.parents.items()):
            if said_at < before:
                del self.parents[key]
        for name, silence in list(self.silences.items()):
            if silence.ends < before:
                del self.silences[name]

    def _took(self, way: Way, settled: set[str], raised: Raised) -> bool:
        if way != (LOG,) and raised.alert.alert_id in self.digested:
            return True
        return any(target in settled for target in way)

    def _raise(self, record: Raised) -> None:
        alert = record.alert
        if alert.alert_id in self.raised:
            return
        self.raised[alert.alert_id] = record
        self._hear(alert.alert_id, record.at)
        if record.summary:
            self.windows.close(alert.key)
            return
        self.windows.sent(alert, record.at)
        self._stand(alert, record.at, is_new=True)

    def _stand(self, alert: Alert, at: Instant, *, is_new: bool) -> None:
        if (ended := ended_by(alert)) is not None:
            self.stands.pop(ended, None)
            self.parents.pop(ended, None)
            self.windows.end(ended)
        before = self.stands.get(alert.key)
        if alert.level not in ASKS_FOR_ANSWER:
            if before is not None and alert.code in SAY_THEIR_END:
                del self.stands[alert.key]
            if alert.code in SAY_THEIR_END:
                self.parents.pop(alert.key, None)
            return
        if alert.code in PARENT_CODES:
            self.parents[alert.key] = alert, at
        if before is None or (is_new and before.acknowledged is not None):
            self._make_room()
            self.stands[alert.key] = Stands(alert=alert, first_at=at, last_at=at)
        else:
            repeats = 0 if is_new else before.repeats
            update = {"alert": alert, "last_at": at, "times": before.times + 1, "repeats": repeats}
            self.stands[alert.key] = before.model_copy(update=update)

    def _hear(self, alert_id: str, at: Instant) -> None:
        self.heard[alert_id] = at
        if len(self.heard) > HEARD_MAX:
            del self.heard[next(iter(self.heard))]

    def _make_room(self) -> None:
        if len(self.stands) >= STANDS_MAX:
            seen = next((key for key, each in self.stands.items() if each.acknowledged is not None), None)
            del self.stands[seen or next(iter(self.stands))]

    def _told(self, alert_id: str, at: Instant) -> None:
        if (raised := self.raised.get(alert_id)) is not None:
            self._update(raised.alert.key, told_at=at)

    def _update(self, key: Key, *, again: int = 0, **update: object) -> None:
        if (said := self.stands.get(key)) is not None:
            self.stands[key] = said.model_copy(update=update | {"repeats": said.repeats + again})

    def _records_of(self, raised: Raised) -> Iterator[Record]:
        name = raised.alert.alert_id
        yield raised
        for target in sorted(self.settled.get(name, ())):
            yield Sent(alert_id=name, target=target, at=raised.at)
        if name in self.digested:
            yield Digested(alert_id=name, target="", at=raised.at)
