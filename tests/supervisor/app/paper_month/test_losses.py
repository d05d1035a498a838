"""What counts as lost, as the limit, and as the gap, seen from outside."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from actors.config import load, with_overrides
from actors.venue.board import Board
from actors.venue.market import Batch
from supervisor.app.paper_month.losses import REACTION, LossWatch, Sighted, day_limit, sighted
from tests.expiries import PRODUCTS

CONFIG = load(Path(__file__).resolve().parents[4] / "config" / "month.toml")
AT = datetime(2026, 11, 30, 15, tzinfo=UTC)
SHORT, LONG = "SPXW  261130P05000000", "SPXW  261130P04980000"
BASE, LIMIT = Decimal(100_000), Decimal(5_000)


class Listed:
    """A market of two puts."""

    session, opens_at, closes_at, skipped = AT.date(), AT, AT, ()
    contracts = tuple(PRODUCTS.contract(symbol) for symbol in ("SPX", SHORT, LONG))


def board(short: tuple[float, float], long: tuple[float, float]) -> Board:
    shown = Board(Listed())
    bid, ask = (np.array([np.nan, short[side], long[side]]) for side in (0, 1))
    size, stamp = np.full(3, 10, np.float32), np.zeros(3, np.int64)
    shown.post(Batch(AT, np.arange(3, dtype=np.int32), bid, ask, size, size, np.array([5000.0, np.nan, np.nan]), stamp))
    return shown


def watched(*losses: int | None, flattens: bool = True, exposed: bool = True, fees: tuple[int, ...] = ()):
    watch = LossWatch("a", BASE, LIMIT, flattens=flattens)
    for minute, loss in enumerate(losses):
        seen = None if loss is None else Sighted(BASE - loss, exposed)
        watch.see(AT + timedelta(minutes=minute), seen, Decimal(fees[minute] if fees else 0))
    return watch.result


def test_a_spread_is_marked_where_it_could_be_closed_but_never_below_its_worst_expiry():
    held = {SHORT: -1, LONG: 1}
    assert sighted(BASE, held, board((9, 10), (4, 5))) == Sighted(BASE - 600, is_exposed=True)
    assert sighted(BASE, held, board((40, 60), (20, 35))) == Sighted(BASE - 2_000, is_exposed=False)


def test_what_has_no_offer_has_no_mark_and_what_nobody_bids_for_is_worth_nothing():
    assert sighted(BASE, {SHORT: -1}, board((np.nan, np.nan), (1, 2))) is None
    assert sighted(BASE, {LONG: 1}, board((1, 2), (np.nan, 0.05))) == Sighted(BASE, is_exposed=False)
    assert sighted(BASE, {"SPXW  261201P05000000": 1}, board((1, 2), (1, 2))) is None


def test_inside_its_limit_an_account_is_held_whatever_it_holds():
    result = watched(0, 3_000, 4_999, 100)
    assert (result.is_held, result.crossed_at, result.gap, result.worst) == (True, None, 0, 4_999)


def test_a_leap_over_the_limit_is_the_gap_where_the_account_is_out_when_the_reaction_is_over():
    result = watched(1_000, 7_000, 7_500)
    assert (result.gap, result.worst, result.is_held) == (2_500, 7_500, True)
    late = watched(1_000, *[7_000] * int(REACTION.total_seconds() / 60 + 2))
    assert (late.exposed_after, late.is_held) == (True, False)
    assert watched(1_000, *[7_000] * 9, exposed=False).is_held


def test_what_is_lost_after_the_reaction_is_no_gap():
    result = watched(1_000, *[7_000] * 6, 7_100, exposed=False)
    assert (result.gap, result.is_held) == (2_000, False)
    paid = watched(1_000, *[7_000] * 6, 7_100, exposed=False, fees=(0, 5, 5, 5, 5, 5, 5, 105))
    assert (paid.fees, paid.is_held) == (100, True)


def test_time_without_quotes_does_not_count_as_time_to_react():
    assert watched(1_000, 7_000, *[None] * 15, 7_400, 100).is_held


@pytest.mark.parametrize(
    ("steps", "limit", "flattens"),
    [
        ([{"at": "0.04", "step": "reduce"}, {"at": "0.05", "step": "flatten"}], 5_000, True),
        ([{"at": "0.04", "step": "reduce"}], 4_000 + 10_000, False),
    ],
)
def test_the_limit_is_where_a_breaker_flattens_or_else_all_that_may_be_held_beyond_where_openings_stop(
    steps, limit, flattens
):
    config = with_overrides(CONFIG, {"breakers.account.loss_day": steps})
    assert day_limit(config, BASE) == (limit, flattens)
