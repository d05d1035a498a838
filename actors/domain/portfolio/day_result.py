"""What was made since the session's baseline, and what had to be left out of it.

An account's result is what it is worth now, marked where one could close, less its baseline. What was adopted since is
none: neither it nor what was paid for it is in the baseline.

What is not ours and nobody quotes must not hide what we do. Its worth at the baseline is not known apart from the rest,
so it cannot simply be left out: then the account's result is that of our own structures alone, from what each moved and
what it is worth, and the symbols are named. That stands on nothing of ours having been held at the baseline. Where
something was, where a mark of our own is missing, or where an account that holds something has no baseline yet, the
result is unknown, and whoever limits losses takes that for the worst.

A future that is not ours counts as one that nobody quotes: how much of its gain the account's cash has is not known.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal

from actors.domain.market.contract import Contract, UnknownSymbol, names_future
from actors.domain.market.quoted import Quoted
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.mark import worth
from actors.domain.portfolio.structure import Structure
from actors.domain.value import ZERO, Money, Value


class DayResult(Value):
    """Dollars since the baseline; None where it is unknown."""

    pnl: Money | None
    without: tuple[str, ...] = ()
    """Foreign symbols without a mark, whose accounts' results are those of our structures alone."""


def day_result(book: Book, quotes: Quoted | None) -> DayResult:
    """Return the result of the day over all accounts."""
    if any(held and domain not in book.baseline for domain, held in book.positions.items()):
        return DayResult(pnl=None)
    results = [account_result(book, domain, quotes) for domain in book.baseline]
    known = [result.pnl for result in results if result.pnl is not None]
    without = tuple(symbol for result in results for symbol in result.without)
    return DayResult(pnl=sum(known, ZERO), without=without) if len(known) == len(results) else DayResult(pnl=None)


def account_result(book: Book, domain: str, quotes: Quoted | None) -> DayResult:
    """Return the result of the day of one account that has a baseline."""
    whole = _of_account(book, domain, quotes)
    if whole is not None:
        return DayResult(pnl=whole)
    without = tuple(_unmarked(foreign_positions(book).get(domain, {}), quotes))
    return DayResult(pnl=_of_ours(book, domain, quotes), without=without)


def foreign_positions(book: Book) -> dict[str, dict[str, int]]:
    """Return, by account domain, the signed contracts by symbol that no structure holds."""
    left = {domain: Counter(held) for domain, held in book.positions.items()}
    for structure in book.structures.values():
        left.setdefault(structure.account_domain, Counter()).subtract(structure.holdings)
    found = {domain: {symbol: n for symbol, n in sorted(held.items()) if n} for domain, held in left.items()}
    return {domain: held for domain, held in found.items() if held}


def _of_account(book: Book, domain: str, quotes: Quoted | None) -> Decimal | None:
    apart = book.found.apart.get(domain, {})
    held = {symbol: n - apart.get(symbol, 0) for symbol, n in book.positions.get(domain, {}).items()}
    if any(map(names_future, foreign_positions(book).get(domain, {}))):
        return None
    value = _worth(book, held, quotes)
    paid = book.cash.get(domain, ZERO) + book.found.variation_of(domain)
    return None if value is None else paid + value - book.baseline[domain]


def _of_ours(book: Book, domain: str, quotes: Quoted | None) -> Decimal | None:
    """Return what the structures of an account made that were opened since its baseline, if they are all it held."""
    started = book.found.started.get(domain)
    if started is None or started.held:
        return None
    ours = [each for each in book.structures.values() if each.account_domain == domain and each.opened_at >= started.at]
    results = [structure_value(book, each, quotes) for each in ours]
    known = [result for result in results if result is not None]
    return sum(known, ZERO) if len(known) == len(results) else None


def structure_value(book: Book, structure: Structure, quotes: Quoted | None) -> Decimal | None:
    """Return what a structure moved in cash and is worth now; None without a mark."""
    value = _worth(book, structure.holdings, quotes)
    return None if value is None else structure.cash + value


def contracts_of(book: Book, symbols: Iterable[str]) -> dict[str, Contract]:
    """Return the contracts of those symbols that we can name."""
    found = {}
    for symbol in symbols:
        with suppress(UnknownSymbol):
            found[symbol] = book.contract(symbol)
    return found


def _worth(book: Book, holdings: Mapping[str, int], quotes: Quoted | None) -> Decimal | None:
    held = {symbol: n for symbol, n in holdings.items() if n}
    if not held:
        return ZERO
    return worth(held, quotes, contracts_of(book, held)) if quotes is not None else None


def _unmarked(foreign: Mapping[str, int], quotes: Quoted | None) -> list[str]:
    return [
        symbol
        for symbol, n in foreign.items()
        if quotes is None or names_future(symbol) or worth({symbol: n}, quotes, {}) is None
    ]
