from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from actors.domain.orders.order import Action, Leg, OrderType, TimeInForce
from actors.venue.paper_order import IllegalStep, NewOrder, PaperFill, PaperLeg, PaperOrder, PaperStatus

NOW = datetime(2021, 1, 4, 15, tzinfo=UTC)
ENDS = {PaperStatus.FILLED, PaperStatus.CANCELLED, PaperStatus.REJECTED, PaperStatus.EXPIRED}


def order(status: PaperStatus) -> PaperOrder:
    return PaperOrder(
        order_id=7,
        account="A",
        client_id=None,
        legs=(PaperLeg("X", Action.SELL_TO_OPEN, 4, 2), PaperLeg("Y", Action.BUY_TO_OPEN, 2, 1)),
        order_qty=2,
        order_type=OrderType.LIMIT,
        net_price=Decimal(1),
        time_in_force=TimeInForce.DAY,
        status=status,
        strict_close=False,
        received_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize("end", sorted(ENDS))
@pytest.mark.parametrize("status", list(PaperStatus))
def test_nothing_follows_an_end(end, status):
    with pytest.raises(IllegalStep):
        order(end).step(status, NOW)


@pytest.mark.parametrize("status", list(PaperStatus))
def test_a_terminal_order_knows_when_it_ended(status):
    before = {
        PaperStatus.RECEIVED: None,
        PaperStatus.CONTINGENT: None,
        PaperStatus.ROUTED: PaperStatus.RECEIVED,
        PaperStatus.LIVE: PaperStatus.ROUTED,
        PaperStatus.REJECTED: PaperStatus.ROUTED,
    }.get(status, PaperStatus.LIVE)
    moved = order(status) if before is None else order(before).step(status, NOW)
    assert moved.is_terminal == (status in ENDS)
    assert (moved.terminal_at is not None) == (status in ENDS)


def test_fills_count_whole_combos_and_finish_the_order_when_no_leg_has_anything_left():
    live = order(PaperStatus.LIVE)
    one = live.filled_with((PaperFill("1", "X", 3, Decimal(1), NOW), PaperFill("2", "Y", 2, Decimal(1), NOW)), NOW)
    assert (one.cum_qty, one.status, [leg.remaining for leg in one.legs]) == (1, PaperStatus.LIVE, [1, 0])
    two = one.filled_with((PaperFill("3", "X", 1, Decimal(1), NOW),), NOW)
    assert (two.cum_qty, two.status) == (2, PaperStatus.FILLED)


def test_a_cancel_of_an_order_that_never_went_live_does_not_make_it_work():
    assert not order(PaperStatus.RECEIVED).step(PaperStatus.CANCEL_REQUESTED, NOW).is_working


@pytest.mark.parametrize(
    "change",
    [
        {"net_price": None},
        {"order_type": "MARKET"},
        {"net_price": Decimal("NaN")},
        {"order_qty": 0},
        {"legs": ()},
        {"legs": (Leg(symbol="X", action=Action.BUY_TO_OPEN),) * 2},
        {"nonsense": 1},
    ],
)
def test_an_incoherent_request_is_no_order(change):
    fine = {"legs": (Leg(symbol="X", action=Action.BUY_TO_OPEN),), "order_qty": 1, "net_price": Decimal(-1)}
    assert NewOrder(**fine).order_type is OrderType.LIMIT
    with pytest.raises(ValidationError):
        NewOrder(**fine | change)
