"""The executor's part on sizes and costs: cut by evidence, given back, and fills held against their estimates."""

from decimal import Decimal

import pytest

from actors.desk import Step
from actors.domain.alerts.alert import Alert
from actors.domain.orders.attempt import Accepted
from actors.domain.orders.cost_event import CostCompared
from actors.domain.orders.event import CancelAsked, CashBooked, OrderPlaced
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import CashEvent, Status
from actors.domain.orders.size_event import SizeCause, SizeMoved
from actors.messages import AlertRaised, IssuePermit, SendOrder
from actors.size_messages import RestoreSize, SizeRestored
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal, permit
from tests.cost_builders import cut, sizes, terms
from tests.fakes import START
from tests.rig import ROUTES, Rig, fills_of, report

SHORTS = CONDOR_SYMBOLS[1:3]
PLENTY = Decimal(10_000_000)
SOON = {"win_rate": 0.9, "false_alarm_every": 10, "false_recovery_every": 10}
"""Three losses in a row are enough, and then some wins: a real strategy is given longer."""


def trade(rig: Rig, number: int, result: int, order_qty: int = 1) -> None:
    """Open a condor at nothing and close it again, `result` points the better."""
    name = rig.opened(open_signal(number, order_qty=order_qty), order_qty)
    close = rig.ask(close_signal(number + 1, name)).cl_ord_id
    order, theirs = rig.book.orders[close].order, f"close-{number}"
    rig.outcome(f"{close}-r1", Accepted(broker_order_id=theirs))
    paid = {symbol: Decimal(2) - Decimal(result) / 2 for symbol in SHORTS}
    fills = [
        fill.model_copy(update={"last_px": paid.get(fill.symbol, Decimal(2))}) for fill in fills_of(order, order_qty)
    ]
    rig.push(report(theirs, Status.FILLED, *fills, attempt=f"{close}-r1"))
    rig.told(SendOrder)
    rig.after(0.1)


def permitted(rig: Rig) -> None:
    """Let several combos be opened."""
    roomy = permit(sequence=50, structure_loss_max=Decimal(50_000), account_loss_max=Decimal(500_000))
    rig.hear("risk", IssuePermit(permit=roomy))


def told(rig: Rig, code: str) -> list[Alert]:
    return [each.alert for _, each in rig.all_told(AlertRaised) if each.alert.code == code]


def traded(*results: int, order_qty: int = 1, **limits: object) -> Rig:
    rig = Rig(sizes=sizes(**(SOON | limits)), costs=terms()).ready()
    for route in ROUTES:
        rig.read(route, net_liquidation=PLENTY, buying_power=PLENTY)
    permitted(rig)
    for place, result in enumerate(results):
        trade(rig, 1 + 2 * place, result, order_qty)
    return rig


def moves(rig: Rig) -> list[tuple[SizeCause, Decimal, int | None]]:
    return [(each.cause, each.share, each.quantity_max) for each in rig.events(SizeMoved)]


def codes(rig: Rig, number: int, order_qty: int) -> list[Code]:
    checks = rig.ask(open_signal(number, order_qty=order_qty)).checks
    return [check.code for check in checks if not check.passed]


def restore(rig: Rig, strategy: str = "condor") -> SizeRestored:
    rig.hear("cli", RestoreSize(strategy=strategy, by="anna", reason="looked at it", reply_to="cli"))
    return rig.told(SizeRestored)[-1][1]


def test_a_strategy_that_only_loses_is_cut_journaled_and_told():
    rig = traded(-1, -1, -1, order_qty=4)
    assert moves(rig) == [(SizeCause.DEGRADED, Decimal("0.5"), 2)]
    rig.after(1)
    (alert,) = told(rig, "A120")
    assert (alert.level, "0 of 3 won (0%), expected 90%" in alert.text) == ("P1", True)
    assert "refused above 2 combos" in alert.done
    assert "holdfast performance restore condor --reason" in alert.todo


def test_above_the_cut_size_is_refused_and_at_it_goes():
    rig = traded(-1, -1, -1, order_qty=4)
    assert codes(rig, 50, 3) == [Code.R092_SIZE_CUT]
    assert codes(rig, 51, 2) == []


