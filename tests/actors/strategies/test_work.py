"""The work table, row by row, and the prices an order walks through."""

import math
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders.order import Action, Leg
from actors.domain.orders.report import Status
from actors.domain.orders.working import Plan
from actors.domain.portfolio.view import OrderView
from actors.messages import SignalAnswered
from actors.strategies.base import MarketView
from actors.strategies.iron_condor import CondorParameters, IronCondor
from actors.strategies.work import Next, Pace, Stage, Task, advance, combo_quote, work_price

PACE = Pace(step_s=20, cancel_s=10, retry_s=5)
LEGS = (Leg(symbol="A", action=Action.SELL_TO_OPEN),)


@pytest.fixture
def view(market, make_desk) -> MarketView:
    return make_desk(IronCondor("SPX", CondorParameters()), market).view()


def task(view: MarketView, stage: Stage, waited_s: float = 0, closes: bool = False) -> Task:
    return Task(
        structure_id="S" if closes else None,
        legs=LEGS,
        order_qty=2,
        reason="",
        stage=stage,
        number=7,
        cl_ord_id=None if stage is Stage.ASKED else "O",
        since=view.now - timedelta(seconds=waited_s),
    )


def with_order(view: MarketView, status: Status, cum_qty: int = 0, in_doubt: bool = False) -> MarketView:
    order = OrderView(
        cl_ord_id="O",
        structure_id="S",
        strategy="s",
        status=status,
        in_doubt=in_doubt,
        route="primary",
        order_qty=2,
        cum_qty=cum_qty,
        net_price=None,
    )
    return replace(view, orders={"O": order})


def replace(view: MarketView, **changes) -> MarketView:
    fields = {name: getattr(view, name) for name in MarketView.__dataclass_fields__}
    return MarketView(**(fields | changes))


def answered(view: MarketView, admitted: bool) -> MarketView:
    answer = SignalAnswered(signal_id="s-7", admitted=admitted, cl_ord_id="O" if admitted else None, checks=())
    return replace(view, answers={7: answer})


def test_an_ask_without_an_answer_waits_however_long(view):
    asked = task(view, Stage.ASKED, waited_s=10_000)
    assert advance(asked, view, PACE) == (asked, Next.WAIT)


def test_a_refused_ask_is_refused(view):
    assert advance(task(view, Stage.ASKED), answered(view, admitted=False), PACE)[1] is Next.REFUSED


def test_an_admitted_ask_works_even_before_its_order_is_in_the_book(view):
    moved, follows = advance(task(view, Stage.ASKED), answered(view, admitted=True), PACE)
    assert (moved.stage, moved.cl_ord_id, follows) == (Stage.WORKING, "O", Next.WAIT)


@pytest.mark.parametrize("stage", [Stage.WORKING, Stage.CANCELLING])
@pytest.mark.parametrize(
    ("closes", "status", "cum_qty", "expected"),
    [
        (False, Status.FILLED, 2, Next.FILLED),
        (True, Status.FILLED, 2, Next.FILLED),
        (False, Status.CANCELED, 1, Next.FILLED),
        (True, Status.CANCELED, 1, Next.REPRICE),
        (False, Status.CANCELED, 0, Next.REPRICE),
        (True, Status.EXPIRED, 0, Next.REPRICE),
        (False, Status.REJECTED, 0, Next.REFUSED),
        (True, Status.REJECTED, 0, Next.REFUSED),
        (False, Status.NEW, 0, Next.WAIT),
        (False, Status.PARTIALLY_FILLED, 1, Next.WAIT),
    ],
)
def test_what_follows_from_an_order(view, stage, closes, status, cum_qty, expected):
    seen = with_order(view, status, cum_qty)
    assert advance(task(view, stage, closes=closes), seen, PACE)[1] is expected


@pytest.mark.parametrize(
    ("stage", "waited_s", "expected"),
    [
        (Stage.WORKING, 19, Next.WAIT),
        (Stage.WORKING, 20, Next.CANCEL),
        (Stage.CANCELLING, 9, Next.WAIT),
        (Stage.CANCELLING, 10, Next.CANCEL),
        (Stage.RESTING, 4, Next.WAIT),
        (Stage.RESTING, 5, Next.AGAIN),
    ],
)
def test_patience_ends(view, stage, waited_s, expected):
    moved, follows = advance(task(view, stage, waited_s), with_order(view, Status.NEW), PACE)
    assert follows is expected
    if follows is Next.CANCEL:
        assert (moved.stage, moved.since) == (Stage.CANCELLING, view.now)


@pytest.mark.parametrize(("step", "patience_s"), [(4, 20), (5, 20), (6, 40), (7, 60), (14, 200), (400, 200)])
def test_past_the_natural_patience_grows_to_its_limit(view, step, patience_s):
    seen = with_order(view, Status.NEW)
    for waited_s, expected in ((patience_s - 1, Next.WAIT), (patience_s, Next.CANCEL)):
        late = task(view, Stage.WORKING, waited_s, closes=True).model_copy(update={"step": step})
        assert advance(late, seen, PACE)[1] is expected


