"""Journal against account: what a complete reading adds, and what remains different (laws 5 and 6).

A reading only ever adds: fills, statuses, cash the broker booked. That an order or a position is missing from it proves
nothing here; a position that differs after everything was added is a break, named by underlying.
"""

from collections.abc import Mapping

from actors.domain.orders.report import AccountState, CashEvent, ExecutionReport
from actors.domain.portfolio.book import Book


def news(book: Book, state: AccountState) -> tuple[list[ExecutionReport], list[CashEvent]]:
    """Return the reports and cash events of a reading that the book does not hold yet."""
    reports = [report for report in state.orders if book.is_news(report)]
    cash = [event for event in state.cash_events if event.event_id not in book.cash_events]
    return reports, [event for event in cash if not _is_history(book, event)]


def _is_history(book: Book, event: CashEvent) -> bool:
    """Whether an event is in the account's start; nothing is that concerns an order or a position in the book."""
    domain = event.account_domain
    is_ours = event.exec_id is not None and book.executions.get((domain, event.exec_id)) is not None
    return book.is_history(domain, event.at) and not is_ours and event.symbol not in book.positions.get(domain, {})


def breaks(book: Book, state: AccountState) -> Mapping[str, str]:
    """Return, by underlying, where the positions of a reading and of the book differ."""
    theirs = {position.symbol: position.quantity for position in state.positions if position.quantity}
    ours = book.positions.get(state.account_domain, {})
    found: dict[str, str] = {}
    for symbol in sorted(theirs.keys() | ours.keys()):
        if theirs.get(symbol, 0) != ours.get(symbol, 0):
            underlying = book.underlying(symbol)
            text = f"{symbol}: the account has {theirs.get(symbol, 0)}, the journal {ours.get(symbol, 0)}"
            found[underlying] = f"{found[underlying]}; {text}" if underlying in found else text
    return found
