"""Journal against account: what a complete reading adds, what remains different, and what of that is not ours.

Rules of this file (laws 5, 6, 8):
* A reading only ever adds: fills, statuses, cash the broker booked. That an order or a position is missing from it
  proves nothing here; a position that differs after everything was added is a break, named by underlying.
* An adjusted contract in an account is a break whatever its quantity, until the product table maps its root: what it
  delivers is not known, so no mark, no loss and no close of it can be trusted.
* A difference is foreign where no structure of ours holds any symbol that differs in that underlying, nothing adjusted
  is there, and no order of ours on it may still trade. Only what is foreign may be adopted. A split of something
  we hold changes symbols of ours, so it stays a break until a person has looked.
"""

from collections.abc import Mapping

from actors.domain.market.contract import UnknownSymbol
from actors.domain.orders.report import AccountState, CashEvent, ExecutionReport
from actors.domain.portfolio.book import Book


def news(book: Book, state: AccountState) -> tuple[list[ExecutionReport], list[CashEvent]]:
    """Return the reports and cash events of a reading that the book does not hold yet."""
    reports = [report for report in state.orders if book.is_news(report)]
    fresh = (event for event in state.cash_events if event.event_id not in book.cash_events)
    cash = [_beyond_seen(book, event) for event in fresh]
    return reports, [event for event in cash if not (book.retained.is_past(event.at) or _is_history(book, event))]


def _beyond_seen(book: Book, event: CashEvent) -> CashEvent:
    """Return what is left of a movement that was booked already, when only the positions showed it: its cash."""
    booked = book.found.seen.get(f"{event.account_domain}/{event.symbol}/{event.quantity:+d}")
    if booked is None or event.type is not CashEvent.Type.SETTLEMENT:
        return event
    return event.model_copy(update={"quantity": 0, "amount": event.amount - booked, "cause": None})


def _is_history(book: Book, event: CashEvent) -> bool:
    """Whether an event is in the account's start; nothing is that concerns an order or a position in the book."""
    domain = event.account_domain
    is_ours = event.exec_id is not None and book.executions.get((domain, event.exec_id)) is not None
    return book.is_history(domain, event.at) and not is_ours and event.symbol not in book.positions.get(domain, {})


def breaks(book: Book, state: AccountState) -> Mapping[str, str]:
    """Return, by underlying, where the positions of a reading and of the book differ, or cannot be trusted."""
    theirs, ours = _theirs(state), book.positions.get(state.account_domain, {})
    found: dict[str, list[str]] = {}
    for symbol in sorted(theirs.keys() | ours.keys()):
        texts = found.setdefault(book.underlying(symbol), [])
        if theirs.get(symbol, 0) != ours.get(symbol, 0):
            texts.append(f"{symbol}: the account has {theirs.get(symbol, 0)}, the journal {ours.get(symbol, 0)}")
        if book.adjusted_from(symbol) is not None:
            texts.append(f"{symbol}: an adjusted contract; its root is not in the product table")
    for underlying, moved in differences(book, state).items():
        found[underlying] += _splits(book, moved, ours)
    return {underlying: "; ".join(texts) for underlying, texts in found.items() if texts}


def foreign(book: Book, state: AccountState) -> Mapping[str, Mapping[str, int]]:
    """Return, by underlying and symbol, the signed contracts an account has beyond the book that may be adopted."""
    domain, theirs = state.account_domain, _theirs(state)
    held = {
        symbol
        for structure in book.structures.values()
        if structure.account_domain == domain
        for symbol in structure.holdings
    }
    working = {life.order.underlying for life in book.live_orders()}
    return {
        underlying: moved
        for underlying, moved in differences(book, state).items()
        if underlying not in working
        and not held & moved.keys()
        and all(symbol not in theirs or book.adjusted_from(symbol) is None for symbol in moved)
    }


def _theirs(state: AccountState) -> dict[str, int]:
    return {position.symbol: position.quantity for position in state.positions if position.quantity}


def differences(book: Book, state: AccountState) -> dict[str, dict[str, int]]:
    """Return, by underlying and symbol, what the account has beyond the book: signed contracts."""
    theirs, ours = _theirs(state), book.positions.get(state.account_domain, {})
    found: dict[str, dict[str, int]] = {}
    for symbol in sorted(theirs.keys() | ours.keys()):
        if beyond := theirs.get(symbol, 0) - ours.get(symbol, 0):
            found.setdefault(book.underlying(symbol), {})[symbol] = beyond
    return found


def _splits(book: Book, moved: Mapping[str, int], ours: Mapping[str, int]) -> list[str]:
    """Return a word on each pair of symbols that differ as a split would make them: strikes against quantities."""
    gone = [symbol for symbol in moved if ours.get(symbol) and moved[symbol] == -ours[symbol]]
    come = [symbol for symbol in moved if symbol not in ours]
    return [
        f"{ours[old]} {old} may have become {moved[new]} {new} by a split"
        for old in gone
        for new in come
        if _is_split(book, old, new, ours[old], moved[new])
    ]


def _is_split(book: Book, gone: str, come: str, before: int, after: int) -> bool:
    try:
        old, new = book.contract(gone), book.contract(come)
    except UnknownSymbol:
        return False
    if old.strike is None or new.strike is None or (old.expires_on, old.right) != (new.expires_on, new.right):
        return False
    return old.strike * before == new.strike * after
