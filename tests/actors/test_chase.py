"""What is unanswered, in doubt or to be cancelled is asked for until its own route has said."""

import pytest

from actors.domain.orders.attempt import Absent, Accepted, AttemptState, Found, InDoubt, NotSent, Unknown
from actors.domain.orders.event import CancelAsked
from actors.domain.orders.report import Status
from actors.messages import AskOutcome, CancelOrder, OutcomeJournaled, Resolve, Resolved, SendOrder
from tests.builders import cancel_signal, close_signal, open_signal
from tests.rig import Rig, fills_of, report

ORDER, ATTEMPT = "condor-20260105-1", "condor-20260105-1-r1"


def sent() -> Rig:
    rig = Rig().ready()
    assert rig.ask(open_signal(1)).cl_ord_id == ORDER
    return rig


def doubtful() -> Rig:
    rig = sent()
    rig.outcome(ATTEMPT, InDoubt(cause="timeout"))
    return rig


def resolved(resolution: object, route: str = "primary") -> Resolved:
    return Resolved(route=route, attempt_id=ATTEMPT, resolution=resolution)


def state(rig: Rig) -> AttemptState:
    return rig.book.orders[ORDER].attempts[0].state


def test_an_unanswered_send_is_asked_about_at_a_pace_and_never_sent_again():
    rig = sent()
    rig.told(SendOrder)
    rig.after(0.5)
    assert rig.told(AskOutcome) == []
    for _ in range(20):
        rig.after(1.1)
        ((peer, asked),) = rig.told(AskOutcome)
        assert (peer, asked.attempt_id, asked.connection_incarnation) == ("connection-primary", ATTEMPT, 1)
    assert rig.told(SendOrder) == []
    assert state(rig) is AttemptState.SENDING


def test_a_new_connection_is_asked_at_once_and_told_which_incarnation_was_meant():
    rig = sent()
    rig.connect(incarnation=2)
    ((_, asked),) = rig.told(AskOutcome)
    assert (asked.attempt_id, asked.connection_incarnation) == (ATTEMPT, 1)


def test_a_new_executor_asks_about_what_its_predecessor_sent():
    rig = sent()
    rig.start()
    assert rig.told(SendOrder) == []
    rig.told(AskOutcome)
    rig.connect()
    assert [asked.attempt_id for _, asked in rig.told(AskOutcome)] == [ATTEMPT]


def test_an_outcome_is_confirmed_however_often_it_comes_and_counts_once():
    rig = sent()
    for _ in range(3):
        rig.outcome(ATTEMPT)
    sequence = rig.book.sequence
    rig.outcome(ATTEMPT, NotSent(cause="late news"))
    assert (len(rig.told(OutcomeJournaled)), rig.book.sequence, state(rig)) == (4, sequence, AttemptState.ACCEPTED)


def test_a_doubt_outlives_time_restarts_and_other_routes():
    rig = doubtful()
    rig.told(SendOrder)
    rig.after(3600)
    rig.hear("connection-backup", resolved(Absent(proof="none here"), route="backup"))
    rig.hear("connection-primary", resolved(Unknown(reason="unreadable")))
    rig.start()
    rig.ready()
    rig.after(3600)
    assert (state(rig), rig.told(SendOrder)) == (AttemptState.IN_DOUBT, [])


def test_the_settle_window_counts_from_when_this_executor_first_saw_the_doubt():
    rig = doubtful()
    ((_, first),) = rig.told(Resolve)
    rig.after(5)
    assert [asked.since_ns for _, asked in rig.told(Resolve)] == [first.since_ns]
    rig.start()
    rig.connect()
    assert min(asked.since_ns for _, asked in rig.told(Resolve)) > first.since_ns


@pytest.mark.parametrize("is_answered", [False, True])
def test_what_may_exist_is_paged_again_and_again(is_answered):
    rig = doubtful() if is_answered else sent()
    for _ in range(12):
        rig.after(1)
    assert len(rig.alerts("A010")) == 2
    rig.push(report("primary-1", Status.NEW, attempt=ATTEMPT))
    for _ in range(12):
        rig.after(1)
    assert len(rig.alerts("A010")) == 2


def test_a_report_that_names_the_attempt_ends_its_doubt():
    rig = doubtful()
    rig.push(report("primary-1", Status.NEW, attempt=ATTEMPT))
    rig.told(Resolve)
    rig.after(2)
    assert (state(rig), rig.told(Resolve)) == (AttemptState.ACCEPTED, [])


