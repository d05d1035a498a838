"""What an exercise, an assignment or an expiry did to our structures, from what the broker booked.

A broker books the option that leaves and the shares that come as two movements of its account; the first is enough to
know the second. The option leaves the structures that hold it, each its share (`structure.settled`). Here each gets the
shares its own contracts brought, with the cash for them at the strike: what is left of a structure after an assignment
is its legs and its shares, and is closed as one.

A future that an option on it delivered goes the same way: the structure has it at the strike, though the account pays
nothing for it (`delivery`, `booked_cash`).

Left out: contracts that deliver something else (adjusted ones are refused).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from actors.domain.market.contract import Contract, UnknownSymbol
from actors.domain.market.last_trade import last_trade
from actors.domain.market.session import NEW_YORK, Sessions
from actors.domain.orders.finding import OptionSettled, SettledPart
from actors.domain.orders.report import CashEvent, SettlementCause
from actors.domain.portfolio import delivery
from actors.domain.portfolio.structure import Structure, settled
from actors.domain.value import ZERO, Instant

if TYPE_CHECKING:
    from actors.domain.portfolio.book import Book

_DELIVERING = {SettlementCause.ASSIGNMENT, SettlementCause.EXERCISE}


def option_settled(book: "Book", event: CashEvent, sessions: Sessions, at: Instant) -> OptionSettled | None:
    """Return what a movement that is not booked yet does to our structures; None where it settles no option of ours."""
    if event.type is not CashEvent.Type.SETTLEMENT or event.cause is None or event.symbol is None:
        return None
    try:
        contract = book.contract(event.symbol)
    except UnknownSymbol:
        return None
    domain = event.account_domain
    held = book.positions.get(domain, {}).get(event.symbol, 0)
    if not contract.is_option or not held:
        return None
    here = [each for each in book.structures.values() if each.account_domain == domain]
    before = {each.structure_id: each for each in here}
    after = settled(here, event.symbol, event.quantity, event.amount, is_whole=held + event.quantity == 0)
    last = last_trade(contract, sessions)
    is_early = last is None or event.at.astimezone(NEW_YORK).date() < last.settles_on
    parts = tuple(_part(before[each.structure_id], each, contract, event.cause, at_end=not is_early) for each in after)
    return OptionSettled(
        event_id=event.event_id,
        account_domain=domain,
        cause=event.cause,
        symbol=event.symbol,
        quantity=event.quantity,
        amount=event.amount,
        strike=contract.strike or ZERO,
        shares_of=contract.underlying,
        point=delivery.point(contract),
        parts=parts,
        is_early=is_early,
        at=at,
    )


def delivered(structures: Mapping[str, Structure], event: OptionSettled) -> dict[str, Structure]:
    """Return the structures that shares came to or left, with them, and the cash at the strike."""
    return {
        part.structure_id: structures[part.structure_id]
        .moved(event.shares_of, part.shares)
        .paid(-part.shares * event.strike * event.point)
        .model_copy(update={"delivered": True})
        for part in event.parts
        if part.shares and part.structure_id in structures
    }


def leftovers(book: "Book", event: OptionSettled) -> Sequence[str]:
    """Return, structure by structure, what is held once the event is in the book."""
    found = []
    for part in event.parts:
        held = dict(book.structures[part.structure_id].holdings)
        held[event.symbol] = held.get(event.symbol, 0) + part.quantity
        held[event.shares_of] = held.get(event.shares_of, 0) + part.shares
        left = ", ".join(f"{count:+d} {symbol}" for symbol, count in held.items() if count)
        found.append(f"{part.structure_id} is left with {left or 'nothing'}")
    return found


def _part(
    before: Structure, after: Structure, contract: Contract, cause: SettlementCause, *, at_end: bool
) -> SettledPart:
    change = after.holdings.get(contract.symbol, 0) - before.holdings.get(contract.symbol, 0)
    shares = delivery.moved(contract, change, at_end=at_end) if cause in _DELIVERING else 0
    return SettledPart(structure_id=before.structure_id, quantity=change, shares=shares)
