"""What the market says of what is held: the last quotes of each contract and of its underlying, for risk to see."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from actors.domain.portfolio.book import Book
from actors.domain.value import Value

if TYPE_CHECKING:
    from actors.domain.market.quote import QuoteTable  # columns: whoever only shows a book needs none


class Sight(Value):
    """One contract's last sound quote, in points. A missing side is None."""

    bid: Decimal | None
    ask: Decimal | None
    age_s: float

    @property
    def spot(self) -> Decimal | None:
        """What an underlying stands at: the middle, or the one side there is."""
        if self.bid is None or self.ask is None:
            return self.bid if self.ask is None else self.ask
        return (self.bid + self.ask) / 2


def sights(book: Book, quotes: "QuoteTable | None", now: datetime, boot_ns: int) -> Mapping[str, Sight]:
    """Return the sight of every contract that a structure holds, and of their underlyings, where there is a quote."""
    if quotes is None:
        return {}
    held = {symbol for each in book.structures.values() for symbol, count in each.holdings.items() if count}
    found = {}
    for symbol in sorted(held | {book.underlying(symbol) for symbol in held}):
        if (quote := quotes.quote(symbol)) is not None:
            found[symbol] = Sight(bid=quote.bid, ask=quote.ask, age_s=round(quote.age_s(now, boot_ns), 3))
    return found
