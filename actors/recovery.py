"""How the executor's book comes back: the newest sound checkpoint, and what was journaled after it, verified.

Rules of this file:
* The cost of a start does not grow with the journal: only what follows the checkpoint is verified and folded. The rest
  of the chain is walked in the background (`analyst`).
* A checkpoint names the hash of the event it was taken after. Where the journal has another event there, or none, one
  of the two is not what was written: nothing is guessed, the start is refused. An older generation would only hide it.
* No sound checkpoint at all costs time, not truth: the whole journal is folded.
"""

from actors.domain.market.contract import Products
from actors.domain.orders.event import parse_event
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.book_state import ExecutorRecord, dump, restore
from actors.ports import Checkpoints, DamagedState, Journal


def recover(checkpoints: Checkpoints, journal: Journal, products: Products, sessions_kept: int | None) -> Book:
    """Return the book as of the journal's end. Raises `DamagedState`, and what the journal raises of its damage."""
    kept = checkpoints.load(ExecutorRecord)
    book = restore(kept[0].book, products, sessions_kept) if kept else Book(products, sessions_kept)
    if kept and _anchor(journal, book.sequence) != kept[0].anchor:
        raise DamagedState(f"the checkpoint stands on another journal: event {book.sequence} is not the one it knew")
    for sequence, body in journal.read(book.sequence):
        book.apply(parse_event(body), sequence)
    return book


def checkpoint(checkpoints: Checkpoints, journal: Journal, book: Book) -> int:
    """Keep the book as it is; return the event it stands for."""
    checkpoints.save(ExecutorRecord(book=dump(book), anchor=_anchor(journal, book.sequence)), book.sequence)
    return book.sequence


def _anchor(journal: Journal, sequence: int) -> str:
    return (journal.hash_of(sequence) or b"").hex()
