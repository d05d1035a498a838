"""The go-live gate: which sessions count, what proves a control, and what it lacks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Absent, InDoubt
from actors.domain.orders.breaker_event import BreakerTripped
from actors.domain.orders.finding import CashDiffers, LegCovered, LegUncovered
from actors.domain.orders.kill_event import KillSwitchFired
from actors.domain.orders.refusal import Check, Code
from actors.domain.performance.controls import CONTROLS
from actors.domain.performance.graduation import (
    GateFold,
    GateTerms,
    Graduation,
    SessionMark,
    asked_of,
    graduation,
)
from actors.domain.performance.naked_shorts import Recorded
from supervisor.app.bench import history
from supervisor.app.drills.ground import known
from tests.builders import open_signal
from tests.fakes import START

TERMS = GateTerms(sessions_min=2, uncovered_max_s=5)
DAY_NS = 86_400 * 10**9
ZERO_DAY = int(datetime(2026, 1, 5, 18, tzinfo=UTC).timestamp()) * 10**9


def opened(day: int) -> happened.SessionOpened:
    at = START + timedelta(days=day)
    return happened.SessionOpened(session=at.date(), baseline={}, cash={}, at=at)


def placed() -> happened.Event:
    return next(each for each in history.events() if isinstance(each, happened.OrderPlaced))


def heard(*days: list[happened.Event], played_in_a_day: bool = False) -> GateFold:
    """A fold that heard one session after the other, a day of the machine each, and the next one's beginning."""
    fold, sequence = GateFold(TERMS), 0
    for number, events in enumerate((*days, [])):
        written_ns = ZERO_DAY + (0 if played_in_a_day else number * DAY_NS)
        for event in (opened(number), *events):
            sequence += 1
            fold.hear(Recorded(event=event, written_ns=written_ns), sequence)
    return fold


def marks(*days: list[happened.Event]) -> list[SessionMark]:
    return list(heard(*days).sessions())[:-1]


def found(fold: GateFold, *drills: str, **terms: object) -> Graduation:
    passed = [(f"2026-01-0{place + 1}", name) for place, name in enumerate(drills)]
    return graduation(fold, passed, TERMS.model_copy(update=terms), CONTROLS)


def refused(code: Code) -> happened.SignalRefused:
    checks = (Check(code=code, passed=False), Check(code=Code.R082_STRESS, passed=True))
    return happened.SignalRefused(signal=open_signal(1), checks=checks, at=START)


DOUBT = happened.AttemptEnded(attempt_id="condor-1-r1", outcome=InDoubt(cause="no answer"), at=START)
FOUND = happened.DoubtEnded(attempt_id="condor-1-r1", resolution=Absent(proof="three looks"), at=START)
UNCOVERED = LegUncovered(structure_id="condor-1", uncovered={"SPX": -1}, since_ns=1, at=START)
QUARANTINED = happened.Quarantined(underlying="SPX", account_domain="a", text="differs", at=START)
LIFTED = happened.QuarantineLifted(underlying="SPX", text="agrees", at=START)


def covered(seconds: float) -> LegCovered:
    return LegCovered(structure_id="condor-1", seconds=seconds, at=START)


def killed(*unconfirmed: str) -> KillSwitchFired:
    return KillSwitchFired(epoch=2, by="ann", reason="drill", ended=("executor 1",), unconfirmed=unconfirmed, at=START)


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([DOUBT], "condor-1 left in doubt"),
        ([QUARANTINED], "SPX left in quarantine"),
        ([UNCOVERED], "condor-1 left uncovered"),
        ([UNCOVERED, covered(9)], "condor-1 stood uncovered for 9 s"),
        ([CashDiffers(account_domain="a", gap=Decimal("0.01"), at=START)], "the cash of a differed by +0.01"),
    ],
)
def test_a_session_in_which_something_was_left_wrong_does_not_count(events, fault):
    (mark,) = marks([placed(), *events])
    assert (mark.is_clean, mark.faults) == (False, (fault,))


@pytest.mark.parametrize("events", [[DOUBT, FOUND], [QUARANTINED, LIFTED], [UNCOVERED, covered(2)], [killed()]])
def test_one_in_which_all_ended_well_does(events):
    (mark,) = marks([placed(), *events])
    assert (mark.is_clean, mark.faults) == (True, ())


def test_one_in_which_nothing_was_traded_does_not():
    (mark,) = marks([])
    assert not mark.is_clean


def test_the_session_under_way_does_not_count_yet():
    fold = GateFold(TERMS)
    for sequence, event in enumerate((opened(0), placed()), start=1):
        fold.hear(Recorded(event=event, written_ns=ZERO_DAY), sequence)
    assert [each.is_clean for each in fold.sessions()] == [False]


def test_a_week_that_is_played_in_a_day_is_one_session():
    assert found(heard([placed()], [placed()], [placed()])).clean == 3
    assert found(heard([placed()], [placed()], [placed()], played_in_a_day=True)).clean == 1


def test_a_wrong_that_is_left_spoils_each_session_until_it_is_put_right():
    assert [each.is_clean for each in marks([placed(), QUARANTINED], [placed()], [placed(), LIFTED])] == [
        False,
        False,
        True,
    ]


def test_a_real_refusal_proves_its_control_with_its_place_in_the_journal():
    gate = found(heard([placed(), refused(Code.R031_QUOTE_STALE)]))
    (mark,) = (each for each in gate.proved if each.control == "stale-quotes")
    assert (mark.by, mark.mark) == ("journal", "3")
    assert "stale-quotes not proved" not in gate.lacks


def test_a_rule_that_passed_proves_nothing():
    checks = (Check(code=Code.R031_QUOTE_STALE, passed=True),)
    event = happened.SignalRefused(signal=open_signal(1), checks=checks, at=START)
    assert "stale-quotes" in found(heard([event])).missing


def test_a_drill_that_passed_proves_its_control_with_its_card():
    gate = found(heard([placed()]), "three-legs", "kill-executor")
    assert {each.control: each.by for each in gate.proved} == {
        "legs": "drill three-legs",
        "restart": "drill kill-executor",
        "halted-start": "drill kill-executor",
    }


def test_a_kill_switch_whose_deaths_were_not_confirmed_proves_nothing():
    assert "kill-switch" in found(heard([killed("executor 7")])).missing
    assert "kill-switch" not in found(heard([killed()])).missing


def test_the_gate_is_green_with_enough_sessions_and_every_control():
    tripped = BreakerTripped.model_construct(kind="breaker_tripped", at=START)
    ladder = placed().model_copy(update={"signal": open_signal(1).model_copy(update={"signal_id": "nat-close-9-x"})})
    proofs = [tripped, ladder, killed(), refused(Code.R040_QUANTITY)]
    drills = [name for name in known() if name != "kill-risk"]
    fold = heard([placed(), *proofs], [placed()])
    assert found(fold, *drills).lacks == ()
    assert found(fold, *drills, sessions_min=3).lacks == ("2 of 3 clean sessions",)
    without = [name for name in drills if name != "three-legs"]
    assert found(fold, *without).lacks == ("legs not proved",)
    waived = found(fold, *without, waived=("legs",))
    assert (waived.lacks, waived.waived) == ((), ("legs",))


def test_every_drill_that_a_control_names_exists_and_every_control_has_a_way_to_be_proved():
    drills = set(known())
    for control in CONTROLS:
        named = {name for name in control.drills if not name.endswith("*")}
        assert named <= drills, control.name
        assert control.todo


def test_without_a_backup_nobody_asks_for_a_failover():
    assert {each.name for each in CONTROLS} - {each.name for each in asked_of(has_backup=False)} == {"failover"}
