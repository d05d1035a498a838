"""A checkpoint holds the whole book."""

from decimal import Decimal

from actors.domain.orders.order import Stop
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.book_state import BookState, dump, restore
from actors.domain.portfolio.retention import Retained
from tests.builders import PRODUCTS, open_signal, stop_signal
from tests.fakes import START
from tests.rig import Rig


def full() -> Book:
    """A book of which no part is empty."""
    rig = Rig().ready()
    order_id = rig.opened(open_signal(1))
    rig.ask(stop_signal(2, order_id, Stop(trail=Decimal(1))))
    book = rig.book
    book.quarantined, book.quarantined_in = {"SPX": "differs"}, {"SPX": "primary-account"}
    book.cash_events, book.pending_fees = {"f1": None}, {"primary-account/x": Decimal("-1.25")}
    book.strangers = {("primary-account", fill.exec_id): fill for fill in rig.book.orders["condor-20260105-1"].fills}
    book.foreign, book.history_until = {("primary-account", "theirs-1")}, {"primary-account": START}
    book.failed_over = {"primary": "refused"}
    book.retained = Retained(sessions_kept=9, openings=1, until=START, ended=(("order", 1),))
    return book


DERIVED = {"stakes", "recent"}


def parts(book: Book) -> dict[str, object]:
    """Everything but what is derived from the rest."""
    named = {name: value for name, value in vars(book).items() if not name.startswith("_") and name not in DERIVED}
    return {**named, "triggers": book.triggers.known}


def test_every_part_of_a_book_comes_back_through_json():
    book = full()
    assert all(parts(book).values()), "a part that is empty proves nothing"
    kept = BookState.model_validate_json(dump(book).model_dump_json())
    assert parts(restore(kept, PRODUCTS, sessions_kept=9)) == parts(book)


def test_a_book_that_came_back_shares_nothing_with_the_checkpoint():
    state = dump(full())
    restore(state, PRODUCTS).move("primary-account", "GOOG", 5)
    assert "GOOG" not in restore(state, PRODUCTS).positions["primary-account"]


def test_an_older_checkpoint_without_the_newer_parts_is_still_read():
    newer = {"foreign", "history_until", "agreed_at", "strangers", "found", "failed_over", "triggers", "retained"}
    old = dump(full()).model_dump(mode="json", exclude=newer)
    book = restore(BookState.model_validate(old), PRODUCTS)
    assert (book.foreign, book.history_until, book.agreed_at, book.triggers.known) == (set(), {}, {}, {})
