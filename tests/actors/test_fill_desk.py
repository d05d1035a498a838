"""Fills that do not fit: always booked, told once, and no new risk where the position cannot be trusted."""

from decimal import Decimal

from actors.domain.orders.attempt import Accepted
from actors.domain.orders.fill_check import FillCode
from actors.domain.orders.finding import FillFaulted
from actors.domain.orders.order import Action, Fill
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import Status
from actors.messages import AskAccount, SendOrder
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal
from tests.expiries import SESSIONS
from tests.rig import Rig, fills_of, quoted_fills, report

ORDER, ATTEMPT = "condor-20260105-1", "condor-20260105-1-r1"
HELD = dict(zip(CONDOR_SYMBOLS, (1, -1, -1, 1), strict=True))


class Week(Rig):
    """A rig whose calendar goes on."""

    sessions = staticmethod(lambda: SESSIONS)


def working(**desk: object) -> Rig:
    rig = Rig(**desk).ready()
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT)
    return rig


def good(rig: Rig) -> list[Fill]:
    """The four fills of the order, each near its quote and together at the limit."""
    fills = quoted_fills(rig.book.orders[ORDER].order)
    return [fill.model_copy(update={"at": rig.clock.now}) for fill in fills]


def told(rig: Rig) -> list[FillCode]:
    return [fault.code for event in rig.events(FillFaulted) for fault in event.faults]


def test_fills_that_fit_are_booked_and_nothing_is_said():
    rig = working()
    rig.push(report("primary-1", Status.FILLED, *good(rig), attempt=ATTEMPT))
    rig.after(5)
    assert (told(rig), rig.alerts("A026"), rig.book.positions["primary-account"]) == ([], [], HELD)


def test_more_than_was_ordered_is_booked_paged_and_keeps_new_risk_out_until_the_account_agrees():
    rig = working()
    twice = [fill.model_copy(update={"last_qty": 2}) if place == 1 else fill for place, fill in enumerate(good(rig))]
    rig.push(report("primary-1", Status.FILLED, *twice, attempt=ATTEMPT))
    held = {**HELD, CONDOR_SYMBOLS[1]: -2}
    assert rig.book.positions["primary-account"] == held
    assert told(rig) == [FillCode.F003_QUANTITY]
    refused = rig.ask(open_signal(2))
    assert [check.code for check in refused.checks if not check.passed] == [Code.R014_QUARANTINED]
    rig.after(0.1)
    assert len(rig.alerts("A026")) == 1
    rig.read(positions=held)
    assert rig.book.quarantined == {}


def test_a_fault_is_journaled_once_however_often_it_is_repeated_and_over_a_restart():
    rig = working()
    odd = good(rig)[1].model_copy(update={"action": Action.BUY_TO_OPEN})
    rig.push(report("primary-1", Status.PARTIALLY_FILLED, odd, attempt=ATTEMPT))
    assert told(rig) == [FillCode.F002_ACTION]
    rig.push(report("primary-1", Status.PARTIALLY_FILLED, odd, *good(rig)[2:3], attempt=ATTEMPT))
    rig.start()
    rig.connect()
    again = odd.model_copy(update={"last_px": Decimal("2.10")})
    rig.push(report("primary-1", Status.PARTIALLY_FILLED, again, attempt=ATTEMPT))
    rig.push(report("primary-1", Status.PARTIALLY_FILLED, again, attempt=ATTEMPT))
    assert told(rig) == [FillCode.F002_ACTION, FillCode.F004_CHANGED]
    assert rig.book.positions["primary-account"] == {CONDOR_SYMBOLS[1]: 1, CONDOR_SYMBOLS[2]: -1}


def test_a_price_worse_than_the_limit_is_paged_and_trading_goes_on():
    rig = working()
    dear = [*good(rig)[:3], good(rig)[3].model_copy(update={"last_px": Decimal("1.30")})]
    rig.push(report("primary-1", Status.FILLED, *dear, attempt=ATTEMPT))
    rig.after(0.1)
    assert (told(rig), rig.book.quarantined, len(rig.alerts("A026"))) == ([FillCode.F010_LIMIT], {}, 1)
    assert "+1.7000 per combo (limit +1.90)" in rig.alerts("A026")[0]


def test_a_price_far_from_the_quote_at_arrival_is_found_and_an_old_quote_proves_nothing():
    far = Decimal(5)
    rig = working()
    rig.push(report("primary-1", None, good(rig)[1].model_copy(update={"last_px": far}), attempt=ATTEMPT))
    assert told(rig) == [FillCode.F011_BAND]
    rig = working()
    rig.clock.advance(6)
    rig.push(report("primary-1", None, good(rig)[1].model_copy(update={"last_px": far}), attempt=ATTEMPT))
    assert told(rig) == []


