"""The shell: durable before told, the same book after every death, nobody's silence loses anything."""

from datetime import timedelta
from decimal import Decimal
from typing import get_args

import pytest

from actors.desk import Step
from actors.domain.alerts.alert import Alert
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Absent, Accepted, InDoubt, NotSent
from actors.domain.orders.breaker_event import (
    BreakerStep,
    BreakerTripped,
    BreakerWarned,
    Measure,
    ResetBy,
    Scope,
    StructuresMarked,
)
from actors.domain.orders.event import AttemptEnded, Event, OrderAbandoned, SignalRefused, parse_event
from actors.domain.orders.gate_event import GateSigned
from actors.domain.orders.kill_event import KillSwitchFired
from actors.domain.orders.order import Action, Leg, OrderType, Stop
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import CashEvent, SettlementCause, Status
from actors.domain.orders.route_event import RouteTurned
from actors.domain.orders.signal import Open
from actors.domain.orders.size_event import SizeCause, SizeMoved
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.book_state import BookState, ExecutorRecord, dump, restore
from actors.messages import (
    AccountRead,
    AlertRaised,
    AskBook,
    AskUniverse,
    BookChanged,
    IssuePermit,
    Release,
    ReportBreaker,
    ResetBreakers,
    Resolved,
    SendOrder,
    SignalAnswered,
    SubmitSignal,
    UniverseChanged,
)
from actors.ports import DamagedState, PeerLost, Resync
from actors.size_messages import RestoreSize
from tests.builders import (
    CONDOR_SYMBOLS,
    PRODUCTS,
    cancel_signal,
    close_signal,
    condor_legs,
    open_signal,
    permit,
    quotes,
    replace_signal,
    stop_signal,
    universe,
)
from tests.cost_builders import sizes, terms
from tests.fakes import START, MemoryCheckpoints
from tests.rig import ROUTES, Rig, account, fills_of, report

ORDER = "condor-20260105-1"


class DiskFull(Exception):
    pass


def replaced(rig: Rig) -> None:
    """An order that another took the place of, and one that filled before it could."""
    ninth = rig.ask(open_signal(9)).cl_ord_id
    rig.outcome(f"{ninth}-r1", Accepted(broker_order_id="backup-9"), route="backup")
    rig.ask(replace_signal(10, ninth, "1.85"))
    rig.push(report("backup-9", Status.CANCELED, attempt=f"{ninth}-r1", route="backup"))
    rig.after(0.1)
    rig.outcome(f"{ninth}.p2-r1", Accepted(broker_order_id="backup-10"), route="backup")
    rig.ask(replace_signal(11, ninth, "1.80"))
    rig.push(report("backup-10", Status.FILLED, *fills_of(rig.book.orders[f"{ninth}.p2"].order), route="backup"))
    rig.after(0.1)


def gone_leg_by_leg(rig: Rig) -> None:
    """A combo where no route takes one, given up."""
    for route in ROUTES:
        rig.connect(route, incarnation=3, combo_legs_max=1)
        rig.read(route, positions=rig.book.positions[f"{route}-account"])
    rig.ask(open_signal(12, now=rig.clock.now, net_price=Decimal("2.80")))
    rig.after(11)


