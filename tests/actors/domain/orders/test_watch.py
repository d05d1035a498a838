"""Whether a stop is reached: never by one print, never by a stale one."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Leg, Stop
from actors.domain.orders.signal import Close, Open
from actors.domain.orders.trigger import Trigger, TriggerState
from actors.domain.orders.watch import Memory, Sight, judge, look
from actors.domain.orders.watch_settings import Missed, Watched, WatchSettings
from tests.builders import condor_legs, quotes, universe
from tests.fakes import START

RULES = WatchSettings(looks_min=3, confirm_s=1.0)
CLOSING = tuple(Leg(symbol=leg.symbol, action=leg.action.closing) for leg in condor_legs())


def resting(stop: Stop, *, opens: bool = False, **changes: object) -> Trigger:
    request = (
        Open(underlying="SPX", legs=condor_legs(), order_qty=1, stop=stop)
        if opens
        else Close(structure_id="s", stop=stop)
    )
    fields = {"trigger_id": "x", "signal_id": "x", "strategy": "s", "state": TriggerState.ARMED, "expires_at": START}
    return Trigger(**fields, request=request, armed_epoch=1, **changes)


def sights(
    trigger: Trigger, prices: list[str], *, every_s: float = 0.6, epoch: int = 1, rules: WatchSettings = RULES
) -> list[Sight]:
    memory, seen = Memory(), []
    for place, px in enumerate(prices, start=1):
        now = START + timedelta(seconds=place * every_s)
        memory, sight = judge(trigger, memory, Decimal(px), place, now, epoch, rules)
        if sight is Sight.TRAILED:
            trigger = trigger.model_copy(update={"high_px": memory.trail_px})
        seen.append(sight)
    return seen


N, R, T, M = Sight.NOTHING, Sight.REACHED, Sight.TRAILED, Sight.MISSED
FIXED, TRAIL = Stop(stop_px=Decimal(-3)), Stop(trail=Decimal("0.5"))


@pytest.mark.parametrize(
    ("stop", "prices", "expected"),
    [
        (FIXED, ["-3", "-3", "-3"], [N, N, R]),
        (FIXED, ["-4", "-3", "-2.99", "-3", "-3", "-3"], [N, N, N, N, N, R]),
        (FIXED, ["-2", "-2", "-2"], [N, N, N]),
        (TRAIL, ["-2", "-2", "-2", "-2.5", "-2.5", "-2.5"], [N, N, T, N, N, R]),
        (TRAIL, ["-2", "-1.9", "-1.8", "-2.4", "-2.4", "-2.4"], [N, N, T, N, N, N]),
        (TRAIL, ["-2", "-2", "-2", "-1", "-2", "-2", "-2.4"], [N, N, T, N, N, N, N]),
    ],
)
def test_a_level_is_reached_and_a_trail_moved_by_looks_that_agree(stop, prices, expected):
    assert sights(resting(stop), prices) == expected


def test_looks_that_agree_too_fast_do_not_count():
    assert sights(resting(FIXED), ["-3"] * 20, every_s=0.05)[:20] == [N] * 20
    assert R in sights(resting(FIXED), ["-3"] * 40, every_s=0.05)


def test_a_quote_already_counted_means_nothing():
    memory, sight = judge(resting(FIXED), Memory(stamp=5), Decimal(-9), 5, START, 1, RULES)
    assert (memory, sight) == (Memory(stamp=5), N)


@given(st.lists(st.sampled_from(["-2.9", "-3", "-5", "-1"]), max_size=40))
def test_nothing_fires_without_as_many_looks_in_a_row_as_asked_for(prices):
    for place, sight in enumerate(sights(resting(FIXED), prices)):
        if sight is R:
            assert all(Decimal(px) <= -3 for px in prices[place - 2 : place + 1])


@given(st.lists(st.decimals(-5, 0, places=2), max_size=40))
def test_a_trail_only_ever_rises_and_never_above_what_was_seen(prices):
    trigger, memory = resting(TRAIL), Memory()
    for place, px in enumerate(prices, start=1):
        before = trigger.high_px
        memory, sight = judge(trigger, memory, px, place, START + timedelta(seconds=place), 1, RULES)
        if sight is Sight.TRAILED:
            trigger = trigger.model_copy(update={"high_px": memory.trail_px})
            assert before is None or trigger.high_px > before
            assert trigger.high_px <= min(prices[max(0, place - 3) : place])


def test_a_level_crossed_while_nobody_looked_follows_the_policy():
    fire = sights(resting(FIXED), ["-4"] * 3, epoch=2)
    tell = sights(
        resting(FIXED),
        ["-4"] * 5 + ["-1"] + ["-4"] * 3,
        epoch=2,
        rules=RULES.model_copy(update={"missed_close": Missed.ALERT}),
    )
    opening = sights(resting(FIXED, opens=True), ["-4"] * 4, epoch=2)
    assert fire == [N, N, R]
    assert tell == [N, N, M, N, N, N, N, N, R]
    assert opening == [N, N, M, N]


def table(**changes: object) -> QuoteTable:
    kept, frame = QuoteTable(universe()), quotes(10**12, at=START)
    for name, (row, value) in changes.items():
        getattr(frame, name)[row] = value
    kept.apply(frame)
    return kept


@pytest.mark.parametrize(("watched", "price"), [(Watched.MID, Decimal("-2.00")), (Watched.NATURAL, Decimal("-2.10"))])
def test_the_price_watched_has_a_name(watched, price):
    assert look(CLOSING, table(), START, 10**12, WatchSettings(watched=watched)) == price


@pytest.mark.parametrize(
    "changes",
    [
        {"ask": (2, np.nan)},
        {"ask": (2, 9.0)},
        {"bid": (1, np.nan), "ask": (1, 2.0)},
        {"codes": (3, 0x100)},
        {"exchange_ns": (4, int((START.timestamp() - 60) * 1e9))},
        {"bid": (2, 2.5)},
    ],
)
def test_what_is_not_sound_is_not_looked_at(changes):
    assert look(CLOSING, table(**changes), START, 10**12, RULES) is None


def test_quotes_that_came_long_ago_are_not_looked_at():
    assert look(CLOSING, table(), START, 10**12 + int(6e9), RULES) is None


def test_a_wing_nobody_bids_for_counts_as_worth_little():
    px = look(CLOSING, table(bid=(1, np.nan), ask=(1, 0.10)), START, 10**12, RULES)
    assert px == Decimal("-2.00") - Decimal("1.025") + Decimal("0.05")
