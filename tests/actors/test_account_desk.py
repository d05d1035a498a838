"""What reports and readings of an account do: adoption, agreement, breaks, baselines, strays."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from actors.domain.market.quote import Universe
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Absent, Accepted, InDoubt, NotSent
from actors.domain.orders.order import Action, Fill
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import CashEvent, DryRun, Status
from actors.domain.orders.trading_status import TradingStatus
from actors.messages import AccountRead, AskAccount, CancelOrder, Resolved, UniverseChanged
from actors.ports import Resync
from tests import expiries
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal, spxw
from tests.fakes import START
from tests.rig import Rig, fills_of, quoted_fills, report

SHORT_CALL = CONDOR_SYMBOLS[2]
STOCK = "BRK/B"
"""A symbol of no form we know; accounts hold such things."""


def foreign_fill(exec_id: str, symbol: str = SHORT_CALL, at=START, quantity: int = 1) -> Fill:
    return Fill(exec_id=exec_id, symbol=symbol, action=Action.BUY_TO_OPEN, last_qty=quantity, last_px=Decimal(2), at=at)


def test_an_account_with_history_is_adopted_as_it_stands():
    rig = Rig()
    rig.connect()
    old = report("theirs-1", Status.FILLED, foreign_fill("x1"))
    rig.read(orders=[old], positions={SHORT_CALL: 1}, cash=Decimal(77))
    assert (rig.book.cash["primary-account"], rig.book.positions["primary-account"]) == (Decimal(77), {SHORT_CALL: 1})
    rig.read(orders=[old], positions={SHORT_CALL: 1}, cash=Decimal(77))
    assert (rig.book.cash["primary-account"], rig.book.quarantined) == (Decimal(77), {})


def test_a_push_before_the_first_reading_spoils_no_adoption():
    rig = Rig()
    rig.connect()
    pushed = report("theirs-1", Status.FILLED, foreign_fill("x1"))
    rig.push(pushed)
    rig.read(orders=[pushed], positions={SHORT_CALL: 1})
    assert (rig.book.cash["primary-account"], rig.book.positions["primary-account"]) == (100_000, {SHORT_CALL: 1})


def test_what_was_traded_before_the_adopting_reading_began_is_no_news_to_a_longer_one():
    rig = Rig()
    rig.connect()
    rig.read(positions={SHORT_CALL: 1}, since=START - timedelta(hours=24))
    older = report("theirs-0", Status.FILLED, foreign_fill("x0", at=START - timedelta(hours=30)))
    fee = CashEvent(
        event_id="f0",
        account_domain="primary-account",
        type=CashEvent.Type.FEE,
        amount=Decimal(-1),
        exec_id="x0",
        at=START - timedelta(hours=30),
    )
    rig.read(orders=[older], positions={SHORT_CALL: 1}, cash_events=[fee], since=START - timedelta(hours=36))
    assert (rig.book.positions["primary-account"], rig.book.cash["primary-account"]) == ({SHORT_CALL: 1}, 100_000)


def test_an_order_from_before_the_adoption_is_foreign_whatever_id_it_carries():
    """A new state folder on the same day numbers its signals from 1 again."""
    rig = Rig()
    rig.connect("backup")
    rig.read("backup")
    rig.connect()
    mine = open_signal(1)
    like = rig_order_fills(mine)
    old = report("theirs-1", Status.FILLED, *like, attempt="condor-20260105-1-r1")
    rig.read(orders=[old])
    order_id = rig.ask(mine).cl_ord_id
    rig.outcome(f"{order_id}-r1")
    rig.read(orders=[old])
    assert (rig.book.orders[order_id].cum_qty, rig.book.orders[order_id].status) == (0, Status.PENDING_NEW)


def rig_order_fills(signal):
    rig = Rig().ready()
    return fills_of(rig.book.orders[rig.ask(signal).cl_ord_id].order)


def test_an_account_that_holds_what_we_cannot_name_is_read_and_compared_all_the_same():
    rig = Rig().ready()
    rig.push(report("theirs-9", Status.FILLED, foreign_fill("x9", STOCK)))
    assert rig.book.positions["primary-account"] == {STOCK: 1}
    for _ in range(3):
        rig.after(2)
        rig.read(positions={})
    assert list(rig.book.quarantined) == [STOCK]


def test_a_stranger_that_trades_is_booked_and_paged():
    rig = Rig().ready()
    rig.push(report("theirs-9", Status.FILLED, foreign_fill("x9")))
    assert rig.book.positions["primary-account"] == {SHORT_CALL: 1}
    assert rig.book.cash["primary-account"] == 100_000 - 200
    rig.after(1)
    assert len(rig.alerts("A021")) == 1


def test_nothing_opens_before_an_account_agreed():
    rig = Rig()
    assert Code.R010_HALTED in [check.code for check in rig.ask(open_signal(1)).checks if not check.passed]
    rig.connect()
    assert not rig.ask(open_signal(2)).admitted
    rig.read()
    assert rig.ask(open_signal(3)).admitted


def test_an_account_with_exposure_that_is_not_read_again_halts_openings_everywhere():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.start()
    rig.connect("backup")
    rig.read("backup")
    refused = rig.ask(open_signal(2))
    assert Code.R010_HALTED in [check.code for check in refused.checks if not check.passed]


def test_a_failed_reading_removes_nothing_and_is_asked_for_again_soon():
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    rig.after(11)
    ((_, asked),) = [each for each in rig.told(AskAccount) if each[0] == "connection-primary"][-1:]
    before = dict(rig.book.positions["primary-account"])
    failed = AccountRead(route="primary", request_id=asked.request_id, state=None, failure="503")
    rig.hear("connection-primary", failed)
    assert (rig.book.positions["primary-account"], rig.book.structures[name].quantity) == (before, 1)
    rig.after(1.1)
    assert [peer for peer, _ in rig.told(AskAccount)] == ["connection-primary"]


def test_one_disagreement_is_read_again_and_only_the_third_quarantines_that_underlying():
    rig = Rig().ready()
    for count in range(3):
        assert rig.book.quarantined == {}, count
        rig.after(1.1)
        rig.read(positions={SHORT_CALL: 5})
    assert list(rig.book.quarantined) == ["SPX"]
    rig.after(0.1)
    assert len(rig.alerts("A030")) == 1
    refused = rig.ask(open_signal(1))
    assert [check.code for check in refused.checks if not check.passed] == [Code.R014_QUARANTINED]


def test_readings_that_disagree_are_spaced_for_positions_may_lag_their_orders():
    rig = Rig().ready()
    rig.told(AskAccount)
    rig.read(positions={SHORT_CALL: 5})
    rig.after(0.5)
    assert rig.told(AskAccount) == []
    rig.after(0.6)
    assert [peer for peer, _ in rig.told(AskAccount)] == ["connection-primary"]


def test_a_quarantine_is_lifted_by_agreement_of_its_own_account_alone():
    rig = Rig().ready()
    for _ in range(3):
        rig.read(positions={SHORT_CALL: 5})
    rig.read("backup")
    assert list(rig.book.quarantined) == ["SPX"]
    rig.read()
    assert rig.book.quarantined == {}
    assert rig.ask(open_signal(1)).admitted


def test_a_break_at_the_start_does_not_keep_the_rest_halted():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.start()
    for route in ("primary", "backup"):
        rig.connect(route)
    rig.read("backup")
    for _ in range(4):
        rig.read(positions={})
    assert list(rig.book.quarantined) == ["SPX"]
    assert rig.executor._desk.circumstances().ready


def test_a_session_opens_with_the_first_account_and_takes_the_others_as_they_agree():
    rig = Rig()
    rig.connect("backup")
    rig.read("backup", net_liquidation=Decimal(5))
    assert rig.book.baseline == {"backup-account": 5}
    rig.connect()
    rig.read(net_liquidation=Decimal(7))
    assert rig.book.baseline == {"backup-account": 5, "primary-account": 7}


def test_a_restart_within_the_day_keeps_the_baseline():
    rig = Rig()
    rig.connect()
    rig.read(net_liquidation=Decimal(100))
    rig.start()
    rig.connect()
    rig.read(net_liquidation=Decimal(60))
    assert rig.book.baseline == {"primary-account": 100}
    assert len(rig.events(happened.SessionOpened)) == 1


def test_money_put_in_is_no_result_of_the_day():
    rig = Rig().ready()
    deposit = CashEvent(
        event_id="d1",
        account_domain="primary-account",
        type=CashEvent.Type.DEPOSIT,
        amount=Decimal(10_000),
        at=START,
    )
    rig.read(cash_events=[deposit], cash=Decimal(110_000))
    rig.after(2)
    assert rig.stream.published[-1].book.pnl_day == 0


def test_a_reading_reaches_back_to_the_last_agreement_however_long_ago():
    """Stopped on Friday, started on Monday: the expiry of Friday evening must not be missed."""
    rig = Rig().ready()
    rig.clock.advance(66 * 3600)
    rig.start()
    rig.connect()
    ((_, asked),) = rig.told(AskAccount)
    assert asked.since <= START


def test_no_reading_is_longer_than_the_limit():
    rig = Rig(history_days_max=2).ready()
    rig.clock.advance(400 * 86_400)
    rig.start()
    rig.connect()
    ((_, asked),) = rig.told(AskAccount)
    assert asked.since == rig.clock.now - timedelta(days=2)


def test_a_reading_reaches_back_to_the_oldest_order_that_may_still_trade():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    rig.outcome("condor-20260105-1-r1")
    for _ in range(8):
        rig.clock.advance(12 * 3600)
        rig.read()
        rig.read("backup")
    rig.told(AskAccount)
    rig.clock.advance(60)
    rig.executor.turn(0)
    asked = dict(rig.told(AskAccount))
    assert asked["connection-primary"].since <= START
    assert asked["connection-backup"].since > START


def test_messages_lost_by_a_connection_are_made_good_by_a_reading():
    rig = Rig().ready()
    rig.told(AskAccount)
    rig.clock.advance(0.1)
    rig.executor.turn(0)
    assert rig.told(AskAccount) == []
    rig.stream.arrivals.append(Resync(peer="connection-primary", incarnation=1))
    rig.clock.advance(0.1)
    rig.executor.turn(0)
    assert [peer for peer, _ in rig.told(AskAccount)] == ["connection-primary"]


def test_a_contradiction_is_journaled_and_paged_once_however_often_it_is_repeated():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    rig.outcome("condor-20260105-1-r1")
    rig.push(report("primary-1", Status.CANCELED, attempt="condor-20260105-1-r1"))
    order = rig.book.orders["condor-20260105-1"].order
    late = report("primary-1", Status.FILLED, *fills_of(order), attempt="condor-20260105-1-r1")
    rig.push(late)
    held = dict(rig.book.positions["primary-account"])
    sequence = rig.book.sequence
    for _ in range(5):
        rig.push(late)
    assert (rig.book.sequence, rig.book.positions["primary-account"]) == (sequence, held)
    assert rig.book.orders["condor-20260105-1"].cum_qty == 1
    rig.after(0.1)
    assert len(rig.alerts("A022")) == 1


def test_an_unknown_status_is_told_and_moves_nothing():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    rig.outcome("condor-20260105-1-r1")
    sequence = rig.book.sequence
    rig.push(report("primary-1", None, text="Sleeping"))
    rig.after(0.1)
    assert (rig.book.sequence, len(rig.alerts("A020"))) == (sequence, 1)


# An order that turns up where it was given up (law 3).


def moved_on(rig: Rig) -> str:
    """An opening proved absent at the primary, and accepted by the backup."""
    order_id = rig.ask(open_signal(1)).cl_ord_id
    rig.outcome(f"{order_id}-r1", InDoubt(cause="timeout"))
    rig.hear(
        "connection-primary",
        Resolved(route="primary", attempt_id=f"{order_id}-r1", resolution=Absent(proof="3 looks")),
    )
    rig.outcome(f"{order_id}-r2", route="backup")
    rig.push(report("backup-1", Status.NEW, attempt=f"{order_id}-r2", route="backup"))
    rig.told(CancelOrder)
    return order_id


@pytest.mark.parametrize("by_reading", [False, True])
def test_a_stray_is_cancelled_at_its_own_route_and_paged(by_reading):
    rig = Rig().ready()
    order_id = moved_on(rig)
    stray = report("primary-9", Status.NEW, attempt=f"{order_id}-r1")
    if by_reading:
        rig.read(orders=[stray])
    else:
        rig.push(stray)
    rig.after(0.1)
    assert [(peer, told.broker_order_id) for peer, told in rig.told(CancelOrder)] == [
        ("connection-primary", "primary-9")
    ]
    assert len(rig.alerts("A023")) == 1
    assert rig.book.orders[order_id].status is Status.NEW


def test_a_stray_goes_on_being_cancelled_while_it_works_and_is_journaled_once():
    rig = Rig().ready()
    order_id = moved_on(rig)
    stray = report("primary-9", Status.NEW, attempt=f"{order_id}-r1")
    rig.push(stray)
    sequence = rig.book.sequence
    rig.push(stray)
    assert (len(rig.told(CancelOrder)), rig.book.sequence) == (2, sequence)


@pytest.mark.parametrize("end", [Status.CANCELED, Status.REJECTED, Status.EXPIRED, Status.FILLED])
def test_the_end_of_a_stray_is_not_the_end_of_the_order(end):
    rig = Rig().ready()
    order_id = moved_on(rig)
    rig.push(report("primary-9", Status.NEW, attempt=f"{order_id}-r1"), report("primary-9", end))
    assert (rig.book.orders[order_id].status, rig.book.orders[order_id].is_live) == (Status.NEW, True)


def test_a_stray_that_fills_is_booked_where_it_filled_and_in_no_structure():
    rig = Rig().ready()
    order_id = moved_on(rig)
    order = rig.book.orders[order_id].order
    rig.push(report("primary-9", Status.FILLED, *fills_of(order), attempt=f"{order_id}-r1"))
    assert rig.book.positions["primary-account"] == {leg.symbol: leg.action.sign for leg in order.legs}
    assert (rig.book.structures, rig.book.orders[order_id].cum_qty) == ({}, 0)
    rig.after(0.1)
    assert len(rig.alerts("A023")) == 1
    rig.push(report("backup-1", Status.FILLED, *fills_of(order, tag="b"), attempt=f"{order_id}-r2", route="backup"))
    assert rig.book.structures[order_id].account_domain == "backup-account"


@pytest.mark.parametrize("is_named", [False, True])
def test_a_stray_that_is_known_stays_one_though_its_reports_name_no_attempt(is_named):
    rig = Rig().ready()
    order_id = rig.ask(open_signal(1)).cl_ord_id
    rig.outcome(f"{order_id}-r1", NotSent(cause="refused"))
    rig.outcome(f"{order_id}-r2", NotSent(cause="refused"), route="backup")
    attempt = f"{order_id}-r1" if is_named else None
    rig.push(report("primary-9", Status.NEW, attempt=f"{order_id}-r1"))
    fills = fills_of(rig.book.orders[order_id].order)
    rig.push(report("primary-9", Status.FILLED, *fills, attempt=attempt))
    assert (rig.book.orders[order_id].fills, rig.book.structures) == ((), {})
    assert len(rig.book.positions["primary-account"]) == 4


def test_a_finished_order_that_turns_up_working_is_cancelled():
    rig = Rig().ready()
    order_id = rig.ask(open_signal(1)).cl_ord_id
    rig.outcome(f"{order_id}-r1", NotSent(cause="refused"))
    rig.outcome(f"{order_id}-r2", NotSent(cause="refused"), route="backup")
    assert rig.book.orders[order_id].status is Status.REJECTED
    rig.push(report("primary-9", Status.NEW, attempt=f"{order_id}-r1"))
    assert [told.broker_order_id for _, told in rig.told(CancelOrder)] == ["primary-9"]


def test_an_order_that_is_where_it_should_be_is_never_taken_for_a_stray():
    rig = Rig().ready()
    order_id = rig.ask(open_signal(1)).cl_ord_id
    for status in (Status.PENDING_NEW, Status.NEW, Status.PARTIALLY_FILLED):
        rig.push(report("primary-1", status, attempt=f"{order_id}-r1"))
        rig.read(orders=[report("primary-1", status, attempt=f"{order_id}-r1")])
    rig.push(report("primary-1", Status.NEW))
    assert (rig.told(CancelOrder), rig.alerts("A023")) == ([], [])


def test_a_fill_makes_the_account_be_read_for_its_fees():
    rig = Rig().ready()
    rig.told(AskAccount)
    rig.opened(open_signal(1))
    rig.after(0.6)
    assert [peer for peer, _ in rig.told(AskAccount)] == ["connection-primary"]


# What was missed is made good by the next reading, whatever made it be missed.


def missed(rig: Rig) -> tuple[str, object, dict[str, int]]:
    """An order that filled without a word: its id, what the account says of it, and what it holds since."""
    order_id = rig.ask(open_signal(1)).cl_ord_id
    rig.outcome(f"{order_id}-r1")
    fills = quoted_fills(rig.book.orders[order_id].order)
    done = report("primary-1", Status.FILLED, *fills, attempt=f"{order_id}-r1")
    return order_id, done, {fill.symbol: fill.action.sign for fill in fills}


def test_a_missed_fill_is_recovered_within_one_cycle_of_the_timer():
    rig = Rig(account_interval_s=10).ready()
    order_id, done, held = missed(rig)
    rig.told(AskAccount)
    rig.after(9)
    assert rig.told(AskAccount) == []
    rig.after(1.1)
    assert "connection-primary" in [peer for peer, _ in rig.told(AskAccount)]
    rig.read(orders=[done], positions=held)
    assert (rig.book.orders[order_id].cum_qty, rig.book.positions["primary-account"]) == (1, held)
    assert (rig.book.structures[order_id].strategy, rig.book.quarantined) == ("condor", {})


def test_a_missed_fill_is_recovered_by_the_reading_after_a_reconnection():
    rig = Rig().ready()
    order_id, done, held = missed(rig)
    rig.told(AskAccount)
    rig.connect(incarnation=2)
    assert [peer for peer, _ in rig.told(AskAccount)] == ["connection-primary"]
    rig.read(orders=[done], positions=held)
    assert (rig.book.orders[order_id].status, rig.book.structures[order_id].quantity) == (Status.FILLED, 1)


def test_a_reading_without_an_order_or_a_position_of_ours_takes_neither_away():
    rig = Rig().ready()
    held = rig.opened(open_signal(1))
    working = rig.ask(open_signal(2)).cl_ord_id
    rig.outcome(f"{working}-r1", Accepted(broker_order_id="primary-2"))
    before = dict(rig.book.positions["primary-account"])
    for _ in range(5):
        rig.after(2)
        rig.read(orders=[], positions={})
    assert (rig.book.positions["primary-account"], rig.book.structures[held].quantity) == (before, 1)
    assert rig.book.orders[working].is_live


def test_a_break_keeps_new_risk_out_of_its_underlying_alone():
    rig = Rig().ready()
    for _ in range(3):
        rig.read(positions={"GOOG": 1})
    assert list(rig.book.quarantined) == ["GOOG"]
    assert rig.ask(open_signal(1)).admitted


def test_the_strategy_a_leg_belongs_to_survives_restarts_and_readings():
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    held = dict(rig.book.positions["primary-account"])
    rig.start()
    for route in ("primary", "backup"):
        rig.connect(route)
    rig.read("backup")
    rig.read(positions=held)
    kept = rig.book.structures[name]
    assert (kept.strategy, dict(kept.holdings), rig.executor._picture().book.foreign) == ("condor", held, {})


def test_a_strange_symbol_of_a_strike_nobody_watches_is_a_break_like_any_other():
    rig = Rig().ready()
    for _ in range(3):
        rig.read(positions={spxw(9999): 1})
    assert list(rig.book.quarantined) == ["SPX"]


# Executions the broker takes back.


def filled(rig: Rig) -> tuple[str, tuple[Fill, ...]]:
    """A filled opening, and its fills."""
    order_id = rig.opened(open_signal(1))
    return order_id, rig.book.orders[order_id].fills


def test_a_bust_takes_back_positions_cash_and_structure_once_and_is_paged():
    rig = Rig().ready()
    order_id, fills = filled(rig)
    gone = tuple(fill.exec_id for fill in fills)
    for _ in range(3):
        rig.push(report("primary-1", Status.FILLED, *fills, busted=gone))
    life = rig.book.orders[order_id]
    assert (life.cum_qty, life.status) == (0, Status.FILLED)
    assert (rig.book.positions["primary-account"], rig.book.cash["primary-account"]) == ({}, 100_000)
    assert (rig.book.structures[order_id].is_flat, rig.book.structures[order_id].cash) == (True, 0)
    rig.after(0.1)
    assert len(rig.alerts("A024")) == 1


def test_a_bust_of_one_leg_leaves_the_others_naked_and_that_is_seen():
    rig = Rig().ready()
    order_id, fills = filled(rig)
    long_put = fills[0]
    rig.push(report("primary-1", Status.FILLED, busted=(long_put.exec_id,)))
    assert rig.book.structures[order_id].naked
    rig.after(0.1)
    rig.after(2)
    assert len(rig.alerts("A040")) == 1


def test_a_correction_books_the_price_that_stands():
    rig = Rig().ready()
    order_id, fills = filled(rig)
    before = rig.book.cash["primary-account"]
    bought = fills[0]
    corrected = bought.model_copy(update={"exec_id": "corrected", "last_px": bought.last_px + 1})
    rig.push(report("primary-1", Status.FILLED, corrected, busted=(bought.exec_id,)))
    assert rig.book.cash["primary-account"] == before - 100
    assert rig.book.orders[order_id].cum_qty == 1


def test_what_was_taken_back_stays_so_over_a_restart_whoever_repeats_it():
    rig = Rig().ready()
    order_id, fills = filled(rig)
    rig.push(report("primary-1", Status.PARTIALLY_FILLED, busted=tuple(fill.exec_id for fill in fills)))
    rig.start()
    rig.connect()
    rig.read(orders=[report("primary-1", Status.FILLED, *fills, attempt=f"{order_id}-r1")])
    assert (rig.book.positions["primary-account"], rig.book.orders[order_id].cum_qty) == ({}, 0)
    assert rig.book.quarantined == {}


def test_a_fill_of_ours_that_was_first_told_without_our_id_joins_its_structure():
    """A broker that echoes no id: its push overtakes the answer that says which order is ours."""
    rig = Rig().ready()
    order_id = rig.ask(open_signal(1)).cl_ord_id
    fills = fills_of(rig.book.orders[order_id].order)
    rig.push(report("primary-1", Status.FILLED, *fills))
    assert (len(rig.book.positions["primary-account"]), rig.book.structures) == (4, {})
    rig.outcome(f"{order_id}-r1")
    cash = rig.book.cash["primary-account"]
    rig.push(report("primary-1", Status.FILLED, *fills))
    assert rig.book.structures[order_id].quantity == 1
    assert (len(rig.book.positions["primary-account"]), rig.book.cash["primary-account"]) == (4, cash)


def test_an_execution_of_a_stranger_is_taken_back_too_over_a_restart():
    rig = Rig(checkpoint_events=1).ready()
    fill = foreign_fill("x9")
    rig.push(report("theirs-9", Status.FILLED, fill))
    rig.after(0.1)
    rig.start()
    rig.push(report("theirs-9", Status.FILLED, busted=("x9",)))
    rig.push(report("theirs-9", Status.FILLED, fill, busted=("x9",)))
    assert (rig.book.positions["primary-account"], rig.book.cash["primary-account"]) == ({}, 100_000)


def test_a_fill_told_without_our_id_and_taken_back_before_it_was_known_to_be_ours_is_gone():
    rig = Rig().ready()
    order_id = rig.ask(open_signal(1)).cl_ord_id
    fills = fills_of(rig.book.orders[order_id].order)
    rig.push(report("primary-1", Status.FILLED, *fills))
    rig.outcome(f"{order_id}-r1")
    rig.push(report("primary-1", Status.FILLED, busted=tuple(fill.exec_id for fill in fills)))
    assert (rig.book.positions["primary-account"], rig.book.cash["primary-account"]) == ({}, 100_000)
    assert rig.book.orders[order_id].cum_qty == 0


def test_a_fee_told_before_its_fill_was_known_to_be_ours_is_charged_to_the_structure():
    rig = Rig().ready()
    order_id = rig.ask(open_signal(1)).cl_ord_id
    fills = fills_of(rig.book.orders[order_id].order)
    rig.push(report("primary-1", Status.FILLED, *fills))
    fee = CashEvent(
        event_id="f1",
        account_domain="primary-account",
        type=CashEvent.Type.FEE,
        amount=Decimal(-1),
        exec_id=fills[0].exec_id,
        at=START,
    )
    rig.read(cash_events=[fee], positions=dict(rig.book.positions["primary-account"]))
    rig.outcome(f"{order_id}-r1")
    rig.push(report("primary-1", Status.FILLED, *fills))
    assert rig.book.structures[order_id].fees == 1


def test_the_answer_to_a_predecessors_question_is_taken_and_our_own_is_still_waited_for():
    rig = Rig()
    rig.connect()
    rig.read(request_id=77)
    seat = rig.executor._desk.seats.of("primary")
    assert (seat.reconciled, rig.executor._desk.routes()[0].followed) == (True, False)
    rig.read()
    assert rig.executor._desk.routes()[0].followed


def test_an_answer_that_comes_right_after_a_gap_is_still_the_answer_to_our_question():
    """The first message of a connection's inbox always follows a gap: the reading would count for nothing."""
    rig = Rig()
    rig.connect()
    (asked,) = [message.request_id for _, message in rig.told(AskAccount)]
    rig.stream.arrivals.append(Resync(peer="connection-primary", incarnation=1))
    rig.read(request_id=asked)
    assert rig.executor._desk.routes()[0].followed