def busy_day() -> Rig:
    """A journal with every kind of event, restarts in between."""
    rig = Rig(costs=terms(), sizes=sizes()).ready()
    rig.opened(open_signal(1))
    fee = CashEvent(
        event_id="f1",
        account_domain="primary-account",
        type=CashEvent.Type.FEE,
        amount=Decimal("-1.25"),
        exec_id=f"{ORDER}-e0",
        at=START,
    )
    early = fee.model_copy(update={"event_id": "f2", "exec_id": "condor-20260105-2-e0"})
    rig.read(positions=rig.book.positions["primary-account"], cash_events=[fee, early])
    second = rig.ask(open_signal(2)).cl_ord_id
    rig.outcome(f"{second}-r1", InDoubt(cause="timeout"))
    absent = Resolved(route="primary", attempt_id=f"{second}-r1", resolution=Absent(proof="3 looks"))
    rig.hear("connection-primary", absent)
    rig.outcome(f"{second}-r2", route="backup")
    fills = fills_of(rig.book.orders[second].order)
    rig.push(report("backup-1", Status.PARTIALLY_FILLED, *fills[:2], attempt=f"{second}-r2", route="backup"))
    rig.push(report("primary-8", Status.NEW, attempt=f"{second}-r1"))
    rig.ask(cancel_signal(3, second))
    rig.start()
    for route in ROUTES:
        rig.connect(route)
        rig.read(route, positions=rig.book.positions[f"{route}-account"])
    rig.ask(open_signal(4, net_price=Decimal("0.01")))
    for _ in range(4):
        rig.read("backup", positions={CONDOR_SYMBOLS[0]: 7})
    rig.read("backup", positions=rig.book.positions["backup-account"])
    rig.ask(stop_signal(7, ORDER, Stop(trail=Decimal(5))))
    rig.market(0)
    rig.ask(cancel_signal(8, "condor-20260105-7"))
    closing = rig.ask(close_signal(5, ORDER)).cl_ord_id
    rig.outcome(f"{closing}-r1", NotSent(cause="refused"))
    rig.after(1.1)
    rig.outcome(f"{closing}-r2", Accepted(broker_order_id="primary-5"))
    rig.push(report("primary-5", Status.CANCELED, attempt=f"{closing}-r2"))
    rig.push(report("primary-5", Status.FILLED, *fills_of(rig.book.orders[closing].order), attempt=f"{closing}-r2"))
    rig.after(2)
    rig.push(report("backup-1", Status.FILLED, *fills, attempt=f"{second}-r2", route="backup"))
    for _ in range(12):
        rig.after(10)
        rig.read("backup", positions={**rig.book.positions["backup-account"], "GOOG": 100}, cash=Decimal(1))
    rig.after(61)
    rig.read(positions=rig.book.positions["primary-account"])
    rig.after(0.1)
    rig.stream.away |= {"connection-primary", "connection-backup"}
    rig.ask(open_signal(6))
    rig.stream.away.clear()
    rig.push(report("primary-77", Status.NEW).model_copy(update={"runtime": "ffff0000"}))
    replaced(rig)
    gone_leg_by_leg(rig)
    covered_by_hand(rig)
    broken(rig)
    cut(rig)
    settled(rig)
    killed(rig)
    return rig


def settled(rig: Rig) -> None:
    """A leg of what is held expires."""
    held = next(each for each in rig.book.structures.values() if not each.is_flat)
    symbol, count = next(iter(held.holdings.items()))
    leaves = CashEvent(
        event_id="expired",
        account_domain=held.account_domain,
        type=CashEvent.Type.SETTLEMENT,
        symbol=symbol,
        quantity=-count,
        amount=Decimal(0),
        cause=SettlementCause.EXPIRATION,
        at=rig.clock.now,
    )
    rig.executor._commit(rig.executor._desks.accounts.on_account(read_of(rig, held.account_domain, leaves)))


def read_of(rig: Rig, domain: str, leaves: CashEvent) -> AccountRead:
    """A reading of an account that tells one movement."""
    route, cash = domain.removesuffix("-account"), rig.book.cash[domain]
    return AccountRead(route=route, request_id=0, state=account(route, cash_events=[leaves], cash=cash))


def broken(rig: Rig) -> None:
    """Warn of a limit, trip it, reset it; and mark what was held over into another session."""
    numbers = {"day": START.date(), "value": Decimal(5), "limit": Decimal(5), "text": "5 of 5", "at": START}
    name, money = "account.primary-account.loss_day.reduce", {"primary-account": Decimal(90_000)}
    what = {"scope": Scope.ACCOUNT, "subject": "primary-account", "measure": Measure.LOSS_DAY, "base": Decimal(100)}
    how = {"step": BreakerStep.REDUCE, "reset": ResetBy.PERSON}
    told = [
        BreakerWarned(name=name, share=Decimal("0.8"), **numbers),
        BreakerTripped(name=name, **numbers, **what, **how),
    ]
    for event in told:
        rig.hear("risk", ReportBreaker(event=event))
    rig.hear("cli", ResetBreakers(beginning="", by="anna", reason="looked", reply_to="cli"))
    tomorrow = START.date() + timedelta(days=1)
    held = next(name for name, each in rig.book.structures.items() if not each.is_flat)
    opened = happened.SessionOpened(session=tomorrow, baseline=money, cash=money, at=START)
    marked = StructuresMarked(session=tomorrow, values={held: Decimal(-7)}, at=START)
    rig.executor._commit(Step(events=[opened, marked]))


