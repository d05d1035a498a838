"""The strangle: which expiry, which legs, and the three ways out."""

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from actors.domain.orders.order import Action
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Close, Open
from actors.strategies.short_strangle import ShortStrangle, StrangleParameters

TEN_AM_S = 30 * 60
SESSION = date(2026, 11, 23)
STRIKES = list(range(5000, 7005, 25))


def strangle(**parameters) -> ShortStrangle:
    return ShortStrangle("SPX", StrangleParameters.model_validate({"quote_age_max_s": 86_400} | parameters))


def market_in(make_market, days: int):
    return make_market(STRIKES, expires_on=SESSION + timedelta(days=days), std_dev=0.07)


@pytest.fixture
def desk(make_market, make_desk):
    return make_desk(strangle(), market_in(make_market, 44))


def opened(desk) -> None:
    desk.look(TEN_AM_S)
    desk.end(Status.FILLED)
    desk.look()


def test_it_sells_a_call_and_a_put_near_the_delta(desk):
    (ask,) = desk.look(TEN_AM_S)
    assert isinstance(ask.request, Open)
    put, call = (desk.market.contract(leg.symbol) for leg in ask.request.legs)
    assert {leg.action for leg in ask.request.legs} == {Action.SELL_TO_OPEN}
    assert (put.right.value, call.right.value) == ("P", "C")
    assert 5500 < put.strike < 5650
    assert 6380 < call.strike < 6500


@pytest.mark.parametrize(("days", "enters"), [(34, False), (35, True), (60, True), (61, False)])
def test_only_expiries_in_range_are_sold(make_market, make_desk, days, enters):
    desk = make_desk(strangle(), market_in(make_market, days))
    assert bool(desk.look(TEN_AM_S)) is enters


def test_half_the_credit_is_taken(desk):
    opened(desk)
    desk.market.std_dev = 0.045
    desk.market.quote(desk.now)
    (ask,) = desk.look(1)
    assert isinstance(ask.request, Close)
    assert "profit target" in ask.reason


def test_the_stop_closes(desk):
    opened(desk)
    desk.market.spot = 6450
    desk.market.quote(desk.now)
    (ask,) = desk.look(1)
    assert "stop" in ask.reason


@pytest.mark.parametrize(("days", "leaves"), [(22, False), (21, True)])
def test_it_leaves_with_21_days_to_go(make_market, make_desk, days, leaves):
    desk = make_desk(strangle(dte_min=22, dte=30), market_in(make_market, 30))
    opened(desk)
    (held,) = desk.structures.values()
    aged = market_in(make_market, days)
    legs = tuple(
        leg.model_copy(update={"symbol": aged.contracts[desk.market.table.row_of[leg.symbol]].symbol})
        for leg in held.legs
    )
    desk.market = aged
    desk.structures[held.structure_id] = held.model_copy(update={"legs": legs, "entry_price": None})
    asks = desk.look(1)
    assert bool(asks) is leaves
    if leaves:
        assert "21 days to expiry" in asks[0].reason


@pytest.mark.parametrize("wrong", [{"dte": 30, "dte_min": 35}, {"dte_max": 40}, {"exit_dte": 40}])
def test_days_that_contradict_are_refused(wrong):
    with pytest.raises(ValidationError):
        StrangleParameters(**wrong)
