"""Sessions add up to structures, to the cent, through lost answers, executions taken back, deaths and nettings."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

import pytest

from actors.domain.orders import event as happened
from actors.domain.orders.event import parse_event
from actors.domain.performance.day_fold import DayFold
from actors.domain.performance.naked_shorts import Recorded
from actors.domain.portfolio.book import Book
from supervisor.app.order_machine.market import PRODUCTS
from supervisor.app.order_machine.play import _Game

SEEDS = (1, 4, 6, 10, 11, 16, 18)
"""Histories in which structures end; prices stand still there, so fees alone are made."""


@lru_cache
def played(seed: int) -> list[happened.Event]:
    """The journal of one history: a real executor among brokers that lose, double and take back."""
    game = _Game(seed)
    game.play()
    return [parse_event(body) for _, body in game._world.journal.read()]


def cut(events: list[happened.Event], sessions: int) -> Iterator[happened.Event]:
    """Yield the same events as if so many sessions had begun on the way."""
    first = next(event for event in events if isinstance(event, happened.SessionOpened))
    begins = {len(events) * part // sessions: part for part in range(1, sessions)}
    for place, event in enumerate(events):
        if place in begins and place > events.index(first):
            yield first.model_copy(update={"session": first.session + timedelta(days=begins[place])})
        yield event


def folded(events: Iterator[happened.Event] | list[happened.Event]) -> DayFold:
    fold = DayFold(PRODUCTS)
    for sequence, event in enumerate(events, start=1):
        fold.hear(Recorded(event=event, written_ns=sequence), sequence)
    return fold


def results(fold: DayFold) -> list[Decimal]:
    last = fold.day()
    assert last is not None
    return [each.result for each in fold.days(last.session - timedelta(days=30), last.session)]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_results_of_sessions_are_those_of_all_structures_that_ended(seed):
    events = played(seed)
    book = Book(PRODUCTS)
    for sequence, event in enumerate(events, start=1):
        book.apply(event, sequence)
    made = sum((each.cash for each in book.structures.values() if each.is_flat), Decimal(0))
    assert results(folded(events)) == [made]
    assert sum(results(folded(cut(events, 5)))) == made


def test_the_histories_hold_what_makes_it_hard():
    told = [event.kind for seed in SEEDS for event in played(seed)]
    assert {"attempt_ended", "doubt_ended", "leg_covered", "cash_booked"} <= set(told)
    assert sum(bool(made) for seed in SEEDS for made in results(folded(played(seed)))) >= 5


def test_before_any_session_there_is_nothing_to_tell():
    assert DayFold(PRODUCTS).day() is None
