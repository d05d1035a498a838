"""The evening's report: what the session made and cost, what was refused and why, what went wrong, and tomorrow."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from pydantic import Field

from actors.config_model import RuntimeConfig
from actors.domain.performance.ahead import Ahead, ahead, next_session
from actors.domain.performance.day import Day
from actors.domain.performance.day_fold import DayFold
from actors.domain.performance.scorecard import Takeover
from actors.domain.value import Instant, Money, Value
from actors.places import Places
from supervisor.app.reports import around, kept
from supervisor.app.reports.around import Benchmark, DrillLine
from supervisor.app.reports.origin import Origin, origin
from supervisor.app.terms import sizes
from supervisor.app.workplace import Workplace

POINTS_MAX: Final = 500


class EquityPoint(Value):
    """What all accounts and the benchmark were worth at the end of one session."""

    session: date
    equity: Money | None
    benchmark: Money | None


class Evening(Value):
    """The report."""

    origin: Origin
    made_at: Instant
    day: Day
    expected: Mapping[str, float] = Field(default_factory=dict)
    """The win rate that is expected of each strategy."""
    drills: tuple[DrillLine, ...] = ()
    deaths: tuple[Takeover, ...] = ()
    benchmark: Benchmark | None = None
    history: tuple[EquityPoint, ...] = ()
    """From the reports before, oldest first."""
    tomorrow: Ahead | None = None
    """Of the next session; None where no table knows one, or it was already."""

    @property
    def equity_change(self) -> Decimal | None:
        """The session's, as a share of the baseline; None where something held has no mark."""
        equity, baseline = self.day.equity, self.day.baseline
        return None if equity is None or not baseline else equity / baseline - 1


def evening(place: Workplace, fold: DayFold, session: date | None, made_at: Instant) -> Evening | None:
    """Return the report of one session, the last where none is named; None where the journal knows no such session."""
    found = fold.day(session)
    if found is None:
        return None
    where, config = place.places, place.config
    quotes = around.marks(where, found.session)
    day = fold.day(found.session, quotes) or found
    history = _history(where, day.session)
    prices = [(each.session, each.benchmark) for each in history if each.benchmark is not None]
    after = None if day.is_over else next_session(place.sessions, day.session)  # the book is of the last session
    return Evening(
        origin=origin(config),
        made_at=made_at,
        day=day,
        expected=expected(config),
        drills=around.drills(where, day.written_ns),
        deaths=around.deaths(where, day.written_ns),
        benchmark=around.benchmark(config.reports.benchmark, quotes, prices),
        history=history,
        tomorrow=None if after is None else _ahead(place, fold, after),
    )


def _ahead(place: Workplace, fold: DayFold, on: date) -> Ahead:
    blackouts = place.config.calendar.blackouts
    return ahead(fold.book, place.products, place.sessions, place.margins, blackouts, on)


def expected(config: RuntimeConfig) -> Mapping[str, float]:
    """Return the win rate that is expected of each strategy that has one."""
    return {name: each.win_rate for name, each in sizes(config).strategies.items()}


def _history(where: Places, before: date) -> tuple[EquityPoint, ...]:
    """Return what the evening before said, and those before it; none where it cannot be read any more."""
    for on, file in reversed(list(kept.evenings(where, before))):
        try:
            told = Evening.model_validate_json(file.read_bytes())
        except kept.READ_FAILS:
            continue
        price = told.benchmark.price if told.benchmark is not None else None
        return (*told.history, EquityPoint(session=on, equity=told.day.equity, benchmark=price))[-POINTS_MAX:]
    return ()


def week_of(session: date) -> tuple[date, date]:
    """Return the Monday and the Sunday of a session's week."""
    monday = session - timedelta(days=session.weekday())
    return monday, monday + timedelta(days=6)
