"""What permit follows, rule by rule."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from actors.domain.orders.order import Action, Leg
from actors.domain.orders.report import Status
from actors.domain.portfolio.view import BookView, OrderView, Phase, StructureView
from actors.domain.risk.issue import FeedSight, IssueLimits, Rule, findings, trading_state
from actors.domain.risk.permit import TradingState

LIMITS = IssueLimits(feed_heard_max_s=5, feed_frame_max_s=90)
FEED = FeedSight(connected=True, heard_age_s=0.2, frame_age_s=0.1)
HELD = StructureView(
    structure_id="S",
    strategy="s",
    underlying="SPX",
    account_domain="d",
    phase=Phase.OPEN,
    legs=(Leg(symbol="A", action=Action.SELL_TO_OPEN),),
    order_qty=1,
    quantity=1,
    holdings={"A": -1},
    entry_price=Decimal(1),
    cash=Decimal(100),
    fees=Decimal(0),
    opened_at=datetime(2026, 11, 23, 15, tzinfo=UTC),
)
WORKING = OrderView(
    cl_ord_id="O",
    structure_id="O",
    strategy="s",
    status=Status.NEW,
    in_doubt=False,
    route="r",
    order_qty=1,
    cum_qty=0,
    net_price=Decimal(1),
)


def book(**changes) -> BookView:
    plain = {
        "journal_sequence": 7,
        "executor_epoch": 1,
        "ready": True,
        "structures": (),
        "orders": (),
        "baseline": {"a": Decimal(60_000), "b": Decimal(40_000)},
        "pnl_day": Decimal(0),
    }
    return BookView(**(plain | changes))


def found(seen=None, feed=FEED, stop="none"):
    return findings(seen, feed, stop, "by hand", LIMITS)


def test_when_nothing_withholds_it_is_active_and_gives_no_reason():
    assert found(book()) == ()
    assert trading_state(()) is TradingState.ACTIVE


@pytest.mark.parametrize(
    ("seen", "feed", "stop", "rule", "state", "says"),
    [
        (None, FEED, "none", Rule.BOOK, "HALTED", "no book"),
        (book(ready=False), FEED, "none", Rule.BOOK, "HALTED", "not reconciled at journal sequence 7"),
        (book(), FEED, "halt", Rule.LATCH, "HALTED", "latched halt: by hand"),
        (book(), FEED, "flatten", Rule.LATCH, "HALTED", "latched flatten"),
        (book(), FEED, "rubbish", Rule.LATCH, "HALTED", "latched rubbish"),
        (book(), FEED, "reduce", Rule.LATCH, "REDUCING", "latched reduce"),
        (book(), None, "none", Rule.FEED, "REDUCING", "no word"),
        (book(), FEED.model_copy(update={"heard_age_s": 5.1}), "none", Rule.FEED, "REDUCING", "silent for 5.1 s"),
        (book(), FEED.model_copy(update={"heard_age_s": float("nan")}), "none", Rule.FEED, "REDUCING", "silent"),
        (book(), FeedSight(connected=False, heard_age_s=0, reason="401"), "none", Rule.FEED, "REDUCING", "401"),
        (book(), FeedSight(connected=True, heard_age_s=0), "none", Rule.FEED, "REDUCING", "no quotes yet"),
        (book(), FEED.model_copy(update={"frame_age_s": 91.0}), "none", Rule.FEED, "REDUCING", "91.0 s old, limit 90"),
        (book(), FEED.model_copy(update={"frame_age_s": float("nan")}), "none", Rule.FEED, "REDUCING", "old"),
        (book(baseline={}), FEED, "none", Rule.BASELINE, "REDUCING", "baseline of the session is 0"),
        (book(baseline={"a": Decimal(-5)}), FEED, "none", Rule.BASELINE, "REDUCING", "is -5"),
        (book(pnl_day=None, structures=(HELD,)), FEED, "none", Rule.LOSS_UNKNOWN, "REDUCING", "no mark"),
        (book(pnl_day=None, orders=(WORKING,)), FEED, "none", Rule.LOSS_UNKNOWN, "REDUCING", "unknown"),
    ],
)
def test_each_rule_withholds_with_its_numbers(seen, feed, stop, rule, state, says):
    (finding,) = found(seen, feed, stop)
    assert (finding.rule, finding.state.value) == (rule, state)
    assert says in finding.reason


@pytest.mark.parametrize(
    "fine",
    [
        book(pnl_day=Decimal(-5000)),
        book(pnl_day=None),
        book(pnl_day=None, orders=(WORKING.model_copy(update={"status": Status.CANCELED}),)),
        book(pnl_day=None, structures=(HELD.model_copy(update={"holdings": {}, "quantity": 0}),)),
    ],
)
def test_what_is_inside_its_limits_is_active(fine):
    assert found(fine) == ()


def test_a_result_that_is_no_number_is_unknown():
    strange = book(structures=(HELD,)).model_copy(update={"pnl_day": Decimal("NaN")})
    assert [finding.rule for finding in found(strange)] == [Rule.LOSS_UNKNOWN]


def test_all_reasons_are_kept_and_the_tightest_state_wins():
    kept = found(None, None, "reduce")
    assert [finding.rule for finding in kept] == [Rule.BOOK, Rule.LATCH, Rule.FEED]
    assert trading_state(kept) is TradingState.HALTED
