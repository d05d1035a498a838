"""The result of the day: all accounts against their baselines, and what nobody quotes left out by name."""

from datetime import date
from decimal import Decimal

import pytest

from actors.domain.orders.event import SessionOpened
from actors.domain.orders.finding import ForeignAdopted
from actors.domain.orders.report import Status
from actors.domain.portfolio.day_result import day_result
from actors.domain.portfolio.picture import picture
from actors.domain.portfolio.result import results
from actors.domain.risk.issue import IssueLimits, Rule, findings
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal
from tests.fakes import START
from tests.rig import CASH, Rig, fills_of, report

ORDER = "condor-20260105-1"
DAY = -210
"""Sold the shorts at 1.50 and bought the longs at 1.50: no cash. Worth: longs at 1.00, shorts at 2.05."""


def holding(**positions: int) -> Rig:
    """A condor held, in an account that had `positions` of its own at the baseline."""
    rig = Rig()
    for route in ("primary", "backup"):
        rig.connect(route)
    rig.read(positions=positions)
    rig.read("backup")
    rig.opened(open_signal(1))
    return rig


def result(rig: Rig) -> tuple[Decimal | None, tuple[str, ...]]:
    found = day_result(rig.book, rig.executor._desk.quotes)
    return found.pnl, found.without


def adopt(rig: Rig, symbol: str, quantity: int) -> None:
    event = ForeignAdopted(account_domain="primary-account", underlying=symbol, positions={symbol: quantity}, at=START)
    rig.book.apply(event, rig.book.sequence + 1)


def next_session(rig: Rig) -> None:
    baseline = {"primary-account": CASH, "backup-account": CASH}
    opened = SessionOpened(session=date(2026, 1, 6), baseline=baseline, cash={}, at=START)
    rig.book.apply(opened, rig.book.sequence + 1)


def unquote(rig: Rig, *symbols: str) -> None:
    table = rig.executor._desk.quotes
    for symbol in symbols:
        table.ask[table.row_of[symbol]] = float("nan")


def test_it_is_what_the_accounts_are_worth_less_their_baselines():
    assert result(holding()) == (DAY, ())


@pytest.mark.parametrize("missing", ["ask of a short", "every quote"])
def test_it_is_unknown_where_a_mark_of_ours_is_missing(missing):
    rig = holding()
    if missing == "every quote":
        rig.executor._desk.quotes = None
    else:
        unquote(rig, CONDOR_SYMBOLS[1])
    assert result(rig)[0] is None


def test_a_long_nobody_bids_for_is_worth_nothing_and_not_unknown():
    rig = holding()
    table = rig.executor._desk.quotes
    for symbol in (CONDOR_SYMBOLS[0], CONDOR_SYMBOLS[3]):
        table.bid[table.row_of[symbol]] = float("nan")
    assert result(rig) == (DAY - 200, ())


def test_what_was_adopted_since_the_baseline_is_no_result():
    rig = holding()
    adopt(rig, "BTC/USD", 3)
    assert result(rig) == (DAY, ())


def test_shares_that_were_there_before_us_and_nobody_quotes_are_left_out_by_name():
    assert result(holding(GOOG=100)) == (DAY, ("GOOG",))


def test_what_somebody_does_with_them_by_hand_is_no_result_of_ours():
    rig = holding(GOOG=100)
    rig.book.cash["primary-account"] += 50_000
    assert result(rig) == (DAY, ("GOOG",))


def test_they_do_not_hide_a_mark_of_ours_that_is_missing():
    rig = holding(GOOG=100)
    unquote(rig, CONDOR_SYMBOLS[1])
    assert result(rig)[0] is None


def test_they_do_not_keep_openings_in_and_a_loss_of_ours_still_does():
    rig = holding(GOOG=100)
    view = picture(rig.book, rig.executor._desk.quotes, ready=True)
    rules = [found.rule for found in findings(view, None, "none", "", IssueLimits())]
    assert (Rule.LOSS_UNKNOWN in rules, view.pnl_day_without) == (False, ("GOOG",))
    (primary,) = [
        each
        for each in results(rig.book, rig.executor._desk.quotes, {}, before_open=False)
        if each.subject == "primary-account"
    ]
    assert primary.pnl == DAY


def test_beside_what_we_held_at_the_baseline_they_make_it_unknown():
    rig = holding(GOOG=100)
    next_session(rig)
    assert result(rig)[0] is None, "what ours was worth then is not known apart from the rest"


def test_once_ours_was_flat_at_a_baseline_the_result_is_known_again():
    rig = holding(GOOG=100)
    closing = rig.ask(close_signal(2, ORDER)).cl_ord_id
    rig.outcome(f"{closing}-r1")
    order = rig.book.orders[closing].order
    rig.push(report("primary-1", Status.FILLED, *fills_of(order), attempt=f"{closing}-r1"))
    next_session(rig)
    rig.clock.advance(1)
    assert rig.book.structures[ORDER].is_flat
    assert result(rig)[1] == ("GOOG",)


def test_a_restart_from_a_checkpoint_knows_the_baselines_start():
    rig = holding(GOOG=100)
    rig.executor._checkpoint()
    rig.start()
    assert result(rig) == (DAY, ("GOOG",))


def test_an_account_without_a_baseline_counts_for_nothing_yet():
    rig = Rig()
    rig.book.cash["primary-account"] = Decimal(5)
    assert day_result(rig.book, None).pnl == 0


def test_it_is_that_of_all_accounts_together():
    rig = holding()
    rig.book.cash["backup-account"] -= 50
    assert result(rig) == (DAY - 50, ())


def test_what_is_held_in_an_account_without_a_baseline_makes_it_unknown():
    rig = holding()
    rig.book.move("backup-account", CONDOR_SYMBOLS[0], 1)
    del rig.book.baseline["backup-account"]
    assert result(rig)[0] is None
