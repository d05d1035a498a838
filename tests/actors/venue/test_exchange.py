from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from actors.domain.orders.order import Action, Leg, TimeInForce
from actors.venue.account import BalanceChanged, OrderChanged, PositionChanged, TransactionBooked, TransactionType
from actors.venue.exchange import Behaviour, Exchange, OrderFinished, OrderRefused, VenueEvent
from actors.venue.paper_order import NewOrder, PaperStatus
from tests.actors.venue.paper_exchange import (
    ACCOUNT,
    C3700,
    C3710,
    CLOSES_AT,
    CONDOR_QUOTES,
    DAY,
    G740C,
    G740P,
    G750C,
    GOOG,
    NOW,
    OPENS_AT,
    OTHER,
    P3690,
    SPREAD_QUOTES,
    SPX,
    SmallMarket,
    batch,
    call_spread,
    condor,
    later,
    open_exchange,
    single,
)

STO, BTO, STC, BTC = Action.SELL_TO_OPEN, Action.BUY_TO_OPEN, Action.SELL_TO_CLOSE, Action.BUY_TO_CLOSE


DELIVERY = Decimal(5)
"""What tastytrade takes for an exercise or an assignment, a position."""


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    made = open_exchange(tmp_path / "venue.sqlite")
    made.advance(batch(CONDOR_QUOTES, last={SPX: 3698.0}))
    return made


@pytest.fixture
def events(exchange: Exchange) -> list[VenueEvent]:
    heard: list[VenueEvent] = []
    exchange.subscribe(heard.append)
    return heard


def statuses(events: list[VenueEvent]) -> list[tuple[int, PaperStatus]]:
    return [(event.order.order_id, event.order.status) for event in events if isinstance(event, OrderChanged)]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(OrderRefused) as refusal:
        act()
    return refusal.value.code


def test_a_marketable_combo_fills_whole_at_the_natural(exchange, events):
    order = exchange.place(ACCOUNT, condor("4.00", 2), NOW)

    assert order.status is PaperStatus.ROUTED
    assert statuses(events) == [(1, PaperStatus.ROUTED), (1, PaperStatus.LIVE), (1, PaperStatus.FILLED)]
    filled = exchange.order(ACCOUNT, order.order_id)
    assert [leg.fills[0].price for leg in filled.legs] == [Decimal(5), Decimal("2.1"), Decimal(4), Decimal("1.6")]
    assert filled.cum_qty == 2
    assert {held.symbol: held.quantity for held in exchange.positions(ACCOUNT)}[C3700] == -2


def test_events_come_in_order_and_end_with_the_balances(exchange, events):
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20"), NOW)

    kinds = [type(event) for event in events]
    assert kinds == [OrderChanged, OrderChanged, TransactionBooked, OrderChanged, PositionChanged, BalanceChanged]
    assert events[-1].balances == exchange.balances(ACCOUNT)


def test_what_is_told_is_already_on_disk(exchange, tmp_path):
    told = []
    exchange.subscribe(
        lambda event: told.append(exchange.order(ACCOUNT, 1)) if isinstance(event, OrderChanged) else None
    )
    exchange.place(ACCOUNT, condor("4.00"), NOW)
    assert {order.status for order in told} == {PaperStatus.FILLED}


def test_what_a_listener_does_is_told_after_what_led_to_it(exchange):
    heard = []

    def hedge(event: VenueEvent) -> None:
        if isinstance(event, OrderChanged) and (event.order.order_id, event.order.status) == (1, PaperStatus.FILLED):
            exchange.place(ACCOUNT, single(C3710, BTO, "-2.10"), NOW)

    exchange.subscribe(hedge)
    exchange.subscribe(heard.append)
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20"), NOW)
    assert [number for number, _ in statuses(heard)] == [1, 1, 1, 2, 2, 2]


def test_who_unsubscribes_hears_no_more(exchange):
    heard = []
    stop = exchange.subscribe(heard.append)
    stop()
    exchange.place(ACCOUNT, condor("4.00"), NOW)
    assert heard == []


