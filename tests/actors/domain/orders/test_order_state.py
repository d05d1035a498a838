"""The order's table, pair by pair, and what a fill does in every state."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders import order_state
from actors.domain.orders.attempt import Absent, Accepted, Attempt, AttemptState, InDoubt, NotSent, Rejected, Unknown
from actors.domain.orders.order import Fill, attempt_id, cl_ord_id_of
from actors.domain.orders.order_state import TRANSITIONS, Move, OrderLife
from actors.domain.orders.report import ExecutionReport, Status
from actors.domain.portfolio.intent import opening_order
from tests.builders import condor_legs, open_signal
from tests.fakes import START

SIGNAL = open_signal(1, order_qty=2)
ORDER = opening_order(SIGNAL, SIGNAL.request, START)
ENDS = [Status.FILLED, Status.CANCELED, Status.REJECTED, Status.EXPIRED]


def attempt(number: int = 1) -> Attempt:
    return Attempt(
        number=number,
        route="r",
        account_domain="d",
        connection_incarnation=1,
        executor_epoch=1,
        started_at=START,
    )


def fills(combos: int, tag: str = "e") -> tuple[Fill, ...]:
    return tuple(
        Fill(
            exec_id=f"{tag}{place}", symbol=leg.symbol, action=leg.action, last_qty=combos, last_px=Decimal(1), at=START
        )
        for place, leg in enumerate(condor_legs())
    )


def report(status: Status | None, *fills: Fill, attempt: str | None = None) -> ExecutionReport:
    return ExecutionReport(
        route="r", account_domain="d", broker_order_id="b", attempt_id=attempt, status=status, fills=fills, at=START
    )


def life(status: Status = Status.NEW) -> OrderLife:
    return OrderLife(order=ORDER, status=status, attempts=(attempt(),))


@pytest.mark.parametrize("held", list(Status))
@pytest.mark.parametrize("told", list(Status))
def test_a_report_moves_is_stale_or_is_odd_and_only_moving_changes_the_status(held, told):
    after, move = order_state.report(life(held), report(told))
    assert move is TRANSITIONS.get((held, told), Move.ODD)
    assert after.status is (told if move is Move.MOVES else held)


@pytest.mark.parametrize("end", ENDS)
def test_nothing_leaves_an_end(end):
    assert not any(move is Move.MOVES for (held, _), move in TRANSITIONS.items() if held is end)


@pytest.mark.parametrize("held", list(Status))
def test_a_fill_is_booked_in_every_state_once(held):
    after, _ = order_state.report(life(held), report(None, *fills(1)))
    again, _ = order_state.report(after, report(None, *fills(1)))
    assert (after.cum_qty, again.fills) == (1, after.fills)


@pytest.mark.parametrize("end", [Status.CANCELED, Status.REJECTED, Status.EXPIRED])
def test_a_fill_after_the_end_is_odd_and_booked_and_leaves_the_status(end):
    after, move = order_state.report(life(end), report(Status.FILLED, *fills(2)))
    assert (after.status, after.cum_qty, move) == (end, 2, Move.ODD)


def test_an_unknown_status_moves_nothing():
    after, move = order_state.report(life(), report(None))
    assert (after, move) == (life(), Move.STALE)


def test_legs_out_of_ratio_show():
    after, _ = order_state.report(life(), report(Status.PARTIALLY_FILLED, *fills(1)[:3]))
    assert (after.cum_qty, after.is_imbalanced) == (0, True)


@pytest.mark.parametrize(
    ("outcome", "state", "moves"),
    [
        (Accepted(broker_order_id="b"), AttemptState.ACCEPTED, False),
        (Rejected(code="422", text="no"), AttemptState.REJECTED, False),
        (Rejected(code="429", text="later", retryable=True), AttemptState.REJECTED, True),
        (NotSent(cause="refused"), AttemptState.NOT_SENT, True),
        (InDoubt(cause="timeout"), AttemptState.IN_DOUBT, False),
    ],
)
def test_each_outcome_says_whether_the_lease_may_move(outcome, state, moves):
    ended = order_state.end(life(), attempt_id(ORDER.cl_ord_id, 1), outcome)
    assert (ended.last.state, ended.last.lets_lease_move) == (state, moves)


def test_a_lease_that_may_not_move_does_not():
    doubtful = order_state.end(life(), attempt_id(ORDER.cl_ord_id, 1), InDoubt(cause="timeout"))
    with pytest.raises(AssertionError):
        order_state.start(doubtful, attempt(2))


def test_only_evidence_ends_a_doubt():
    name = attempt_id(ORDER.cl_ord_id, 1)
    doubtful = order_state.end(life(Status.PENDING_NEW), name, InDoubt(cause="timeout"))
    assert order_state.end(doubtful, name, NotSent(cause="late")).in_doubt
    assert order_state.resolve(doubtful, name, Unknown(reason="unreadable")).in_doubt
    assert order_state.resolve(doubtful, name, Absent(proof="3 scans")).last.lets_lease_move
    found, _ = order_state.report(doubtful, report(Status.NEW, attempt=name))
    assert (found.in_doubt, found.last.state) == (False, AttemptState.ACCEPTED)


@pytest.mark.parametrize("state", [AttemptState.SENDING, AttemptState.IN_DOUBT, AttemptState.ACCEPTED])
def test_an_order_that_may_exist_is_never_abandoned(state):
    held = OrderLife(order=ORDER, attempts=(attempt().model_copy(update={"state": state}),))
    with pytest.raises(AssertionError):
        order_state.abandon(held, "given up")


@given(st.lists(st.integers(0, 7), max_size=20))
def test_any_order_of_repeated_fills_gives_the_same_quantities(picks):
    pool = [*fills(1, "a"), *fills(1, "b")]
    held = life()
    for pick in picks:
        held, _ = order_state.report(held, report(None, pool[pick]))
    distinct = {pool[pick].exec_id for pick in picks}
    assert {fill.exec_id for fill in held.fills} == distinct
    assert sum(held.filled(leg.symbol) for leg in ORDER.legs) == len(distinct)


@given(st.text("abc-r1", min_size=1, max_size=12), st.integers(1, 99))
def test_an_attempt_names_its_order(name, number):
    assert cl_ord_id_of(attempt_id(name, number)) == name
