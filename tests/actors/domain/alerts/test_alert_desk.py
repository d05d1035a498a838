"""The notifier's decisions, as tables: what is heard when, and what is said then."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

import pytest

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.alert_desk import AlertDesk, Plan
from actors.domain.alerts.answer import answer
from actors.domain.alerts.chain import Delivery
from actors.domain.alerts.message import Origin
from actors.domain.alerts.outbox import LOG, OutboxState
from actors.domain.alerts.policy import AlertPolicy
from actors.domain.alerts.quiet import QuietHours
from actors.domain.alerts.record import Digested, Raised, Sent
from actors.domain.alerts.request import Ack, Hush
from actors.domain.alerts.silence import Silence

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""Ten in the morning in New York."""
WAYS = {level: ((LOG,), (f"{level}-phone",)) for level in Level}
NIGHT = QuietHours(begins=time(22), ends=time(7))


class Told:
    """A desk over its outbox, a second at a time; every service takes what it is given, unless it is `deaf`."""

    def __init__(
        self, policy: AlertPolicy | None = None, *, state: OutboxState | None = None, at: datetime = AT
    ) -> None:
        self.state = state or OutboxState()
        self.policy = policy or AlertPolicy()
        self.desk = AlertDesk(self.state, self.policy, WAYS, Origin(mode="live", host="desk"), {})
        self.now, self.deaf = at, False
        self.said: list[str] = []
        self.log: list[str] = []
        self.numbers = 0

    def hear(self, code: str = "A040", subject: str = "SPX", level: Level = Level.P0, text: str = "text") -> str:
        self.numbers += 1
        name = f"{code}-{subject}-{self.numbers}"
        alert = Alert(alert_id=name, code=code, level=level, subject=subject, text=text, at=self.now)
        record = self.desk.hear(alert, self.now)
        if record is not None:
            self.state.apply(record)
        if isinstance(record, Raised):
            self._send(self.desk.raise_(record, self.now))
        self._send(self.desk.plan(self.now))
        return name

    def ask(self, request: object) -> None:
        for record in answer(request, self.state.stands, self.policy, self.now)[0]:
            self.state.apply(record)

    def after(self, seconds: float) -> list[str]:
        """Let time pass; return the titles that were said meanwhile."""
        before = len(self.said)
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now += timedelta(seconds=1)
            for raised in self.desk.summaries(self.now):
                self.state.apply(raised)
                self._send(self.desk.raise_(raised, self.now))
            self._do(self.desk.look(self.now))
            if self.now.second == 0:
                self._do(self.desk.sweep(self.now))
            self._send(self.desk.plan(self.now))
        return self.said[before:]

    def _do(self, plan: Plan) -> None:
        for record in plan.records:
            self.state.apply(record)
        self._send(plan.deliveries)

    def _send(self, deliveries: Iterable[Delivery]) -> None:
        for each in deliveries:
            if each.way == (LOG,):
                self.log.append(each.message.title)
            elif self.deaf:
                continue
            else:
                self.said.append(each.message.title.removeprefix("LIVE "))
            kind = Digested if each.is_digest else Sent
            for name in each.alert_ids:
                self.state.apply(kind(alert_id=name, target=each.way[0], at=self.now))


def silence(told: Told, code: str = "", subject: str = "", *, minutes: float = 30) -> Silence:
    ends = told.now + timedelta(minutes=minutes)
    return Silence(code=code, subject=subject, begins=told.now, ends=ends, by="ann", reason="known")


def ack(told: Told, code: str = "A040", subject: str = "SPX") -> None:
    told.ask(Ack(keys=((code, subject),), by="ann", at=told.now))


def test_a_page_is_said_at_once_and_again_every_minute_until_somebody_answers():
    told = Told()
    told.hear()
    assert told.said == ["P0 SPX"]
    assert told.after(180) == [f"P0 SPX (not acknowledged, said {times} times)" for times in (2, 3, 4)]
    ack(told)
    assert told.after(3600) == []


def test_a_warning_is_said_again_ever_more_slowly_and_an_info_never():
    told = Told()
    told.hear(level=Level.P1)
    told.hear(level=Level.P2, code="A122")
    began, times = told.now, []
    for _ in range(90):
        if told.after(60):
            times.append(round((told.now - began).total_seconds() / 60))
    assert times == [5, 15, 35, 75]


def test_several_unanswered_pages_are_said_again_as_one_message():
    told = Told()
    for code in ("A040", "A010", "A030"):
        told.hear(code)
    assert told.after(60) == ["P0 3 alerts, not acknowledged"]


def test_the_first_of_a_kind_is_said_at_once_and_what_follows_together_ever_more_slowly():
    told = Told()
    for number in range(600):
        told.hear("A122", f"cost-{number}", Level.P2)
        told.after(1)
    assert told.said[0] == "P2 cost-0"
    assert told.said[1:] == [f"P2 {count} alerts, A122" for count in (29, 60, 120, 240)]
    assert told.after(600) == ["P2 150 alerts, A122"]


def test_a_page_of_its_own_kind_is_said_at_once_amid_a_storm_of_others():
    told = Told()
    for number in range(100):
        told.hear("A026", f"fill-{number}", Level.P0)
    told.hear("A040", "naked")
    assert told.said[-1] == "P0 naked"


