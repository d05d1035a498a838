"""The newest orders and events of a journal, for a page: read on from where the last look ended.

It begins some thousands of events before the end, however long the journal is; what is older is found by its id.
"""

from collections import deque
from pathlib import Path
from typing import Any, Final, NamedTuple

from actors.domain.orders import fill_check, story
from actors.domain.orders.event import parse_event
from supervisor.app.event_schema import EVENTS
from supervisor.chain import Entry
from supervisor.cli.retelling import retell
from supervisor.journal import JournalReader

EVENTS_BEFORE: Final = 5_000
LINES_MAX: Final = 60
ORDERS_MAX: Final = 150
_BEGINNINGS: Final = frozenset({"order_placed", "signal_refused"})


class Line(NamedTuple):
    """One event in a trader's words."""

    sequence: int
    clock: str
    word: str
    text: str


class OrdersSeen:
    """What was read so far. Raises `FileNotFoundError` without a journal."""

    def __init__(self, path: Path) -> None:
        self._reader = JournalReader(path, EVENTS)
        last = self._reader.last()
        self.sequence = max((last.sequence if last else 0) - EVENTS_BEFORE, 0)
        self.written_ns = 0
        self.lines: deque[Line] = deque(maxlen=LINES_MAX)
        self._orders: dict[str, dict[str, Any]] = {}

    @property
    def orders(self) -> list[dict[str, Any]]:
        """The newest orders and refusals, newest first."""
        return list(reversed(self._orders.values()))

    def close(self) -> None:
        """Close the journal."""
        self._reader.close()

    def version(self) -> int:
        """Return a number that is another one after each commit."""
        return self._reader.version()

    def look(self) -> None:
        """Read on to the journal's end."""
        touched = dict[str, None]()
        for entry in self._reader.read(self.sequence):
            self.sequence, self.written_ns = entry.sequence, entry.written_ns
            self._tell(entry)
            if entry.kind in _BEGINNINGS or entry.correlation in self._orders:
                touched[entry.correlation] = None
        for name in list(touched)[-ORDERS_MAX:]:
            self._take(name)
        for name in list(self._orders)[:-ORDERS_MAX]:
            del self._orders[name]

    def _tell(self, entry: Entry) -> None:
        text = retell(parse_event(entry.body))
        if text is not None:
            clock, word, rest = (*text.split(None, 2), "")[:3]
            self.lines.append(Line(entry.sequence, clock, word, rest))

    def _take(self, name: str) -> None:
        told = story.tell(parse_event(entry.body) for entry in self._reader.of(name))
        if told is not None:
            self._orders[name] = _summary(name, told)


def _summary(name: str, told: story.Story) -> dict[str, Any]:
    life = told.life
    failed = [check.code.value for check in told.checks if not check.passed]
    return {
        "id": name,
        "at": told.moments[0].at if told.moments else None,
        "standing": told.standing,
        "is_live": life is not None and life.is_live,
        "in_doubt": told.standing in {"IN DOUBT", "UNANSWERED"},
        "intent": life.order.intent.value if life else told.signal.request.kind.upper() if told.signal else "",
        "strategy": life.order.strategy if life else told.signal.strategy if told.signal else "",
        "structure": life.order.structure_id if life else "",
        "asked_px": life.order.net_price if life else None,
        "filled": life.cum_qty if life else 0,
        "of": life.order.order_qty if life else 0,
        "px": fill_check.net_price(life) if life else None,
        "route": life.last.route if life and life.last else "",
        "refused_by": failed if life is None else [],
        "is_naked": told.is_uncovered,
    }