def cut(rig: Rig) -> None:
    """Cut a strategy's size, and give it back."""
    share, quantity = Decimal("0.5"), {"quantity_max": 1, "full_quantity": 2}
    what = {"cause": SizeCause.DEGRADED, "by": "executor", "text": "9 of 30 won", "at": START}
    rig.executor._commit(Step(events=[SizeMoved(strategy="condor", share=share, **quantity, **what)]))
    rig.hear("cli", RestoreSize(strategy="condor", by="anna", reason="looked", reply_to="cli"))


def killed(rig: Rig) -> None:
    """The kill switch fires, and a person signs the gate over."""
    told = {"epoch": 77, "by": "anna", "reason": "drill", "ended": ("executor",), "unconfirmed": (), "at": START}
    signed = GateSigned(lacks=("1 of 10 clean sessions",), by="anna", reason="small size", at=START)
    rig.executor._commit(Step(events=[KillSwitchFired(**told), signed]))


def covered_by_hand(rig: Rig) -> None:
    """A short stands alone while its account cannot be reached, and a person buys it back."""
    for route in ROUTES:
        rig.connect(route, incarnation=4)
        rig.read(route, positions=rig.book.positions[f"{route}-account"])
    name = rig.ask(open_signal(40)).cl_ord_id
    route = rig.book.orders[name].last.route
    rig.outcome(f"{name}-r1", Accepted(broker_order_id="theirs-40"), route=route)
    short = fills_of(rig.book.orders[name].order)[1]
    rig.push(report("theirs-40", Status.CANCELED, short, attempt=f"{name}-r1", route=route))
    rig.connect(route, incarnation=4, writes=False)
    for _ in range(3):
        rig.after(1)
    there = -rig.book.positions[f"{route}-account"][short.symbol]
    bought = short.model_copy(update={"exec_id": "by hand", "action": Action.BUY_TO_CLOSE, "last_qty": there})
    rig.push(report("theirs-41", Status.FILLED, bought, route=route))
    rig.after(1)


def test_a_checkpoint_at_any_event_and_the_journal_after_it_are_the_whole_fold():
    bodies = busy_day().journal.bodies
    events = [parse_event(body) for body in bodies]
    assert {type(event) for event in events} == set(get_args(get_args(Event)[0])), "the day holds every kind of event"
    whole = Book(PRODUCTS)
    states = [dump(whole)]
    for sequence, event in enumerate(events, start=1):
        whole.apply(event, sequence)
        states.append(dump(whole))
    for cut in range(len(events) + 1):
        resumed = restore(BookState.model_validate_json(states[cut].model_dump_json()), PRODUCTS)
        for sequence, event in enumerate(events[cut:], start=cut + 1):
            resumed.apply(event, sequence)
        assert dump(resumed) == states[-1], f"cut after event {cut}"


def test_the_orders_that_live_are_those_that_may_still_trade_after_every_event():
    book = Book(PRODUCTS)
    for sequence, body in enumerate(busy_day().journal.bodies, start=1):
        book.apply(parse_event(body), sequence)
        live = {life.order.cl_ord_id for life in book.live_orders()}
        assert live == {name for name, life in book.orders.items() if life.is_live}
        assert all(life is book.orders[life.order.cl_ord_id] for life in book.live_orders())