def test_a_resting_order_fills_when_the_natural_reaches_its_limit(exchange):
    number = exchange.place(ACCOUNT, call_spread("3.20"), NOW).order_id
    assert exchange.order(ACCOUNT, number).status is PaperStatus.LIVE

    exchange.advance(batch({C3700: (5.2, 5.4)}, later(1)))
    assert exchange.order(ACCOUNT, number).status is PaperStatus.LIVE
    exchange.advance(batch({C3700: (5.4, 5.5)}, later(2)))

    filled = exchange.order(ACCOUNT, number)
    assert filled.status is PaperStatus.FILLED
    assert filled.legs[0].fills[0].price - filled.legs[1].fills[0].price == Decimal("3.3")


def test_displayed_size_bounds_a_fill_and_comes_back_with_the_next_quote(exchange):
    exchange.advance(batch({C3700: (5.0, 5.2, 3, 50), C3710: (2.0, 2.1, 50, 50)}, later(1)))
    number = exchange.place(ACCOUNT, call_spread("2.90", 5), later(1)).order_id
    assert exchange.order(ACCOUNT, number).cum_qty == 3

    exchange.advance(batch({C3710: (2.0, 2.1, 50, 50)}, later(2)))
    assert exchange.order(ACCOUNT, number).cum_qty == 3, "the short leg's size is used up until its own next quote"
    exchange.advance(batch({C3700: (5.0, 5.2, 3, 50)}, later(3)))

    assert exchange.order(ACCOUNT, number).status is PaperStatus.FILLED
    assert [fill.quantity for fill in exchange.order(ACCOUNT, number).legs[0].fills] == [3, 2]


def test_the_older_order_takes_the_displayed_size_first(exchange):
    exchange.advance(batch({C3700: (4.0, 4.5, 1, 1)}, later(1)))
    first = exchange.place(OTHER, single(C3700, BTO, "-4.40"), later(1)).order_id
    second = exchange.place(ACCOUNT, single(C3700, BTO, "-4.40"), later(1)).order_id
    exchange.advance(batch({C3700: (4.0, 4.3, 1, 1)}, later(2)))
    assert exchange.order(OTHER, first).status is PaperStatus.FILLED
    assert exchange.order(ACCOUNT, second).status is PaperStatus.LIVE


@pytest.mark.parametrize(
    "quoted", [(None, None), (5.3, 5.2), (5.0, 5.2, 0, 0), (0.0, 5.2)], ids=["missing", "crossed", "no size", "zero"]
)
def test_nothing_fills_on_a_quote_that_nobody_could_trade(exchange, quoted):
    exchange.advance(batch({C3700: quoted}, later(1)))
    number = exchange.place(ACCOUNT, call_spread("0.05"), later(1)).order_id
    assert exchange.order(ACCOUNT, number).status is PaperStatus.LIVE
    exchange.advance(batch(SPREAD_QUOTES, later(2)))
    assert exchange.order(ACCOUNT, number).status is PaperStatus.FILLED


@pytest.mark.parametrize("halted", [C3700, SPX])
def test_a_halt_of_the_contract_or_its_underlying_stops_fills(exchange, halted):
    exchange.halt(frozenset({halted}))
    number = exchange.place(ACCOUNT, call_spread("2.90"), NOW).order_id
    assert exchange.order(ACCOUNT, number).status is PaperStatus.LIVE
    exchange.halt(frozenset())
    exchange.advance(batch(SPREAD_QUOTES, later(1)))
    assert exchange.order(ACCOUNT, number).status is PaperStatus.FILLED


def test_an_immediate_or_cancel_order_keeps_what_fills_at_once(exchange, events):
    exchange.advance(batch({C3700: (5.0, 5.2, 2, 2)}, later(1)))
    number = exchange.place(ACCOUNT, call_spread("2.90", 5, tif=TimeInForce.IOC), later(1)).order_id
    order = exchange.order(ACCOUNT, number)
    assert (order.status, order.cum_qty) == (PaperStatus.CANCELLED, 2)
    assert statuses(events)[-1] == (number, PaperStatus.CANCELLED)


def test_a_market_order_takes_the_quote(exchange):
    number = exchange.place(ACCOUNT, single(C3700, BTO, None), NOW).order_id
    assert exchange.order(ACCOUNT, number).legs[0].fills[0].price == Decimal("5.2")


