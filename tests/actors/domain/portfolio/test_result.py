"""What accounts and strategies made, as the breakers see it: marked to close, by day, over sessions, loss by loss."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from actors.domain.orders.breaker_event import Scope, StructuresMarked
from actors.domain.orders.event import CashBooked, SessionOpened
from actors.domain.orders.finding import ForeignAdopted
from actors.domain.orders.report import CashEvent, Status
from actors.domain.portfolio.book_state import dump, restore
from actors.domain.portfolio.result import Equity, Result, results
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, close_signal, open_signal
from tests.fakes import START
from tests.rig import CASH, Rig, fills_of, report

MONDAY = date(2026, 1, 5)
HELD = -210
"""A condor sold for nothing: its longs are worth 1.00 each, its shorts 2.05."""
DOMAIN = "primary-account"


def seen(rig: Rig, subject: str = DOMAIN, before_open: bool = False, **equity: object) -> Result:
    equities = {DOMAIN: Equity(**({"worth": None, "age_s": None, "opens": True} | equity))}
    found = results(rig.book, rig.executor._desk.quotes, equities, before_open=before_open)
    return next(each for each in found if each.subject == subject)


def apply(rig: Rig, event) -> None:
    rig.book.apply(event, rig.book.sequence + 1)


def next_session(rig: Rig, worth: int, on: date = MONDAY + timedelta(days=1), **others: int) -> None:
    baseline = {DOMAIN: Decimal(worth), "backup-account": Decimal(others.get("backup", 100_000))}
    apply(rig, SessionOpened(session=on, baseline=baseline, cash={}, at=START))


def closed(rig: Rig, number: int, px: str) -> str:
    """Open a condor for nothing, and close it with each of its shorts at `px` and its longs at 1.50."""
    name = rig.opened(open_signal(number))
    closing = rig.ask(close_signal(number + 1, name)).cl_ord_id
    rig.outcome(f"{closing}-r1")
    fills = fills_of(rig.book.orders[closing].order)
    shorts = set(CONDOR_SYMBOLS[1:3])
    priced = tuple(
        fill.model_copy(update={"last_px": Decimal(px)}) if fill.symbol in shorts else fill for fill in fills
    )
    rig.push(report(f"primary-c{number}", Status.FILLED, *priced, attempt=f"{closing}-r1"))
    return name


def test_an_account_is_marked_where_one_could_close_and_not_at_the_middle():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    assert (seen(rig).pnl, seen(rig).base, seen(rig).day) == (HELD, CASH, MONDAY)
    assert seen(rig, "condor").pnl == HELD


def test_realised_and_unrealised_count_together():
    rig = Rig().ready()
    closed(rig, 1, "2.00")
    rig.opened(open_signal(3))
    assert seen(rig).pnl == seen(rig, "condor").pnl == HELD - 100


def test_losses_in_a_row_are_counted_by_structure_in_the_order_in_which_they_ended():
    rig = Rig().ready()
    for number, px in ((1, "1.00"), (3, "2.00"), (5, "2.00")):
        closed(rig, number, px)
    assert len(seen(rig, "condor").losses) == len(seen(rig).losses) == 2
    closed(rig, 7, "1.50")
    assert seen(rig, "condor").losses == (), "one that lost nothing ends the row"


def test_a_fee_told_late_makes_a_loss_of_what_was_none():
    rig = Rig().ready()
    name = closed(rig, 1, "1.50")
    assert seen(rig, "condor").losses == ()
    (execution,) = [key for key, owner in rig.book.executions.items() if owner == name][:1]
    fee = CashEvent(
        event_id="fee",
        account_domain=DOMAIN,
        type=CashEvent.Type.FEE,
        amount=Decimal(-1),
        exec_id=execution[1],
        at=START,
    )
    apply(rig, CashBooked(event=fee, at=START))
    assert len(seen(rig, "condor").losses) == 1


def test_until_the_exchange_opens_the_day_before_goes_on_so_midnight_splits_no_loss():
    rig = Rig().ready()
    rig.book.cash[DOMAIN] -= 3_000
    next_session(rig, 97_000)
    rig.book.cash[DOMAIN] -= 3_000
    early, later = seen(rig, before_open=True), seen(rig)
    assert (early.day, early.base, early.pnl) == (MONDAY, CASH, -6_000)
    assert (later.day, later.base, later.pnl) == (date(2026, 1, 6), 97_000, -3_000)


def test_five_sessions_are_counted_and_the_sixth_is_forgotten():
    rig = Rig().ready()
    for number in range(1, 6):
        rig.book.cash[DOMAIN] -= 1_000
        next_session(rig, 100_000 - 1_000 * number, MONDAY + timedelta(days=number))
    rig.book.cash[DOMAIN] -= 500
    assert (seen(rig).sessions_pnl, seen(rig).sessions_base, seen(rig).pnl) == (-4_500, 99_000, -500)


def test_a_deposit_is_no_result_of_any_session():
    rig = Rig().ready()
    for identifier in ("before", "after"):
        money = CashEvent(
            event_id=identifier, account_domain=DOMAIN, type=CashEvent.Type.DEPOSIT, amount=Decimal(7_000), at=START
        )
        apply(rig, CashBooked(event=money, at=START))
        if identifier == "before":
            opened = SessionOpened(
                session=date(2026, 1, 6), baseline={"backup-account": CASH}, cash={}, at=START
            )  # this account agrees only later
            apply(rig, opened)
    next_session(rig, 114_000)
    assert (seen(rig).sessions_pnl, seen(rig).pnl) == (0, 0)


def test_foreign_holdings_that_come_in_hide_no_loss():
    rig = Rig().ready()
    rig.book.cash[DOMAIN] -= 9_000
    adopted = ForeignAdopted(account_domain=DOMAIN, underlying="GOOG", positions={"GOOG": 100}, at=START)
    apply(rig, adopted)
    next_session(rig, 141_000)
    assert seen(rig).sessions_pnl == 0, "and they are no gain"


def test_what_a_strategy_holds_over_is_unknown_until_it_is_marked_and_then_counts_in_its_own_session():
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    next_session(rig, 99_800)
    assert seen(rig, "condor").pnl is None
    apply(rig, StructuresMarked(session=date(2026, 1, 6), values={name: Decimal(-200)}, at=START))
    assert (seen(rig, "condor").pnl, seen(rig, "condor").sessions_pnl) == (HELD + 200, HELD)


def test_what_ended_in_an_earlier_session_is_no_result_of_this_one():
    rig = Rig().ready()
    closed(rig, 1, "2.00")
    next_session(rig, 99_900)
    assert (seen(rig, "condor").pnl, seen(rig, "condor").sessions_pnl) == (0, -100)


def test_the_brokers_word_is_a_result_of_its_own():
    rig = Rig().ready()
    told = seen(rig, worth=Decimal(98_000), age_s=2.0)
    assert (told.broker_pnl, told.equity, told.equity_age_s) == (-2_000, 98_000, 2.0)
    assert seen(rig).broker_pnl is None


@pytest.mark.parametrize("missing", ["mark", "quotes"])
def test_without_a_mark_of_what_is_held_it_is_unknown(missing):
    rig = Rig().ready()
    rig.opened(open_signal(1))
    table = rig.executor._desk.quotes
    if missing == "mark":
        table.ask[table.row_of[CONDOR_SYMBOLS[1]]] = float("nan")
    else:
        rig.executor._desk.quotes = None
    assert (seen(rig).pnl, seen(rig, "condor").pnl) == (None, None)


def test_an_execution_taken_back_takes_the_end_back_too():
    rig = Rig().ready()
    name = closed(rig, 1, "2.00")
    closing = rig.book.orders["condor-20260105-2"]
    busted = tuple(fill.exec_id for fill in closing.fills)
    rig.push(report("primary-c1", Status.CANCELED, attempt="condor-20260105-2-r1", busted=busted))
    assert not rig.book.structures[name].is_flat
    assert seen(rig, "condor").losses == ()


def test_a_checkpoint_and_the_whole_journal_give_the_same_results():
    rig = Rig().ready()
    closed(rig, 1, "2.00")
    rig.opened(open_signal(3))
    again = restore(type(dump(rig.book)).model_validate_json(dump(rig.book).model_dump_json()), PRODUCTS)
    assert again.tally == rig.book.tally
    before = rig.book.tally
    rig.start()
    assert rig.book.tally == before


def test_before_any_session_there_is_no_result():
    rig = Rig()
    assert results(rig.book, None, {}, before_open=False) == ()


def test_scopes_are_told_apart():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    found = results(rig.book, rig.executor._desk.quotes, {}, before_open=False)
    assert [(each.scope, each.subject) for each in found] == [
        (Scope.ACCOUNT, "primary-account"),
        (Scope.ACCOUNT, "backup-account"),
        (Scope.STRATEGY, "condor"),
    ]
