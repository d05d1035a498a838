"""What the notifier decides: what is said now, what waits, what is said again. Pure: records in, deliveries out.

    heard ---> ignored              the same alert again
          ---> counted              the same thing within the window; summed up at its end
          ---> raised --> the log at once, whatever else is decided
                      --> held      quiet hours, a silence, or a parent that stands: one digest when that ends
                      --> grouped   with others of its level and code: the first at once, then together
                      --> sent to each way of its level; one that nobody took is owed, and swept up later
    told, P0 or P1 ---> said again  until acknowledged or ended; several at once are one message
    acknowledged                    owed to nobody any more

Everything that is raised is on disk before it is planned (`outbox`); what waits here is planned anew after a death.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.chain import Delivery
from actors.domain.alerts.group import Groups
from actors.domain.alerts.inhibition import CHILD_CODES, parent_of
from actors.domain.alerts.message import Advice, Message, Origin, write, write_several
from actors.domain.alerts.outbox import LOG, OutboxState, Way, Ways
from actors.domain.alerts.policy import AlertPolicy
from actors.domain.alerts.record import Counted, Digested, GivenUp, Raised, Record, Repeated, Stands
from actors.domain.alerts.repeat import Hearing

SEEN = "acknowledged"
"""Stands for a target where a person saw it before any target took it."""
QUIET = "held in quiet hours"


@dataclass(slots=True)
class Plan:
    """What is to be written down first, and what is to be sent then."""

    records: list[Record] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)


class AlertDesk:
    """The decisions over one outbox's state. `advice`: by code, for alerts that do not say it."""

    def __init__(
        self, state: OutboxState, policy: AlertPolicy, ways: Ways, origin: Origin, advice: Mapping[str, Advice]
    ) -> None:
        self._state, self._policy, self._ways = state, policy, ways
        self._origin, self._advice = origin, advice
        self._groups = Groups(policy.paces)
        self._fresh: dict[str, Raised] = {}
        self._held: dict[str, str] = {}
        self._grouped: set[str] = set()
        self._numbers = 0

    def hear(self, alert: Alert, now: datetime) -> Record | None:
        """Return what is to be written down of an alert; None where it was heard before."""
        if alert.alert_id in self._state.raised or alert.alert_id in self._state.heard:
            return None
        match self._state.windows.hear(alert, now, self._policy.repeat_window_s):
            case Hearing.SEND:
                return self._raised(alert, now)
            case Hearing.COUNT:
                return Counted(alert=alert, at=now)
            case Hearing.IGNORE:
                return None

    def summaries(self, now: datetime) -> list[Record]:
        """Return what the windows that ended counted."""
        over = self._state.windows.summaries(now, self._policy.repeat_window_s)
        return [self._raised(alert, now).model_copy(update={"summary": True}) for alert in over]

    def raise_(self, raised: Raised, now: datetime) -> list[Delivery]:
        """Take what was written down as raised; return what goes to the log."""
        alert = raised.alert
        if self._services(alert.level):
            self._fresh[alert.alert_id] = raised
        why = self.withheld(alert, now)
        note = "" if why is None else f" [{why}]"
        message = write(alert, self._origin, repeated=False, advice=self._advice, note=note)
        logs = [way for way in self._ways.get(alert.level, ()) if way == (LOG,)]
        return list(self._deliveries((alert.alert_id,), alert.level, message, logs))

    def plan(self, now: datetime) -> list[Delivery]:
        """Return what is said now of what was raised."""
        for name, raised in list(self._fresh.items()):
            alert, age_s = raised.alert, (now - raised.at).total_seconds()
            if alert.code in CHILD_CODES and alert.level is not Level.P0 and 0 <= age_s < self._policy.child_wait_s:
                continue
            del self._fresh[name]
            if (why := self.withheld(alert, now)) is not None:
                self._held[name] = why
            else:
                self._grouped.add(name)
                self._groups.add(alert, now)
        found: list[Delivery] = []
        for level, names in self._groups.due(now):
            self._grouped.difference_update(names)
            found += self._deliveries(names, level, self._message(names, now, "one kind"), self._services(level))
        return found

    def look(self, now: datetime) -> Plan:
        """Return what has been held long enough, and what is said again."""
        plan = Plan()
        self._release(now, plan)
        self._repeat(now, plan)
        return plan

    def sweep(self, now: datetime, busy: Iterable[tuple[str, Way | None]] = ()) -> Plan:
        """Return what is owed to somebody and on no way there, as repeated; give up what is too old."""
        plan, owed, on_way = Plan(), defaultdict[tuple[Level, Way], list[str]](list), set(busy)
        oldest = now - timedelta(seconds=self._policy.resend_age_max_s)
        self._state.forget(oldest)
        for raised, way in self._state.owed(self._ways):
            alert = raised.alert
            name = alert.alert_id
            if (name, way) in on_way or (name, None) in on_way or (way != (LOG,) and self._has(name)):
                continue
            if raised.at < oldest:
                plan.records.append(GivenUp(alert_id=name, target=way[0], at=now))
            elif way == (LOG,):
                message = write(alert, self._origin, repeated=True, advice=self._advice)
                plan.deliveries += self._deliveries((name,), alert.level, message, [way])
            elif self._is_seen(alert):
                plan.records.append(Digested(alert_id=name, target=SEEN, at=now))
            elif (why := self.withheld(alert, now)) is not None:
                self._held[name] = why
            else:
                owed[alert.level, way].append(name)
        for (level, way), names in owed.items():
            message = self._message(tuple(names), now, "not delivered before", repeated=True)
            plan.deliveries += self._deliveries(tuple(names), level, message, [way])
        return plan

    def withheld(self, alert: Alert, now: datetime) -> str | None:
        """Return why an alert is not to be said now; None where it is."""
        for silence in self._state.silences.values():
            if silence.covers(alert, now, self._policy.silence_page_max_s):
                return f"silenced by {silence.by}: {silence.reason}"
        parents = self._state.parents
        if parents and alert.code in CHILD_CODES:
            parent = parent_of(
                alert,
                lambda code: ((each, (now - at).total_seconds()) for each, at in parents.values() if each.code == code),
                self._policy.inhibit_max_s,
            )
            if parent is not None:
                return f"follows from {parent.code} {parent.subject}"
        quiet = self._policy.quiet
        return QUIET if quiet is not None and quiet.holds(alert.level, now) else None

    def _release(self, now: datetime, plan: Plan) -> None:
        let_go: dict[str, str] = {}
        for name, why in list(self._held.items()):
            alert = self._state.raised[name].alert
            if self._is_seen(alert):
                plan.records.append(Digested(alert_id=name, target=SEEN, at=now))
                del self._held[name]
            elif (still := self.withheld(alert, now)) is None:
                let_go[name] = why
                del self._held[name]
            else:
                self._held[name] = still
        if not let_go:
            return
        whys = set(let_go.values())
        why = whys.pop() if len(whys) == 1 else "held back until now"
        level = min(self._state.raised[name].alert.level for name in let_go)
        names = tuple(let_go)
        message = self._message(names, now, why)
        ways = self._services(level)
        plan.deliveries += self._deliveries(names, level, message, ways, is_digest=len(names) > 1)

    def _repeat(self, now: datetime, plan: Plan) -> None:
        due = defaultdict[Level, list[Stands]](list)
        for each in self._state.stands.values():
            if self._is_due(each, now) and self._services(each.alert.level):
                due[each.alert.level].append(each)
        for level, unseen in due.items():
            alerts = [each.alert for each in unseen]
            plan.records += [Repeated(code=each.code, subject=each.subject, at=now) for each in alerts]
            if len(unseen) == 1:
                note = f" (not acknowledged, said {unseen[0].repeats + 2} times)"
                message = write(alerts[0], self._origin, repeated=False, advice=self._advice, note=note)
            else:
                message = write_several(alerts, self._origin, "not acknowledged", at=now)
            plan.deliveries += self._deliveries((), level, message, self._services(level))

    def _is_due(self, each: Stands, now: datetime) -> bool:
        waits = self._policy.repeats.get(each.alert.level, ())
        if each.acknowledged is not None or each.told_at is None or not waits:
            return False
        if (now - each.last_at).total_seconds() > self._policy.repeat_age_max_s:
            return False
        since_s = abs((now - each.told_at).total_seconds())
        return since_s >= waits[min(each.repeats, len(waits) - 1)] and self.withheld(each.alert, now) is None

    def _is_seen(self, alert: Alert) -> bool:
        stands = self._state.stands.get(alert.key)
        return stands is not None and stands.acknowledged is not None

    def _has(self, name: str) -> bool:
        return name in self._fresh or name in self._held or name in self._grouped

    def _message(self, names: tuple[str, ...], now: datetime, why: str, *, repeated: bool = False) -> Message:
        alerts = [self._state.raised[name].alert for name in names]
        if len(alerts) == 1:
            note = "" if why == "one kind" or repeated else f" ({why})"
            return write(alerts[0], self._origin, repeated=repeated, advice=self._advice, note=note)
        if why == "one kind":
            why = f"{alerts[0].code}"
        return write_several(alerts, self._origin, why, at=now, repeated=repeated)

    def _deliveries(
        self, names: tuple[str, ...], level: Level, message: Message, ways: Iterable[Way], *, is_digest: bool = False
    ) -> Iterator[Delivery]:
        for way in ways:
            self._numbers += 1
            yield Delivery(self._numbers, names, message, way, level, is_digest=is_digest)

    def _services(self, level: Level) -> list[Way]:
        return [way for way in self._ways.get(level, ()) if way != (LOG,)]

    def _raised(self, alert: Alert, now: datetime) -> Raised:
        return Raised(alert=alert, at=now, ways=self._ways.get(alert.level, ()))