def test_a_cancel_is_asked_for_and_takes_effect_with_the_next_advance(exchange, events):
    number = exchange.place(ACCOUNT, call_spread("3.50"), NOW).order_id
    assert exchange.cancel(ACCOUNT, number, later(1)).status is PaperStatus.CANCEL_REQUESTED
    assert exchange.cancel(ACCOUNT, number, later(1)).status is PaperStatus.CANCEL_REQUESTED
    exchange.tick(later(2))
    assert [status for _, status in statuses(events)][2:] == [PaperStatus.CANCEL_REQUESTED, PaperStatus.CANCELLED]
    with pytest.raises(OrderFinished) as finished:
        exchange.cancel(ACCOUNT, number, later(3))
    assert finished.value.order.status is PaperStatus.CANCELLED


def test_a_fill_may_overtake_a_cancel(exchange):
    number = exchange.place(ACCOUNT, call_spread("3.20"), NOW).order_id
    exchange.cancel(ACCOUNT, number, later(1))
    exchange.advance(batch({C3700: (5.5, 5.6)}, later(2)))
    assert exchange.order(ACCOUNT, number).status is PaperStatus.FILLED


def test_another_account_cannot_see_or_cancel_an_order(exchange):
    number = exchange.place(ACCOUNT, call_spread("3.50"), NOW).order_id
    assert exchange.order(OTHER, number) is None
    assert refused(lambda: exchange.cancel(OTHER, number, NOW)) == "order_not_found"


def test_a_replacement_waits_for_the_cancel_and_then_works(exchange, events):
    original = exchange.place(ACCOUNT, call_spread("3.50"), NOW).order_id
    waiting = exchange.replace(ACCOUNT, original, Decimal("2.90"), later(1))
    assert waiting.status is PaperStatus.RECEIVED
    assert exchange.order(ACCOUNT, waiting.order_id).legs[0].fills == ()

    exchange.tick(later(2))

    assert exchange.order(ACCOUNT, original).status is PaperStatus.CANCELLED
    assert exchange.order(ACCOUNT, original).replaced_by == waiting.order_id
    assert exchange.order(ACCOUNT, waiting.order_id).status is PaperStatus.FILLED
    assert exchange.order(ACCOUNT, waiting.order_id).replaces == original
    assert len(exchange.transactions(ACCOUNT)) == 2


def test_a_fill_of_the_original_aborts_its_replacement(exchange):
    original = exchange.place(ACCOUNT, call_spread("3.20", 2), NOW).order_id
    waiting = exchange.replace(ACCOUNT, original, Decimal("3.10"), later(1)).order_id
    exchange.advance(batch({C3700: (5.5, 5.6, 1, 1)}, later(2)))
    assert exchange.order(ACCOUNT, waiting).status is PaperStatus.REJECTED
    order = exchange.order(ACCOUNT, original)
    assert (order.status, order.cum_qty) == (PaperStatus.CANCELLED, 1)


def test_a_replacement_is_for_what_is_left(exchange):
    exchange.advance(batch({C3700: (5.0, 5.2, 2, 2)}, later(1)))
    original = exchange.place(ACCOUNT, call_spread("2.90", 5), later(1)).order_id
    waiting = exchange.replace(ACCOUNT, original, Decimal("2.80"), later(2))
    assert waiting.order_qty == 3


def test_a_replacement_may_use_what_its_original_holds(exchange):
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20"), NOW)
    close = exchange.place(ACCOUNT, single(C3700, STC, "9.00", strict=True), NOW).order_id
    assert exchange.replace(ACCOUNT, close, Decimal("8.00"), NOW).status is PaperStatus.RECEIVED

    largest = exchange.place(OTHER, call_spread("3.50", 70), NOW).order_id
    assert exchange.balances(OTHER).buying_power < 10_000
    assert exchange.replace(OTHER, largest, Decimal("3.40"), NOW).status is PaperStatus.RECEIVED


