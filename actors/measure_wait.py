"""What openings wait for, a moment after a start of executor, risk or feed: until risk has measured what is quoted.

Strategies see it in the book and hold their openings back, so that a start does not spend an entry on a refusal (R080);
exits never wait, and a signal from elsewhere is answered by the gate as ever. It ends for good with the first permit
that knows all that is quoted, or after `wait_max_s`, counted from when the accounts agreed; another risk actor, or
another universe, is another start. No message is waited for anywhere: it is a word in the book.
"""

from actors.desk import Desk
from actors.domain.market.chain import Chain, chains
from actors.domain.portfolio.view import BookView
from actors.domain.risk.measured import unmeasured


class MeasureWait:
    """One executor's; asked with each permit and each picture of the book, a few times a second at most."""

    def __init__(self, desk: Desk, wait_max_s: float) -> None:
        self._desk, self._wait_max_ns = desk, int(wait_max_s * 1e9)
        self._start: tuple[int, int] | None = None
        """Risk's epoch and the universe's version that the wait is about."""
        self._chains: tuple[Chain, ...] = ()
        self._until_ns: int | None = None
        """When it ends at the latest; None: it is over."""
        self.why = ""
        """What is waited for; empty where nothing is."""

    def look(self) -> bool:
        """Look anew; return whether openings have stopped waiting by that."""
        waited = bool(self.why)
        self.why = self._found() if self._desk.ready else ""
        return waited and not self.why

    def seen(self, view: BookView) -> BookView:
        """Return a view of the book that says what openings wait for now."""
        self.look()
        return view.model_copy(update={"openings_wait": self.why}) if self.why else view

    def _found(self) -> str:
        permit, quotes, now_ns = self._desk.permit(), self._desk.quotes, self._desk.now_ns()
        start = permit.risk_epoch if permit else 0, quotes.universe.version if quotes else 0
        if self._start is None or any(is_new(now, then) for now, then in zip(start, self._start, strict=True)):
            self._until_ns = now_ns + self._wait_max_ns
            if quotes is not None and (self._start is None or start[1] != self._start[1]):
                names = dict.fromkeys(each.underlying for each in quotes.universe.contracts if each.is_option)
                self._chains = tuple(chain for name in names for chain in chains(quotes.universe, name))
            self._start = start
        if self._until_ns is None:
            return ""
        found = unmeasured(permit, quotes, self._chains) if now_ns < self._until_ns else ""
        if not found:
            self._until_ns = None
        return found


def is_new(now: int, then: int) -> bool:
    """Whether a number is another one, and not merely gone: an expired permit is no start."""
    return now not in {0, then}