def test_an_executor_that_dies_after_any_event_comes_back_with_that_book():
    bodies = busy_day().journal.bodies
    whole = Book(PRODUCTS)
    for cut, body in enumerate(bodies, start=1):
        whole.apply(parse_event(body), cut)
        successor = Rig()
        successor.journal.bodies, successor.checkpoints = list(bodies[:cut]), MemoryCheckpoints()
        successor.start()
        added = {kind for kind, _ in successor.journal.kinds}
        harmless = {"replace_ended", "leg_covered", "cover_held_back", "cost_compared"}
        assert added <= {"executor_started"} | harmless, "a start adds no more"
        if "replace_ended" in added:  # it found an order that had filled before it could be replaced, and said so
            continue
        assert successor.book.orders == whole.orders
        assert (successor.book.structures, successor.book.positions) == (whole.structures, whole.positions)
        assert successor.all_told(SendOrder) == [], "a start sends nothing"


def test_a_successor_uses_the_checkpoint_and_only_the_journal_after_it():
    rig = Rig(checkpoint_events=3).ready()
    rig.opened(open_signal(1))
    record, sequence = rig.checkpoints.load(ExecutorRecord)
    assert 0 < sequence <= rig.book.sequence
    before = dump(rig.book)
    read = []
    rig.journal.read, journal_read = lambda after=0: read.append(after) or journal_read(after), rig.journal.read
    rig.start()
    assert read == [record.book.sequence]
    assert rig.book.orders == {life.order.cl_ord_id: life for life in before.orders}


def test_a_checkpoint_of_another_journal_is_not_traded_on():
    rig = Rig(checkpoint_events=3).ready()
    rig.opened(open_signal(1))
    rig.journal.bodies[0] = rig.journal.bodies[0].replace(b"epoch", b"eporh")
    with pytest.raises(DamagedState, match="another journal"):
        rig.start()


def test_a_checkpoint_that_was_set_aside_is_told_with_the_start():
    rig = Rig()
    rig.checkpoints.faults = ["checkpoint slot-1 set aside: does not match its hash"]
    rig.start()
    rig.ready().after(1)
    assert "slot-1" in rig.alerts("A083")[0]


def test_an_id_that_the_book_has_forgotten_is_never_taken_again():
    rig = Rig().ready()
    order_id = rig.opened(open_signal(1))
    for forgotten in (rig.book.orders, rig.book.signals, rig.book.structures):
        forgotten.clear()
    answer = rig.ask(open_signal(1))
    assert not answer.admitted
    assert [check.code for check in answer.checks if not check.passed] == [Code.R002_ID_TAKEN]
    assert rig.told(SendOrder) == []
    assert order_id not in rig.book.orders


def test_an_id_that_a_broker_has_shown_and_the_journal_never_had_is_not_taken_either():
    rig = Rig().ready()
    name = open_signal(1).signal_id
    rig.read(orders=[report("theirs-7", Status.CANCELED, attempt=f"{name}-r1")])
    assert [check.code for check in rig.ask(open_signal(1)).checks if not check.passed] == [Code.R002_ID_TAKEN]
    assert rig.ask(open_signal(2)).admitted


def test_nothing_is_told_that_could_not_be_journaled():
    rig = Rig().ready()
    rig.told(SignalAnswered)

    def full(events: object) -> int:
        raise DiskFull

    rig.journal.append = full
    with pytest.raises(DiskFull):
        rig.ask(open_signal(1))
    assert (rig.told(Release), rig.told(SignalAnswered), rig.book.orders) == ([], [], {})


def test_an_order_is_made_ready_before_its_intent_is_durable_and_released_after():
    rig = Rig().ready()
    seen = []
    tell = rig.stream.tell

    def watching(peer: str, message: object) -> None:
        if isinstance(message, SendOrder | Release):
            assert message.attempt_ids == (f"{ORDER}-r1",)
            seen.append((type(message), [kind for kind, about in rig.journal.kinds if about == ORDER]))
        tell(peer, message)

    rig.stream.tell = watching
    rig.ask(open_signal(1))
    assert seen == [(SendOrder, []), (Release, ["order_placed", "attempt_started"])]


