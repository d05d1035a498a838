"""The book as others see it."""

from decimal import Decimal

import pytest

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, InDoubt
from actors.domain.orders.finding import ForeignAdopted
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.report import Status
from actors.domain.portfolio.picture import picture
from actors.domain.portfolio.view import Phase
from tests.builders import CONDOR_SYMBOLS, cancel_signal, close_signal, open_signal
from tests.fakes import START
from tests.rig import Rig, fills_of, report

ORDER = "condor-20260105-1"


def view(rig: Rig):
    return picture(rig.book, rig.executor._desk.quotes, ready=True)


def placed() -> Rig:
    rig = Rig().ready()
    rig.ask(open_signal(1, order_qty=1))
    return rig


def test_the_phase_follows_the_life_of_a_structure():
    rig = placed()
    phases = [view(rig).structures[0].phase]
    rig.outcome(f"{ORDER}-r1")
    order = rig.book.orders[ORDER].order
    rig.push(report("primary-1", Status.FILLED, *fills_of(order), attempt=f"{ORDER}-r1"))
    phases.append(view(rig).structures[0].phase)
    closing = rig.ask(close_signal(2, ORDER)).cl_ord_id
    phases.append(view(rig).structures[0].phase)
    rig.outcome(f"{closing}-r1", Accepted(broker_order_id="primary-2"))
    fills = fills_of(rig.book.orders[closing].order)
    rig.push(report("primary-2", Status.FILLED, *fills, attempt=f"{closing}-r1"))
    phases.append(view(rig).structures[0].phase)
    assert phases == [Phase.OPENING, Phase.OPEN, Phase.CLOSING, Phase.CLOSED]


def test_an_opening_that_never_filled_is_closed():
    rig = placed()
    rig.outcome(f"{ORDER}-r1")
    rig.push(report("primary-1", Status.CANCELED, attempt=f"{ORDER}-r1"))
    (found,) = view(rig).structures
    assert (found.phase, found.quantity, found.entry_price, found.account_domain) == (
        Phase.CLOSED,
        0,
        None,
        "primary-account",
    )


@pytest.mark.parametrize(("legs", "phase"), [((0, 3), Phase.CLOSED), ((1,), Phase.OPEN)])
def test_what_is_left_of_a_broken_opening_is_closed_if_nothing_is_naked(legs, phase):
    rig = placed()
    rig.outcome(f"{ORDER}-r1")
    fills = fills_of(rig.book.orders[ORDER].order)
    rig.push(report("primary-1", Status.CANCELED, *(fills[place] for place in legs), attempt=f"{ORDER}-r1"))
    assert view(rig).structures[0].phase is phase


def test_the_entry_price_is_what_a_combo_brought():
    rig = placed()
    rig.outcome(f"{ORDER}-r1")
    fills = fills_of(rig.book.orders[ORDER].order)
    priced = [
        f.model_copy(update={"last_px": Decimal(px)}) for f, px in zip(fills, ("1", "2", "2.1", "1"), strict=True)
    ]
    rig.push(report("primary-1", Status.FILLED, *priced, attempt=f"{ORDER}-r1"))
    assert view(rig).structures[0].entry_price == Decimal("2.1")


def test_a_doubt_shows_on_the_order_and_its_structure():
    rig = placed()
    rig.outcome(f"{ORDER}-r1", InDoubt(cause="timeout"))
    seen = view(rig)
    assert (seen.orders[0].in_doubt, seen.structures[0].in_doubt) == (True, True)


def test_the_last_numbers_are_of_this_session_and_of_refused_signals_too():
    rig = placed()
    rig.ask(open_signal(7, net_price=Decimal("0.01")))
    rig.ask(cancel_signal(9, ORDER))
    other = open_signal(3).model_copy(update={"signal_id": "late-strangle-20260105-12", "strategy": "late-strangle"})
    rig.ask(other)
    rig.ask(other.model_copy(update={"signal_id": "condor-20260104-99"}))
    rig.ask(other.model_copy(update={"signal_id": "by-hand"}))
    assert view(rig).signals == {"condor": 9, "late-strangle": 12}


def test_a_successor_says_the_same_numbers():
    rig = placed()
    before = view(rig).signals
    rig.start()
    assert view(rig).signals == before == {"condor": 1}


def test_the_result_of_the_day_is_marked_where_one_could_close():
    rig = placed()
    rig.opened(open_signal(2))
    # Sold the shorts at 1.50 and bought the longs at 1.50: no cash. Worth: longs at 1.00, shorts at 2.05.
    assert view(rig).pnl_day == Decimal(-210)


def adopt(rig: Rig, symbol: str, quantity: int) -> None:
    event = ForeignAdopted(account_domain="primary-account", underlying=symbol, positions={symbol: quantity}, at=START)
    rig.book.apply(event, rig.book.sequence + 1)


def test_what_no_structure_holds_is_shown_as_foreign():
    rig = placed()
    rig.opened(open_signal(2))
    assert view(rig).foreign == {}
    adopt(rig, "BTC/USD", 3)
    adopt(rig, CONDOR_SYMBOLS[1], 1)
    assert view(rig).foreign == {"primary-account": {"BTC/USD": 3, CONDOR_SYMBOLS[1]: 1}}


def test_an_order_shows_where_it_is_and_how_far():
    rig = placed()
    rig.outcome(f"{ORDER}-r1")
    (order,) = view(rig).orders
    assert (order.route, order.broker_order_id, order.cum_qty, order.status) == (
        "primary",
        "primary-1",
        0,
        Status.PENDING_NEW,
    )


def test_quarantined_underlyings_are_named():
    rig = Rig().ready()
    quarantined = happened.Quarantined(underlying="SPX", account_domain="primary-account", text="differs", at=START)
    rig.book.apply(quarantined, rig.book.sequence + 1)
    assert view(rig).quarantined == ("SPX",)


def test_a_single_long_shows_what_it_cost():
    rig = Rig().ready()
    leg = Leg(symbol=CONDOR_SYMBOLS[3], action=Action.BUY_TO_OPEN)
    name = rig.opened(open_signal(1, legs=(leg,), net_price=Decimal("-1.50")))
    (found,) = view(rig).structures
    assert (found.structure_id, found.entry_price, found.cash) == (name, Decimal("-1.50"), -150)