@pytest.mark.parametrize(("order_qty", "is_cancelled"), [(3, True), (2, False)])
def test_an_opening_at_work_above_the_cut_size_is_cancelled(order_qty, is_cancelled):
    rig = traded(-1, -1, order_qty=4)
    name = rig.ask(open_signal(50, order_qty=order_qty)).cl_ord_id
    rig.outcome(f"{name}-r1", Accepted(broker_order_id="primary-50"))
    rig.push(report("primary-50", Status.NEW, attempt=f"{name}-r1"))
    rig.after(1)
    assert rig.events(CancelAsked) == []
    rig.executor._commit(Step(events=[cut(2)]))
    rig.after(1)
    assert [each.cl_ord_id for each in rig.events(CancelAsked)] == [name] * is_cancelled


def test_a_share_that_leaves_no_combo_opens_nothing_and_says_so():
    rig = traded(-1, -1, -1)
    assert moves(rig) == [(SizeCause.DEGRADED, Decimal("0.5"), 0)]
    assert codes(rig, 50, 1) == [Code.R092_SIZE_CUT]
    rig.after(1)
    assert "It opens nothing any more: 50% of 1 leaves no combo" in told(rig, "A120")[0].done


def test_two_losses_are_no_evidence_yet():
    assert moves(traded(-1, -1, order_qty=4)) == []


def test_what_is_held_is_closed_at_any_size():
    rig = traded(-1, -1, -1)
    rig.book.tally = rig.book.tally.model_copy(update={"sizes": {}})
    held = rig.opened(open_signal(60))
    rig.executor._commit(Step(events=[*rig.events(SizeMoved)[-1:]]))
    assert codes(rig, 61, 1) == [Code.R092_SIZE_CUT]
    assert rig.ask(close_signal(62, held)).admitted


def test_step_by_step_it_goes_down_each_on_evidence_of_its_own():
    rig = traded(*[-1] * 3, order_qty=4)
    trade(rig, 51, -1, 2)
    assert len(moves(rig)) == 1, "one loss more is no new evidence"
    for number in (53, 55):
        trade(rig, number, -1, 2)
    assert moves(rig)[1:] == [(SizeCause.DEGRADED, Decimal("0.25"), 1)]
    for number in (57, 59, 61):
        trade(rig, number, -1)
    assert moves(rig)[2:] == [(SizeCause.DEGRADED, Decimal(0), 0)]


def test_wins_give_it_back():
    rig = traded(-1, -1, -1, order_qty=4)
    for number in range(51, 75, 2):
        trade(rig, number, 1, 2)
    assert moves(rig)[1:] == [(SizeCause.RECOVERED, Decimal(1), None)]
    assert codes(rig, 90, 4) == []
    rig.after(1)
    assert len(told(rig, "A121")) == 1


def test_where_a_person_must_give_it_back_wins_do_not():
    rig = traded(-1, -1, -1, order_qty=4, recovers=False)
    for number in range(51, 75, 2):
        trade(rig, number, 1, 2)
    assert len(moves(rig)) == 1


def test_a_person_restores_it_with_a_reason_and_the_evidence_begins_anew():
    rig = traded(-1, -1, -1, order_qty=4)
    assert restore(rig).share == Decimal("0.5")
    event = rig.events(SizeMoved)[-1]
    assert (event.cause, event.by, event.share, event.quantity_max) == (SizeCause.PERSON, "anna", 1, None)
    assert "looked at it" in event.text
    assert codes(rig, 50, 4) == []
    rig.after(1)
    assert len(moves(rig)) == 2
    assert rig.book.tally.form("condor").outcomes == ""


def test_a_size_that_is_not_cut_is_not_restored():
    rig = traded()
    assert restore(rig).share is None
    assert moves(rig) == []


def test_a_cut_survives_a_restart_and_is_not_made_twice():
    rig = traded(-1, -1, -1, order_qty=4)
    rig.start()
    rig.ready()
    permitted(rig)
    rig.after(1)
    assert codes(rig, 50, 3) == [Code.R092_SIZE_CUT]
    assert len(moves(rig)) == 1


def test_what_ended_while_nobody_judged_is_judged_by_the_successor():
    rig = traded(-1, -1)
    rig.executor._desks.sizes.on_tick = rig.executor._desks.breakers.on_tick  # it dies before its next look
    rig.executor._desks.timed = ()
    trade(rig, 11, -1)
    assert moves(rig) == []
    rig.start()
    rig.after(1)
    assert moves(rig) == [(SizeCause.DEGRADED, Decimal("0.5"), 0)]


