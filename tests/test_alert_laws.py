"""Each rule about who is told what, and when, has a switch (as in `test_laws`): off, and its check fails."""

from datetime import UTC, datetime

import pytest

from actors import retold, streams
from actors.domain.alerts import alert_desk, inhibition
from actors.domain.alerts.alert import Level
from actors.domain.alerts.alert_desk import AlertDesk
from actors.domain.alerts.chain import Chains
from actors.domain.alerts.group import Groups
from actors.domain.alerts.outbox import OutboxState
from actors.domain.alerts.quiet import QuietHours
from actors.domain.alerts.record import RECORD
from actors.domain.alerts.repeat import Hearing, Windows
from actors.domain.alerts.silence import Silence
from tests.actors.domain.alerts import test_alert_desk as desk
from tests.actors.domain.alerts import test_chain as chain
from tests.actors.domain.alerts import test_inhibition as inhibited
from tests.rule_switch import Switch, each_of

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def an_alert_that_is_told_again_after_a_restart_is_not_said_again() -> None:
    told = desk.Told()
    name = told.hear()
    state = OutboxState()
    state.replay([RECORD.validate_json(each.model_dump_json()) for each in told.state.pruned(desk.WAYS, 0)])
    after = desk.Told(state=state, at=told.now)
    assert after.hear() == name
    assert after.said == []


def what_was_told_lately_is_told_again() -> None:
    kept = retold.Retold()
    kept.keep(inhibited.alert("A040", "naked"))
    assert len(kept.again()) == 1
    assert streams.NOTIFIER == "notifier"


def a_louder_child_is_told() -> None:
    parent = inhibited.alert("S001", "connection.a")
    assert not inhibited.held(inhibited.alert("A050", "route-a", Level.P0), (parent, 1))


def every_level_waits(off: pytest.MonkeyPatch) -> None:
    off.setattr(QuietHours, "holds", lambda *_: True)


def a_silence_has_no_limit_for_pages(off: pytest.MonkeyPatch) -> None:
    off.setattr(Silence, "covers", lambda self, alert, now, _: self.names(alert) and now < self.ends)


def nothing_follows_from_anything(off: pytest.MonkeyPatch) -> None:
    off.setattr(alert_desk, "parent_of", lambda *_: None)


def a_parent_holds_back_whatever_it_names(off: pytest.MonkeyPatch) -> None:
    off.setattr(inhibition.Parent, "holds", lambda self, parent, child: child.code in self.children)


def nothing_is_said_again(off: pytest.MonkeyPatch) -> None:
    off.setattr(AlertDesk, "_is_due", lambda *_: False)


def an_answer_is_not_asked_for(off: pytest.MonkeyPatch) -> None:
    off.setattr(AlertDesk, "_is_seen", lambda *_: False)


def nothing_waits_for_its_kind(off: pytest.MonkeyPatch) -> None:
    def due(self, now):
        for (level, _), group in self._groups.items():
            yield from ((level, (name,)) for name in group.waiting)
            group.waiting.clear()

    off.setattr(Groups, "due", due)


def nobody_is_asked_next(off: pytest.MonkeyPatch) -> None:
    off.setattr(Chains, "_next", lambda *_: None)


def ids_are_not_remembered(off: pytest.MonkeyPatch) -> None:
    off.setattr(OutboxState, "_hear", lambda *_: None)
    off.setattr(Windows, "hear", lambda *_: Hearing.SEND)


def nothing_is_kept(off: pytest.MonkeyPatch) -> None:
    off.setattr(retold.Retold, "keep", lambda *_: None)


SWITCHES = [
    Switch(desk.test_in_quiet_hours_a_page_goes_through_and_the_rest_is_one_digest_at_their_end, every_level_waits),
    Switch(desk.test_a_silence_holds_a_page_back_for_a_quarter_of_an_hour_only, a_silence_has_no_limit_for_pages),
    Switch(
        desk.test_what_a_dead_ray_breaks_is_held_back_and_told_together_when_ray_is_back, nothing_follows_from_anything
    ),
    Switch(a_louder_child_is_told, a_parent_holds_back_whatever_it_names),
    Switch(desk.test_a_page_is_said_at_once_and_again_every_minute_until_somebody_answers, nothing_is_said_again),
    Switch(desk.test_what_a_person_saw_before_any_service_took_it_is_owed_to_nobody, an_answer_is_not_asked_for),
    Switch(
        desk.test_the_first_of_a_kind_is_said_at_once_and_what_follows_together_ever_more_slowly,
        nothing_waits_for_its_kind,
    ),
    Switch(chain.test_one_that_fails_is_followed_by_the_next_at_once, nobody_is_asked_next),
    Switch(chain.test_one_that_is_silent_is_followed_by_the_next_and_may_still_take_it, nobody_is_asked_next),
    Switch(an_alert_that_is_told_again_after_a_restart_is_not_said_again, ids_are_not_remembered),
    Switch(what_was_told_lately_is_told_again, nothing_is_kept),
]
OWN = [
    an_alert_that_is_told_again_after_a_restart_is_not_said_again,
    what_was_told_lately_is_told_again,
    a_louder_child_is_told,
]


@pytest.mark.parametrize("check", OWN)
def test_the_check_passes_as_the_code_stands(check):
    check()


@each_of(SWITCHES)
def test_a_rule_that_is_switched_off_is_missed(switch, monkeypatch):
    switch.fails_when_off(monkeypatch)
