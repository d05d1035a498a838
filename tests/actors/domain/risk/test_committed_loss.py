"""What is at stake counts every structure at the price it was opened at, and every order as if it had filled."""

from decimal import Decimal

import pytest

from actors.domain.orders.attempt import Accepted, InDoubt
from actors.domain.orders.report import Status
from actors.domain.risk.committed_loss import committed_loss
from actors.messages import IssuePermit
from tests.builders import close_signal, open_signal, permit
from tests.rig import Rig, fills_of, report

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
    assert committed_loss(found.book, excluding=ORDER) == (0, 0)


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
