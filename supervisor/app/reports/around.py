"""What a report says of a session beside the journal: deaths, drills, what the account is held against.

Deaths are the supervisor's log's, drills their own log's, both by the machine's wall clock, by which the journal's
events were written. Prices are the feed's board's, where they are of the report's own session.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from actors.domain.market.quote import QuoteTable
from actors.domain.market.session import NEW_YORK
from actors.domain.performance.scorecard import Takeover, takeovers
from actors.domain.value import Money, Value
from actors.places import Places
from actors.quote_board import QuoteBoard
from supervisor.app import warmth
from supervisor.app.drills.record import cards
from supervisor.event_log import read_events

LOG: Final = "supervisor.log.jsonl"
Span = tuple[int, int]
"""Nanoseconds of the machine's wall clock, first and last."""


class DrillLine(Value):
    """One drill that was run in the session."""

    drill: str
    passed: bool
    proves: str
    misses: tuple[str, ...] = ()


class Benchmark(Value):
    """What equity is held against: its price at the report, and at the report before."""

    symbol: str
    price: Money
    before: Money | None = None
    before_on: date | None = None

    @property
    def change(self) -> Decimal | None:
        """Its change since, as a share; None where no price from before is known."""
        return self.price / self.before - 1 if self.before else None


def deaths(where: Places, span: Span) -> tuple[Takeover, ...]:
    """Return who died in a span that nobody ordered, and how fast a successor worked."""
    lines = [line for line in read_events(where.state / LOG) if _within(str(line.get("at", "")), span)]
    return tuple(takeovers(lines))


def drills(where: Places, span: Span) -> tuple[DrillLine, ...]:
    """Return the drills that ended in a span."""
    found = [card for written_at, card in cards(where.state) if _within(written_at, span)]
    return tuple(
        DrillLine(drill=each.drill, passed=each.passed, proves=each.proves, misses=each.misses) for each in found
    )


def marks(where: Places, session: date) -> QuoteTable | None:
    """Return the feed's last quotes, where they are of that session."""
    snapshot = QuoteBoard(where.quotes, lambda: warmth.universe(where.universe)).read()
    if snapshot is None or snapshot.at.astimezone(NEW_YORK).date() != session:
        return None
    return snapshot.table


def benchmark(symbol: str, quotes: QuoteTable | None, before: Sequence[tuple[date, Decimal]]) -> Benchmark | None:
    """Return the benchmark now; None where nobody quotes it. `before`: its prices in earlier reports, oldest first."""
    quote = quotes.quote(symbol) if quotes is not None else None
    if quote is None or quote.mid is None:
        return None
    last = before[-1] if before else None
    return Benchmark(
        symbol=symbol,
        price=quote.mid,
        before=last[1] if last is not None else None,
        before_on=last[0] if last is not None else None,
    )


def _within(text: str, span: Span) -> bool:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return False
    first, last = (datetime.fromtimestamp(ns / 1e9, UTC) for ns in span)
    return first - timedelta(seconds=1) <= at <= last + timedelta(seconds=1)
