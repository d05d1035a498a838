from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Kind, Product, Products
from actors.domain.orders.attempt import Absent, Accepted, Attempt, Found, InDoubt, NotSent, Rejected
from actors.domain.orders.event import (
    AccountAdopted,
    AttemptEnded,
    AttemptStarted,
    CashBooked,
    DoubtEnded,
    OrderPlaced,
    ReportTaken,
)
from actors.domain.orders.order import Action, Fill, Intent, Leg, Order, attempt_id
from actors.domain.orders.report import CashEvent, ExecutionReport, Status
from actors.domain.orders.route_event import RouteFailedOver, RouteTurned
from actors.domain.performance.naked_shorts import Recorded
from actors.domain.performance.scorecard import Scorecard, StatedOrder, Statement, score, takeovers

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
PRODUCTS = Products((Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION),))
CALL, WING = "SPXW  261123C05000000", "SPXW  261123C05025000"
OPEN_LEGS = (Leg(symbol=CALL, action=Action.SELL_TO_OPEN), Leg(symbol=WING, action=Action.BUY_TO_OPEN))
CLOSE_LEGS = (Leg(symbol=CALL, action=Action.BUY_TO_CLOSE), Leg(symbol=WING, action=Action.SELL_TO_CLOSE))
MAIN, SPARE = "main", "spare"


def order(name: str, structure: str, *, opens: bool = True) -> Order:
    return Order(
        cl_ord_id=name,
        signal_id=name,
        strategy="condor",
        structure_id=structure,
        intent=Intent.OPEN if opens else Intent.CLOSE,
        underlying="SPX",
        legs=OPEN_LEGS if opens else CLOSE_LEGS,
        order_qty=1,
        net_price=Decimal(1) if opens else Decimal("-0.5"),
        account_domain=None if opens else MAIN,
        created_at=AT,
        expires_at=AT,
    )


