"""Numbers, times and ages as the panel writes them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from supervisor.panel import formats

AT = datetime(2026, 11, 30, 16, 42, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("1234.5"), "+1,234.50"),
        ("-0.125", "\N{MINUS SIGN}0.12"),
        (0, "+0.00"),
        (None, "unknown"),
        (float("nan"), "unknown"),
        ("Infinity", "unknown"),
        ("text", "unknown"),
    ],
)
def test_money_has_its_sign_and_what_is_no_number_is_unknown(value, written):
    assert formats.money(value) == written


@pytest.mark.parametrize(("value", "side"), [("0.01", "gain"), (-1, "loss"), (0, ""), (None, ""), (float("nan"), "")])
def test_a_side_is_a_word_never_a_colour_alone(value, side):
    assert formats.side(value) == side


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.44, "0.4 s"),
        (-3, "0.0 s"),
        (75, "75 s"),
        (119.6, "120 s"),
        (600, "10 min"),
        (7_380, "2 h 03 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_units(seconds, words):
    assert formats.span(seconds) == words


def test_times_are_new_yorks():
    assert formats.clock(AT) == "11:42:07"
    assert formats.day(AT.isoformat()) == "Mon 30 Nov 11:42:07"
    assert formats.clock(None) == "unknown"


def test_an_age_counts_on_from_its_instant_and_says_when_it_is_stale():
    now_s = AT.timestamp()
    fresh, stale = formats.age(2.0, 3, now_s), formats.age(4.0, 3, now_s)
    assert f'data-at="{round((now_s - 2) * 1000)}"' in fresh
    assert "stale" not in fresh
    assert 'class="age stale"' in stale
    assert "unknown" in formats.age(None, 3, now_s)


def test_what_is_left_is_told_on_one_clock():
    assert formats.left(AT + timedelta(minutes=90), AT) == "90 min left"
    assert formats.left(AT, AT.isoformat()) == "over"


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("SPXW  261127P05850000", "SPXW 27 Nov 5,850 P"),
        ("SPY   261127C00611500", "SPY 27 Nov 611.5 C"),
        ("SPX", "SPX"),
        ("./ESZ26 E1AZ26 261204P6000", "./ESZ26 E1AZ26 261204P6000"),
    ],
)
def test_a_contract_is_said_as_a_trader_says_it(symbol, words):
    assert formats.contract(symbol) == words
    assert formats.said(f"short 1 {symbol}: x") == f"short 1 {words}: x"


@pytest.mark.parametrize(("used", "width"), [(None, None), (-1.0, 0), (0.336, 34), (16.5, 100)])
def test_a_bar_is_never_wider_than_its_limit(used, width):
    assert formats.bar(used) == width