def test_a_send_that_could_not_be_told_goes_to_the_next_route():
    rig = Rig().ready()
    rig.stream.away.add("connection-primary")
    answer = rig.ask(open_signal(1))
    assert answer.admitted
    ((peer, send),) = rig.told(SendOrder)
    assert (peer, send.attempt_id) == ("connection-backup", f"{ORDER}-r2")
    (ended,) = rig.events(AttemptEnded)
    assert (ended.attempt_id, ended.outcome.kind) == (f"{ORDER}-r1", "not_sent")


def test_a_send_that_no_route_could_be_told_is_given_up_and_says_why():
    rig = Rig().ready()
    rig.stream.away |= {"connection-primary", "connection-backup"}
    rig.ask(open_signal(1))
    (abandoned,) = rig.events(OrderAbandoned)
    assert abandoned.text
    assert rig.book.orders[ORDER].status is Status.REJECTED


def test_the_same_signal_gets_its_first_answer_for_ever():
    rig = Rig().ready()
    first = rig.ask(open_signal(1))
    refused = rig.ask(open_signal(2, net_price=Decimal("0.01")))
    sequence = rig.book.sequence
    rig.told(SendOrder)
    rig.start()
    rig.ready()
    assert (rig.ask(open_signal(1)).cl_ord_id, rig.ask(open_signal(2)).admitted) == (first.cl_ord_id, refused.admitted)
    assert rig.told(SendOrder) == []
    assert [event.signal.signal_id for event in rig.events(SignalRefused)] == ["condor-20260105-2"]
    assert sequence < rig.book.sequence, "the restart was journaled"


def test_a_signal_under_the_id_of_an_order_the_executor_owed_itself_moves_nothing():
    rig = Rig(imbalance_deadline_s=1).ready()
    rig.ask(open_signal(1))
    rig.outcome(f"{ORDER}-r1")
    short = fills_of(rig.book.orders[ORDER].order)[2]
    rig.push(report("primary-1", Status.CANCELED, short, attempt=f"{ORDER}-r1"))
    rig.after(0.1)
    rig.after(2)
    name = f"{ORDER}-unwind-1"
    before = rig.book.orders[name]
    rig.told(SendOrder)
    signal = open_signal(9).model_copy(update={"signal_id": name})
    assert rig.ask(signal).cl_ord_id == name
    assert (rig.book.orders[name], rig.told(SendOrder)) == (before, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"legs": (condor_legs()[0], condor_legs()[0])},
        {"legs": (Leg(symbol=CONDOR_SYMBOLS[0], action=Action.BUY_TO_CLOSE),)},
        {"net_price": None},
        {"order_type": OrderType.MARKET},
    ],
)
def test_a_signal_no_order_can_be_made_of_does_not_parse(changes):
    """Admitted, it would end the executor's process."""
    with pytest.raises(ValueError, match=r"legs|only opens|limit order"):
        open_signal(1, **changes)
    good = open_signal(1).request
    with pytest.raises(ValueError, match=r"legs|only opens|limit order"):
        Open.model_validate({**good.model_dump(), **changes})


def test_an_opening_at_any_price_is_refused_for_its_loss_has_no_bound():
    rig = Rig().ready()
    long_call = (Leg(symbol=CONDOR_SYMBOLS[3], action=Action.BUY_TO_OPEN),)
    answer = rig.ask(open_signal(1, legs=long_call, order_type=OrderType.MARKET, net_price=None))
    assert [check.code for check in answer.checks if not check.passed] == [Code.R035_PRICE_OFF_MARKET]


def test_alerts_wait_for_the_notifier_and_the_oldest_go_first():
    rig = Rig(alerts_max=3)
    rig.stream.away.add("notifier")
    rig.ready()
    for number in range(1, 6):
        rig.push(report(f"theirs-{number}", None, text="odd"))
    rig.after(0.1)
    assert rig.told(AlertRaised) == []
    rig.stream.away.clear()
    rig.after(0.1)
    assert [told.alert.subject for _, told in rig.told(AlertRaised)] == [f"status-theirs-{n}" for n in (3, 4, 5)]
    rig.after(0.1)
    assert rig.told(AlertRaised) == []


