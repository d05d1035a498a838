"""A combo leg by leg: what goes next, at which price, and when it stops."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.attempt import Attempt, AttemptState
from actors.domain.orders.order import Action, Fill, Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.portfolio.legging import Course, course, next_legs, prices
from tests.builders import CONDOR_SYMBOLS, condor_legs, quotes, universe
from tests.fakes import START

LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = CONDOR_SYMBOLS
NAME = "condor-20260105-1"


def combo(order_qty: int = 2, *, closes: bool = False, net_price: str = "1.90", legs: tuple[Leg, ...] = ()) -> Order:
    opening = legs or condor_legs()
    closing = tuple(leg.model_copy(update={"action": leg.action.closing}) for leg in opening)
    return Order(
        cl_ord_id=NAME,
        signal_id=NAME,
        strategy="condor",
        structure_id=NAME,
        intent=Intent.CLOSE if closes else Intent.OPEN,
        underlying="SPX",
        legs=closing if closes else opening,
        order_qty=order_qty,
        net_price=Decimal(net_price),
        account_domain="primary-account",
        created_at=START,
        expires_at=START + timedelta(hours=1),
    )


def leg(
    order: Order, place: int, sent: int, filled: int = 0, status: Status | None = None, px: str = "1.00", n: int = 1
) -> OrderLife:
    """The order of one leg, some of it filled."""
    one = order.legs[place].model_copy(update={"ratio": 1})
    name = f"{NAME}-leg-{place}-{n}"
    fill = {"exec_id": name, "symbol": one.symbol, "action": one.action, "last_px": Decimal(px), "at": START}
    return OrderLife(
        order=order.model_copy(update={"cl_ord_id": name, "legs": (one,), "order_qty": sent}),
        status=status or (Status.FILLED if filled == sent else Status.NEW),
        fills=(Fill(last_qty=filled, **fill),) if filled else (),
    )


def due(order: Order, *legs: OrderLife) -> dict[str, int]:
    return {each.symbol: quantity for each, quantity in next_legs(order, legs)}


def test_what_is_bought_goes_first_and_all_of_it():
    assert due(combo()) == {LONG_PUT: 2, LONG_CALL: 2}


def test_no_short_is_sent_before_its_cover_is_bought():
    order = combo()
    assert due(order, leg(order, 0, 2, 2), leg(order, 3, 2)) == {}


def test_shorts_follow_as_far_as_whole_combos_were_bought():
    order = combo()
    assert due(order, leg(order, 0, 2, 2), leg(order, 3, 2, 1)) == {SHORT_PUT: 1, SHORT_CALL: 1}


def test_a_close_buys_its_shorts_back_before_it_sells_their_cover():
    order = combo(closes=True)
    assert due(order) == {SHORT_PUT: 2, SHORT_CALL: 2}
    assert due(order, leg(order, 1, 2, 2), leg(order, 2, 2, 2)) == {LONG_PUT: 2, LONG_CALL: 2}


def test_a_combo_that_only_sells_waits_for_nothing():
    shorts = condor_legs()[1:3]
    assert due(combo(legs=shorts)) == {SHORT_PUT: 2, SHORT_CALL: 2}


@given(st.data())
def test_at_no_time_may_more_be_sold_than_was_bought_in_ratio(data):
    """Whatever fills in whichever order, sold and working shorts never exceed what is covered."""
    ratios = data.draw(st.tuples(*[st.integers(1, 3)] * 4))
    legs = tuple(leg.model_copy(update={"ratio": n}) for leg, n in zip(condor_legs(), ratios, strict=True))
    order = combo(data.draw(st.integers(1, 3)), legs=legs)
    lives: list[OrderLife] = []
    for number in range(12):
        for each, quantity in next_legs(order, lives):
            place = next(i for i, one in enumerate(order.legs) if one.symbol == each.symbol)
            lives.append(leg(order, place, quantity, n=len(lives)))
        combos = min(sum(x.filled(one.symbol) for x in lives) // one.ratio for one in order.legs if one.action.is_buy)
        for one in (each for each in order.legs if not each.action.is_buy):
            sold = sum(x.order.order_qty for x in lives if x.order.legs[0].symbol == one.symbol)
            assert sold <= combos * one.ratio
        live = [i for i, x in enumerate(lives) if x.is_live]
        if not live:
            break
        i = data.draw(st.sampled_from(live))
        have = lives[i].order
        more = data.draw(st.integers(1, have.order_qty))
        place = next(k for k, one in enumerate(order.legs) if one.symbol == have.legs[0].symbol)
        lives[i] = leg(order, place, have.order_qty, min(have.order_qty, lives[i].cum_qty + more), n=100 + number)


def attempt(state: AttemptState) -> Attempt:
    return Attempt(
        number=1,
        route="primary",
        account_domain="primary-account",
        state=state,
        connection_incarnation=1,
        executor_epoch=1,
        started_at=START,
    )


def test_a_combo_goes_on_waits_stops_and_ends():
    order = combo()
    life = OrderLife(order=order)
    working = leg(order, 0, 2, 1)
    doubtful = working.model_copy(update={"attempts": (attempt(AttemptState.IN_DOUBT),)})
    refused = leg(order, 3, 2, 0, Status.REJECTED)
    part = leg(order, 3, 2, 1, Status.CANCELED)
    whole = [leg(order, place, 2, 2) for place in range(4)]
    for legs, elapsed_s, wanted in (
        ([], 0, Course.SEND),
        ([working], 9.9, Course.SEND),
        ([working], 10, Course.STOP),
        ([doubtful], 5, Course.WAIT),
        ([working, refused], 1, Course.STOP),
        ([working, part], 1, Course.STOP),
        (whole, 60, Course.DONE),
    ):
        assert course(life, legs, elapsed_s, 10)[0] is wanted, (legs, elapsed_s)
    cancelled = life.model_copy(update={"cancel_asked": True})
    assert course(cancelled, [working], 1, 10)[0] is Course.STOP
    assert course(cancelled, whole, 1, 10)[0] is Course.DONE


def table() -> QuoteTable:
    found = QuoteTable(universe())
    found.apply(quotes(1))
    return found


def test_the_limits_of_the_legs_leave_the_whole_within_the_slippage():
    """A condor worth 1.90, asked for at 1.90 with 0.20 of slippage: 0.10 of room for each of the two longs."""
    order = combo(1)
    limits = prices(order, [], next_legs(order, []), table(), Decimal("0.20"))
    assert limits == {LONG_PUT: Decimal("-1.15"), LONG_CALL: Decimal("-1.15")}


def test_room_that_was_used_is_not_there_for_the_next_legs():
    order = combo(1)
    bought = [leg(order, 0, 1, 1, px="1.15"), leg(order, 3, 1, 1, px="1.15")]
    limits = prices(order, bought, next_legs(order, bought), table(), Decimal("0.20"))
    assert limits == {SHORT_PUT: Decimal("2.00"), SHORT_CALL: Decimal("2.00")}


@pytest.mark.parametrize("gone", ["price", "quote"])
def test_without_room_or_without_a_market_nothing_is_sent(gone):
    order, seen = combo(1, net_price="2.20" if gone == "price" else "1.90"), table()
    if gone == "quote":
        seen.ask[seen.row_of[LONG_CALL]] = float("nan")
    assert prices(order, [], next_legs(order, []), seen, Decimal("0.20")) is None


def test_the_action_of_a_leg_is_what_the_combo_said():
    assert {each.action for each, _ in next_legs(combo(), [])} == {Action.BUY_TO_OPEN}
