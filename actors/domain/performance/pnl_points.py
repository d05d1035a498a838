"""How the account and each strategy stood over time: a bounded line of points, and the last word on each structure.

A point is worth keeping when the journal moved, or when an interval passed. When the line is full every second point of
its older half goes, so the day keeps its shape at a coarser grain and the latest hours stay fine. Cash of a structure
is what it moved so far, fees included; it is profit only once nothing is held.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from pydantic import Field

from actors.domain.portfolio.view import BookView, Phase, StructureView
from actors.domain.value import ZERO, Instant, Money, Value


class PnlPoint(Value):
    """One moment. `pnl_day` is None where a mark was missing."""

    at: Instant
    journal_sequence: int
    pnl_day: Money | None
    cash_by_strategy: Mapping[str, Money]
    open_structures: int


class StructureResult(Value):
    """What became of one structure, as far as is known."""

    strategy: str
    underlying: str
    phase: Phase
    quantity: int
    cash: Money
    fees: Money


class PnlHistory(Value):
    """Everything the analyst keeps."""

    points: tuple[PnlPoint, ...] = ()
    structures: Mapping[str, StructureResult] = Field(default_factory=dict)

    def results(self) -> dict[str, Decimal]:
        """Return the profit of closed structures by strategy, after fees."""
        total: dict[str, Decimal] = {}
        for each in self.structures.values():
            if each.phase is Phase.CLOSED:
                total[each.strategy] = total.get(each.strategy, ZERO) + each.cash
        return total


def add(history: PnlHistory, book: BookView, now: Instant, *, interval: timedelta, points_max: int) -> PnlHistory:
    """Return the history with `book` taken in; the same history where it says nothing new."""
    last = history.points[-1] if history.points else None
    moved = last is None or book.journal_sequence != last.journal_sequence
    if not moved and last is not None and now - last.at < interval:
        return history
    structures = {**history.structures, **{each.structure_id: _result(each) for each in book.structures}}
    points = (*history.points, _point(book, now))
    return PnlHistory(points=points if len(points) <= points_max else _thinned(points), structures=structures)


def _thinned(points: tuple[PnlPoint, ...]) -> tuple[PnlPoint, ...]:
    middle = len(points) // 2
    return points[:middle:2] + points[middle:]


def _point(book: BookView, now: Instant) -> PnlPoint:
    cash: dict[str, Decimal] = {}
    for each in book.structures:
        cash[each.strategy] = cash.get(each.strategy, ZERO) + each.cash
    return PnlPoint(
        at=now,
        journal_sequence=book.journal_sequence,
        pnl_day=book.pnl_day,
        cash_by_strategy=cash,
        open_structures=sum(each.phase is not Phase.CLOSED for each in book.structures),
    )


def _result(each: StructureView) -> StructureResult:
    return StructureResult(
        strategy=each.strategy,
        underlying=each.underlying,
        phase=each.phase,
        quantity=each.quantity,
        cash=each.cash,
        fees=each.fees,
    )