def test_in_quiet_hours_a_page_goes_through_and_the_rest_is_one_digest_at_their_end():
    told = Told(AlertPolicy(quiet=NIGHT), at=datetime(2026, 11, 24, 4, 0, tzinfo=UTC))  # eleven at night
    told.hear("A050", "route-a", Level.P1)
    told.hear("A122", "cost-1", Level.P2)
    told.hear("A040", "naked", Level.P0)
    ack(told, "A040", "naked")
    assert told.said == ["P0 naked"]
    assert told.log[0] == "LIVE P1 route-a [held in quiet hours]"
    assert told.after(8 * 3600 - 1) == []
    assert told.after(5) == ["P1 2 alerts, held in quiet hours"]
    assert told.after(400) == ["P1 route-a (not acknowledged, said 2 times)"]


def test_a_silence_holds_back_and_tells_it_all_when_it_ends():
    told = Told()
    told.ask(Hush(silence=silence(told, "A050", "route-*"), at=told.now))
    for subject in ("route-a", "route-b", "queue-c"):
        told.hear("A050", subject, Level.P1)
    assert told.after(4) == ["P1 queue-c"]
    assert told.after(1794) == [f"P1 queue-c (not acknowledged, said {times} times)" for times in (2, 3)]
    assert told.after(3) == ["P1 2 alerts, silenced by ann: known"]


def test_a_silence_holds_a_page_back_for_a_quarter_of_an_hour_only():
    told = Told()
    told.ask(Hush(silence=silence(told, "A040", minutes=300), at=told.now))
    told.hear()
    assert told.after(898) == []
    assert told.after(3) == ["P0 SPX (silenced by ann: known)"]


def test_what_a_dead_ray_breaks_is_held_back_and_told_together_when_ray_is_back():
    told = Told()
    told.hear("S021", "ray")
    ack(told, "S021", "ray")
    for child in ("data_feed", "executor", "risk"):
        told.hear("S001", child, Level.P1)
    told.hear("A040", "naked")
    assert told.after(20) == []
    assert told.said == ["P0 ray", "P0 naked"]
    ack(told, "A040", "naked")
    told.hear("S022", "ray", Level.P1)
    assert told.after(2)[0] == "P1 3 alerts, follows from S021 ray"


def test_a_child_that_is_heard_just_before_its_parent_is_held_back_as_well():
    told = Told()
    told.hear("A050", "route-primary", Level.P1)
    told.hear("S001", "connection.primary", Level.P1)
    told.hear("A050", "route-other", Level.P1)
    assert told.after(5) == ["P1 connection.primary", "P1 route-other"]


def test_what_is_still_so_when_its_parent_has_gone_on_too_long_is_told():
    told = Told(AlertPolicy(inhibit_max_s=60))
    told.hear("A051", "quotes")
    ack(told, "A051", "quotes")
    told.hear("A140", "SPX", Level.P1)
    assert told.after(58) == []
    assert told.after(3) == ["P1 SPX (follows from A051 quotes)"]


def test_what_no_service_took_is_swept_up_as_one_message():
    told = Told()
    told.deaf = True
    for subject in ("a", "b", "c"):
        told.hear(subject=subject)
    told.after(3)
    told.deaf = False
    assert told.after(60)[0] == "P0 3 alerts, not delivered before (repeated)"


def test_what_is_on_its_way_is_not_swept_up():
    told = Told()
    told.deaf = True
    name = told.hear()
    way = (f"{Level.P0}-phone",)
    told.now += timedelta(seconds=60)
    for busy in ([(name, way)], [(name, None)]):
        assert told.desk.sweep(told.now, busy).deliveries == []
    (again,) = told.desk.sweep(told.now, [(name, ("other",))]).deliveries
    assert again.message.title == "LIVE P0 SPX (repeated)"


def test_what_a_person_saw_before_any_service_took_it_is_owed_to_nobody():
    told = Told()
    told.deaf = True
    told.hear()
    told.after(3)
    ack(told)
    told.deaf = False
    assert told.after(120) == []


def test_the_log_has_everything_at_once():
    told = Told(AlertPolicy(quiet=NIGHT), at=datetime(2026, 11, 24, 4, 0, tzinfo=UTC))
    for number in range(20):
        told.hear("A122", f"cost-{number}", Level.P2)
    assert len(told.log) == 20


def test_a_successor_takes_over_what_was_held_silenced_and_counted():
    before = Told()
    before.ask(Hush(silence=silence(before, "A050"), at=before.now))
    before.hear("A050", "route-a", Level.P1)
    before.hear("A040", "naked")
    before.hear("A040", "naked")
    after = Told(state=before.state, at=before.now)
    after.numbers = 100
    ack(after, "A040", "naked")
    assert after.after(299) == []
    assert after.after(2) == ["P0 naked"], "what was counted is summed up"
    assert after.after(1500)[-1] == "P1 route-a (silenced by ann: known)"


LAWS = [
    ("a page in quiet hours", AlertPolicy(quiet=QuietHours(begins=time(0), ends=time(23, 59))), Level.P0, True),
    ("a warning in quiet hours", AlertPolicy(quiet=QuietHours(begins=time(0), ends=time(23, 59))), Level.P1, False),
]


@pytest.mark.parametrize(("policy", "level", "is_said"), [case[1:] for case in LAWS], ids=[case[0] for case in LAWS])
def test_only_what_may_wait_waits(policy, level, is_said):
    told = Told(policy)
    told.hear(level=level)
    assert bool(told.said) is is_said