def test_a_late_fill_is_journaled_and_paged_as_the_contradiction_it_is():
    rig = working()
    rig.push(report("primary-1", Status.CANCELED, attempt=ATTEMPT))
    rig.push(report("primary-1", Status.FILLED, *good(rig), attempt=ATTEMPT))
    rig.after(0.1)
    assert told(rig) == [FillCode.F020_LATE] * 4
    assert (rig.alerts("A026"), len(rig.alerts("A022"))) == ([], 1)
    assert rig.book.positions["primary-account"] == HELD


def test_filled_at_the_first_leg_has_a_grace_to_bring_the_others():
    rig = working()
    rig.push(report("primary-1", Status.FILLED, good(rig)[0], attempt=ATTEMPT))
    rig.after(1)
    rig.push(report("primary-1", Status.FILLED, *good(rig), attempt=ATTEMPT))
    for _ in range(3):
        rig.after(1)
    assert (told(rig), rig.book.quarantined, rig.alerts("A040")) == ([], {}, [])


def test_filled_without_its_legs_after_the_grace_is_a_fault_and_has_the_account_read_at_once():
    rig = working()
    rig.push(report("primary-1", Status.FILLED, good(rig)[0], attempt=ATTEMPT))
    rig.after(1)
    rig.read(positions={CONDOR_SYMBOLS[0]: 1})
    rig.told(AskAccount)
    rig.after(1.1)
    rig.after(0.1)
    assert told(rig) == [FillCode.F005_INCOMPLETE]
    assert list(rig.book.quarantined) == ["SPX"]
    assert "connection-primary" in [peer for peer, _ in rig.told(AskAccount)]


def test_a_successor_counts_the_grace_of_what_it_finds_incomplete():
    rig = working()
    rig.push(report("primary-1", Status.FILLED, good(rig)[0], attempt=ATTEMPT))
    rig.start()
    rig.after(3)
    assert told(rig) == [FillCode.F005_INCOMPLETE]


def test_fills_that_come_with_the_acknowledgement_are_held_against_the_order_too():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    odd = good(rig)[0].model_copy(update={"last_qty": 3})
    said = report("primary-1", Status.PARTIALLY_FILLED, odd, attempt=ATTEMPT)
    rig.outcome(ATTEMPT, Accepted(broker_order_id="primary-1", report=said))
    assert told(rig) == [FillCode.F003_QUANTITY]


def test_fills_of_a_stray_are_none_of_the_orders():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    order = rig.book.orders[ORDER].order
    rig.push(report("primary-8", Status.FILLED, *fills_of(order, 5), attempt=f"{ORDER}-r7"))
    assert (told(rig), len(rig.book.positions["primary-account"])) == ([], 4)


def test_a_leg_that_the_broker_calls_filled_is_waited_for_and_not_bought_a_second_time():
    rig = working()
    rig.push(report("primary-1", Status.FILLED, good(rig)[1], attempt=ATTEMPT))
    rig.read(positions=rig.book.positions["primary-account"])
    rig.told(SendOrder)
    rig.after(0.1)
    rig.after(5.8)
    assert rig.told(SendOrder) == []
    rig.push(report("primary-1", Status.FILLED, *good(rig), attempt=ATTEMPT))
    for _ in range(3):
        rig.after(5)
    assert (rig.told(SendOrder), rig.book.positions["primary-account"]) == ([], HELD)


def test_an_account_may_tell_of_an_order_that_the_same_reading_lets_the_book_forget():
    rig = Week().ready()
    name = rig.ask(open_signal(1)).cl_ord_id
    rig.outcome(f"{name}-r1")
    filled = report("primary-1", Status.FILLED, *fills_of(rig.book.orders[name].order), attempt=f"{name}-r1")
    rig.push(filled)
    closing = rig.ask(close_signal(2, name)).cl_ord_id
    rig.outcome(f"{closing}-r1", Accepted(broker_order_id="primary-2"))
    closed = report("primary-2", Status.FILLED, *fills_of(rig.book.orders[closing].order), attempt=f"{closing}-r1")
    rig.push(closed)
    for _ in range(9):
        rig.clock.advance(86_400)
        for route in ("primary", "backup"):
            rig.read(route, orders=(filled, closed) if route == "primary" else ())
    assert name not in rig.book.orders
    rig.clock.advance(1)
    rig.executor.turn(0)