BARRED = TradingStatus(bars=("closing only",))


def test_an_account_that_takes_no_openings_is_told_once_and_refuses_them_until_it_does_again():
    rig = Rig().ready()
    rig.after(11)
    rig.read(trading=BARRED)
    refused = rig.ask(open_signal(1))
    assert Code.R048_BROKER_STATUS in [check.code for check in refused.checks if not check.passed]
    rig.after(1)
    assert ["closing only" in text for text in rig.alerts("A110")] == [True]
    rig.after(11)
    rig.read(trading=BARRED)
    rig.after(11)
    rig.read()
    rig.after(1)
    assert (len(rig.alerts("A110")), len(rig.alerts("A111"))) == (1, 1)
    assert rig.ask(open_signal(2)).admitted


def test_a_close_leaves_for_an_account_that_takes_no_openings():
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    rig.after(11)
    rig.read(positions=rig.book.positions["primary-account"], cash=rig.book.cash["primary-account"], trading=BARRED)
    assert rig.ask(close_signal(2, name)).admitted


def test_buying_power_that_is_not_told_any_more_is_told_and_refuses():
    rig = Rig().ready()
    rig.after(11)
    rig.read(buying_power=None)
    rig.after(1)
    assert len(rig.alerts("A112")) == 1
    refused = rig.ask(open_signal(1))
    assert Code.R046_BUYING_POWER in [check.code for check in refused.checks if not check.passed]


