"""Today's book after a move: changes held against repriced quotes, rules at their numbers, orders as strategies ask."""

from datetime import datetime
from decimal import Decimal

import pytest

from actors.breaker_watch import BreakerBoard
from actors.domain.orders.breaker_event import BreakerStep, Measure, ResetBy, Scope
from actors.domain.portfolio.view import Holder, TriggerView
from actors.domain.risk.exposure_limits import ExposureLimits, GreekLimits
from actors.domain.risk.exposure_measure import measure, whole
from actors.domain.risk.gauge import Gauge
from actors.domain.risk.shock import Shock
from actors.exposure_watch import ExposureBoard
from actors.quote_board import Snapshot
from actors.strategies.base import build
from actors.whatif import Seen, what_if
from tests.builders import CONDOR_SYMBOLS, EXPIRY, PRODUCTS, sessions, spxw
from tests.fakes import START
from tests.surfaces import curves, sight, table, view

HELD = dict(zip(CONDOR_SYMBOLS, (1, -1, -1, 1), strict=True))
CRASH = Shock(spot=-0.03, volatility=0.06)
NO_LIMITS = ExposureLimits(underlying=GreekLimits(), whole=GreekLimits())
CONDOR = {"stop": 2.0, "entry_from": "open+1", "entry_until": "open+2", "profit_target": 0.999}


def seen(holdings=None, limits: ExposureLimits = NO_LIMITS, gauges=(), triggers=(), **strategies: object) -> Seen:
    quotes, book = table(), view(holdings or HELD)
    found = measure(book, sight(curves=curves(quotes, knots_max=100)), limits.grid)
    board = ExposureBoard(
        at_ns=0,
        exposure=found,
        limits=limits,
        enabled=True,
        whole=whole(found),
        worst="",
        structures=book.structures,
        orders=(),
        triggers=triggers,
        beyond={},
        rate=0.04,
    )
    parameters = CONDOR | strategies
    condor = build("actors.strategies.iron_condor:IronCondor", "SPX", parameters)
    return Seen(
        board=board,
        quotes=Snapshot(quotes, START, 10**12),
        breakers=BreakerBoard(at_ns=0, gauges=tuple(gauges), unknown=()),
        strategies={"condor": ("SPX", condor)},
        products=PRODUCTS,
        sessions=sessions(),
    )


def gauge(value: int | Decimal, limit: int = 5_000, **changes: object) -> Gauge:
    plain = {
        "name": "account.primary-account.loss_day.reduce",
        "scope": Scope.ACCOUNT,
        "subject": "primary-account",
        "measure": Measure.LOSS_DAY,
        "step": BreakerStep.REDUCE,
        "reset": ResetBy.PERSON,
        "day": EXPIRY,
        "value": Decimal(value),
        "limit": Decimal(limit),
        "base": Decimal(100_000),
        "share": Decimal("0.05"),
    }
    return Gauge(**(plain | changes))


def test_a_crash_through_the_put_side_costs_the_wing():
    found = what_if(seen(), CRASH)
    (condor,) = found.structures
    assert condor.structure_id == "condor-1"
    assert found.change == condor.change
    before = what_if(seen(), Shock()).structures[0].value
    assert condor.value == pytest.approx(Decimal(-4_500), abs=120)  # both puts in the money, fifty points apart
    assert condor.change == condor.value - before
    assert found.whole.delta > -100


def test_no_move_changes_nothing_and_fires_nothing():
    found = what_if(seen(), Shock())
    assert found.change == 0
    assert found.fired == ()


def test_a_breaker_fires_from_its_number_on_and_warns_before():
    change = -what_if(seen(), CRASH).change
    at, below = 5_000 - change, 5_000 - change - Decimal("0.01")
    (fired,) = what_if(seen(gauges=[gauge(at)]), CRASH).fired
    assert (fired.rule, fired.does) == ("account.primary-account.loss_day.reduce", "reduce; exits go on")
    (warned,) = what_if(seen(gauges=[gauge(below)]), CRASH).fired
    assert warned.does == "a warning (A090) at 80%"


