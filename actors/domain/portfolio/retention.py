"""What the book may forget: what ended so many sessions ago that no rule can need it.

Rules of this file:
* Forgetting is part of the fold: it happens when the first account of a new session is agreed with, by what the journal
  says alone, so a checkpoint with what followed gives the same book as the whole journal.
* Orders go by structure, whole: one that is held, live, in doubt or unanswered, that something live waits for, or that
  is tied to another which stays, stays. The rest goes `sessions_kept` sessions after it was first seen to have ended.
* An execution that is forgotten must not be booked again: what an account tells of from before the sessions that
  are kept is not looked at. If the book had never heard of it, it shows as a break or a gap in cash. That border never
  passes a domain that holds something and did not agree in the last session or this one: then nothing is forgotten.
* Ids stay taken for ever: the journal knows them (`ports.Journal.knows`), and the desk asks it before it takes one.
* A book without `sessions_kept` forgets nothing: audits and reports fold everything.
"""

from collections.abc import Hashable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from actors.domain.orders.event import SessionOpened
from actors.domain.orders.order_state import OrderLife
from actors.domain.portfolio.stakes import Structures
from actors.domain.value import Instant, Value

if TYPE_CHECKING:
    from actors.domain.portfolio.book import Book

K = TypeVar("K", bound=Hashable)


class Mark(Value):
    """How much the book had been told of when a session began: counts since its first day."""

    at: Instant
    signals: int = 0
    executions: int = 0
    cash_events: int = 0


class Retained(Value):
    """What forgetting goes by."""

    sessions_kept: int | None = None
    marks: tuple[Mark, ...] = ()
    """Of the sessions that are kept, oldest first."""
    forgotten: Mark | None = None
    """How much is gone, by the same counts; None: nothing."""
    until: Instant | None = None
    """What an account tells of before is not looked at any more."""
    openings: int = 0
    """Sessions there have been."""
    ended: tuple[tuple[str, int], ...] = ()
    """Structures that have ended, each with the session that first saw it so."""

    def is_past(self, at: Instant) -> bool:
        """Whether something happened so long ago that it is not looked at any more."""
        return self.until is not None and at < self.until


def on_session(book: "Book", opened: SessionOpened) -> None:
    """Forget what a new session lets go of; the event is not in the book yet."""
    kept = book.retained
    if kept.sessions_kept is None or opened.session == book.session:
        return
    number, ended = kept.openings + 1, dict(kept.ended)
    ended = {name: ended.get(name, number) for name in _finished(book)}
    marks = (*kept.marks, _mark(book, opened.at))
    update: dict[str, object] = {"openings": number}
    if len(marks) > kept.sessions_kept and book.domains() <= book.baseline.keys() | opened.baseline.keys():
        oldest, marks = marks[-kept.sessions_kept - 1], marks[-kept.sessions_kept :]
        gone = {name for name, since in ended.items() if since + kept.sessions_kept <= number}
        _forget_structures(book, gone)
        update |= {"forgotten": _forget_ids(book, oldest), "until": marks[0].at}
        ended = {name: since for name, since in ended.items() if name not in gone}
    update |= {"marks": marks, "ended": tuple(sorted(ended.items()))}
    book.retained = kept.model_copy(update=update)


def _mark(book: "Book", at: Instant) -> Mark:
    gone = book.retained.forgotten or Mark(at=at)
    return Mark(
        at=at,
        signals=len(book.signals) + gone.signals,
        executions=len(book.executions) + gone.executions,
        cash_events=len(book.cash_events) + gone.cash_events,
    )


def _finished(book: "Book") -> set[str]:
    """Return the structures that have ended, and that nothing which has not ended is tied to."""
    lives: dict[str, list[OrderLife]] = {}
    for life in book.orders.values():
        lives.setdefault(life.order.structure_id, []).append(life)
    needed = {trigger.structure_id for trigger in book.triggers.live()} | book.found.legging.keys()
    needed |= {book.orders[name].order.structure_id for name in _awaited(book) if name in book.orders}
    open_now = {name for name, each in book.structures.items() if not each.is_flat}
    stays = needed | open_now | {name for name, own in lives.items() if any(map(_may_move, own))}
    ties: dict[str, set[str]] = {}
    for name, own in lives.items():
        for other in _tied_to(book, own):
            ties.setdefault(name, set()).add(other)
            ties.setdefault(other, set()).add(name)
    border = list(stays)
    while border:
        fresh = ties.get(border.pop(), set()) - stays
        stays |= fresh
        border += fresh
    return lives.keys() - stays


def _awaited(book: "Book") -> Iterator[str]:
    for trigger in book.triggers.live():
        yield from (*trigger.order_ids, trigger.signal_id)


def _may_move(life: OrderLife) -> bool:
    return life.is_live or life.in_doubt or life.is_unanswered


def _tied_to(book: "Book", lives: Iterable[OrderLife]) -> Iterator[str]:
    for life in lives:
        if life.order.hedges is not None:
            yield life.order.hedges
        for other in (life.order.replaces, life.replaced_by):
            if other is not None and other in book.orders:
                yield book.orders[other].order.structure_id


def _forget_structures(book: "Book", gone: set[str]) -> None:
    names = {name for name, life in book.orders.items() if life.order.structure_id in gone}
    book.orders = {name: life for name, life in book.orders.items() if name not in names}
    book.structures = Structures((name, each) for name, each in book.structures.items() if name not in gone)
    book.by_broker_id = {key: name for key, name in book.by_broker_id.items() if name not in names}
    book.triggers.forget(names | gone)
    book.found = book.found.without(names | gone)


def _forget_ids(book: "Book", until: Mark) -> Mark:
    """Drop the ids that were known at `until` and belong to nothing that stays; return how many are gone in all."""
    gone, before = book.retained.forgotten or Mark(at=until.at), _mark(book, until.at)
    resting = {trigger.signal_id for trigger in book.triggers.live()}
    for signal in _older(book.signals, until.signals - gone.signals):
        if book.signals[signal][1] not in book.orders and signal not in resting:
            del book.signals[signal]
    for key in _older(book.executions, until.executions - gone.executions):
        if (book.executions[key] or "") not in book.structures:
            del book.executions[key]
            book.strangers.pop(key, None)
    for event in _older(book.cash_events, until.cash_events - gone.cash_events):
        del book.cash_events[event]
    return Mark(
        at=until.at,
        signals=before.signals - len(book.signals),
        executions=before.executions - len(book.executions),
        cash_events=before.cash_events - len(book.cash_events),
    )


def _older(known: Iterable[K], count: int) -> list[K]:
    """Return the first `count`: what is known is in the order in which it was told."""
    return list(islice(known, max(0, count)))
