"""Naked-short seconds: how long shorts of a structure stood without what covers them.

From the event that left them so to the one that covered them; the grace in which legs of one combo are told counts too.
Durations are the machine's. What stands uncovered when the listening ends counts up to the last event heard.
"""

from actors.domain.orders import event as happened
from actors.domain.portfolio.book import Book


class NakedShorts:
    """Listens to the journal's events, each once it is in the book; one owner."""

    def __init__(self) -> None:
        self._since_ns: dict[str, int] = {}
        self._longest_ns = self._now_ns = 0

    def hear(self, event: happened.Event, written_ns: int, book: Book) -> None:
        """Take in one event, written at `written_ns` of the machine."""
        self._now_ns = written_ns
        match event:
            case happened.ReportTaken(cl_ord_id=str(name)):
                self._look({book.orders[name].order.structure_id}, book)
            case happened.CashBooked():  # a settlement may end it
                self._look(set(self._since_ns), book)

    def _look(self, names: set[str], book: Book) -> None:
        for name in names & book.structures.keys():
            if book.structures[name].naked:
                self._since_ns.setdefault(name, self._now_ns)
            elif (since_ns := self._since_ns.pop(name, None)) is not None:
                self._longest_ns = max(self._longest_ns, self._now_ns - since_ns)

    def longest_s(self) -> float:
        """Return the longest of these times, in seconds."""
        under_way = (self._now_ns - since_ns for since_ns in self._since_ns.values())
        return max(self._longest_ns, *under_way, 0) / 1e9