def test_a_breaker_of_others_or_tripped_already_or_of_counts_does_not_fire():
    others = gauge(4_999, subject="another-account")
    tripped = gauge(4_999, is_tripped=True)
    counts = gauge(2, limit=3, measure=Measure.LOSSES_IN_A_ROW)
    assert what_if(seen(gauges=[others, tripped, counts]), CRASH).fired == ()


def test_a_breaker_of_the_strategy_counts_its_own():
    mine = gauge(0, limit=1_000, scope=Scope.STRATEGY, subject="condor", name="strategy.condor.loss_day.pause")
    assert [each.rule for each in what_if(seen(gauges=[mine]), CRASH).fired] == ["strategy.condor.loss_day.pause"]


def test_a_limit_on_greeks_or_stress_that_the_move_breaks_is_named():
    tight = NO_LIMITS.model_copy(update={"stress_loss_max": Decimal(6_000), "whole": GreekLimits(vega_max=1_000)})
    assert what_if(seen(limits=tight), Shock()).fired == ()
    tight = tight.model_copy(update={"stress_loss_max": Decimal(4_000)})
    (fired,) = what_if(seen(limits=tight), Shock()).fired
    assert fired.rule == "whole book stress"


def test_a_stop_that_holdfast_watches_fires_below_its_price():
    trigger = TriggerView(
        trigger_id="exit-1",
        signal_id="exit-1",
        structure_id="condor-1",
        strategy="condor",
        intent="CLOSE",
        order_type="STOP",
        state="ARMED",
        holder=Holder.HOLDFAST,
        stop_px=Decimal("-40.00"),
        net_price=None,
        cl_ord_id=None,
    )
    (fired,) = what_if(seen(triggers=[trigger]), CRASH).fired
    assert (fired.rule, fired.does) == ("stop exit-1", "closes condor-1")
    assert what_if(seen(triggers=[trigger]), Shock()).fired == ()


def test_the_strategy_asks_for_its_stop_as_it_would_in_life():
    (wanted,) = what_if(seen(), CRASH).wanted
    assert (wanted.strategy, wanted.kind, wanted.structure_id) == ("condor", "close", "condor-1")
    assert wanted.net_price < -40
    assert wanted.reason


def test_without_a_move_it_asks_for_nothing():
    found = what_if(seen(), Shock())
    assert found.wanted == ()
    assert found.notes == ("condor asks for nothing: outside the entry window open+1 to open+2",)


def test_where_the_market_is_closed_then_nobody_is_asked():
    found = what_if(seen(), Shock(days=1))
    assert found.wanted == ()
    assert found.notes == ("condor is not asked: its market is closed at Tue 06 Jan 10:00 ET",)
    assert found.structures[0].value == pytest.approx(Decimal(0), abs=1)  # all four have ended worthless


def test_what_has_no_price_makes_the_whole_unknown():
    found = what_if(seen({**HELD, "QQQ   260105C00500000": 1}, gauges=[gauge(0)]), CRASH)
    assert found.change is None
    assert found.whole.unknown == ("QQQ   260105C00500000",)
    assert "unknown" in found.fired[0].text


def test_the_book_it_was_shown_is_left_as_it_was():
    given = seen()
    before = given.quotes.table.bid.copy(), given.board.model_dump_json()
    what_if(given, CRASH)
    assert (given.quotes.table.bid[1:] == before[0][1:]).all()
    assert given.board.model_dump_json() == before[1]
    assert isinstance(given.quotes.at, datetime)


def test_the_greeks_there_are_those_of_the_moved_market():
    short_put = {spxw(5900, "P"): -1}
    here, there = what_if(seen(short_put), Shock()), what_if(seen(short_put), Shock(spot=-0.02))
    assert there.whole.delta > here.whole.delta > 0
    assert there.whole.delta == pytest.approx(5950 * 0.98, rel=0.05)  # in the money by far: as a hundred shares
