"""The spread that two strikes allow, held through expiry."""

from datetime import timedelta
from decimal import Decimal

import pytest

from actors.domain.orders.order import Action
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Open
from actors.strategies.credit_spread import CreditSpread, SpreadParameters

TEN_AM_S = 30 * 60


def spread(**parameters) -> CreditSpread:
    return CreditSpread("SPX", SpreadParameters.model_validate({"quote_age_max_s": 86_400} | parameters))


def test_two_strikes_are_enough_and_it_is_held_through_expiry(make_market, make_desk):
    market = make_market([3700, 3800], spot=3762.0, std_dev=0.012)
    desk = make_desk(spread(right="C", short_strike="3700", width="100"), market)
    (ask,) = desk.look(TEN_AM_S)
    assert isinstance(ask.request, Open)
    sold, bought = ask.request.legs
    assert (sold.action, bought.action) == (Action.SELL_TO_OPEN, Action.BUY_TO_OPEN)
    assert (market.contract(sold.symbol).strike, market.contract(bought.symbol).strike) == (3700, 3800)
    assert 55 < ask.request.net_price < 65
    desk.end(Status.FILLED)
    for _ in range(60):
        market.spot -= 1.05
        market.quote(desk.now + timedelta(minutes=6))
        assert desk.look(360) == ()


@pytest.mark.parametrize(("right", "beyond"), [("C", 25), ("P", -25)])
def test_by_delta_the_long_lies_farther_out_of_the_money(market, make_desk, right, beyond):
    desk = make_desk(spread(right=right, width="25"), market)
    (ask,) = desk.look(TEN_AM_S)
    sold, bought = (market.contract(leg.symbol) for leg in ask.request.legs)
    assert sold.right.value == bought.right.value == right
    assert bought.strike - sold.strike == beyond
    assert abs(abs(sold.strike - Decimal(6000)) - 48) <= 5


@pytest.mark.parametrize(
    ("parameters", "note"),
    [
        ({"short_strike": "5999"}, "points beyond 5999"),
        ({"short_strike": "5805"}, "25 points beyond 5805"),
        ({"short_delta": 0.0001, "delta_excess": 0}, "at delta 0.00"),
        ({"dte": 1}, "expires in 1 days"),
    ],
)
def test_what_is_not_there_is_named(market, make_desk, parameters, note):
    desk = make_desk(spread(**parameters), market)
    assert desk.look(TEN_AM_S) == ()
    assert note in desk.last.note