def test_a_notifier_that_goes_away_half_way_is_told_the_rest_later():
    rig = Rig().ready()
    rig.after(0.1)
    rig.told(AlertRaised)
    rig.push(report("theirs-1", None, text="odd"), report("theirs-2", None, text="odd"))
    heard: list[Alert] = []
    tell = rig.stream.tell

    def once(peer: str, message: object) -> None:
        tell(peer, message)
        if isinstance(message, AlertRaised):
            heard.append(message.alert)
            rig.stream.away.add("notifier")

    rig.stream.tell = once
    rig.after(0.1)
    assert len(heard) == 1
    rig.stream.away.clear()
    rig.after(0.1)
    assert [alert.subject for alert in heard] == ["status-theirs-1", "status-theirs-2"]


def test_a_lost_connection_takes_no_opening_and_its_death_is_journaled_once():
    rig = Rig().ready()
    for _ in range(2):
        rig.stream.arrivals.append(PeerLost("connection-primary"))
    rig.stream.arrivals.append(PeerLost("strategy"))
    rig.executor.turn(0)
    assert [(event.route, event.writes) for event in rig.events(RouteTurned)][2:] == [("primary", False)]
    rig.ask(open_signal(1))
    assert [peer for peer, _ in rig.told(SendOrder)] == ["connection-backup"]


def test_a_close_never_leaves_its_account_however_dead_its_route():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.stream.arrivals.append(PeerLost("connection-primary"))
    rig.executor.turn(0)
    closing = rig.ask(close_signal(2, ORDER)).cl_ord_id
    assert rig.told(SendOrder) == []
    rig.stream.away.add("connection-primary")
    rig.connect(incarnation=2)
    rig.read(positions=rig.book.positions["primary-account"])
    rig.after(0.1)
    assert rig.told(SendOrder) == []
    assert {attempt.route for attempt in rig.book.orders[closing].attempts} == {"primary"}


def test_an_opening_that_waited_is_admitted_again_before_another_route_gets_it():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    rig.told(SendOrder)
    rig.stop = "reduce by hand"
    rig.outcome(f"{ORDER}-r1", NotSent(cause="refused"))
    assert rig.told(SendOrder) == []
    assert "R012  reduce by hand" in rig.events(OrderAbandoned)[0].text


@pytest.mark.parametrize("state", ["working", "in doubt", "unanswered"])
def test_a_close_is_not_sent_beside_one_that_may_still_fill(state):
    rig = Rig().ready()
    rig.opened(open_signal(1))
    first = rig.ask(close_signal(2, ORDER)).cl_ord_id
    if state == "working":
        rig.outcome(f"{first}-r1", Accepted(broker_order_id="primary-2"))
    elif state == "in doubt":
        rig.outcome(f"{first}-r1", InDoubt(cause="timeout"))
    rig.told(SendOrder)
    refused = rig.ask(close_signal(3, ORDER))
    code = Code.R052_CLOSE_IN_DOUBT if state == "in doubt" else Code.R051_CLOSE_WORKING
    assert [check.code for check in refused.checks if not check.passed] == [code]
    assert rig.told(SendOrder) == []


def test_a_structure_somebody_closed_by_hand_is_not_closed_again():
    """tastytrade opens a position with whatever is closed beyond it, and says so only in a warning."""
    rig = Rig().ready()
    rig.opened(open_signal(1))
    order = rig.book.orders[ORDER].order
    by_hand = [
        fill.model_copy(update={"exec_id": f"hand-{fill.symbol}", "action": fill.action.closing})
        for fill in fills_of(order)
    ]
    rig.push(report("theirs-7", Status.FILLED, *by_hand))
    answer = rig.ask(close_signal(2, ORDER))
    assert [check.code for check in answer.checks if not check.passed] == [Code.R053_NOTHING_TO_CLOSE]