class Run:
    """A journal as it grows, and what the brokers would say of it."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.stated: dict[str, list[StatedOrder]] = {MAIN: [], SPARE: []}
        self.positions: dict[str, dict[str, int]] = {MAIN: {}, SPARE: {}}
        self.cash = {MAIN: Decimal(1000), SPARE: Decimal(1000)}
        for domain in (MAIN, SPARE):
            self.happens(
                AccountAdopted(
                    account_domain=domain,
                    cash=Decimal(1000),
                    positions={},
                    executions=(),
                    cash_events=(),
                    orders=(),
                    since=None,
                    at=AT,
                )
            )

    def happens(self, event: object, at_ms: float = 0) -> None:
        self.events.append(Recorded(event=event, written_ns=int(at_ms * 1e6)))

    def places(self, name: str, structure: str | None = None, *, opens: bool = True) -> Order:
        placed = order(name, structure or name, opens=opens)
        self.happens(OrderPlaced(signal=None, order=placed, checks=(), at=AT))
        return placed

    def tries(self, name: str, number: int, route: str, outcome: object, at_ms: float = 0) -> str:
        attempt = Attempt(
            number=number, route=route, account_domain=route, connection_incarnation=1, executor_epoch=1, started_at=AT
        )
        self.happens(AttemptStarted(cl_ord_id=name, attempt=attempt), at_ms)
        identifier = attempt_id(name, number)
        self.happens(AttemptEnded(attempt_id=identifier, outcome=outcome, at=AT), at_ms)
        return identifier

    def fills(self, placed: Order, identifier: str, prices: Iterable[str], route: str = MAIN, fee: str = "0") -> None:
        fills = tuple(
            Fill(
                exec_id=f"{identifier}-{leg.symbol}",
                symbol=leg.symbol,
                action=leg.action,
                last_qty=1,
                last_px=price,
                at=AT,
            )
            for leg, price in zip(placed.legs, prices, strict=True)
        )
        report = ExecutionReport(
            route=route,
            account_domain=route,
            broker_order_id=f"b-{identifier}",
            attempt_id=identifier,
            status=Status.FILLED,
            fills=fills,
            at=AT,
        )
        self.happens(ReportTaken(cl_ord_id=placed.cl_ord_id, report=report, at=AT))
        charge = CashEvent(
            event_id=f"fee-{identifier}",
            account_domain=route,
            type=CashEvent.Type.FEE,
            amount=-Decimal(fee),
            exec_id=fills[0].exec_id,
            at=AT,
        )
        self.happens(CashBooked(event=charge, at=AT))
        self.cash[route] += sum(fill.cash(100) for fill in fills) - Decimal(fee)
        for fill in fills:
            held = self.positions[route]
            held[fill.symbol] = held.get(fill.symbol, 0) + fill.action.sign
        self.states(identifier, Status.FILLED, {leg.symbol: 1 for leg in placed.legs}, route)

    def states(self, identifier: str, status: Status, filled: dict[str, int], route: str = MAIN) -> None:
        stated = StatedOrder(broker_order_id=f"b-{identifier}", attempt_id=identifier, status=status, filled=filled)
        self.stated[route].append(stated)

    def card(self) -> Scorecard:
        statements = [
            Statement(account_domain=d, orders=tuple(self.stated[d]), positions=self.positions[d], cash=self.cash[d])
            for d in (MAIN, SPARE)
        ]
        return score(self.events, (), statements, PRODUCTS)


def a_round_trip() -> Run:
    run = Run()
    opening = run.places("o1")
    run.fills(opening, run.tries("o1", 1, MAIN, Accepted(broker_order_id="b-o1-r1")), ("1.50", "0.50"), fee="2.30")
    closing = run.places("c1", "o1", opens=False)
    run.fills(closing, run.tries("c1", 1, MAIN, Accepted(broker_order_id="b-c1-r1")), ("0.70", "0.20"), fee="0.30")
    return run


def test_a_clean_round_trip_is_clean_and_counted_to_the_cent():
    card = a_round_trip().card()
    assert card.is_clean
    assert (card.orders, card.orders_sent, card.fills, card.structures_open) == (2, 2, 4, 0)
    assert card.pnl_by_strategy == {"condor": Decimal("47.40")}
    assert card.pnl_by_domain == {MAIN: Decimal("47.40")}
    assert card.fees == Decimal("2.60")
    assert set(card.cash_gap.values()) == {Decimal(0)}


def test_an_order_the_broker_does_not_know_is_lost():
    run = a_round_trip()
    run.stated[MAIN].pop()
    assert run.card().lost == ("c1-r1", "c1")
    assert not run.card().is_clean


def test_an_order_the_journal_does_not_know_is_lost():
    run = a_round_trip()
    run.states("o9-r1", Status.NEW, {})
    assert run.card().lost == ("o9-r1",)


def test_a_fill_the_journal_missed_is_lost():
    run = a_round_trip()
    run.places("o2")
    run.tries("o2", 1, MAIN, Accepted(broker_order_id="b-o2-r1"))
    run.states("o2-r1", Status.PARTIALLY_FILLED, {CALL: 1})
    assert run.card().lost == ("o2",)


DOUBLES = [
    ("filled on both routes", ("o1-r2", Status.FILLED, {CALL: 1, WING: 1}, SPARE), True),
    ("working on the other route", ("o1-r2", Status.NEW, {}, SPARE), True),
    ("the same id twice", ("o1-r1", Status.CANCELED, {}, MAIN), True),
    ("the other was refused", ("o1-r2", Status.REJECTED, {}, SPARE), False),
    ("the other was cancelled unfilled", ("o1-r2", Status.CANCELED, {}, SPARE), False),
    ("the other was cancelled half filled", ("o1-r2", Status.CANCELED, {CALL: 1}, SPARE), True),
]


@pytest.mark.parametrize(("stated", "doubled"), [case[1:] for case in DOUBLES], ids=[case[0] for case in DOUBLES])
def test_what_counts_as_doubled(stated, doubled):
    run = a_round_trip()
    run.states(*stated)
    assert run.card().doubled == (("o1",) if doubled else ())


def test_legs_out_of_ratio_and_positions_that_differ_are_naked():
    run = Run()
    opening = run.places("o1")
    identifier = run.tries("o1", 1, MAIN, Accepted(broker_order_id="b-o1-r1"))
    fill = Fill(exec_id="e", symbol=CALL, action=Action.SELL_TO_OPEN, last_qty=1, last_px=Decimal(1), at=AT)
    report = ExecutionReport(
        route=MAIN,
        account_domain=MAIN,
        broker_order_id="b-o1-r1",
        attempt_id=identifier,
        status=Status.PARTIALLY_FILLED,
        fills=(fill,),
        at=AT,
    )
    run.happens(ReportTaken(cl_ord_id=opening.cl_ord_id, report=report, at=AT))
    run.positions[MAIN] = {WING: 1}
    assert run.card().naked == ("o1", f"{MAIN}:{CALL}", f"{MAIN}:{WING}")


def leg_told(run: Run, place: int, at_ms: float) -> None:
    """One leg of the order `o1` is told as filled, at that time."""
    leg = OPEN_LEGS[place]
    fill = Fill(exec_id=f"e{place}", symbol=leg.symbol, action=leg.action, last_qty=1, last_px=Decimal(1), at=AT)
    report = ExecutionReport(
        route=MAIN,
        account_domain=MAIN,
        broker_order_id="b-o1-r1",
        attempt_id="o1-r1",
        status=Status.PARTIALLY_FILLED,
        fills=(fill,),
        at=AT,
    )
    run.happens(ReportTaken(cl_ord_id="o1", report=report, at=AT), at_ms)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ([(0, 1_000), (1, 3_500)], 2.5),
        ([(1, 1_000), (0, 9_000)], 0.0),  # the long came first: nothing was ever uncovered
        ([(0, 1_000)], 4.0),  # and still is, at the journal's end
    ],
)
def test_naked_short_seconds_run_from_the_fill_that_uncovers_to_the_one_that_covers(told, seconds):
    run = Run()
    run.places("o1")
    run.tries("o1", 1, MAIN, Accepted(broker_order_id="b-o1-r1"))
    for place, at_ms in told:
        leg_told(run, place, at_ms)
    run.happens(RouteTurned(route=MAIN, writes=True, incarnation=1, reason="", at=AT), 5_000)
    assert run.card().naked_short_s_max == seconds


def test_an_attempt_without_a_known_end_is_in_doubt():
    run = Run()
    run.places("o1")
    run.tries("o1", 1, MAIN, InDoubt(cause="timeout"))
    assert run.card().in_doubt == ("o1",)
    assert run.card().orders_sent == 1


def test_an_order_that_never_left_was_not_sent():
    run = Run()
    run.places("o1")
    run.tries("o1", 1, MAIN, NotSent(cause="refused"))
    assert (run.card().orders, run.card().orders_sent) == (1, 0)


@pytest.mark.parametrize("outcome", [NotSent(cause="cut"), Rejected(code="429", text="", retryable=True)])
def test_failover_is_timed_from_the_failed_attempt_to_the_other_routes_yes(outcome):
    run = Run()
    run.places("o1")
    run.tries("o1", 1, MAIN, outcome, at_ms=100)
    run.tries("o1", 2, SPARE, Accepted(broker_order_id="b"), at_ms=130)
    assert run.card().failovers_ms == (30.0,)


def test_an_order_that_took_the_second_route_at_once_did_not_fail_over():
    run = Run()
    run.happens(RouteTurned(route=MAIN, writes=False, incarnation=1, reason="cut", at=AT), at_ms=50)
    run.places("o1")
    run.tries("o1", 1, SPARE, Accepted(broker_order_id="b-o1"), at_ms=90)
    assert run.card().failovers_ms == ()


def test_a_failover_past_a_sick_route_is_timed_from_the_passing_over():
    run = Run()
    run.places("o1")
    run.happens(RouteFailedOver(route=MAIN, to=SPARE, cl_ord_id="o1", reason="cannot send", at=AT), at_ms=100)
    run.tries("o1", 1, SPARE, Accepted(broker_order_id="b"), at_ms=107)
    assert run.card().failovers_ms == (7.0,)


def test_a_route_that_came_back_unused_is_no_failover():
    run = Run()
    for at_ms, writes in ((50, False), (60, True)):
        run.happens(RouteTurned(route=MAIN, writes=writes, incarnation=1, reason="", at=AT), at_ms=at_ms)
    run.places("o1")
    run.tries("o1", 1, SPARE, Accepted(broker_order_id="b"), at_ms=90)
    assert run.card().failovers_ms == ()


def test_a_doubt_that_ends_found_is_no_failover_and_one_that_ends_absent_is():
    run = Run()
    report = ExecutionReport(
        route=MAIN, account_domain=MAIN, broker_order_id="b", attempt_id="o1-r1", status=Status.NEW, at=AT
    )
    for name, end in (("o1", Found(report=report)), ("o2", Absent(proof="3 looks over 8 s"))):
        run.places(name)
        identifier = run.tries(name, 1, MAIN, InDoubt(cause="cut"), at_ms=10)
        run.happens(DoubtEnded(attempt_id=identifier, resolution=end, at=AT), at_ms=20)
    run.tries("o2", 2, SPARE, Accepted(broker_order_id="b2"), at_ms=45)
    assert run.card().failovers_ms == (35.0,)


def test_takeovers_are_the_deaths_nobody_ordered():
    log = [
        {"event": "running", "name": "risk", "running_ms": None},
        {"event": "died", "name": "risk", "reason": "killed by signal 9", "doomed": False},
        {"event": "died", "name": "feed", "reason": "stopped", "doomed": True},
        {"event": "starting", "name": "risk"},
        {"event": "running", "name": "risk", "running_ms": 41.5},
        {"event": "running", "name": "feed", "running_ms": 99.0},
        {"event": "died", "name": "executor", "reason": "assertion", "doomed": False},
    ]
    found = [(each.child, each.reason, each.running_ms) for each in takeovers(log)]
    assert found == [("risk", "killed by signal 9", 41.5), ("executor", "assertion", None)]


@given(st.lists(st.sampled_from(["none", "drop", "extra", "position", "cash"]), min_size=1, max_size=5))
def test_no_fault_in_a_statement_goes_unseen(faults):
    run = a_round_trip()
    for number, fault in enumerate(faults):
        if fault == "drop" and run.stated[MAIN]:
            run.stated[MAIN].pop()
        elif fault == "extra":
            run.states("o1-r7", Status.FILLED, {CALL: 1}, SPARE)
        elif fault == "position":
            run.positions[SPARE][f"X{number}"] = 1
        elif fault == "cash":
            run.cash[MAIN] += Decimal("0.01")
    assert run.card().is_clean == (set(faults) == {"none"})