def test_a_strategy_that_nothing_is_expected_of_is_measured_and_never_cut():
    rig = Rig(costs=terms()).ready()
    for number in range(1, 21, 2):
        trade(rig, number, -1)
    assert moves(rig) == []
    assert rig.book.tally.form("condor").losses == 10


def test_strategies_see_their_cap_and_what_an_exit_costs():
    rig = traded(-1, -1, -1, order_qty=4)
    held = rig.opened(open_signal(50, order_qty=2), 2)
    view = rig.executor._picture().book
    assert view.sizes == {"condor": 2}
    assert view.exit_fees == {held: Decimal("5.62")}, "eight contracts at 0.70, and a cent of TAF on each leg sold"


def test_an_order_carries_its_estimate_and_its_fill_is_held_against_it_once():
    rig = Rig(costs=terms()).ready()
    name = rig.opened(open_signal(1))
    rig.after(1)
    rig.after(1)
    (placed,) = rig.events(OrderPlaced)
    assert placed.estimate.cost == Decimal("24.60")
    (found,) = rig.events(CostCompared)
    assert (found.cl_ord_id, found.paid, found.expected) == (name, Decimal("2.0000"), Decimal("0.05"))
    assert (found.half_spread, found.paid_cost, found.expected_cost) == (Decimal("0.10"), 200, 5)
    assert rig.book.tally.costs.expected == {}
    assert rig.book.tally.form("condor").slippage_cost == 200


@pytest.mark.parametrize(("multiple", "is_told"), [("39", True), ("41", False)])
def test_a_fill_that_slips_by_a_named_multiple_of_what_was_expected_is_told(multiple, is_told):
    rig = Rig(costs=terms(slippage_alert_multiple=Decimal(multiple))).ready()
    rig.opened(open_signal(1))
    rig.after(1)
    alerts = told(rig, "A122")
    assert len(alerts) == is_told
    if is_told:
        assert "slipped 2.00 per combo beyond the middle of its admission, 0.05 were expected" in alerts[0].text


def test_an_order_that_never_fills_is_forgotten():
    rig = Rig(costs=terms()).ready()
    name = rig.ask(open_signal(1)).cl_ord_id
    rig.outcome(f"{name}-r1", Accepted(broker_order_id="primary-1"))
    assert set(rig.book.tally.costs.expected) == {name}
    rig.push(report("primary-1", Status.CANCELED, attempt=f"{name}-r1"))
    assert rig.book.tally.costs.expected == {}
    rig.after(1)
    assert rig.events(CostCompared) == []


def charged(rig: Rig, number: int, dollars: str, leg: int = 0) -> None:
    """Have the broker book a fee on the fill that opened one leg of a condor."""
    name = f"condor-20260105-{number}"
    fee = CashEvent(
        event_id=f"fee-{number}-{dollars}",
        account_domain="primary-account",
        type=CashEvent.Type.FEE,
        amount=-Decimal(dollars),
        exec_id=f"{name}-e{leg}",
        at=START,
    )
    rig.executor._commit(Step(events=[CashBooked(event=fee, at=START)]))
    rig.after(0.1)


@pytest.mark.parametrize(("dollars", "is_told"), [("0.00", False), ("10.56", False), ("10.57", True)])
def test_a_structure_that_is_charged_more_than_the_tables_say_is_told_once(dollars, is_told):
    rig = traded(1)
    charged(rig, 1, dollars)
    rig.after(1)
    alerts = told(rig, "A123")
    assert len(alerts) == is_told
    if is_told:
        assert "was charged 10.57 in fees, 9.60 were expected, limit 10.56" in alerts[0].text
        charged(rig, 1, "1.00")
        rig.after(1)
        assert len(told(rig, "A123")) == 1


def test_what_a_strategy_paid_in_fees_stands_beside_what_was_expected():
    rig = traded(1)
    charged(rig, 1, "9.58")
    form = rig.book.tally.form("condor")
    assert (form.fees, form.expected_fees) == (Decimal("9.58"), Decimal("9.60"))
