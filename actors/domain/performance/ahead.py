"""What lies ahead on one date: the session, what of the book expires, what the calendar keeps openings from.

All of it follows from the book and from tables: no quote, no clock.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from actors.domain.market.contract import Contract, Products, UnknownSymbol
from actors.domain.market.last_trade import last_trade
from actors.domain.market.session import NEW_YORK, Closed, Sessions
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.cover import parts_of
from actors.domain.portfolio.structure import Structure
from actors.domain.risk.almanac import Blackout
from actors.domain.risk.committed_loss import committed_loss
from actors.domain.risk.margin import unfunded
from actors.domain.risk.margin_table import MarginTable
from actors.domain.value import ZERO, Instant, Money, Value

DAYS_AHEAD: Final = 10
"""No exchange is closed for longer."""


class Expiring(Value):
    """One leg held that trades for the last time on the date."""

    structure_id: str
    strategy: str
    symbol: str
    quantity: int
    ends_at: Instant | None
    """None: no table says, which counts as today."""


class MarginLine(Value):
    """What one account's structures need by the exchange's rules. `requirement` None: a naked short's is not known."""

    account_domain: str
    cash: Money
    requirement: Money | None
    structures: int


class Ahead(Value):
    """One date, as the tables and the book have it."""

    on: date
    opens_at: Instant | None = None
    """None: there is no session; `closed` says why."""
    closes_at: Instant | None = None
    is_half_day: bool = False
    closed: str = ""
    next_session: date | None = None
    """The first one after it."""
    expiring: tuple[Expiring, ...] = ()
    blackouts: tuple[str, ...] = ()
    margins: tuple[MarginLine, ...] = ()
    at_stake: Money = ZERO
    """The most that all structures held or coming may lose at expiry."""
    structures: int = 0


def next_session(sessions: Sessions, after: date) -> date | None:
    """Return the first date after one on which options trade; None where no table says within `DAYS_AHEAD`."""
    days = (after + timedelta(days=ahead) for ahead in range(1, DAYS_AHEAD + 1))
    return next((day for day in days if sessions.session("equity_option", day) is not None), None)


def ahead(
    book: Book,
    products: Products,
    sessions: Sessions,
    margins: MarginTable,
    blackouts: Iterable[Blackout],
    on: date,
) -> Ahead:
    """Return what lies ahead on a date."""
    found = sessions.find("equity_option", on)
    held = [each for each in book.structures.values() if not each.is_flat]
    at_stake, _ = committed_loss(book)
    session = None if isinstance(found, Closed) else found
    return Ahead(
        on=on,
        opens_at=session.opens_at if session else None,
        closes_at=session.closes_at if session else None,
        is_half_day=session is not None and session.is_half_day,
        closed=found.text if isinstance(found, Closed) else "",
        next_session=next_session(sessions, on),
        expiring=tuple(_expiring(held, products, sessions, on)),
        blackouts=tuple(_blackouts(blackouts, on)),
        margins=tuple(_margins(book, held, products, margins, on)),
        at_stake=at_stake,
        structures=len(held),
    )


def _expiring(held: Sequence[Structure], products: Products, sessions: Sessions, on: date) -> Iterable[Expiring]:
    for each in held:
        for symbol, quantity in each.holdings.items():
            contract = _contract(products, symbol)
            if contract is None or not contract.is_option or not quantity:
                continue
            last = last_trade(contract, sessions)
            if last is None or last.on == on:
                yield Expiring(
                    structure_id=each.structure_id,
                    strategy=each.strategy,
                    symbol=symbol,
                    quantity=quantity,
                    ends_at=None if last is None else last.at,
                )


def _blackouts(blackouts: Iterable[Blackout], on: date) -> Iterable[str]:
    begins = datetime.combine(on, time(), NEW_YORK)
    for each in blackouts:
        if each.begins < begins + timedelta(days=1) and each.ends > begins:
            start, end = each.begins.astimezone(NEW_YORK), each.ends.astimezone(NEW_YORK)
            whose = ", ".join(each.underlyings) or "everything"
            yield f"{start:%H:%M} to {end:%a %H:%M} ET, {whose}: {each.reason}"


def _margins(
    book: Book, held: Sequence[Structure], products: Products, table: MarginTable, on: date
) -> Iterable[MarginLine]:
    for domain in sorted(book.cash):
        own = [each for each in held if each.account_domain == domain]
        needs = [_requirement(each, products, table, on) for each in own]
        known = [each for each in needs if each is not None]
        yield MarginLine(
            account_domain=domain,
            cash=book.cash[domain],
            requirement=sum(known, ZERO) if len(known) == len(needs) else None,
            structures=len(own),
        )


def _requirement(each: Structure, products: Products, table: MarginTable, on: date) -> Decimal | None:
    """Return what a structure's covered options need beside their prices, in dollars."""
    found = [(_contract(products, symbol), quantity) for symbol, quantity in each.holdings.items()]
    options = [(contract, quantity) for contract, quantity in found if contract is not None and contract.is_option]
    if len(options) != len(found):
        return None
    bare = unfunded(parts_of(options), options[0][0], None, table, on)
    return None if bare is None else (bare[0] + bare[1]) * options[0][0].multiplier


def _contract(products: Products, symbol: str) -> Contract | None:
    try:
        return products.contract(symbol)
    except UnknownSymbol:
        return None
