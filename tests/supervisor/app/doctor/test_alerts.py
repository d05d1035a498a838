from datetime import UTC, datetime

import pytest

from actors.config_notifier import NotifierSection
from actors.domain.alerts.alert import Level
from actors.domain.alerts.board import AlertBoard, alert_board
from actors.domain.alerts.outbox import OutboxState
from actors.domain.alerts.policy import AlertPolicy
from actors.domain.alerts.record import Acknowledged, Raised
from supervisor.app.doctor.alerts import examine
from supervisor.app.doctor.finding import Verdict
from tests.notifier_rig import alert

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
NOTHING = AlertBoard(standing=(), silences=(), history=())


@pytest.mark.parametrize(
    ("targets", "is_paper", "verdict", "said"),
    [
        ({}, False, Verdict.WARN, "no target of P0"),
        ({}, True, Verdict.OK, "no target of P0"),
        ({"P1": ["CHAT"]}, False, Verdict.WARN, "no target of P0"),
        ({"P0": ["PHONE"]}, False, Verdict.WARN, "where it is down, nobody is paged"),
        ({"P0": [["PHONE", "TEXT"]]}, False, Verdict.OK, "2 targets of P0"),
        ({"P0": ["PHONE", "MAIL"]}, False, Verdict.OK, "2 targets of P0"),
    ],
)
def test_a_page_needs_a_way_out_and_one_behind_it(targets, is_paper, verdict, said):
    (found,) = examine(NotifierSection.model_validate({"targets": targets}), NOTHING, is_paper=is_paper)
    assert (found.verdict, said in found.text) == (verdict, True)


def test_where_nothing_was_started_nothing_is_known():
    (found,) = examine(None, NOTHING, is_paper=True)
    assert found.verdict is Verdict.UNKNOWN


def test_a_target_that_did_not_take_an_alert_is_told_until_somebody_has_seen_it():
    state = OutboxState()
    state.apply(Raised(alert=alert("n", Level.P1, "N001", "alerts to phone"), at=NOW))
    found = list(examine(None, alert_board(state, (), AlertPolicy(), NOW), is_paper=True))
    assert [(each.code, each.subject) for each in found[1:]] == [("D101", "alerts to phone")]
    state.apply(Acknowledged(code="N001", subject="alerts to phone", by="ann", at=NOW))
    assert len(list(examine(None, alert_board(state, (), AlertPolicy(), NOW), is_paper=True))) == 1
