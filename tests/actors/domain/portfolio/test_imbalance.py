"""The plan for shorts that nothing covers, second by second."""

from decimal import Decimal

import pytest

from actors.domain.orders.attempt import Attempt, AttemptState
from actors.domain.orders.order import Action, Fill, Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.portfolio.imbalance import (
    ImbalanceLimits,
    Remedy,
    is_covering,
    is_mending,
    missing_legs,
    remedy,
    to_cancel,
    worst_price,
)
from actors.domain.portfolio.structure import Structure
from tests.builders import CONDOR_SYMBOLS, condor_legs
from tests.fakes import START

LIMITS = ImbalanceLimits(deadline_s=10, grace_s=1, pace_s=2, rejections_max=3, refusals_max=5)
NAME = "condor-20260105-1"
LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = CONDOR_SYMBOLS


def life(
    name: str = NAME,
    status: Status = Status.CANCELED,
    state: AttemptState = AttemptState.ACCEPTED,
    *,
    fills: bool = False,
    intent: Intent | None = None,
    retryable: bool = False,
) -> OrderLife:
    intent = intent or (Intent.CLOSE if "-unwind-" in name else Intent.OPEN)
    action = Action.BUY_TO_CLOSE if intent is Intent.CLOSE else Action.SELL_TO_OPEN
    order = Order(
        cl_ord_id=name,
        signal_id=name,
        strategy="condor",
        structure_id=NAME,
        intent=intent,
        underlying="SPX",
        legs=(Leg(symbol=SHORT_PUT, action=action),),
        order_qty=1,
        net_price=Decimal(-2),
        account_domain="primary-account",
        created_at=START,
        expires_at=START,
    )
    attempt = Attempt(
        number=1,
        route="primary",
        account_domain="primary-account",
        state=state,
        connection_incarnation=1,
        executor_epoch=1,
        started_at=START,
        retryable=retryable,
    )
    fill = Fill(exec_id=name, symbol=SHORT_PUT, action=action, last_qty=1, last_px=Decimal(2), at=START)
    return OrderLife(order=order, status=status, attempts=(attempt,), fills=(fill,) if fills else ())


OPENED = life(fills=True)
COMPLETED = life(f"{NAME}-complete-1")
REFUSED = life(f"{NAME}-unwind-1", Status.REJECTED, AttemptState.REJECTED)
LATER = life(f"{NAME}-unwind-1", Status.REJECTED, AttemptState.REJECTED, retryable=True)
UNSENT = life(f"{NAME}-unwind-1", Status.REJECTED, AttemptState.NOT_SENT)
UNWOUND = life(f"{NAME}-unwind-1", fills=True)
CLOSED = life("condor-20260105-2", fills=True, intent=Intent.CLOSE)
DOUBT = life(f"{NAME}-unwind-1", Status.PENDING_NEW, AttemptState.IN_DOUBT)
CALLED_FILLED = life(status=Status.FILLED)
"""... of which the broker has not told every leg."""
WORKING = life(status=Status.PARTIALLY_FILLED, fills=True)


@pytest.mark.parametrize(
    ("lives", "elapsed_s", "wanted"),
    [
        ([OPENED], 0.9, Remedy.WAIT),
        ([OPENED], 1.0, Remedy.COMPLETE),
        ([OPENED], 5.9, Remedy.COMPLETE),
        ([OPENED], 6.0, Remedy.UNWIND),
        ([OPENED, COMPLETED], 2.0, Remedy.UNWIND),
        ([OPENED, CLOSED], 2.0, Remedy.UNWIND),
        ([OPENED, UNWOUND], 2.0, Remedy.UNWIND),
        ([CALLED_FILLED], 5.9, Remedy.WAIT),
        ([CALLED_FILLED], 6.0, Remedy.UNWIND),
        ([life(status=Status.FILLED, fills=True)], 2.0, Remedy.COMPLETE),
        ([WORKING], 60.0, Remedy.WAIT),
        ([OPENED, DOUBT], 60.0, Remedy.WAIT),
        ([OPENED, REFUSED], 2.0, Remedy.UNWIND_SHORTS),
        ([OPENED, LATER], 2.0, Remedy.UNWIND),
        ([OPENED, UNSENT], 2.0, Remedy.UNWIND),
        ([OPENED, REFUSED, REFUSED, REFUSED], 2.0, Remedy.GIVE_UP),
        ([OPENED, LATER, LATER, LATER, LATER], 2.0, Remedy.UNWIND),
        ([OPENED, *[LATER] * 5], 2.0, Remedy.GIVE_UP),
        ([OPENED, REFUSED, LATER, REFUSED, REFUSED], 2.0, Remedy.GIVE_UP),
        ([OPENED, LATER, LATER, UNWOUND, LATER, LATER, LATER], 2.0, Remedy.UNWIND),
        ([OPENED, REFUSED, REFUSED, UNWOUND, REFUSED], 2.0, Remedy.UNWIND_SHORTS),
        ([OPENED, UNSENT, UNSENT, UNSENT, UNSENT], 2.0, Remedy.UNWIND),
    ],
)
def test_what_is_done_next(lives, elapsed_s, wanted):
    assert remedy(lives, elapsed_s, LIMITS) is wanted