def test_a_finished_order_cannot_be_replaced(exchange):
    number = exchange.place(ACCOUNT, call_spread("2.90"), NOW).order_id
    with pytest.raises(OrderFinished):
        exchange.replace(ACCOUNT, number, Decimal("2.80"), NOW)


def test_a_day_order_expires_at_the_sessions_end_and_a_gtc_order_works_on(exchange):
    later_spread = NewOrder(
        legs=(Leg(symbol=G740C, action=STO), Leg(symbol=G750C, action=BTO)), order_qty=1, net_price=Decimal(9)
    )
    day = exchange.place(ACCOUNT, later_spread, NOW).order_id
    gtc = exchange.place(ACCOUNT, single("GOOG  210115C00760000", BTO, "-1.00", tif=TimeInForce.GTC), NOW).order_id
    exchange.end_session(SmallMarket(), CLOSES_AT)
    assert exchange.order(ACCOUNT, day).status is PaperStatus.EXPIRED
    assert exchange.order(ACCOUNT, gtc).status is PaperStatus.LIVE


def test_a_gtc_order_ends_with_its_contract(exchange):
    number = exchange.place(ACCOUNT, single(C3700, BTO, "-1.00", tif=TimeInForce.GTC), NOW).order_id
    exchange.end_session(SmallMarket(), CLOSES_AT)
    assert exchange.order(ACCOUNT, number).status is PaperStatus.EXPIRED


def test_sessions_may_end_product_by_product(tmp_path):
    halfway = OPENS_AT + timedelta(hours=3)
    exchange = open_exchange(
        tmp_path / "venue.sqlite",
        session_end=lambda contract, _: halfway if contract.underlying == GOOG else None,
    )
    early = exchange.place(ACCOUNT, single(G740C, BTO, "-1.00"), NOW).order_id
    late = exchange.place(ACCOUNT, single(C3700, BTO, "-1.00"), NOW).order_id

    exchange.advance(batch({G740C: (0.9, 1.0)}, halfway))
    assert exchange.order(ACCOUNT, early).status is PaperStatus.FILLED, "the last minute's bar still fills"
    early = exchange.place(ACCOUNT, single(G740P, BTO, "-1.00"), halfway).order_id
    exchange.advance(batch({G740P: (0.9, 1.0)}, halfway + timedelta(seconds=1)))

    assert exchange.order(ACCOUNT, early).status is PaperStatus.EXPIRED
    assert exchange.order(ACCOUNT, late).status is PaperStatus.LIVE


def test_an_order_before_the_open_waits_and_goes_live_with_it(exchange):
    number = exchange.place(ACCOUNT, call_spread("2.90"), OPENS_AT - timedelta(hours=1)).order_id
    assert exchange.order(ACCOUNT, number).status is PaperStatus.RECEIVED
    exchange.advance(batch({}, OPENS_AT - timedelta(minutes=1)))
    assert exchange.order(ACCOUNT, number).status is PaperStatus.RECEIVED
    exchange.advance(batch(SPREAD_QUOTES, OPENS_AT))
    assert exchange.order(ACCOUNT, number).status is PaperStatus.FILLED


def test_an_order_after_the_close_is_tomorrows_and_does_not_expire_today(exchange):
    symbol = "GOOG  210115C00760000"
    number = exchange.place(ACCOUNT, single(symbol, BTO, "-1.00"), CLOSES_AT + timedelta(seconds=1)).order_id
    exchange.end_session(SmallMarket(), CLOSES_AT + timedelta(seconds=2))
    assert exchange.order(ACCOUNT, number).status is PaperStatus.RECEIVED


def test_orders_of_a_session_that_ended_while_the_venue_was_down_expire(tmp_path):
    exchange = open_exchange(tmp_path / "venue.sqlite")
    number = exchange.place(ACCOUNT, single("GOOG  210115C00760000", BTO, "-1.00"), NOW).order_id
    tomorrow = timedelta(days=1)
    exchange.bind(
        replace(SmallMarket(), session=DAY + tomorrow, opens_at=OPENS_AT + tomorrow, closes_at=CLOSES_AT + tomorrow)
    )
    exchange.advance(batch({"GOOG  210115C00760000": (0.8, 0.9)}, NOW + tomorrow))
    assert exchange.order(ACCOUNT, number).status is PaperStatus.EXPIRED


