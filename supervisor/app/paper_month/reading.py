"""What the journal of a paper month says, read as it grows: its fold, the day's events, the baselines of the days."""

from datetime import date
from decimal import Decimal

from actors.domain.market.contract import Products
from actors.domain.orders.event import Event, SessionOpened, parse_event
from actors.domain.performance.naked_shorts import NakedShorts, Recorded
from actors.domain.portfolio.book import Book
from supervisor.app.order_machine.host import MemoryJournal


class Reading:
    """A reader of the journal, of its own."""

    def __init__(self, journal: MemoryJournal, products: Products, kept: int, deaths_ns: list[int]) -> None:
        self.book, self._journal, self._products, self._deaths_ns = Book(products), journal, products, deaths_ns
        self.kept = Book(products, kept)
        """What the executor must know: `kept` sessions of it."""
        self.today: list[Event] = []
        """Since the last `turn_page`."""
        self.baselines: dict[tuple[date, str], Decimal] = {}
        """By session and account: what its day counts from."""

    def read_on(self) -> None:
        """Take in what was written since."""
        for sequence, body in self._journal.read(self.book.sequence):
            event = parse_event(body)
            self.book.apply(event, sequence)
            self.kept.apply(event, sequence)
            self.today.append(event)
            if isinstance(event, SessionOpened):
                self.baselines |= {(event.session, name): worth for name, worth in event.baseline.items()}

    def naked(self) -> NakedShorts:
        """Return how long shorts stood naked, from the first event on."""
        book, naked = Book(self._products), NakedShorts(self._deaths_ns)
        for (sequence, body), written_ns in zip(self._journal.read(), self._journal.written_ns, strict=True):
            event = parse_event(body)
            book.apply(event, sequence)
            naked.hear(Recorded(event=event, written_ns=written_ns), book)
        return naked

    def turn_page(self) -> None:
        """Begin another day."""
        self.today = []
