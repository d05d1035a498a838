"""The condor: which legs, when, how many; and how it leaves."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.domain.market.contract import Right
from actors.domain.orders.order import Action
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Cancel, Close, Open
from actors.domain.orders.working import GiveUp, Plan
from actors.strategies.iron_condor import CondorParameters, IronCondor
from actors.strategies.work import Pace

PACE = {"steps": 4, "step_s": 20, "cancel_s": 10, "retry_s": 5}
TEN_AM_S = 30 * 60


def condor(**parameters) -> IronCondor:
    return IronCondor(
        "SPX",
        CondorParameters.model_validate({"pace": PACE, "wing_width": "20", "quote_age_max_s": 86_400} | parameters),
    )


def opened(desk) -> None:
    """Open one condor at its first price."""
    desk.look(TEN_AM_S)
    desk.end(Status.FILLED)
    desk.look()


@pytest.fixture
def desk(market, make_desk):
    return make_desk(condor(), market)


def quote_at(desk, **changes) -> None:
    for name, value in changes.items():
        setattr(desk.market, name, value)
    desk.market.quote(desk.now)


def test_it_sells_both_sides_near_the_delta_and_buys_equal_wings(desk, market):
    (ask,) = desk.look(TEN_AM_S)
    assert isinstance(ask.request, Open)
    long_put, short_put, short_call, long_call = (market.contract(leg.symbol) for leg in ask.request.legs)
    assert [leg.action for leg in ask.request.legs] == [
        Action.BUY_TO_OPEN,
        Action.SELL_TO_OPEN,
        Action.SELL_TO_OPEN,
        Action.BUY_TO_OPEN,
    ]
    assert [long_put.right, short_put.right, short_call.right, long_call.right] == [Right.PUT] * 2 + [Right.CALL] * 2
    assert short_put.strike - long_put.strike == long_call.strike - short_call.strike == 20
    # one standard deviation is 48 points, and delta 0.16 lies one of them away
    assert abs(short_call.strike - 6048) <= 5
    assert abs(short_put.strike - 5952) <= 5
    assert "deltas -0.1" in ask.reason


def test_it_asks_for_the_middle_and_walks_to_the_natural_then_gives_up(desk, market):
    quote_at(desk, spread=0.60)
    (first,) = desk.look(TEN_AM_S)
    prices = [first.request.net_price]
    for _ in range(4):
        assert desk.look() == (), "the answer is taken, and the price begins to work"
        assert desk.look(19) == ()
        (cancel,) = desk.look(1)
        assert isinstance(cancel.request, Cancel)
        (again,) = desk.look()
        prices.append(again.request.net_price)
    assert prices == sorted(prices, reverse=True)
    assert len(set(prices)) == 5
    desk.look()
    assert isinstance(desk.look(20)[0].request, Cancel)
    assert desk.look() == ()
    assert "pausing" in desk.last.note
    assert isinstance(desk.look(5)[0].request, Open), "a new pick after the pause"


def test_it_never_asks_for_less_than_its_least_credit(market, make_desk):
    desk = make_desk(condor(credit_min="50"), market)
    assert desk.look(TEN_AM_S) == ()
    assert "credit too small" in desk.last.note


def test_a_wide_market_does_not_get_more_than_its_share_of_the_credit(market, make_desk):
    desk = make_desk(condor(credit_share_min=0.9), market)
    quote_at(desk, spread=0.60)
    (first,) = desk.look(TEN_AM_S)
    prices = [first.request.net_price]
    while desk.working():
        desk.look()
        desk.look(20)
        prices += [ask.request.net_price for ask in desk.look()]
    assert len(prices) < 5
    middle = float(prices[0])
    assert all(float(price) >= 0.9 * middle for price in prices)


def test_a_refused_entry_is_asked_again_only_after_the_pause(desk):
    desk.refuses = lambda ask: True
    assert len(desk.look(TEN_AM_S)) == 1
    assert desk.look() == ()
    assert desk.look(4) == ()
    assert len(desk.look(1)) == 1


def test_a_partly_filled_entry_is_an_entry_and_its_rest_is_not_chased(market, make_desk):
    desk = make_desk(condor(order_qty=3), market)
    desk.look(TEN_AM_S)
    (order,) = desk.working()
    desk.end(Status.CANCELED, cum_qty=1)
    assert desk.look() == ()
    assert desk.state.entries == 1
    assert desk.structures[order.structure_id].quantity == 1


@pytest.mark.parametrize(("minutes", "enters"), [(0, False), (14, False), (15, True), (329, True), (330, False)])
def test_it_enters_inside_its_window_only(market, make_desk, minutes, enters):
    desk = make_desk(condor(), market)
    assert bool(desk.look(minutes * 60)) is enters


def test_before_the_window_it_wants_to_be_woken_at_its_start(desk):
    desk.look()
    assert desk.last.look_at == desk.now + timedelta(minutes=15)


def test_a_new_york_time_is_understood(market, make_desk):
    desk = make_desk(condor(entry_from="10:00"), market)
    assert desk.look(29 * 60) == ()
    assert len(desk.look(60)) == 1


def test_old_quotes_choose_no_legs(market, make_desk):
    desk = make_desk(condor(quote_age_max_s=90), market)
    assert desk.look(TEN_AM_S) == ()
    assert "no strike" in desk.last.note


def test_a_wing_without_a_bid_makes_the_wings_narrower_on_both_sides(desk, market):
    market.drop(*(c.symbol for c in market.contracts if c.right is Right.CALL and c.strike in {6065, 6070}))
    (ask,) = desk.look(TEN_AM_S)
    strikes = [market.contract(leg.symbol).strike for leg in ask.request.legs]
    assert strikes[1] - strikes[0] == strikes[3] - strikes[2] < 20


def test_a_chain_of_two_strikes_gives_no_condor(make_market, make_desk):
    market = make_market([5950, 6050])
    desk = make_desk(condor(), market)
    assert desk.look(TEN_AM_S) == ()
    assert "no equal wings" in desk.last.note


def test_it_sells_only_what_expires_today(make_market, make_desk):
    market = make_market(list(range(5900, 6105, 5)), expires_on=date(2026, 11, 24))
    desk = make_desk(condor(), market)
    assert desk.look(TEN_AM_S) == ()
    assert "expires in 0 days" in desk.last.note


def test_half_the_credit_is_taken_when_it_can_be_had(desk):
    opened(desk)
    assert desk.look(1) == ()
    quote_at(desk, std_dev=0.004)
    (ask,) = desk.look(1)
    assert isinstance(ask.request, Close)
    assert "profit target" in ask.reason
    assert ask.request.net_price < 0


def test_the_profit_target_is_net_of_what_closing_costs(desk):
    opened(desk)
    quote_at(desk, std_dev=0.004)
    (held,) = desk.structures
    natural = desk.market.closing_cost(desk.structures[held].legs)
    room = float(desk.structures[held].entry_price) / 2 - natural
    assert room > 0, "half the credit can be had before the fees of closing"
    desk.exit_fees = {held: Decimal(str(round((room + 0.01) * 100, 2)))}
    assert desk.look(1) == (), "and not after them"
    desk.exit_fees = {held: Decimal(str(round((room - 0.01) * 100, 2)))}
    (ask,) = desk.look(1)
    assert "profit target" in ask.reason


def test_fees_of_closing_delay_no_stop_and_no_exit_by_the_clock(desk):
    opened(desk)
    (held,) = desk.structures
    desk.exit_fees = {held: Decimal(100_000)}
    quote_at(desk, spot=6060.0)
    (ask,) = desk.look(1)
    assert "stop" in ask.reason


@pytest.mark.parametrize(("cap", "asked"), [(None, 4), (9, 4), (2, 2)])
def test_a_cut_size_is_all_it_asks_for(market, make_desk, cap, asked):
    desk = make_desk(condor(order_qty=4), market)
    desk.quantity_max = cap
    (ask,) = desk.look(TEN_AM_S)
    assert ask.request.order_qty == asked


def test_a_size_cut_to_nothing_asks_for_nothing_and_says_why(market, make_desk):
    desk = make_desk(condor(), market)
    desk.quantity_max = 0
    assert desk.look(TEN_AM_S) == ()
    assert desk.last.note == "its size was cut to nothing"


def test_twice_the_credit_is_the_stop(desk):
    opened(desk)
    quote_at(desk, spot=6060.0)
    (ask,) = desk.look(1)
    assert isinstance(ask.request, Close)
    assert "stop" in ask.reason


def test_a_quote_that_only_widens_stops_nothing(desk):
    opened(desk)
    quote_at(desk, spread=4.0)
    assert desk.look(1) == ()


def test_time_closes_even_without_a_quote_and_then_at_the_market(desk):
    opened(desk)
    desk.market.table.ask[:] = float("nan")
    (ask,) = desk.look(375 * 60 - TEN_AM_S)
    assert isinstance(ask.request, Close)
    assert ask.request.net_price is None
    assert "time exit" in ask.reason


def test_an_exit_walks_to_the_natural_then_goes_to_the_market(desk):
    opened(desk)
    quote_at(desk, spot=6060.0)
    (first,) = desk.look(1)
    prices = [first.request.net_price]
    while prices[-1] is not None:
        desk.look()
        assert isinstance(desk.look(20)[0].request, Cancel)
        prices.append(desk.look()[0].request.net_price)
    assert len(prices) == 6
    assert prices[:-1] == sorted(prices[:-1], reverse=True)
    desk.end(Status.FILLED)
    assert desk.look() == ()
    assert desk.state.tasks == ()


def test_a_refused_exit_is_asked_again_after_the_pause(desk):
    opened(desk)
    quote_at(desk, spot=6060.0)
    desk.refuses = lambda ask: True
    assert len(desk.look(1)) == 1
    assert desk.look() == ()
    assert desk.look(4) == ()
    (again,) = desk.look(1)
    assert isinstance(again.request, Close)


def test_a_structure_in_doubt_is_not_closed_over(desk):
    opened(desk)
    (known,) = desk.structures
    desk.structures[known] = desk.structures[known].model_copy(update={"in_doubt": True})
    quote_at(desk, spot=6060.0)
    assert desk.look(1) == ()


def test_a_lost_state_takes_over_the_working_entry_and_opens_no_second(desk):
    desk.look(TEN_AM_S)
    desk.forget()
    assert desk.look() == ()
    (adopted,) = desk.state.tasks
    assert adopted.is_opening
    (cancel,) = desk.look(20)
    assert isinstance(cancel.request, Cancel)


def test_a_lost_state_counts_what_the_book_holds(desk):
    opened(desk)
    desk.forget()
    assert desk.look(1) == ()
    assert "entries made" in desk.last.note


def test_a_lost_state_takes_over_the_working_exit(desk):
    opened(desk)
    quote_at(desk, spot=6060.0)
    desk.look(1)
    desk.forget()
    assert desk.look() == ()
    assert isinstance(desk.look(20)[0].request, Cancel)


def test_an_order_seen_before_its_answer_is_not_taken_for_a_second_one(desk):
    desk.look(TEN_AM_S)
    late, desk.answers = desk.answers, {}
    assert desk.look() == ()
    assert len(desk.state.tasks) == 1
    desk.answers = late
    desk.look()
    (task,) = desk.state.tasks
    assert task.cl_ord_id == desk.working()[0].cl_ord_id


def test_outside_the_session_nothing_is_asked(desk):
    desk.now -= timedelta(minutes=1)
    assert desk.look() == ()
    desk.market.quote(desk.now)
    assert desk.look(391 * 60) == ()


steps = st.lists(
    st.tuples(
        st.sampled_from(["wait", "fill", "part", "cancel", "reject", "refuse", "forget", "move", "thin"]),
        st.integers(1, 900),
        st.floats(-40, 40),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(steps=steps, entries_max=st.integers(1, 3), open_max=st.integers(1, 2))
def test_whatever_happens_entries_are_few_balanced_in_time_and_paid(
    steps, entries_max, open_max, make_market, make_desk
):
    market = make_market(list(range(5800, 6205, 5)))
    rules = CondorParameters(
        entries_max=entries_max, open_max=open_max, order_qty=2, wing_width=Decimal(20), pace=Pace(**PACE)
    )
    desk = make_desk(IronCondor("SPX", rules), market)
    for what, after_s, move in steps:
        desk.refuses = lambda ask, refusing=what == "refuse": refusing
        if what == "move":
            market.spot += move
        if what == "thin":
            market.drop(*(contract.symbol for contract in market.contracts[:: 2 + int(abs(move))]))
        elif what in {"move", "wait"}:
            market.quote(desk.now + timedelta(seconds=after_s))
        if what == "forget":
            desk.forget()
        if desk.working():
            endings = {"fill": (Status.FILLED, None), "part": (Status.CANCELED, 1), "cancel": (Status.CANCELED, 0)}
            ending = (endings | {"reject": (Status.REJECTED, 0)}).get(what)
            if ending:
                desk.end(*ending)
        before, window = len(desk.asked), (desk.now, after_s)
        desk.look(after_s)
        for ask in desk.asked[before:]:
            check(ask, desk, window)
        assert len(desk.working()) <= 1 + open_max
    filled = [s for s in desk.structures.values() if s.opened_at is not None]
    assert len(filled) <= entries_max


def check(ask, desk, window) -> None:
    if not isinstance(ask.request, Open):
        return
    from_open = (desk.now - desk.view().hours.opens_at).total_seconds() / 60
    assert 15 <= from_open < 330
    legs = [desk.market.contract(leg.symbol) for leg in ask.request.legs]
    strikes = [leg.strike for leg in legs]
    assert strikes == sorted(strikes)
    assert strikes[1] - strikes[0] == strikes[3] - strikes[2] <= 20
    assert sum(leg.action.sign for leg in ask.request.legs) == 0
    assert ask.request.net_price > 0


def test_its_state_comes_back_from_disk_as_it_was(desk):
    desk.look(TEN_AM_S)
    desk.look()
    assert desk.state.tasks
    assert type(desk.state).model_validate_json(desk.state.model_dump_json()) == desk.state


# -- worked by the executor --------------------------------------------------------------------------------------------


@pytest.fixture
def planned(market, make_desk):
    return make_desk(condor(pace={**PACE, "plan": Plan()}), market)


def test_with_a_plan_it_asks_once_and_leaves_the_price_to_the_executor(planned):
    (ask,) = planned.look(TEN_AM_S)
    assert ask.request.work == Plan()
    assert planned.look(3_600) == ()


def test_with_a_plan_an_exit_goes_to_the_market_in_the_end(planned):
    planned.look(TEN_AM_S)
    planned.end(Status.FILLED)
    planned.now = planned.hours.closes_at - timedelta(minutes=1)
    (ask,) = planned.look()
    assert (ask.request.net_price, ask.request.work.give_up) == (None, GiveUp.MARKET)


def test_a_lost_state_takes_over_a_chain_once_and_as_what_it_is(planned):
    planned.look(TEN_AM_S)
    (name,) = planned.orders
    first = planned.orders[name].model_copy(update={"status": Status.CANCELED, "replaced_by": f"{name}.p2"})
    second = planned.orders[name].model_copy(update={"cl_ord_id": f"{name}.p2", "replaces": name})
    planned.orders |= {name: first, f"{name}.p2": second}
    planned.forget()
    assert planned.look() == ()
    assert [(task.cl_ord_id, task.is_opening) for task in planned.state.tasks] == [(name, True)]


def test_it_opens_nothing_while_a_start_lacks_what_openings_are_judged_by_and_leaves_all_the_same(desk):
    desk.openings_wait = "risk knows no volatility yet"
    assert desk.look(TEN_AM_S) == ()
    assert desk.last.note == desk.openings_wait
    desk.openings_wait = ""
    opened_at = desk.look()
    assert [type(ask.request) for ask in opened_at] == [Open]
    desk.end(Status.FILLED)
    desk.look()
    desk.openings_wait = "risk knows no volatility yet"
    desk.now = desk.hours.closes_at - timedelta(minutes=2)
    desk.market.quote(desk.now)
    assert [type(ask.request) for ask in desk.look()] == [Close]
