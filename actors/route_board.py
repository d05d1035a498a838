"""What the executor knows of each route, on a board for the screens: a small file in the run folder, replaced whole.

It is a picture, never a source: nothing decides on it, nothing is fsynced, and it says when it was written. The data
feed's word stands beside the routes', for a route's market data is the feed's to judge; the day's result, as the book
that was last published has it; and what is open, with the stop that the executor obeys, for who stops or resumes.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from actors.alone import ALONE
from actors.desk import Desk
from actors.domain.connection.route_health import Vitals
from actors.domain.orders.coverage import Coverage, Covers
from actors.domain.orders.order import Intent
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.portfolio.day_result import foreign_positions
from actors.domain.portfolio.view import BookView
from actors.domain.value import ZERO, Money, Value
from actors.failback import Failback
from actors.messages import FeedState

BOARD_EVERY_S = 0.5


class RouteView(Value):
    """One route. Ages in seconds; `openings` says why it takes none, empty where it does."""

    name: str
    account_domain: str
    covers: Covers
    reads: bool
    writes: bool
    stream: bool
    reconciled: bool
    openings: str
    reason: str
    heard_s: float
    vitals: Vitals
    coverage: Coverage


class DayView(Value):
    """What the session made. `pnl` None: unknown, for something held has no mark."""

    pnl: Money | None
    baseline: Money
    """Net liquidation at the session's start, over all accounts."""
    without: tuple[str, ...]
    """Foreign symbols nobody quotes: their accounts' results are those of our structures alone."""


class HeldView(Value):
    """One structure that holds something: signed contracts by symbol."""

    structure_id: str
    strategy: str
    account_domain: str
    holdings: Mapping[str, int]


class WorkingView(Value):
    """One order that may still trade. `in_doubt`: it may or may not exist at its broker; an answer is due, or lost."""

    cl_ord_id: str
    strategy: str
    intent: Intent
    status: Status
    route: str | None
    in_doubt: bool


class OpenView(Value):
    """What is open, and what keeps more from being opened."""

    stop: str | None
    """The latched stop as the executor reads it; None: there is none."""
    ready: bool
    """Whether every account agrees."""
    waits: str = ""
    """What strategies' openings wait for, a moment after a start."""
    structures: tuple[HeldView, ...]
    orders: tuple[WorkingView, ...]
    foreign: Mapping[str, Mapping[str, int]]
    """By account domain: signed contracts by symbol that are not ours."""
    quarantined: Mapping[str, str]
    """Underlyings that take no new risk, each with the reason."""


class RoutesView(Value):
    """The board. `at_ns` is the boot clock; `waiting` the closes that wait for their account, each with the reason."""

    at_ns: int
    routes: tuple[RouteView, ...]
    feed: FeedState | None
    waiting: dict[str, str]
    hedges: dict[str, str]
    """Hedges that stand: structure to the one it offsets."""
    day: DayView | None = None
    """None before any account has a baseline."""
    follower: str | None = None
    """Why the journal's follower lacks something, empty where it has everything; None where there is to be none."""
    open: OpenView


class RouteBoard:
    """Writes the board at a pace."""

    def __init__(self, desk: Desk, failback: Failback, write: Callable[[RoutesView], None]) -> None:
        self._desk, self._failback, self._write = desk, failback, write
        self._due_ns = 0
        self.feed: FeedState | None = None
        """What the data feed last said."""
        self._day: DayView | None = None
        self._waits = ""

    def saw(self, book: BookView) -> None:
        """Keep what the screens want of a book that is published."""
        self._waits = book.openings_wait
        if book.baseline:
            baseline = sum(book.baseline.values(), ZERO)
            self._day = DayView(pnl=book.pnl_day, baseline=baseline, without=book.pnl_day_without)

    def on_tick(self) -> None:
        """Write it where that is due."""
        now_ns = self._desk.now_ns()
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + int(BOARD_EVERY_S * 1e9)
            self._write(self.view())

    def view(self) -> RoutesView:
        """Return the board as it is now."""
        now_ns = self._desk.now_ns()
        seats, lives = self._desk.seats, self._desk.book.live_orders()
        return RoutesView(
            at_ns=now_ns,
            routes=tuple(
                RouteView(
                    name=seat.route,
                    account_domain=seat.account_domain,
                    covers=seat.state.covers,
                    reads=seat.reads,
                    writes=seats.can_write(seat, now_ns),
                    stream=seat.state.stream,
                    reconciled=seat.reconciled,
                    openings=self._barred(seat.route),
                    reason=seat.state.reason,
                    heard_s=round((now_ns - seat.heard_ns) / 1e9, 3),
                    vitals=seat.state.vitals,
                    coverage=seat.state.coverage,
                )
                for seat in seats.all()
            ),
            feed=self.feed,
            hedges=self._hedges(),
            day=self._day,
            follower=None if self._desk.replica is ALONE else self._desk.replica.fault or "",
            waiting={life.order.cl_ord_id: life.waits for life in lives if life.waits},
            open=self._open(),
        )

    def _open(self) -> OpenView:
        book = self._desk.book
        held = [each for each in book.structures.values() if not each.is_flat]
        return OpenView(
            stop=self._desk.latch(),
            ready=self._desk.ready,
            waits=self._waits,
            structures=tuple(
                HeldView(
                    structure_id=each.structure_id,
                    strategy=each.strategy,
                    account_domain=each.account_domain,
                    holdings={symbol: count for symbol, count in each.holdings.items() if count},
                )
                for each in held
            ),
            orders=tuple(_working(life) for life in book.live_orders()),
            foreign=foreign_positions(book),
            quarantined=dict(book.quarantined),
        )

    def _hedges(self) -> dict[str, str]:
        book = self._desk.book
        held = [name for name, structure in book.structures.items() if not structure.is_flat]
        return {name: hedged for name in held if (hedged := book.orders[name].order.hedges) is not None}

    def _barred(self, route: str) -> str:
        barred = self._desk.book.failed_over.get(route, "")
        waits = "; ".join(self._failback.waiting.get(route, ()))
        return f"{barred}; waits for {waits}" if barred and waits else barred


def _working(life: OrderLife) -> WorkingView:
    return WorkingView(
        cl_ord_id=life.order.cl_ord_id,
        strategy=life.order.strategy,
        intent=life.order.intent,
        status=life.status,
        route=life.last.route if life.last else None,
        in_doubt=life.in_doubt or life.is_unanswered,
    )


def write_board(path: Path, view: Value) -> None:
    """Replace a board. A full disk is no reason to stop trading: then the old one stands, and shows its age."""
    fresh = path.with_suffix(".new")
    try:
        fresh.write_text(view.model_dump_json())
        os.replace(fresh, path)  # noqa: PTH105 - what is meant is the system's rename
    except OSError:
        return