def test_an_order_proved_absent_goes_to_the_next_route_as_a_new_attempt():
    rig = doubtful()
    rig.told(SendOrder)
    rig.hear("connection-primary", resolved(Absent(proof="3 looks")))
    ((peer, send),) = rig.told(SendOrder)
    assert (peer, send.attempt_id) == ("connection-backup", f"{ORDER}-r2")


def test_a_cancel_of_an_order_in_doubt_waits_for_it_to_be_found_and_then_goes_at_once():
    rig = doubtful()
    assert rig.ask(cancel_signal(2, ORDER)).admitted
    rig.after(2)
    assert rig.told(CancelOrder) == []
    rig.hear("connection-primary", resolved(Found(report=report("primary-1", Status.NEW, attempt=ATTEMPT))))
    ((peer, cancel),) = rig.told(CancelOrder)
    assert (peer, cancel.broker_order_id) == ("connection-primary", "primary-1")


def test_a_cancel_of_an_order_in_doubt_that_is_absent_finishes_it_and_tries_no_other_route():
    rig = doubtful()
    rig.ask(cancel_signal(2, ORDER))
    rig.told(SendOrder)
    rig.hear("connection-primary", resolved(Absent(proof="3 looks")))
    assert (rig.book.orders[ORDER].status, rig.told(SendOrder)) == (Status.REJECTED, [])


def test_a_cancel_before_the_answer_is_told_with_the_answer():
    rig = sent()
    rig.ask(cancel_signal(2, ORDER))
    assert rig.told(CancelOrder) == []
    rig.outcome(ATTEMPT)
    assert [cancel.broker_order_id for _, cancel in rig.told(CancelOrder)] == ["primary-1"]


def test_a_cancel_is_repeated_until_the_broker_shows_it():
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.ask(cancel_signal(2, ORDER))
    rig.told(CancelOrder)
    rig.after(1.1)
    assert len(rig.told(CancelOrder)) == 1
    rig.push(report("primary-1", Status.PENDING_CANCEL, attempt=ATTEMPT))
    rig.after(5)
    assert rig.told(CancelOrder) == []


def test_a_cancel_survives_a_restart():
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.ask(cancel_signal(2, ORDER))
    rig.start()
    rig.connect()
    assert [cancel.broker_order_id for _, cancel in rig.told(CancelOrder)] == ["primary-1"]


@pytest.mark.parametrize("answered", [False, True])
def test_a_latched_stop_cancels_every_opening_once_and_no_close(answered):
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.push(report("primary-1", Status.FILLED, *fills_of(rig.book.orders[ORDER].order), attempt=ATTEMPT))
    closing = rig.ask(close_signal(2, ORDER)).cl_ord_id
    rig.outcome(f"{closing}-r1", Accepted(broker_order_id="primary-2"))
    opening = rig.ask(open_signal(3)).cl_ord_id
    if answered:
        rig.outcome(f"{opening}-r1", Accepted(broker_order_id="primary-3"))
    rig.stop = "halt by hand: enough"
    for _ in range(3):
        rig.after(0.1)
    assert [event.cl_ord_id for event in rig.events(CancelAsked)] == [opening]
    if not answered:
        rig.outcome(f"{opening}-r1", Accepted(broker_order_id="primary-3"))
    assert {cancel.broker_order_id for _, cancel in rig.told(CancelOrder)} == {"primary-3"}


def test_what_is_known_to_be_another_order_of_ours_ends_no_doubt_and_is_paged():
    """A broker that keeps no ids is searched by looks, and looks deceive."""
    rig = Rig().ready()
    first = rig.ask(open_signal(1)).cl_ord_id
    second = rig.ask(open_signal(2)).cl_ord_id
    rig.outcome(f"{first}-r1")
    rig.outcome(f"{second}-r1", InDoubt(cause="timeout"))
    taken = Found(report=report("primary-1", Status.NEW))
    rig.hear("connection-primary", Resolved(route="primary", attempt_id=f"{second}-r1", resolution=taken))
    assert rig.book.orders[second].in_doubt
    assert rig.book.by_broker_id["primary-account", "primary-1"] == first
    rig.after(0.1)
    assert len(rig.alerts("A025")) == 1