def test_a_strict_close_of_more_than_is_held_is_refused(exchange):
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20"), NOW)
    assert refused(lambda: exchange.place(ACCOUNT, single(C3700, STC, "5.00", 2, strict=True), NOW)) == (
        "closing_with_no_position"
    )
    exchange.place(ACCOUNT, single(C3700, STC, "5.00", strict=True), NOW)
    assert exchange.positions(ACCOUNT) == ()


def test_a_second_close_of_the_same_position_is_refused_while_the_first_works(exchange):
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20"), NOW)
    first = exchange.place(ACCOUNT, single(C3700, STC, "9.00", strict=True), NOW).order_id
    second = single(C3700, STC, "8.00", strict=True)
    assert refused(lambda: exchange.place(ACCOUNT, second, NOW)) == "closing_with_no_position"
    exchange.cancel(ACCOUNT, first, NOW)
    exchange.tick(later(1))
    assert exchange.place(ACCOUNT, second, later(1)).status is PaperStatus.ROUTED


def test_a_working_close_takes_only_what_it_has_not_yet_closed(exchange):
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20", 3), NOW)
    exchange.advance(batch({C3700: (5.0, 5.2, 1, 1)}, later(1)))
    first = exchange.place(ACCOUNT, single(C3700, STC, "5.00", 2, strict=True), later(1)).order_id
    assert exchange.order(ACCOUNT, first).cum_qty == 1
    second = exchange.place(ACCOUNT, single(C3700, STC, "9.00", 1, strict=True), later(1))
    assert second.status is PaperStatus.ROUTED
    third = single(C3700, STC, "9.00", 1, strict=True)
    assert refused(lambda: exchange.place(ACCOUNT, third, later(1))) == "closing_with_no_position"


def test_without_strict_validation_a_close_with_nothing_to_close_silently_opens(exchange):
    warned = exchange.preview(ACCOUNT, single(C3700, STC, "5.00"), NOW).warnings
    number = exchange.place(ACCOUNT, single(C3700, STC, "5.00"), NOW).order_id
    assert exchange.order(ACCOUNT, number).legs[0].action is STO
    assert [held.quantity for held in exchange.positions(ACCOUNT)] == [-1]
    assert [warning.code for warning in warned] == ["closing_with_no_position"]


def test_an_opening_beyond_buying_power_is_refused_and_a_close_never_is(exchange):
    assert refused(lambda: exchange.place(ACCOUNT, condor("4.00", 200), NOW)) == "margin_check_failed"
    exchange.place(ACCOUNT, condor("4.00", 90), NOW)
    assert refused(lambda: exchange.place(ACCOUNT, call_spread("2.00", 90), NOW)) == "margin_check_failed"
    exchange.advance(batch({C3700: (900.0, 901.0)}, later(1)))
    close = single(C3700, BTC, "-901.00", 90, strict=True)
    number = exchange.place(ACCOUNT, close, later(1)).order_id
    assert exchange.order(ACCOUNT, number).status is PaperStatus.FILLED


def test_working_openings_hold_buying_power(exchange):
    before = exchange.balances(ACCOUNT).buying_power
    number = exchange.place(ACCOUNT, condor("9.00", 10), NOW).order_id
    held = before - exchange.balances(ACCOUNT).buying_power
    assert held == 10 * 1000 - 10 * 900 + exchange.preview(ACCOUNT, condor("9.00", 10), NOW).fees.total
    exchange.cancel(ACCOUNT, number, NOW)
    exchange.tick(later(1))
    assert exchange.balances(ACCOUNT).buying_power == before


