from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders.order import Action, Leg
from actors.domain.performance.pnl_points import PnlHistory, add
from actors.domain.portfolio.view import BookView, Phase, StructureView

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def structure(name: str, phase: Phase, cash: str, strategy: str = "condor") -> StructureView:
    return StructureView(
        structure_id=name,
        strategy=strategy,
        underlying="SPX",
        account_domain="main",
        phase=phase,
        legs=(Leg(symbol="X", action=Action.SELL_TO_OPEN),),
        order_qty=1,
        quantity=0 if phase is Phase.CLOSED else 1,
        holdings={},
        entry_price=Decimal(1),
        cash=Decimal(cash),
        fees=Decimal(2),
        opened_at=AT,
    )


def book(sequence: int, *structures: StructureView, pnl: str | None = "5") -> BookView:
    return BookView(
        journal_sequence=sequence,
        executor_epoch=1,
        ready=True,
        structures=structures,
        orders=(),
        pnl_day=None if pnl is None else Decimal(pnl),
    )


def taken(history: PnlHistory, view: BookView, now: datetime = AT, points_max: int = 100) -> PnlHistory:
    return add(history, view, now, interval=MINUTE, points_max=points_max)


def test_a_point_holds_the_account_and_each_strategy():
    view = book(
        7, structure("a", Phase.OPEN, "98"), structure("b", Phase.CLOSED, "40"), structure("c", Phase.OPEN, "1", "x")
    )
    (point,) = taken(PnlHistory(), view).points
    assert (point.at, point.journal_sequence, point.pnl_day, point.open_structures) == (AT, 7, Decimal(5), 2)
    assert point.cash_by_strategy == {"condor": Decimal(138), "x": Decimal(1)}


def test_the_same_book_within_the_interval_changes_nothing():
    history = taken(PnlHistory(), book(7))
    assert taken(history, book(7), AT + MINUTE / 2) is history
    assert len(taken(history, book(7), AT + MINUTE).points) == 2
    assert len(taken(history, book(8), AT).points) == 2


def test_only_closed_structures_are_results_and_they_outlive_the_book():
    history = taken(PnlHistory(), book(1, structure("a", Phase.CLOSED, "40"), structure("b", Phase.OPEN, "98")))
    history = taken(history, book(2, structure("b", Phase.OPEN, "98")))
    assert history.results() == {"condor": Decimal(40)}


def test_a_missing_mark_is_none_and_not_nought():
    assert taken(PnlHistory(), book(1, pnl=None)).points[0].pnl_day is None


@given(st.integers(4, 20), st.integers(0, 100))
def test_the_line_is_bounded_in_order_and_keeps_first_and_last(points_max: int, count: int):
    history = PnlHistory()
    for number in range(count):
        history = taken(history, book(number), AT + number * MINUTE, points_max)
    sequences = [point.journal_sequence for point in history.points]
    assert len(sequences) <= points_max
    assert sequences == sorted(set(sequences))
    assert sequences[:1] + sequences[-1:] == ([0, count - 1] if count else [])