UNWINDING = life(f"{NAME}-unwind-1", Status.NEW)
COMPLETING = life(f"{NAME}-complete-1", Status.NEW)


@pytest.mark.parametrize(
    ("one", "elapsed_s", "worked_s", "due"),
    [
        (WORKING, 2.9, 2.9, False),
        (WORKING, 3.0, 0.0, True),
        (COMPLETING, 5.9, 4.9, False),
        (COMPLETING, 6.0, 1.0, True),
        (UNWINDING, 9.0, 1.9, False),
        (UNWINDING, 9.0, 2.0, True),
        (OPENED, 9.0, 9.0, False),
        (DOUBT, 9.0, 9.0, False),
        (WORKING.model_copy(update={"cancel_asked": True}), 9.0, 9.0, False),
    ],
)
def test_what_works_beside_an_uncovered_short_is_cancelled_in_its_time(one, elapsed_s, worked_s, due):
    name = one.order.cl_ord_id
    assert to_cancel([one], elapsed_s, {name: worked_s}, LIMITS) == ([name] if due else [])


def structure(order_qty: int = 1, entry_cash: str = "0", **holdings: int) -> Structure:
    held = dict(zip(("lp", "sp", "sc", "lc"), CONDOR_SYMBOLS, strict=True))
    return Structure(
        structure_id=NAME,
        strategy="condor",
        underlying="SPX",
        account_domain="primary-account",
        legs=condor_legs(),
        order_qty=order_qty,
        holdings={held[name]: quantity for name, quantity in holdings.items()},
        entry_cash=Decimal(entry_cash),
        opened_at=START,
    )


def test_what_is_missing_makes_whole_combos_of_all_that_is_held():
    legs, order_qty, combos = missing_legs(structure(order_qty=3, lp=2, sp=-2, sc=-2, lc=0))
    assert [(leg.symbol, leg.action, leg.ratio) for leg in legs] == [(LONG_CALL, Action.BUY_TO_OPEN, 1)]
    assert (order_qty, combos) == (2, 2)


def test_legs_that_lack_unlike_numbers_keep_their_ratio():
    legs, order_qty, combos = missing_legs(structure(order_qty=4, lp=4, sp=-4, sc=-2, lc=1))
    assert {leg.symbol: leg.ratio for leg in legs} == {SHORT_CALL: 2, LONG_CALL: 3}
    assert (order_qty, combos) == (1, 4)


@pytest.mark.parametrize(
    "held",
    [
        structure(order_qty=1, sp=-2),  # more than was to be brought
        structure(lp=1, sp=-1, sc=-1, lc=1),  # whole
        structure(lp=-1, sp=-1),  # a leg on the wrong side
        structure(sc=-1).model_copy(
            update={"entered": {LONG_CALL: 1, SHORT_CALL: -1}}
        ),  # its long was closed, or netted
    ],
)
def test_what_is_whole_or_strange_is_not_completed(held):
    assert missing_legs(held)[0] == ()


def test_the_worst_price_leaves_the_whole_at_the_limit_less_the_slippage():
    held = structure(order_qty=2, entry_cash="600", lp=2, sp=-2, sc=-2)
    limits = LIMITS.model_copy(update={"slippage": Decimal("0.20")})
    assert worst_price(held, Decimal("1.90"), 100, 2, 2, limits) == Decimal("-1.30")


def test_a_short_deadline_shortens_every_step_but_the_grace():
    limits = ImbalanceLimits(deadline_s=1, grace_s=1)
    assert (limits.patience_s, limits.unwind_s) == (1, 1)


@pytest.mark.parametrize(
    ("name", "mends", "covers"),
    [
        (NAME, False, False),
        (f"{NAME}-unwind-1", True, True),
        (f"{NAME}-complete-12", True, True),
        (f"{NAME}-unwind-1-leg-2", True, True),
        (f"{NAME}-unwind-over-1", True, False),
        (f"{NAME}-unwind-over-1-leg-2", True, False),
        (f"{NAME}-unwind-by-hand", False, False),
        ("other-unwind-1", False, False),
    ],
)
def test_the_executors_own_orders_are_known_by_their_names(name, mends, covers):
    order = life(name, intent=Intent.CLOSE).order
    assert (is_mending(order), is_covering(order)) == (mends, covers)
