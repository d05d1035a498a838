"""What a movement that a broker booked does to the book: cash, positions, structures, fees.

Rules of this file:
* An event moves the account's cash once. Money put in or taken out moves the session's baseline with it, or it would
  pass for a result; dividends and marks are results.
* A fee goes to the structure whose execution it is of, however late that is known to be ours.
* A settlement moves the position, and each structure that holds the symbol by its share (`structure.settled`).
* A future's price is never paid: its gain and loss since it was taken come as cash from day to day. What ours were
  taken at (an option delivered them), less what cash has settled of it, is their variation, kept by account and symbol
  (`Findings`): with it an account is worth what it is worth on every day. What settles a future for good pays its
  structures what is left of that. Of futures that a person trades no variation is known: their cash is what comes.
"""

from typing import TYPE_CHECKING

from actors.domain.market.contract import names_future
from actors.domain.orders.report import CashEvent
from actors.domain.portfolio.structure import settled
from actors.domain.value import ZERO

if TYPE_CHECKING:
    from actors.domain.portfolio.book import Book


def book_cash(book: "Book", event: CashEvent) -> None:
    """Take in a movement; one that is known changes nothing."""
    if event.event_id in book.cash_events:
        return
    book.cash_events[event.event_id] = None
    domain, symbol = event.account_domain, event.symbol or ""
    book.pay(domain, event.amount)
    if names_future(symbol) and event.type is not CashEvent.Type.FEE:  # it settles a part of the variation
        book.pay(domain, -event.amount, symbol)
    if event.type is CashEvent.Type.DEPOSIT and event.symbol is None and domain in book.baseline:
        book.baseline[domain] += event.amount
    elif event.type is CashEvent.Type.SETTLEMENT and event.symbol is not None:
        book.move(domain, event.symbol, event.quantity)
        _settle(book, event)
    elif event.exec_id is not None:
        _charge(book, event)


def _charge(book: "Book", event: CashEvent) -> None:
    key = (event.account_domain, event.exec_id or "")
    if key not in book.executions or key in book.strangers:  # told before its fill, or before that was ours
        late = f"{key[0]}/{key[1]}"
        book.pending_fees[late] = book.pending_fees.get(late, ZERO) + event.amount
    elif (owner := book.executions[key]) is not None:
        book.structures[owner] = book.structures[owner].paid(event.amount, fee=True)


def _settle(book: "Book", event: CashEvent) -> None:
    assert event.symbol is not None
    domain, amount = event.account_domain, event.amount
    is_whole = event.symbol not in book.positions.get(domain, {})
    if is_whole and names_future(event.symbol):
        amount = -book.found.variation_of(domain, event.symbol)
        book.pay(domain, amount, event.symbol)
    here = [each for each in book.structures.values() if each.account_domain == domain]
    for each in settled(here, event.symbol, event.quantity, amount, is_whole=is_whole):
        book.structures[each.structure_id] = each
