"""Orders that took each other's place, read as one: a chain has one purpose, and at most one of it works."""

from actors.domain.orders.order_state import OrderLife
from actors.domain.portfolio.book import Book


def chain(book: Book, order_id: str) -> list[OrderLife]:
    """Return an order and those that took its place, one after the other."""
    lives = [book.orders[order_id]]
    while (successor := lives[-1].replaced_by) is not None:
        lives.append(book.orders[successor])
    return lives
