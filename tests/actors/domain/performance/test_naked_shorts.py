"""Naked-short seconds: how long a short stood uncovered, and how much of that nobody attended to."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from actors.domain.orders.attempt import Absent, Accepted, Attempt, Found, InDoubt
from actors.domain.orders.event import (
    AccountAgreed,
    AttemptEnded,
    AttemptStarted,
    CancelAsked,
    DoubtEnded,
    Event,
    ExecutorStarted,
    OrderPlaced,
    ReportTaken,
)
from actors.domain.orders.finding import CoverHeldBack, HoldingsNetted, NettedHolding
from actors.domain.orders.order import Action, Fill, Intent, Leg, Order
from actors.domain.orders.report import Status
from actors.domain.orders.route_event import RouteTurned
from actors.domain.performance.naked_shorts import NakedShorts, Recorded, longest_by_trades, netting_moves
from actors.domain.portfolio.book import Book
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, condor_legs
from tests.fakes import START
from tests.rig import CASH, account, fills_of, report

NAME, SHORT = "condor-20260105-1", CONDOR_SYMBOLS[1]
UNWIND, CLOSE = f"{NAME}-unwind-1", "condor-20260105-2"


def order(name: str = NAME, intent: Intent = Intent.CLOSE) -> Order:
    legs = condor_legs() if intent is Intent.OPEN else (Leg(symbol=SHORT, action=Action.BUY_TO_CLOSE),)
    return Order(
        cl_ord_id=name,
        signal_id=name,
        strategy="condor",
        structure_id=NAME,
        intent=intent,
        underlying="SPX",
        legs=legs,
        order_qty=1,
        net_price=-2,
        account_domain="primary-account" if intent is Intent.CLOSE else None,
        created_at=START,
        expires_at=START,
    )


def placed(name: str, intent: Intent = Intent.CLOSE) -> OrderPlaced:
    return OrderPlaced(signal=None, order=order(name, intent), checks=(), at=START)


def sending(name: str) -> AttemptStarted:
    attempt = Attempt(
        number=1,
        route="primary",
        account_domain="primary-account",
        connection_incarnation=1,
        executor_epoch=1,
        started_at=START,
    )
    return AttemptStarted(cl_ord_id=name, attempt=attempt)


def accepted(name: str) -> AttemptEnded:
    return AttemptEnded(attempt_id=f"{name}-r1", outcome=Accepted(broker_order_id=f"at-{name}"), at=START)


def taken(name: str, status: Status, *legs: int) -> ReportTaken:
    fills = fills_of(order(name, Intent.OPEN if name == NAME else Intent.CLOSE))
    told = report(f"at-{name}", status, *(fills[place] for place in legs), attempt=f"{name}-r1")
    return ReportTaken(cl_ord_id=name, report=told, at=START)


def started(epoch: int) -> ExecutorStarted:
    return ExecutorStarted(epoch=epoch, incarnation=epoch, boot_id="b", at=START)


def turned(*, writes: bool = True, incarnation: int = 1) -> RouteTurned:
    return RouteTurned(route="primary", writes=writes, incarnation=incarnation, reason="", at=START)


AGREED = AccountAgreed(
    account_domain="primary-account",
    route="primary",
    cash=CASH,
    net_liquidation=CASH,
    orders=0,
    positions=0,
    cash_gap=0,
    at=START,
)
NAKED = (
    (0, started(1)),
    (0, turned()),
    (0, AGREED),
    (0, placed(NAME, Intent.OPEN)),
    (0, sending(NAME)),
    (0, accepted(NAME)),
    (10, taken(NAME, Status.CANCELED, 1)),
)
"""From second 10 on one short put stands alone, and nothing works."""
COVERED = (
    (0, placed(UNWIND)),
    (0, sending(UNWIND)),
    (0, accepted(UNWIND)),
    (0, taken(UNWIND, Status.FILLED, 0)),
)


def told(*events: tuple[float, Event], deaths_s: tuple[float, ...] = ()) -> NakedShorts:
    """The fold of the events, each with its second."""
    book, naked = Book(PRODUCTS), NakedShorts(int(each * 1e9) for each in deaths_s)
    for number, (at_s, event) in enumerate(events, start=1):
        book.apply(event, number)
        naked.hear(Recorded(event=event, written_ns=int(at_s * 1e9)), book)
    return naked


def at(second: float, events: tuple[tuple[float, Event], ...]) -> tuple[tuple[float, Event], ...]:
    return tuple((second, event) for _, event in events)


def seconds(naked: NakedShorts) -> tuple[float, float]:
    return round(naked.longest_s, 3), round(naked.unattended_s, 3)


def test_a_short_ends_when_it_is_netted():
    moved = (NettedHolding(symbol=SHORT, quantity=-1, px="1.50"),)
    netted = HoldingsNetted(
        structure_id=NAME, counterpart=None, account_domain="primary-account", moved=moved, at=START
    )
    assert told(*NAKED, (13, netted), (60, started(2))).longest_s == 3


def test_a_short_that_nobody_does_anything_about_is_unattended_all_the_time():
    assert seconds(told(*NAKED, *at(14, COVERED))) == (4.0, 4.0)


def test_one_that_is_still_naked_counts_up_to_the_last_event():
    assert seconds(told(*NAKED, (13, AGREED))) == (3.0, 3.0)


def test_a_structure_with_its_cover_is_not_naked():
    whole = (*NAKED[:-1], (10, taken(NAME, Status.FILLED, 0, 1, 2, 3)))
    assert seconds(told(*whole, (20, AGREED))) == (0.0, 0.0)


def unwinding(_: str = "") -> tuple[tuple[float, Event], ...]:
    return (11, placed(UNWIND)), (11, sending(UNWIND)), (12, accepted(UNWIND)), (15, taken(UNWIND, Status.FILLED, 0))


def doubtful() -> tuple[tuple[float, Event], ...]:
    doubt = AttemptEnded(attempt_id=f"{UNWIND}-r1", outcome=InDoubt(cause="timeout"), at=START)
    filled = taken(UNWIND, Status.FILLED, 0)
    over = DoubtEnded(attempt_id=f"{UNWIND}-r1", resolution=Found(report=filled.report), at=START)
    return (11, placed(UNWIND)), (11, sending(UNWIND)), (12, doubt), (15, over), (15, filled)


def away() -> tuple[tuple[float, Event], ...]:
    return (11, turned(writes=False)), (15, turned()), *at(15, COVERED)


def not_read_yet() -> tuple[tuple[float, Event], ...]:
    return (11, turned(writes=False)), (11, turned(incarnation=2)), (15, AGREED), *at(15, COVERED)


def cancelling() -> tuple[tuple[float, Event], ...]:
    asked = CancelAsked(signal=None, cl_ord_id=CLOSE, at=START)
    ended = taken(CLOSE, Status.CANCELED)
    placing = at(10, ((0, placed(CLOSE)), (0, sending(CLOSE)), (0, accepted(CLOSE))))
    return *placing, (11, asked), (15, ended), *at(15, COVERED)


@pytest.mark.parametrize("what", [unwinding, doubtful, away, not_read_yet, cancelling])
def test_time_in_which_it_is_mended_or_cannot_be_is_attended_to(what: Callable[[], tuple[tuple[float, Event], ...]]):
    assert seconds(told(*NAKED, *what())) == (5.0, 1.0)


OTHER = "condor-20260105-9"


@pytest.mark.parametrize(
    ("changes", "unattended_s"),
    [
        ({}, 1.0),
        ({"account_domain": "backup-account"}, 5.0),
        ({"legs": (Leg(symbol=CONDOR_SYMBOLS[2], action=Action.BUY_TO_CLOSE),)}, 5.0),
    ],
    ids=["in its contract", "in another account", "in another contract"],
)
def test_a_close_of_another_structure_in_doubt_may_have_bought_what_would_cover(changes, unattended_s):
    closing = order(OTHER).model_copy(update={"structure_id": OTHER, **changes})
    doubt = AttemptEnded(attempt_id=f"{OTHER}-r1", outcome=InDoubt(cause="timeout"), at=START)
    over = DoubtEnded(attempt_id=f"{OTHER}-r1", resolution=Absent(proof="looked"), at=START)
    story = (
        (11, OrderPlaced(signal=None, order=closing, checks=(), at=START)),
        (11, sending(OTHER)),
        (12, doubt),
        (15, over),
    )
    assert seconds(told(*NAKED, *story, *at(15, COVERED))) == (5.0, unattended_s)


def test_a_close_that_works_on_beside_the_short_is_no_excuse():
    closing = at(10, ((0, placed(CLOSE)), (0, sending(CLOSE)), (0, accepted(CLOSE))))
    assert seconds(told(*NAKED, *closing, *at(15, ((0, taken(CLOSE, Status.FILLED, 0)),)))) == (5.0, 5.0)


def held_back(*, by_market: bool) -> CoverHeldBack:
    return CoverHeldBack(structure_id=NAME, by_market=by_market, text="", at=START)


@pytest.mark.parametrize(
    ("then", "unattended_s"),
    [
        (COVERED[:1], 1.0 + 5),
        ((*COVERED[:3],), 1.0),
        (((0, held_back(by_market=False)),), 1.0 + 5),
        (((0, started(2)), (0, turned(incarnation=2)), (0, AGREED)), 1.0 + 5),
        ((), 1.0),
    ],
    ids=["an order nobody took", "an order at work", "held back by something else", "a successor", "nothing new"],
)
def test_a_market_that_is_shut_or_offers_nothing_is_an_excuse_until_something_else_is_heard(then, unattended_s):
    story = (*NAKED, (11, held_back(by_market=True)), *at(15, then), (20, placed("condor-20260105-9", Intent.OPEN)))
    assert told(*story).unattended_s == unattended_s


def test_what_holds_a_cover_back_that_is_ours_to_mend_is_no_excuse():
    assert seconds(told(*NAKED, (11, held_back(by_market=False)), *at(15, COVERED))) == (5.0, 5.0)


def test_a_dead_executor_sends_nothing_until_its_successor_has_read_the_account():
    back = (13, started(2)), (13, turned(incarnation=2)), (14, AGREED)
    assert seconds(told(*NAKED, *back, *at(15, COVERED), deaths_s=(11.5,))) == (5.0, 2.5)


def test_a_death_before_the_first_event_or_after_the_last_does_no_harm():
    assert seconds(told(*NAKED, *at(14, COVERED), deaths_s=(99.0,))) == (4.0, 4.0)


# By the brokers' own trades.


def traded(*moments: tuple[float, str, int], netted: Sequence[HoldingsNetted] = (), is_heard: bool = True) -> float:
    """The longest by trades: each moment its second, the order, and the place of the leg that traded."""
    book = Book(PRODUCTS)
    for number, event in enumerate(
        (placed(NAME, Intent.OPEN), sending(NAME), accepted(NAME), placed(UNWIND), sending(UNWIND), accepted(UNWIND)),
        start=1,
    ):
        book.apply(event, number)
    fills: dict[str, list[Fill]] = {NAME: [], UNWIND: []}
    for second, name, place in moments:
        fill = fills_of(order(name, Intent.OPEN if name == NAME else Intent.CLOSE))[place]
        fills[name].append(fill.model_copy(update={"at": START + timedelta(seconds=second)}))
    told = [report(f"at-{name}", Status.FILLED, *each, attempt=f"{name}-r1") for name, each in fills.items()]
    for number, each in enumerate(told if is_heard else (), start=10):
        book.apply(ReportTaken(cl_ord_id=each.attempt_id.removesuffix("-r1"), report=each, at=START), number)
    state = account(orders=told, read_at=START + timedelta(seconds=60))
    return longest_by_trades(book, [state], netted).total_seconds()


def test_by_trades_it_runs_from_the_trade_that_uncovers_to_the_one_that_covers():
    assert traded((10, NAME, 1), (13, UNWIND, 0)) == 3


def test_legs_that_trade_in_one_moment_leave_nothing_naked():
    assert traded((10, NAME, 1), (10, NAME, 0), (10, NAME, 2), (10, NAME, 3)) == 0


def test_what_is_still_naked_counts_up_to_the_reading():
    assert traded((10, NAME, 1)) == 50


def test_an_order_that_nothing_traded_of_leaves_nothing_naked():
    assert traded() == 0


def test_what_the_book_has_not_heard_of_yet_counts_too():
    assert traded((10, NAME, 1), (13, UNWIND, 0), is_heard=False) == 3


def netted_short(second: float, counterpart: str | None = None) -> HoldingsNetted:
    """The short of the structure moves to another, or to what no structure holds."""
    moved = (NettedHolding(symbol=SHORT, quantity=-1, px=2),)
    at = START + timedelta(seconds=second)
    return HoldingsNetted(
        structure_id=NAME, counterpart=counterpart, account_domain="primary-account", moved=moved, at=at
    )


def test_by_trades_too_what_the_book_netted_is_naked_no_longer():
    assert traded((10, NAME, 1), netted=[netted_short(14)]) == 4


def test_what_is_netted_is_the_others_from_then_on():
    event = netted_short(14, counterpart="condor-20260105-9")
    took = [moved for name, moved in netting_moves(event) if name == "condor-20260105-9"]
    assert took == [(event.at, SHORT, -1)]
    assert [moved for name, moved in netting_moves(event) if name == NAME] == [(event.at, SHORT, 1)]
