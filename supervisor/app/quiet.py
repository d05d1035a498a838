"""Whether trading is quiet: no order unanswered, none in doubt. Read from the journal's end, as any process may."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.event import AttemptEnded, AttemptStarted, DoubtEnded, parse_event
from actors.domain.orders.order import attempt_id
from supervisor.journal import JournalReader

EVENTS_MAX: Final = 5_000
"""So many of the last events are looked at: what is open from before is in doubt for long, and waited for in vain."""
_KINDS: Final = ("attempt_started", "attempt_ended", "doubt_ended")


def is_quiet(journal: Path) -> bool:
    """Return whether every attempt of late has an answer; where there is no journal, there is nothing to wait for."""
    try:
        reader = JournalReader(journal)
    except FileNotFoundError:
        return True
    try:
        last = reader.last()
        entries = reader.read(max(0, last.sequence - EVENTS_MAX) if last else 0, _KINDS)
        return not _open_attempts(entry.body for entry in entries)
    finally:
        reader.close()


def _open_attempts(bodies: Iterable[bytes]) -> set[str]:
    """Return the attempts that have no definite answer."""
    found: set[str] = set()
    for event in map(parse_event, bodies):
        match event:
            case AttemptStarted(cl_ord_id=order, attempt=attempt):
                found.add(attempt_id(order, attempt.number))
            case AttemptEnded(outcome=outcome) if not isinstance(outcome, InDoubt):
                found.discard(event.attempt_id)
            case DoubtEnded():
                found.discard(event.attempt_id)
    return found
