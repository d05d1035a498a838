"""The schedule of a price: by valid ticks, with a cap, and with an end."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders.working import End, GiveUp, Hold, Plan, Reprice, Spread, Working, next_step, price_of
from tests.fakes import START

SPREAD = Spread(mid=Decimal("2.00"), natural=Decimal("1.60"), marketable=Decimal("1.50"), tick=Decimal("0.05"))
PLAN = Plan(step_s=10, give_up_s=60)


def working(worst: str | None = None, **plan: object) -> Working:
    worst_px = None if worst is None else Decimal(worst)
    return Working(plan=PLAN.model_copy(update=plan), began_at=START, worst_px=worst_px)


def at(seconds: float):
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("plan", "worst", "prices"),
    [
        ({}, None, ["2.00", "1.90", "1.80", "1.70", "1.60", "1.60"]),
        ({}, "1.75", ["2.00", "1.90", "1.80", "1.75", "1.75", "1.75"]),
        ({"start": Decimal("0.5")}, None, ["1.80", "1.70", "1.60", "1.60", "1.60", "1.60"]),
        ({"concession_max": Decimal("0.5")}, None, ["2.00", "1.90", "1.80", "1.80", "1.80", "1.80"]),
        ({"step_ticks": 3}, None, ["2.00", "1.85", "1.70", "1.60", "1.60", "1.60"]),
        ({"step_share": Decimal("0.1")}, None, ["2.00", "1.95", "1.90", "1.85", "1.80", "1.80"]),
    ],
)
def test_each_step_has_its_price(plan, worst, prices):
    seen = [price_of(working(worst, **plan), at(10 * step), SPREAD) for step in range(6)]
    assert seen == [Decimal(price) for price in prices]


@given(
    st.decimals(-20, 20, places=3),
    st.decimals(0, 5, places=3),
    st.sampled_from(["0.01", "0.05", "0.10"]),
    st.floats(0, 1000),
)
def test_a_price_is_on_its_tick_and_never_beyond_the_natural_by_more_than_one(mid, width, tick, seconds):
    spread = Spread(mid=mid, natural=mid - width, marketable=mid - width - 1, tick=Decimal(tick))
    price = price_of(working(), at(seconds), spread)
    assert price % spread.tick == 0
    assert spread.natural - spread.tick < price <= mid


@given(st.lists(st.floats(0, 100), min_size=2, max_size=10).map(sorted))
def test_while_the_market_stands_still_prices_only_come_nearer(moments):
    prices = [price_of(working(), at(moment), SPREAD) for moment in moments]
    assert prices == sorted(prices, reverse=True)


@pytest.mark.parametrize(
    ("since", "now", "net_price", "expected"),
    [
        (0, 9.9, "2.00", Hold()),
        (0, 10, "2.00", Reprice(Decimal("1.90"))),
        (10, 19, "1.90", Hold()),
        (40, 55, "1.60", Hold()),
        (40, 60, "1.60", End()),
    ],
)
def test_a_price_stands_for_a_step_and_the_end_comes_on_time(since, now, net_price, expected):
    assert next_step(working(), Decimal(net_price), at(since), at(now), SPREAD) == expected


def test_without_sound_quotes_nothing_moves_but_time():
    assert next_step(working(), Decimal("2.00"), at(0), at(30), None) == Hold()
    assert next_step(working(), Decimal("2.00"), at(0), at(60), None) == End()


def test_a_close_goes_to_the_market_at_once_when_its_time_has_come_and_follows_it_by_steps():
    market = working(give_up=GiveUp.MARKET)
    assert next_step(market, Decimal("1.60"), at(58), at(60), SPREAD) == Reprice(Decimal("1.50"))
    lower = Spread(SPREAD.mid, SPREAD.natural, Decimal("1.20"), SPREAD.tick)
    assert next_step(market, Decimal("1.50"), at(60), at(65), lower) == Hold()
    assert next_step(market, Decimal("1.50"), at(60), at(70), lower) == Reprice(Decimal("1.20"))
    assert next_step(market, Decimal("1.60"), at(58), at(60), None) == Hold()