def test_a_condor_moves_buying_power_by_its_largest_loss_and_its_fees(exchange):
    before = exchange.balances(ACCOUNT)
    preview = exchange.preview(ACCOUNT, condor("5.30"), NOW)
    exchange.place(ACCOUNT, condor("5.30"), NOW)
    after = exchange.balances(ACCOUNT)
    assert after.maintenance == 1000
    assert after.buying_power - before.buying_power == preview.buying_power_change == 530 - 1000 - preview.fees.total


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (single("NO SYMBOL AT ALL", BTO, "-1.00"), "symbol_not_found"),
        (single(SPX, BTO, "-1.00"), "not_tradable"),
        (single("SPXW  201231C03700000", BTO, "-1.00"), "instrument_expired"),
        (single(C3700, BTO, "1.00"), "cant_buy_for_credit"),
        (single(C3700, STO, "-1.00"), "cant_sell_for_debit"),
        (single(C3700, BTO, "-1.01"), "invalid_price_increment"),
        (single(C3700, BTO, "0"), "invalid_price"),
        (single(C3700, BTO, "-1.00", 10_001), "quantity_too_large"),
        (single(C3700, BTO, None, tif=TimeInForce.GTC), "gtc_market_orders_not_supported"),
        (call_spread("1.001"), "invalid_price_increment"),
        (
            NewOrder(legs=(Leg(symbol=C3700, action=BTO), Leg(symbol=G740C, action=STO)), order_qty=1, net_price=0),
            "legs_span_underlyings",
        ),
        (
            NewOrder(
                legs=(Leg(symbol=C3700, action=BTO), Leg(symbol=C3710, action=STO)), order_qty=1, order_type="MARKET"
            ),
            "market_order_multi_leg",
        ),
        (single(G740C, BTO, None), "no_quote"),
    ],
)
def test_what_cannot_be_an_order_is_refused_by_name_and_leaves_nothing(exchange, order, code):
    assert refused(lambda: exchange.place(ACCOUNT, order, NOW)) == code
    assert exchange.orders(ACCOUNT) == ()


def test_what_needs_an_open_market_is_refused_before_it(exchange):
    early = OPENS_AT - timedelta(minutes=1)
    assert refused(lambda: exchange.place(ACCOUNT, single(C3700, BTO, None), early)) == "market_order_when_closed"
    ioc = single(C3700, BTO, "-5.00", tif=TimeInForce.IOC)
    assert refused(lambda: exchange.place(ACCOUNT, ioc, early)) == "tif_next_valid_session"


def test_an_unknown_account_is_refused(exchange):
    assert refused(lambda: exchange.place("NOBODY", condor("4.00"), NOW)) == "account_not_found"


def test_the_legs_fault_breaks_a_combo_and_the_rest_waits_for_its_owner(exchange):
    exchange.behaviour = Behaviour(fill_legs_only=frozenset({0}))
    number = exchange.place(ACCOUNT, call_spread("2.90"), NOW).order_id
    order = exchange.order(ACCOUNT, number)
    assert (order.status, order.cum_qty) == (PaperStatus.LIVE, 0)
    assert [leg.remaining for leg in order.legs] == [0, 1]
    exchange.behaviour = Behaviour()
    exchange.advance(batch(SPREAD_QUOTES, later(1)))
    assert exchange.order(ACCOUNT, number).status is PaperStatus.LIVE
    assert refused(lambda: exchange.replace(ACCOUNT, number, Decimal("2.80"), later(1))) == "cannot_update_order"


def test_a_combo_may_be_told_of_leg_by_leg_under_its_final_status(exchange, events):
    exchange.behaviour = Behaviour(legs_told_singly=frozenset({ACCOUNT}))
    exchange.place(ACCOUNT, condor("4.00"), NOW)
    told = [event.order for event in events if isinstance(event, OrderChanged)][2:]
    assert [order.status for order in told] == [PaperStatus.FILLED] * 4
    assert [sum(len(leg.fills) for leg in order.legs) for order in told] == [1, 2, 3, 4]
    assert exchange.order(ACCOUNT, 1) == told[-1]


def test_the_reject_fault_takes_the_order_and_rejects_it_after(exchange, events):
    exchange.behaviour = Behaviour(reject_reason="route closed")
    number = exchange.place(ACCOUNT, condor("4.00"), NOW).order_id
    assert statuses(events) == [(number, PaperStatus.ROUTED), (number, PaperStatus.REJECTED)]
    assert exchange.order(ACCOUNT, number).reject_reason == "route closed"


