"""The gate: for each reason to refuse, a circumstance in which it alone speaks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pytest

from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteTable
from actors.domain.market.session import Closure, Sessions
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, Attempt, InDoubt
from actors.domain.orders.order import Action, Fill, Leg, attempt_id
from actors.domain.orders.refusal import Admitted, Check, Code, Refused
from actors.domain.orders.report import ExecutionReport, Status
from actors.domain.orders.trading_status import TradingStatus
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.intent import closing_order, opening_order
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.gate import review
from actors.domain.risk.permit import Permit, TradingState
from actors.domain.risk.standing import Standing
from tests.builders import (
    CONDOR_SYMBOLS,
    MARGINS,
    PRODUCTS,
    cancel_signal,
    close_signal,
    condor_legs,
    open_signal,
    permit,
    quotes,
    sessions,
    universe,
)
from tests.fakes import START

BOOT_NS = 10**12


def table() -> QuoteTable:
    filled = QuoteTable(universe())
    filled.apply(quotes(BOOT_NS))
    filled.take_survey(Survey(universe=1, at_ns=BOOT_NS))
    return filled


def standing(**changes: object) -> Standing:
    usual = {
        "account_domain": "tastytrade",
        "buying_power": Decimal(10**6),
        "net_liquidation": Decimal(10**6),
        "trading": TradingStatus(),
        "read_at": START + timedelta(seconds=1),
        "heard_ns": BOOT_NS,
    }
    return Standing(**(usual | changes))


def circumstances(**changes: object) -> Circumstances:
    usual = {
        "now": START,
        "boot_ns": BOOT_NS,
        "book": Book(PRODUCTS),
        "quotes": table(),
        "contracts": {each.symbol: each for each in universe().contracts},
        "sessions": sessions(),
        "permit": permit(),
        "latch": None,
        "ready": True,
        "reconciled": frozenset({"tastytrade"}),
        "routes": ("tastytrade",),
        "writable": frozenset({"tastytrade"}),
        "standings": {"tastytrade": standing()},
        "margins": MARGINS,
    }
    return Circumstances(**(usual | changes))


def placed(book: Book, number: int, outcome: object = None) -> str:
    """Put an opening order into a book, sent over one route."""
    signal = open_signal(number)
    order = opening_order(signal, signal.request, START)
    attempt = Attempt(
        number=1,
        route="tastytrade",
        account_domain="tastytrade",
        connection_incarnation=1,
        executor_epoch=1,
        started_at=START,
    )
    tell(book, happened.OrderPlaced(signal=signal, order=order, checks=(), at=START))
    tell(book, happened.AttemptStarted(cl_ord_id=order.cl_ord_id, attempt=attempt))
    name = attempt_id(order.cl_ord_id, 1)
    ended = outcome or Accepted(broker_order_id=f"b{number}")
    tell(book, happened.AttemptEnded(attempt_id=name, outcome=ended, at=START))
    return order.cl_ord_id


def filled(book: Book, number: int) -> str:
    name = placed(book, number)
    fills = tuple(
        Fill(exec_id=f"{name}-{leg.symbol}", symbol=leg.symbol, action=leg.action, last_qty=1, last_px=px, at=START)
        for leg, px in zip(condor_legs(), (Decimal(1), Decimal(2), Decimal(2), Decimal(1)), strict=True)
    )
    report = ExecutionReport(
        route="tastytrade",
        account_domain="tastytrade",
        broker_order_id=f"b{number}",
        attempt_id=f"{name}-r1",
        status=Status.FILLED,
        fills=fills,
        at=START,
    )
    tell(book, happened.ReportTaken(cl_ord_id=name, report=report, at=START))
    return name


def tell(book: Book, event: happened.Event) -> None:
    book.apply(event, book.sequence + 1)


def codes(signal: object, seen: Circumstances) -> list[Code]:
    verdict = review(signal, seen)
    return list(verdict.codes) if isinstance(verdict, Refused) else []


def in_doubt() -> Book:
    book = Book(PRODUCTS)
    placed(book, 9, InDoubt(cause="timeout"))
    return book


def quarantined() -> Book:
    book = Book(PRODUCTS)
    tell(book, happened.Quarantined(underlying="SPX", account_domain="tastytrade", text="differs", at=START))
    return book


def with_quotes(change: Callable[[QuoteTable], None]) -> QuoteTable:
    changed = table()
    change(changed)
    return changed


def aged(seconds: float) -> Callable[[QuoteTable], None]:
    def change(quoted: QuoteTable) -> None:
        quoted.exchange_ns[1:] -= int(seconds * 1e9)  # the options: the underlying ticks on

    return change


def received(seconds_ago: float) -> Callable[[QuoteTable], None]:
    def change(quoted: QuoteTable) -> None:
        quoted.received_ns[1:] = BOOT_NS - int(seconds_ago * 1e9)

    return change


def set_row(column: str, row: int, value: float) -> Callable[[QuoteTable], None]:
    def change(quoted: QuoteTable) -> None:
        getattr(quoted, column)[row] = value

    return change


def skewed(quoted: QuoteTable) -> None:
    quoted.exchange_ns[1] -= int(30e9)


def test_an_opening_passes_when_everything_is_well_and_every_check_is_kept():
    verdict = review(open_signal(1), circumstances())
    assert isinstance(verdict, Admitted)
    assert {Code.R011_NO_PERMIT, Code.R020_SESSION_CLOSED, Code.R041_STRUCTURE_LOSS} <= {
        check.code for check in verdict.checks
    }


def stopping(strategy: str, code: Code) -> Permit:
    return permit().model_copy(update={"stops": {strategy: Check(code=code, passed=False, value="5,000.00")}})


def test_what_stops_another_strategy_stops_nobody_else():
    assert isinstance(review(open_signal(1), circumstances(permit=stopping("other", Code.R018_BREAKER))), Admitted)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (Code.R010_HALTED, {"ready": False}),
        (Code.R010_HALTED, {"permit": permit(state=TradingState.HALTED)}),
        (Code.R013_REDUCING, {"permit": permit(state=TradingState.REDUCING)}),
        (Code.R012_LATCHED, {"latch": "halt: by hand"}),
        (Code.R014_QUARANTINED, {"book": quarantined()}),
        (Code.R018_BREAKER, {"permit": stopping("condor", Code.R018_BREAKER)}),
        (Code.R018_BREAKER, {"permit": stopping("", Code.R018_BREAKER)}),
        (Code.R019_RESULT_UNKNOWN, {"permit": stopping("", Code.R019_RESULT_UNKNOWN)}),
        (Code.R015_IN_DOUBT, {"book": in_doubt()}),
        (Code.R060_NO_ROUTE, {"routes": ()}),
        (Code.R030_NO_QUOTE, {"quotes": None}),
        (Code.R031_QUOTE_STALE, {"quotes": with_quotes(aged(61))}),
        (Code.R031_QUOTE_STALE, {"quotes": with_quotes(received(86_401))}),  # a day and a second is not a second
        (Code.R032_QUOTE_UNSOUND, {"quotes": with_quotes(set_row("codes", 2, 4))}),
        (Code.R033_LEG_SKEW, {"quotes": with_quotes(skewed), "permit": permit(leg_skew_max_s=20)}),
        (Code.R034_SPREAD_WIDE, {"permit": permit(spread_max=0.001, spread_floor=0.01)}),
        (Code.R040_QUANTITY, {"permit": permit(contracts_max=3)}),
        (Code.R041_STRUCTURE_LOSS, {"permit": permit(structure_loss_max=Decimal(4809))}),
        (Code.R042_ACCOUNT_LOSS, {"permit": permit(account_loss_max=Decimal(4809))}),
    ],
)
def test_each_reason_refuses_an_opening_by_itself(code, changes):
    assert set(codes(open_signal(1), circumstances(**changes))) == {code}


def test_without_a_live_permit_nothing_opens():
    assert Code.R011_NO_PERMIT in codes(open_signal(1), circumstances(permit=None))


@pytest.mark.parametrize("column", ["bid", "ask"])
def test_a_missing_side_refuses_an_opening(column):
    seen = circumstances(quotes=with_quotes(set_row(column, 2, np.nan)))
    assert Code.R032_QUOTE_UNSOUND in codes(open_signal(1), seen)


def test_a_signal_that_waited_too_long_is_refused():
    seen = circumstances(now=START + timedelta(hours=4))
    assert Code.R003_EXPIRED in codes(open_signal(1), seen)


@pytest.mark.parametrize(
    ("hour", "minute", "is_open"), [(14, 29, False), (14, 30, True), (21, 14, False), (20, 59, True), (21, 0, False)]
)
def test_an_expiring_series_trades_to_the_exchange_close_and_no_longer(hour, minute, is_open):
    now = datetime(2026, 1, 5, hour, minute, tzinfo=UTC)
    table_now = QuoteTable(universe())
    table_now.apply(quotes(BOOT_NS, at=now))
    found = codes(open_signal(1, now=now), circumstances(now=now, quotes=table_now))
    assert (Code.R020_SESSION_CLOSED not in found) is is_open


def ending_before(sessions: Sessions) -> Sessions:
    """Return the same tables, run out: their last day is yesterday."""
    over = {"first_on": date(2025, 1, 1), "last_on": date(2026, 1, 4)}
    return Sessions(
        exchange=sessions.exchange.model_copy(update=over), official=sessions.official, rules=sessions.rules
    )


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (ending_before(sessions()), "lies outside 2025-01-01 to 2026-01-04"),
        (sessions().without([Closure(on=date(2026, 1, 5), reason="a storm")]), "a storm"),
        (sessions().without([Closure(on=date(2026, 1, 5), closes_at=time(9, 45))]), "09:45"),
    ],
    ids=["expired calendar", "closed by a person", "closed early by a person"],
)
def test_a_day_that_is_not_known_to_be_open_opens_nothing_and_says_why(known, says):
    verdict = review(open_signal(1), circumstances(sessions=known))
    failed = [check for check in verdict.checks if not check.passed]
    assert {check.code for check in failed} == {Code.R020_SESSION_CLOSED}
    assert says in f"{failed[0].value} {failed[0].limit}"


def test_a_contract_outside_the_universe_is_unknown():
    legs = (*condor_legs()[:3], Leg(symbol="SPXW  260105C06150000", action=Action.BUY_TO_OPEN))
    assert codes(open_signal(1, legs=legs), circumstances()) == [Code.R022_UNKNOWN_CONTRACT]


def test_an_opening_names_the_underlying_its_legs_are_on_or_a_doubt_could_be_passed_by():
    signal = open_signal(1)
    elsewhere = signal.model_copy(update={"request": signal.request.model_copy(update={"underlying": "NDX"})})
    assert Code.R015_IN_DOUBT in codes(open_signal(2), circumstances(book=in_doubt()))
    assert codes(elsewhere, circumstances()) == [Code.R023_UNDERLYING, Code.R037_HEARTBEAT]


def test_an_adjusted_contract_is_not_opened_though_the_universe_holds_it():
    adjusted = "SPXW1 260105C06100000"
    legs = (*condor_legs()[:3], Leg(symbol=adjusted, action=Action.BUY_TO_OPEN))
    seen = circumstances()
    seen = replace(seen, contracts={**seen.contracts, adjusted: seen.book.contract(adjusted)})
    (failed,) = [check for check in review(open_signal(1, legs=legs), seen).checks if not check.passed]
    assert (failed.code, failed.value) == (Code.R022_UNKNOWN_CONTRACT, "adjusted from SPXW, not in the product table")


def test_a_limit_far_worse_than_the_market_is_a_slip_of_the_finger():
    assert codes(open_signal(1, net_price=Decimal("0.19")), circumstances()) == [Code.R035_PRICE_OFF_MARKET]


def test_a_limit_better_than_the_market_simply_waits():
    assert codes(open_signal(1, net_price=Decimal("2.40")), circumstances()) == []


def test_a_naked_short_is_refused_unless_the_limits_allow_it():
    naked = (Leg(symbol=CONDOR_SYMBOLS[2], action=Action.SELL_TO_OPEN),)
    signal = open_signal(1, legs=naked, net_price=Decimal(2))
    roomy = {"structure_loss_max": Decimal(10**6), "account_loss_max": Decimal(10**6)}
    assert codes(signal, circumstances(permit=permit(**roomy))) == [Code.R044_NAKED]
    assert codes(signal, circumstances(permit=permit(naked_allowed=True, **roomy))) == []


def test_what_is_held_and_what_works_count_against_the_account():
    book = Book(PRODUCTS)
    filled(book, 1)
    placed(book, 2)
    limit = Decimal(4800 + 2 * 4810)
    assert codes(open_signal(3), circumstances(book=book, permit=permit(account_loss_max=limit))) == []
    short = permit(account_loss_max=limit - 1)
    assert codes(open_signal(3), circumstances(book=book, permit=short)) == [Code.R042_ACCOUNT_LOSS]
    full = permit(structures_max=2)
    assert codes(open_signal(3), circumstances(book=book, permit=full)) == [Code.R043_STRUCTURES]


def test_no_breaker_stale_quote_dead_risk_or_latch_stops_a_close():
    book = Book(PRODUCTS)
    name = filled(book, 1)
    seen = circumstances(
        book=book, permit=None, latch="flatten", ready=False, quotes=with_quotes(aged(3600)), routes=()
    )
    assert codes(close_signal(2, name), seen) == []


@pytest.mark.parametrize("away", ["reconciled", "writable"])
def test_a_close_is_admitted_to_wait_for_its_account_and_its_route(away):
    book = Book(PRODUCTS)
    name = filled(book, 1)
    verdict = review(close_signal(2, name), circumstances(book=book, **{away: frozenset()}))
    (check,) = [each for each in verdict.checks if each.code is Code.R060_NO_ROUTE]
    assert (check.passed, check.value) == (True, "it waits until this account can be reached and agrees")


def test_a_close_is_refused_while_its_market_is_closed():
    book = Book(PRODUCTS)
    name = filled(book, 1)
    late = START + timedelta(hours=6, minutes=1)
    assert Code.R020_SESSION_CLOSED in codes(close_signal(2, name, now=late), circumstances(book=book, now=late))


def closing(book: Book, name: str, outcome: object) -> None:
    signal = close_signal(5, name)
    order = closing_order(signal, signal.request, book.structures[name], table(), START)
    attempt = Attempt(
        number=1,
        route="tastytrade",
        account_domain="tastytrade",
        connection_incarnation=1,
        executor_epoch=1,
        started_at=START,
    )
    tell(book, happened.OrderPlaced(signal=signal, order=order, checks=(), at=START))
    tell(book, happened.AttemptStarted(cl_ord_id=order.cl_ord_id, attempt=attempt))
    tell(book, happened.AttemptEnded(attempt_id=f"{order.cl_ord_id}-r1", outcome=outcome, at=START))


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(Accepted(broker_order_id="c1"), Code.R051_CLOSE_WORKING), (InDoubt(cause="timeout"), Code.R052_CLOSE_IN_DOUBT)],
)
def test_a_close_that_works_or_is_in_doubt_bounds_every_other(outcome, code):
    book = Book(PRODUCTS)
    name = filled(book, 1)
    closing(book, name, outcome)
    assert codes(close_signal(6, name), circumstances(book=book)) == [code]


def test_what_is_not_there_cannot_be_closed_or_cancelled():
    book = Book(PRODUCTS)
    name = filled(book, 1)
    assert codes(close_signal(2, "nothing"), circumstances(book=book)) == [Code.R050_UNKNOWN_STRUCTURE]
    assert codes(cancel_signal(2, "nothing"), circumstances(book=book)) == [Code.R054_UNKNOWN_ORDER]
    assert codes(cancel_signal(2, name), circumstances(book=book)) == [Code.R055_ORDER_FINISHED]


def test_circumstances_decide_alone():
    seen = circumstances()
    assert review(open_signal(1), seen) == review(open_signal(1), replace(seen))
