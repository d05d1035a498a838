"""A roll: what was closed for it, and the same structure asked for in the next expiry.

Rules of this file:
* Never one order for both. A condor and its successor have eight legs, and no broker takes more than four; and a close
  is bound to its account and never asked anything, while an opening is asked everything. So first the close, whole, and
  only once every contract of it is gone the opening, whole, through the whole gate: the account is never naked between
  the two, and never holds both.
* The opening's id is the closed structure's, so however often it is asked for, by whichever process, there is one at
  most. What refuses it, for good or for now, ends the roll: then the structure was closed, and that is all.
* The same strikes, rights and ratios, in the nearest later expiry that lists and quotes them all, at no worse a price
  than brings `roll_credit_min` beyond the limit of the close.
* It follows from the book alone, and from no memory: an order whose name begins with `ROLLING` closed the structure,
  and nothing of it is held. The next session knows nothing of it any more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final
from zlib import crc32

from actors.domain.market.contract import Contract
from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Leg
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Open, Signal
from actors.domain.orders.working import Plan
from actors.domain.portfolio.intent import PRICE_STEP
from actors.domain.portfolio.mark import mid_price, natural_price
from actors.domain.portfolio.view import BookView, StructureView

ROLLING: Final = "roll-"
"""How the ids of closes that are to be followed by an opening begin, and those of the openings."""
_PLAN: Final = Plan(step_s=20.0, give_up_s=300.0)
_EXPIRES: Final = timedelta(minutes=10)
_ID_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Closed:
    """A structure that a roll closed: so many combos, at no worse a net price than this."""

    structure: StructureView
    quantity: int
    net_price: Decimal


@dataclass(frozen=True, slots=True)
class NotRolled:
    """Why nothing follows a close."""

    structure_id: str
    text: str


def roll_id(structure_id: str) -> str:
    """Return the id of the opening that follows a structure."""
    name = f"{ROLLING}{structure_id}"
    return name if len(name) <= _ID_MAX else f"{ROLLING}{crc32(structure_id.encode()):08x}"


def closed(book: BookView) -> Iterator[Closed]:
    """Yield what a roll has closed whole in this session, and nothing was opened for yet."""
    taken = {order.cl_ord_id for order in book.orders} | {each.structure_id for each in book.structures}
    for structure in book.structures:
        name = structure.structure_id
        if any(structure.holdings.values()) or structure.in_doubt or roll_id(name) in taken:
            continue
        own = [order for order in book.orders if order.structure_id == name and order.cl_ord_id != name]
        filled = [order for order in own if order.cum_qty and order.cl_ord_id.startswith(f"{ROLLING}close-")]
        prices = [order.net_price for order in filled if order.net_price is not None]
        is_over = all(order.status.is_terminal and not order.in_doubt for order in own)
        if prices and is_over and filled[-1].status is Status.FILLED:
            yield Closed(structure, sum(order.cum_qty for order in filled), min(prices))


def opening(rolled: Closed, quotes: QuoteTable, credit_min: Decimal, at: datetime) -> Signal | NotRolled:
    """Return what is to be asked for after a close, or why nothing is."""
    name = rolled.structure.structure_id
    legs = next_legs(rolled.structure.legs, quotes)
    if isinstance(legs, str):
        return NotRolled(name, legs)
    mid, natural = mid_price(legs, quotes), natural_price(legs, quotes)
    assert mid is not None
    assert natural is not None
    least = _to_step(max(credit_min - rolled.net_price, natural))
    if mid < least:
        text = f"the next one brings {mid} at the middle, needed {least}: its close cost {-rolled.net_price}"
        return NotRolled(name, text)
    request = Open(
        underlying=rolled.structure.underlying, legs=legs, order_qty=rolled.quantity, net_price=least, work=_PLAN
    )
    return Signal(
        signal_id=roll_id(name),
        strategy=rolled.structure.strategy,
        request=request,
        reason=f"roll of {name}: closed at {rolled.net_price}",
        created_at=at,
        expires_at=at + _EXPIRES,
    )


def next_legs(legs: Sequence[Leg], quotes: QuoteTable) -> tuple[Leg, ...] | str:
    """Return the same legs in the nearest later expiry that lists and quotes them all, or why there is none."""
    contracts = quotes.universe.contracts
    held = [contracts[quotes.row_of[leg.symbol]] for leg in legs if leg.symbol in quotes.row_of]
    days = {contract.expires_on for contract in held}
    if len(held) < len(legs) or len(days) != 1 or None in days:
        return "it ends on several days, or is not listed any more"
    listed = {_terms(contract): contract.symbol for contract in contracts if contract.is_option}
    for day in _later(contracts, held[0]):
        symbols = [listed.get((*_terms(contract)[:-1], day)) for contract in held]
        found = tuple(
            leg.model_copy(update={"symbol": symbol})
            for leg, symbol in zip(legs, symbols, strict=True)
            if symbol is not None
        )
        if len(found) == len(legs) and _are_quoted(found, quotes):
            return found
    return "no later expiry lists and quotes its strikes"


def _terms(contract: Contract) -> tuple[object, ...]:
    return contract.product.root, contract.right, contract.strike, contract.expires_on


def _later(contracts: Iterable[Contract], held: Contract) -> list[date]:
    days = {each.expires_on for each in contracts if each.is_option and each.product.root == held.product.root}
    return sorted(day for day in days if day is not None and held.expires_on is not None and day > held.expires_on)


def _are_quoted(legs: Sequence[Leg], quotes: QuoteTable) -> bool:
    return mid_price(legs, quotes) is not None and natural_price(legs, quotes) is not None


def _to_step(price: Decimal) -> Decimal:
    return (price / PRICE_STEP).to_integral_value(ROUND_CEILING) * PRICE_STEP
