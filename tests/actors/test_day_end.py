"""No order rests past the real close of its products, unless it was asked to; and never past a leg's last trade."""

import pytest

from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.event import CancelAsked
from actors.domain.orders.order import TimeInForce
from actors.domain.orders.report import Status
from actors.messages import CancelOrder
from tests.builders import close_signal, open_signal
from tests.expiries import at
from tests.rig import Rig, report


def until(rig: Rig, clock: str) -> None:
    rig.after((at(f"2026-01-05T{clock}") - rig.clock.now).total_seconds())
    rig.after(0.1)


def works() -> tuple[Rig, str]:
    rig = Rig().ready()
    name = rig.ask(open_signal(1)).cl_ord_id
    rig.outcome(f"{name}-r1")
    rig.push(report("primary-1", Status.NEW, attempt=f"{name}-r1"))
    return rig, name


def test_an_opening_of_a_series_in_its_last_session_is_cancelled_at_four_and_not_a_quarter_later():
    rig, name = works()
    until(rig, "15:59:58")
    assert rig.events(CancelAsked) == []
    until(rig, "16:00:00")
    assert [each.cl_ord_id for each in rig.events(CancelAsked)] == [name]
    rig.after(2)
    assert [each.cl_ord_id for _, each in rig.told(CancelOrder)][:1] == [name]


def test_a_cancel_is_journaled_once():
    rig, _ = works()
    for clock in ("16:00:00", "16:00:05", "16:01:00"):
        until(rig, clock)
    assert len(rig.events(CancelAsked)) == 1


def test_a_successor_asks_where_its_predecessor_died_before_it_could():
    rig, name = works()
    rig.clock.advance((at("2026-01-05T16:00:30") - rig.clock.now).total_seconds())
    rig.start()
    rig.after(1)
    assert [each.cl_ord_id for each in rig.events(CancelAsked)] == [name]


def test_what_is_in_doubt_is_left_to_its_doubt():
    rig = Rig().ready()
    name = rig.ask(open_signal(1)).cl_ord_id
    rig.outcome(f"{name}-r1", InDoubt(cause="cut"))
    until(rig, "16:00:10")
    assert rig.events(CancelAsked) == []


def test_a_close_that_waits_for_its_account_waits_on():
    rig = Rig().ready()
    held = rig.opened(open_signal(1))
    rig.connect(writes=False)
    close = rig.ask(close_signal(2, held)).cl_ord_id
    assert rig.book.orders[close].waits
    until(rig, "16:00:10")
    assert rig.events(CancelAsked) == []


@pytest.mark.parametrize(("expiry_is_today", "cancelled"), [(True, True), (False, False)])
def test_till_cancelled_means_till_the_last_trade_of_its_legs(expiry_is_today, cancelled):
    rig, name = works()
    life = rig.book.orders[name]
    legs = life.order.legs
    if not expiry_is_today:
        legs = tuple(leg.model_copy(update={"symbol": leg.symbol.replace("260105", "260109")}) for leg in legs)
    asked = life.order.model_copy(update={"time_in_force": TimeInForce.GTC, "legs": legs})
    rig.book._change(name, life.model_copy(update={"order": asked}))
    until(rig, "16:20:00")
    assert bool(rig.events(CancelAsked)) == cancelled
