"""What is at stake counts every structure at the price it was opened at, and every order as if it had filled."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.domain.orders.attempt import Accepted, InDoubt
from actors.domain.orders.report import Status
from actors.domain.risk.committed_loss import committed_loss
from actors.messages import IssuePermit, SendOrder
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal, permit
from tests.rig import ROUTES, Rig, fills_of, report

ORDER = "condor-20260105-1"
WING = 5000
"""Dollars between the strikes of one condor."""


def rig() -> Rig:
    found = Rig().ready()
    roomy = {"structure_loss_max": Decimal(10**6), "account_loss_max": Decimal(10**6)}
    found.hear("risk", IssuePermit(permit=permit(sequence=99, **roomy)))
    return found


def held(found: Rig, combos: int, credit: str = "2.00") -> None:
    """Open condors that brought `credit` each."""
    found.ask(open_signal(1, order_qty=combos))
    found.outcome(f"{ORDER}-r1", Accepted(broker_order_id="primary-1"))
    fills = fills_of(found.book.orders[ORDER].order, combos, px="1")
    short = (Decimal(credit) / 2 + 1) if credit else Decimal(1)
    priced = [fill if fill.action.is_buy else fill.model_copy(update={"last_px": short}) for fill in fills]
    found.push(report("primary-1", Status.FILLED, *priced, attempt=f"{ORDER}-r1"))


def test_nothing_held_and_nothing_working_is_nothing_at_stake():
    assert committed_loss(rig().book) == (0, 0)


def test_a_condor_stakes_its_wing_less_its_credit():
    found = rig()
    held(found, 1)
    assert committed_loss(found.book) == (WING - 200, 1)


def test_closing_a_part_does_not_make_the_rest_look_cheaper():
    found = rig()
    held(found, 3)
    assert committed_loss(found.book) == (3 * (WING - 200), 1)
    closing = found.ask(close_signal(2, ORDER)).cl_ord_id
    found.outcome(f"{closing}-r1", Accepted(broker_order_id="primary-2"))
    fills = fills_of(found.book.orders[closing].order, 2)
    found.push(report("primary-2", Status.CANCELED, *fills, attempt=f"{closing}-r1"))
    assert found.book.structures[ORDER].quantity == 1
    assert committed_loss(found.book) == (WING - 200, 1)


@pytest.mark.parametrize("outcome", [None, Accepted(broker_order_id="primary-1"), InDoubt(cause="timeout")])
def test_an_opening_counts_at_its_limit_as_soon_as_it_may_exist(outcome):
    found = rig()
    found.ask(open_signal(1, order_qty=2))
    if outcome is not None:
        found.outcome(f"{ORDER}-r1", outcome)
    assert committed_loss(found.book) == (2 * (WING - 190), 1)
    assert committed_loss(found.book, excluding={ORDER}) == (0, 0)


def test_what_filled_and_what_may_yet_fill_of_one_order_are_one_structure():
    found = rig()
    found.ask(open_signal(1, order_qty=3))
    found.outcome(f"{ORDER}-r1", Accepted(broker_order_id="primary-1"))
    fills = fills_of(found.book.orders[ORDER].order, 1)
    found.push(report("primary-1", Status.PARTIALLY_FILLED, *fills, attempt=f"{ORDER}-r1"))
    assert committed_loss(found.book) == (WING + 2 * (WING - 190), 1)


def test_a_structure_out_of_ratio_counts_as_what_it_was_meant_to_be():
    found = rig()
    found.ask(open_signal(1, order_qty=2))
    found.outcome(f"{ORDER}-r1", Accepted(broker_order_id="primary-1"))
    shorts = fills_of(found.book.orders[ORDER].order, 2)[1:3]
    found.push(report("primary-1", Status.CANCELED, *shorts, attempt=f"{ORDER}-r1"))
    assert committed_loss(found.book) == (2 * (WING - 190), 1)


def test_an_order_that_filled_beyond_its_quantity_frees_nothing():
    found = rig()
    found.ask(open_signal(1))
    found.outcome(f"{ORDER}-r1", Accepted(broker_order_id="primary-1"))
    fills = fills_of(found.book.orders[ORDER].order, 2)
    found.push(report("primary-1", Status.PARTIALLY_FILLED, *fills, attempt=f"{ORDER}-r1"))
    assert found.book.orders[ORDER].leaves_qty == 0
    assert committed_loss(found.book) == (2 * WING, 1)


# Each combo counts once, whatever its legs have done.

PX = dict(zip(CONDOR_SYMBOLS, ("1.05", "2.00", "2.00", "1.05"), strict=True))
"""A condor filled at these stands at its limit, 1.90."""
STAKE = WING - 190
legs_filled = st.lists(st.integers(0, 3), min_size=4, max_size=4)


def at_limit(found: Rig, order_id: str, counts: list[int]) -> tuple:
    """Fills of an order's legs, so many of each, at prices that make 1.90 of a whole condor."""
    order = found.book.orders[order_id].order
    return tuple(
        fill.model_copy(update={"last_qty": count, "last_px": Decimal(PX[fill.symbol])})
        for fill, count in zip(fills_of(order), counts, strict=True)
        if count
    )