def test_with_concession_a_limit_between_mid_and_natural_fills_at_the_limit_inside_every_quote(exchange):
    exchange.behaviour = Behaviour(concession=Decimal("0.5"))
    asking_too_much = exchange.place(ACCOUNT, call_spread("3.00"), NOW).order_id
    modest = exchange.place(ACCOUNT, call_spread("2.95"), NOW).order_id
    assert exchange.order(ACCOUNT, asking_too_much).status is PaperStatus.LIVE
    sold, bought = (leg.fills[0].price for leg in exchange.order(ACCOUNT, modest).legs)
    assert sold - bought == Decimal("2.95")
    assert 5 <= sold <= Decimal("5.2")
    assert 2 <= bought <= Decimal("2.1")


def test_the_3700_call_settles_at_3700_65_and_pays_65_dollars(exchange):
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20"), NOW)
    exchange.place(OTHER, call_spread("2.90"), NOW)
    before = exchange.balances(ACCOUNT).cash, exchange.balances(OTHER).cash
    exchange.end_session(SmallMarket(settles={SPX: 3700.65}), CLOSES_AT)

    assert exchange.balances(ACCOUNT).cash - before[0] == Decimal(65) - DELIVERY
    assert exchange.balances(OTHER).cash - before[1] == Decimal(-65), "Alpaca takes nothing for an assignment"
    assert exchange.positions(ACCOUNT) == exchange.positions(OTHER) == ()
    short, long = exchange.transactions(OTHER)[-2:]
    assert (short.type, short.price, short.value) == (TransactionType.SETTLEMENT, Decimal("0.65"), Decimal(-65))
    assert (long.type, long.value) == (TransactionType.EXPIRATION, 0)


def test_an_equity_option_in_the_money_becomes_shares(exchange):
    exchange.advance(batch({G740C: (8.0, 8.2), G740P: (3.0, 3.2), G750C: (2.0, 2.2)}, NOW, {GOOG: 748.0}))
    exchange.place(ACCOUNT, single(G740C, BTO, "-8.20"), NOW)
    exchange.place(ACCOUNT, single(G750C, STO, "2.00"), NOW)
    before = exchange.balances(ACCOUNT).cash
    exchange.end_session(SmallMarket(settles={GOOG: 748.01}), CLOSES_AT)

    assert [(held.symbol, held.quantity, held.average_price) for held in exchange.positions(ACCOUNT)] == [
        (GOOG, 100, Decimal(740))
    ]
    assert exchange.balances(ACCOUNT).cash - before == -74_000 - DELIVERY, "a position, and nothing for the shares"
    kinds = [booked.type for booked in exchange.transactions(ACCOUNT)[-3:]]
    assert kinds == [TransactionType.EXERCISE, TransactionType.EXERCISE, TransactionType.EXPIRATION]


def test_shares_of_one_underlying_delivered_both_ways_offset_each_other(exchange):
    exchange.advance(batch({G740C: (8.0, 8.2), G750C: (2.0, 2.2)}, NOW, {GOOG: 748.0}))
    exchange.place(ACCOUNT, single(G740C, BTO, "-8.20"), NOW)
    exchange.place(ACCOUNT, single(G750C, STO, "2.00"), NOW)
    exchange.end_session(SmallMarket(settles={GOOG: 760.0}), CLOSES_AT)
    assert exchange.positions(ACCOUNT) == ()
    shares = [booked for booked in exchange.transactions(ACCOUNT) if booked.symbol == GOOG]
    assert [booked.action for booked in shares] == [BTO, STC]
    assert [booked.type for booked in shares] == [TransactionType.EXERCISE, TransactionType.ASSIGNMENT]


def test_a_short_is_assigned_early_on_command_whole_or_in_part(exchange):
    exchange.advance(batch({G740C: (8.0, 8.2), G740P: (3.0, 3.2)}, NOW, {GOOG: 748.0}))
    exchange.place(ACCOUNT, single(G740P, STO, "3.00", 3), NOW)
    before = exchange.balances(ACCOUNT).cash
    exchange.assign(later(60), ACCOUNT, G740P, 2)
    assert {held.symbol: held.quantity for held in exchange.positions(ACCOUNT)} == {G740P: -1, GOOG: 200}
    assert exchange.balances(ACCOUNT).cash - before == -148_000 - DELIVERY
    kinds = [(booked.type, booked.symbol) for booked in exchange.transactions(ACCOUNT)[-2:]]
    assert kinds == [(TransactionType.ASSIGNMENT, G740P), (TransactionType.ASSIGNMENT, GOOG)]