def test_an_order_in_doubt_is_left_alone_however_long(view):
    seen = with_order(view, Status.PENDING_NEW, in_doubt=True)
    assert advance(task(view, Stage.WORKING, waited_s=10_000), seen, PACE)[1] is Next.WAIT


prices = st.floats(-50, 50).map(lambda price: round(price, 3))
ticks = st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("0.25")])


@given(mid=prices, spread=st.floats(0, 5), steps=st.integers(1, 20), tick=ticks)
def test_a_price_walks_from_the_middle_to_the_natural_never_back_always_on_a_tick(mid, spread, steps, tick):
    quote = (mid, mid - spread)
    walk = [work_price(quote, step, steps, tick) for step in range(steps + 1)]
    assert walk == sorted(walk, reverse=True)
    assert all(price % tick == 0 for price in walk)
    assert Decimal(mid) - walk[0] < tick + Decimal("0.0001")
    assert walk[0] <= Decimal(mid) + Decimal("0.0001")
    assert walk[-1] <= Decimal(mid - spread) + Decimal("0.0001") < walk[-1] + tick + Decimal("0.0002")


def test_binary_dust_does_not_cost_a_tick():
    assert work_price((0.1 + 0.2, 0.1), 0, 4, Decimal("0.05")) == Decimal("0.30")
    assert str(work_price((0.0, -0.0), 4, 4, Decimal("0.05"))) == "0.00"


def condor(market) -> tuple[Leg, ...]:
    by_strike = {(int(c.strike), c.right.value): c.symbol for c in market.contracts}
    wanted = ((5950, "P", "BUY"), (5960, "P", "SELL"), (6040, "C", "SELL"), (6050, "C", "BUY"))
    return tuple(Leg(symbol=by_strike[k, r], action=Action(f"{side}_TO_OPEN")) for k, r, side in wanted)


def test_a_combo_is_sold_below_its_middle_and_bought_back_above_it(market):
    mid, natural = combo_quote(condor(market), market.table, closing=False)
    mid_back, natural_back = combo_quote(condor(market), market.table, closing=True)
    assert natural < mid
    assert mid_back == pytest.approx(-mid)
    assert natural_back < mid_back < 0


def test_a_missing_bid_counts_zero(market):
    legs = condor(market)
    wing = market.table.row_of[legs[0].symbol]
    market.table.bid[wing] = math.nan
    without = combo_quote(legs, market.table, closing=True)
    market.table.bid[wing] = 0.0
    assert without == combo_quote(legs, market.table, closing=True)
    assert without is not None


def test_what_is_sold_needs_no_ask_and_what_is_bought_does(market):
    legs = condor(market)
    market.table.ask[market.table.row_of[legs[0].symbol]] = math.nan
    assert combo_quote(legs, market.table, closing=True) is not None
    assert combo_quote(legs, market.table, closing=False) is None


def test_an_unknown_contract_has_no_price(market):
    legs = (Leg(symbol="NONE", action=Action.SELL_TO_OPEN),)
    assert combo_quote(legs, market.table, closing=False) is None


# -- worked by the executor --------------------------------------------------------------------------------------------

PLANNED = PACE.model_copy(update={"plan": Plan()})


def with_chain(view: MarketView, status: Status, *, first_cum: int = 0, **last: object) -> MarketView:
    """An order that was replaced once, and where its successor stands."""
    first = with_order(view, Status.CANCELED, first_cum).orders["O"].model_copy(update={"replaced_by": "O.p2"})
    second = with_order(view, status).orders["O"].model_copy(update={"cl_ord_id": "O.p2", "replaces": "O", **last})
    return replace(view, orders={"O": first, "O.p2": second})


def test_what_the_executor_works_is_left_to_it_however_long(view):
    waited = task(view, Stage.WORKING, waited_s=10_000)
    assert advance(waited, with_order(view, Status.NEW), PLANNED)[1] is Next.WAIT
    assert advance(waited, with_chain(view, Status.NEW), PLANNED)[1] is Next.WAIT


def test_an_order_whose_successor_is_due_has_not_ended(view):
    seen = with_chain(view, Status.CANCELED, is_replacing=True)
    assert advance(task(view, Stage.WORKING), seen, PLANNED)[1] is Next.WAIT


def test_a_successor_the_book_does_not_show_yet_is_waited_for(view):
    seen = with_chain(view, Status.NEW)
    alone = replace(seen, orders={"O": seen.orders["O"]})
    assert advance(task(view, Stage.WORKING), alone, PLANNED)[1] is Next.WAIT


@pytest.mark.parametrize(
    ("closes", "first_cum", "status", "expected"),
    [
        (False, 0, Status.FILLED, Next.FILLED),
        (False, 1, Status.CANCELED, Next.FILLED),
        (False, 0, Status.CANCELED, Next.REFUSED),
        (True, 1, Status.CANCELED, Next.REPRICE),
    ],
)
def test_the_end_of_the_last_is_the_end_of_all(view, closes, first_cum, status, expected):
    seen = with_chain(view, status, first_cum=first_cum)
    assert advance(task(view, Stage.WORKING, closes=closes), seen, PLANNED)[1] is expected