@given(legs_filled)
@settings(max_examples=40, deadline=None)
def test_an_opening_stakes_the_same_before_and_after_each_of_its_fills(counts):
    found = rig()
    found.ask(open_signal(1, order_qty=3))
    found.outcome(f"{ORDER}-r1", Accepted(broker_order_id="primary-1"))
    status = Status.FILLED if counts == [3] * 4 else Status.PARTIALLY_FILLED
    found.push(report("primary-1", status, *at_limit(found, ORDER, counts), attempt=f"{ORDER}-r1"))
    assert committed_loss(found.book) == (3 * STAKE, 1)


@given(legs_filled.filter(any))
@settings(max_examples=40, deadline=None)
def test_legs_that_are_left_of_an_ended_opening_stake_the_combos_they_were_meant_for(counts):
    found = rig()
    found.ask(open_signal(1, order_qty=3))
    found.outcome(f"{ORDER}-r1", Accepted(broker_order_id="primary-1"))
    found.push(report("primary-1", Status.CANCELED, *at_limit(found, ORDER, counts), attempt=f"{ORDER}-r1"))
    assert committed_loss(found.book) == (max(counts) * STAKE, 1)


@given(st.lists(st.sampled_from(("fill", "part", "take", "tick")), max_size=16))
@settings(max_examples=40, deadline=None)
def test_a_combo_that_goes_leg_by_leg_stakes_itself_from_the_first_leg_to_the_last(acts):
    found = rig()
    for route in ROUTES:
        found.connect(route, incarnation=2, combo_legs_max=1)
        found.read(route)
    found.ask(open_signal(1, order_qty=3))
    working: list[SendOrder] = []
    for act in acts:
        found.after(0.1)
        working += [message for _, message in found.told(SendOrder)]
        if act != "tick" and working:
            message = working[0]
            name, theirs = message.order.cl_ord_id, f"at-{message.attempt_id}"
            found.outcome(message.attempt_id, Accepted(broker_order_id=theirs))
            life = found.book.orders[name]
            count = {"part": 1, "take": 0, "fill": life.leaves_qty}[act]
            (leg,) = life.order.legs
            before = {"exec_id": f"{name} {life.cum_qty}", "last_qty": count, "last_px": Decimal(PX[leg.symbol])}
            fills = [fill.model_copy(update=before) for fill in fills_of(life.order) if count]
            status = Status.FILLED if count == life.leaves_qty else Status.PARTIALLY_FILLED
            found.push(report(theirs, status, *fills, attempt=message.attempt_id))
            if status is Status.FILLED:
                working.pop(0)
        assert committed_loss(found.book) == (3 * STAKE, 1)


def short_of_a_long(**limits: object) -> Rig:
    """A condor whose long call is missing, about to be completed."""
    found = rig()
    found.ask(open_signal(1))
    found.outcome(f"{ORDER}-r1", Accepted(broker_order_id="primary-1"))
    found.push(report("primary-1", Status.CANCELED, *at_limit(found, ORDER, [1, 1, 1, 0]), attempt=f"{ORDER}-r1"))
    found.read(positions=found.book.positions["primary-account"])
    found.hear("risk", IssuePermit(permit=permit(sequence=100, **limits)))
    found.told(SendOrder)
    found.after(0.1)
    found.after(1)
    return found


def test_what_completes_a_structure_brings_nothing_that_does_not_count_already():
    found = short_of_a_long()
    ((_, sent),) = found.told(SendOrder)
    assert sent.order.cl_ord_id == f"{ORDER}-complete-1"
    assert committed_loss(found.book) == (STAKE, 1)


def test_a_structure_is_completed_though_no_further_one_would_be_allowed():
    found = short_of_a_long(structures_max=1, account_loss_max=Decimal(STAKE))
    assert [sent.order.cl_ord_id for _, sent in found.told(SendOrder)] == [f"{ORDER}-complete-1"]


def test_a_short_that_stands_alone_beside_whole_combos_counts_and_makes_them_no_safer():
    found = rig()
    found.ask(open_signal(1, order_qty=3))
    found.outcome(f"{ORDER}-r1", Accepted(broker_order_id="primary-1"))
    found.push(report("primary-1", Status.CANCELED, *at_limit(found, ORDER, [1, 2, 1, 1]), attempt=f"{ORDER}-r1"))
    assert committed_loss(found.book) == (2 * STAKE, 1)