def test_what_somebody_left_of_a_structure_is_closed_and_no_more():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    hand = fills_of(rig.book.orders[ORDER].order)[1]
    rig.push(
        report(
            "theirs-7",
            Status.FILLED,
            hand.model_copy(update={"exec_id": "hand", "action": Action.BUY_TO_CLOSE}),
        )
    )
    assert rig.ask(close_signal(2, ORDER)).admitted
    ((_, sent),) = rig.told(SendOrder)
    assert {leg.symbol for leg in sent.order.legs} == set(CONDOR_SYMBOLS) - {hand.symbol}


@pytest.mark.parametrize("is_filled", [False, True])
def test_an_opening_against_what_is_held_or_coming_would_close_it_and_is_refused(is_filled):
    rig = Rig().ready()
    if is_filled:
        rig.opened(open_signal(1))
    else:
        rig.ask(open_signal(1))
    legs = (
        Leg(symbol=CONDOR_SYMBOLS[3], action=Action.SELL_TO_OPEN),
        Leg(symbol=CONDOR_SYMBOLS[2], action=Action.BUY_TO_OPEN),
    )
    answer = rig.ask(open_signal(2, legs=legs, net_price=Decimal("-1.20")))
    assert [check.code for check in answer.checks if not check.passed] == [Code.R045_OPPOSITE]


def test_frames_of_another_universe_move_nothing_and_ask_for_theirs():
    rig = Rig().ready()
    rig.told(AskUniverse)
    rig.clock.advance(1)
    table = rig.executor._desk.quotes
    before = table.received_ns.copy()
    rig.stream.arrivals.append(quotes(rig.clock.ns, version=2))
    rig.executor.turn(0)
    assert (table.received_ns == before).all()
    assert [peer for peer, _ in rig.told(AskUniverse)] == ["data_feed"]
    rig.hear("data_feed", UniverseChanged(universe=universe(version=2)))
    rig.stream.arrivals.append(quotes(rig.clock.ns, version=2))
    rig.executor.turn(0)
    assert rig.executor._desk.quotes.quote("SPX").received_ns == rig.clock.ns


def test_a_feed_that_was_replaced_is_asked_for_its_universe():
    rig = Rig()
    rig.told(AskUniverse)
    rig.clock.advance(1)
    rig.stream.arrivals.append(Resync("data_feed", 2))
    rig.executor.turn(0)
    assert [peer for peer, _ in rig.told(AskUniverse)] == ["data_feed"]


def test_whoever_asks_for_the_book_gets_it_and_a_change_is_published():
    rig = Rig().ready()
    rig.hear("panel", AskBook(reply_to="panel"))
    ((peer, told),) = rig.told(BookChanged)
    assert (peer, told.book.ready) == ("panel", True)
    rig.opened(open_signal(1))
    rig.after(1)
    assert rig.stream.published[-1].book.structures[0].quantity == 1


def test_a_permit_that_expired_opens_nothing_and_closes_everything():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.hear("risk", IssuePermit(permit=permit(sequence=99, ttl_s=1)))
    rig.clock.advance(2)
    rig.quote()
    refused = rig.ask(open_signal(2))
    assert [check.code for check in refused.checks if not check.passed] == [Code.R011_NO_PERMIT]
    assert rig.ask(close_signal(3, ORDER)).admitted


def test_a_peer_that_went_away_before_its_answer_costs_nobody_anything():
    rig = Rig().ready()
    rig.stream.away.add("strategy")
    rig.hear("strategy", SubmitSignal(signal=open_signal(1), reply_to="strategy"))
    assert len(rig.told(SendOrder)) == 1
    rig.stream.away.clear()
    assert rig.ask(open_signal(1)).cl_ord_id == ORDER


def test_a_reading_nobody_asked_for_is_as_good_as_any():
    rig = Rig()
    rig.connect()
    rig.read(request_id=0)
    assert rig.book.cash == {"primary-account": 100_000}


def test_a_failed_reading_of_a_route_nobody_sits_at_does_nothing():
    rig = Rig()
    sequence = rig.book.sequence
    rig.hear("connection-primary", AccountRead(route="primary", request_id=1, state=None, failure="gone"))
    assert rig.book.sequence == sequence