def test_a_short_call_that_is_assigned_takes_the_shares_away(exchange):
    exchange.advance(batch({G740C: (8.0, 8.2)}, NOW, {GOOG: 748.0}))
    exchange.place(ACCOUNT, single(G740C, STO, "8.00"), NOW)
    exchange.assign(later(60), ACCOUNT, G740C, 1)
    assert [(held.symbol, held.quantity) for held in exchange.positions(ACCOUNT)] == [(GOOG, -100)]


def test_only_american_shorts_that_are_held_are_assigned(exchange):
    exchange.place(ACCOUNT, single(C3700, STO, "5.00"), NOW)
    with pytest.raises(ValueError, match="never early"):
        exchange.assign(NOW, ACCOUNT, C3700, 1)
    with pytest.raises(ValueError, match=f"short 0 of {G740C}, not 1"):
        exchange.assign(NOW, ACCOUNT, G740C, 1)


def test_the_commission_cap_counts_every_fill_of_a_leg(exchange):
    for second in range(3):
        exchange.advance(batch({G740C: (8.0, 8.2, 6, 6)}, later(second)))
        if second == 0:
            exchange.place(ACCOUNT, single(G740C, BTO, "-8.20", 18), later(second))
    assert [booked.quantity for booked in exchange.transactions(ACCOUNT)] == [6, 6, 6]
    assert [booked.commission for booked in exchange.transactions(ACCOUNT)] == [6, 4, 0]


def test_what_has_no_settlement_price_stays_and_is_named(exchange):
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20"), NOW)
    exchange.end_session(SmallMarket(), CLOSES_AT)
    assert exchange.unsettled == (C3700,)
    assert [held.symbol for held in exchange.positions(ACCOUNT)] == [C3700]
    exchange.end_session(SmallMarket(settles={SPX: 3700.65}), CLOSES_AT)
    assert exchange.unsettled == ()


def test_ending_a_session_twice_settles_once(exchange):
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20"), NOW)
    market = SmallMarket(settles={SPX: 3700.65})
    exchange.end_session(market, CLOSES_AT)
    cash = exchange.balances(ACCOUNT).cash
    exchange.end_session(market, CLOSES_AT)
    assert exchange.balances(ACCOUNT).cash == cash


def test_orders_and_transactions_can_be_asked_for_since(exchange):
    done = exchange.place(ACCOUNT, condor("4.00"), NOW).order_id
    working = exchange.place(ACCOUNT, call_spread("9.00"), NOW).order_id
    recent = exchange.place(ACCOUNT, single(P3690, BTO, "-4.20", client_id="mine"), later(60)).order_id
    assert [order.order_id for order in exchange.orders(ACCOUNT)] == [done, working, recent]
    assert [order.order_id for order in exchange.orders(ACCOUNT, later(30))] == [working, recent]
    assert len(exchange.transactions(ACCOUNT, later(30))) == 1
    assert exchange.order_by_client_id(ACCOUNT, "mine").order_id == recent
    assert exchange.order_by_client_id(OTHER, "mine") is None


def test_what_was_held_at_a_moment_is_what_was_booked_until_then_however_the_day_went_on(tmp_path):
    exchange = open_exchange(tmp_path / "venue.sqlite")
    exchange.advance(batch(CONDOR_QUOTES, last={SPX: 3698.0}))
    exchange.place(ACCOUNT, single(C3700, BTO, "-5.20"), NOW)
    after = NOW + timedelta(seconds=1)
    exchange.advance(batch(CONDOR_QUOTES, after))
    exchange.place(ACCOUNT, single(C3700, STC, "5.00"), after)
    assert exchange.positions(ACCOUNT) == ()
    assert exchange.held_at(NOW) == ()
    assert exchange.held_at(after) == (C3700,)
    assert exchange.held_at(after + timedelta(seconds=1)) == ()
