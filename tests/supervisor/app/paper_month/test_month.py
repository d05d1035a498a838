"""A day of seven percent down, with deaths on the way: what is lost stays inside the limit, and says by which rule."""

from datetime import date
from pathlib import Path

import pytest

from actors import breaker_watch
from actors.config import load
from supervisor.app.paper_month.month import play
from supervisor.app.paper_month.shells import Tables
from tests.builders import MARGINS
from tests.expiries import PRODUCTS, SESSIONS, TABLE

ROOT = Path(__file__).resolve().parents[4]
HALF_DAY = date(2026, 11, 27)
TABLES = Tables(products=PRODUCTS, sessions=SESSIONS, expiry=TABLE, margins=MARGINS)


def played(seed: int):
    """A crash of seven percent on a half day, with deaths on the way."""
    return play(seed, 1, HALF_DAY, load(ROOT / "config" / "month.toml"), TABLES)


def test_in_a_crash_nobody_loses_more_than_was_configured_and_the_gap_and_it_is_told_by_which_rule():
    told = played(1)
    assert told.faults == ()
    (crash,) = told.days
    assert crash.move == pytest.approx(-0.07, abs=0.005)
    rules = {deed.rule: deed for deed in crash.deeds}
    crossed = [loss for loss in crash.losses if loss.crossed_at is not None]
    assert crossed, "the limit was never reached: this shows nothing"
    for loss in crossed:
        assert "loss of the day" in rules[f"breaker account.{loss.account}.loss_day.flatten"].last
        assert rules[f"risk closes for breaker account.{loss.account}.loss_day.flatten"].times > 0
    assert told.deaths > 5
    assert rules["executor recovered"].times > 0
    assert told.orders > 20


def test_without_the_breakers_hand_the_same_crash_is_not_held(monkeypatch):
    monkeypatch.setattr(breaker_watch.BreakerWatch, "_to_close", lambda *_: {})
    assert any("could still lose" in fault for fault in played(1).faults)