def test_an_order_sent_before_the_account_was_asked_is_in_what_it_answers():
    """The reading counts from its question: an order that left between question and answer may not be in it."""
    need = Decimal(4810) * Decimal("1.1")
    rig = Rig().ready()
    rig.after(11)  # the question
    rig.opened(open_signal(1))
    held = {"positions": rig.book.positions["primary-account"], "cash": rig.book.cash["primary-account"]}
    rig.read(**held, buying_power=2 * need - 1)
    late = rig.ask(open_signal(2))
    assert Code.R046_BUYING_POWER in [check.code for check in late.checks if not check.passed]
    rig.after(11)
    rig.read(**held, buying_power=need)
    found = rig.ask(open_signal(3))
    assert Code.R046_BUYING_POWER not in [check.code for check in found.checks if not check.passed]


def test_the_last_opening_is_dry_run_with_the_next_reading_and_what_the_broker_asks_more_counts():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.told(AskAccount)
    rig.after(11)
    asked = [message for peer, message in rig.all_told(AskAccount) if peer == "connection-primary"]
    assert asked[-1].trial == rig.book.orders["condor-20260105-1"].order
    held = {"positions": rig.book.positions["primary-account"], "cash": rig.book.cash["primary-account"]}
    rig.read(**held, dry_run=DryRun(cl_ord_id="condor-20260105-1", taken=3 * 4810), buying_power=3 * 4810 - 1)
    refused = rig.ask(open_signal(2))
    check = next(each for each in refused.checks if each.code is Code.R046_BUYING_POWER)
    assert (check.passed, check.value) == (False, "14430.00 dollars, by a dry run 0 s old")


class Weekend(Rig):
    """An executor on a Sunday evening, over the shipped tables."""

    products, sessions = expiries.PRODUCTS, staticmethod(lambda: expiries.SESSIONS)


@pytest.mark.parametrize(("watched", "opened"), [("/ESH26", date(2026, 1, 12)), ("SPX", None)])
def test_sunday_evening_has_mondays_baseline_where_a_future_is_watched_and_none_elsewhere(watched, opened):
    rig = Weekend()
    rig.clock.now = expiries.at("2026-01-11T18:30")
    seen = Universe(version=2, contracts=(expiries.PRODUCTS.contract(watched),))
    rig.hear("data_feed", UniverseChanged(universe=seen))
    rig.connect()
    rig.read(net_liquidation=Decimal(7))
    assert (rig.book.session, dict(rig.book.baseline)) == (opened, {"primary-account": 7} if opened else {})
    rig.clock.now = expiries.at("2026-01-12T09:30")
    rig.after(11)
    rig.read(net_liquidation=Decimal(3))
    assert rig.book.session == date(2026, 1, 12)
    assert rig.book.baseline == {"primary-account": 7 if opened else 3}, "the evening's loss is Monday's"
