"""The book as a checkpoint: everything a restart would otherwise fold from the journal again."""

from collections.abc import Mapping
from datetime import date, datetime

from pydantic import Field

from actors.domain.market.contract import Products
from actors.domain.orders.order import Fill
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.trigger import Trigger
from actors.domain.orders.trigger_event import Triggers
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.findings import Findings
from actors.domain.portfolio.retention import Retained
from actors.domain.portfolio.stakes import Structures
from actors.domain.portfolio.structure import Structure
from actors.domain.portfolio.tally import Tally
from actors.domain.value import Money, Value


class BookState(Value):
    """A book after `sequence`."""

    sequence: int
    epoch: int
    session: date | None
    baseline: Mapping[str, Money]
    orders: tuple[OrderLife, ...]
    structures: tuple[Structure, ...]
    positions: Mapping[str, Mapping[str, int]]
    cash: Mapping[str, Money]
    quarantined: Mapping[str, str]
    quarantined_in: Mapping[str, str]
    signals: Mapping[str, tuple[bool, str | None]]
    cash_events: tuple[str, ...]
    """In the order in which they were told."""
    executions: tuple[tuple[str, str, str | None], ...]
    """Account domain, execution, structure."""
    pending_fees: Mapping[str, Money]
    broker_ids: tuple[tuple[str, str, str], ...]
    """Account domain, the broker's order id, our order."""
    foreign: frozenset[tuple[str, str]] = frozenset()
    history_until: Mapping[str, datetime] = Field(default_factory=dict)
    agreed_at: Mapping[str, datetime] = Field(default_factory=dict)
    strangers: tuple[tuple[str, Fill], ...] = ()
    """Account domain, fill."""
    found: Findings = Findings()
    tally: Tally = Tally()
    failed_over: Mapping[str, str] = Field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    retained: Retained = Retained()


class ExecutorRecord(Value):
    """The checkpoint: the book, and the hash of the journal's event it was taken after."""

    book: BookState
    anchor: str


def dump(book: Book) -> BookState:
    """Return the state of a book."""
    return BookState(
        sequence=book.sequence,
        epoch=book.epoch,
        session=book.session,
        baseline=book.baseline,
        orders=tuple(book.orders.values()),
        structures=tuple(book.structures.values()),
        positions=book.positions,
        cash=book.cash,
        quarantined=book.quarantined,
        quarantined_in=book.quarantined_in,
        signals=book.signals,
        cash_events=tuple(book.cash_events),
        executions=tuple((*key, owner) for key, owner in book.executions.items()),
        pending_fees=book.pending_fees,
        broker_ids=tuple((*key, order_id) for key, order_id in book.by_broker_id.items()),
        foreign=frozenset(book.foreign),
        history_until=book.history_until,
        agreed_at=book.agreed_at,
        strangers=tuple((domain, fill) for (domain, _), fill in book.strangers.items()),
        found=book.found,
        tally=book.tally,
        failed_over=book.failed_over,
        triggers=tuple(book.triggers.known.values()),
        retained=book.retained,
    )


def restore(state: BookState, products: Products, sessions_kept: int | None = None) -> Book:
    """Return the book of a state."""
    book = Book(products)
    book.retained = state.retained.model_copy(update={"sessions_kept": sessions_kept})
    book.sequence, book.epoch, book.session = state.sequence, state.epoch, state.session
    book.baseline, book.cash = dict(state.baseline), dict(state.cash)
    book.orders = {life.order.cl_ord_id: life for life in state.orders}
    book.structures = Structures((each.structure_id, each) for each in state.structures)
    book.positions = {domain: dict(held) for domain, held in state.positions.items()}
    book.quarantined, book.quarantined_in = dict(state.quarantined), dict(state.quarantined_in)
    book.signals, book.cash_events = dict(state.signals), dict.fromkeys(state.cash_events)
    book.executions = {(domain, exec_id): owner for domain, exec_id, owner in state.executions}
    book.pending_fees = dict(state.pending_fees)
    book.by_broker_id = {(domain, theirs): ours for domain, theirs, ours in state.broker_ids}
    book.foreign = set(state.foreign)
    book.history_until, book.agreed_at = dict(state.history_until), dict(state.agreed_at)
    book.strangers = {(domain, fill.exec_id): fill for domain, fill in state.strangers}
    book.found, book.tally = state.found, state.tally
    book.failed_over = dict(state.failed_over)
    book.triggers = Triggers(state.triggers)
    return book
