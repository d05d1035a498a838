"""What one structure holds too much, and another of its account covers: found, priced, and moved between the two.

An account nets. A fill after a cancel closes a structure twice, and the second time takes what another structure holds;
a leg is closed by hand; two structures meet in one contract. The account is right then, and what is held per structure
is not: one shows a short that is not there and can never be bought back, another a leg that is gone. Orders cannot mend
that, for there is nothing to trade. So the excess moves between structures, in the books alone:

* Moved is what a structure holds against its legs, or short beyond whole combos, and the account does not have. What
  the account has is unwound by orders (`imbalance`), so that no other structure is touched without need.
* It goes to those that hold the same contract on the other side: first where that is an excess too, then the oldest;
  last to what nobody's structure holds, while no order of the account is in doubt, for its fills may be that.
* Its price is stated. What was closed too much goes at the price of the executions that did it, latest first: they
  closed the other structure. What a stranger's execution closed goes at that one's price; the rest at the middle of the
  market, and waits where nobody quotes it. Fees stay with the structure whose order paid them.
* What one structure loses the other gets, contracts and cash, to the cent; the account's positions and cash stay.
* For the other structure it is a close: it is not completed again, but unwound where it is left out of ratio.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from actors.domain.market.quoted import Quoted
from actors.domain.orders.finding import HoldingsNetted, NettedHolding, OptionSettled
from actors.domain.orders.order import Action, Fill, Leg
from actors.domain.portfolio.mark import mid_price
from actors.domain.portfolio.settlement import delivered
from actors.domain.portfolio.structure import Structure
from actors.domain.value import CENT, Instant

if TYPE_CHECKING:
    from actors.domain.portfolio.book import Book


def nettings(book: "Book", structure: Structure, quotes: Quoted | None, at: Instant) -> list[HoldingsNetted]:
    """Return what moves from a structure to others of its account, an event for each; none where nothing must."""
    found: dict[str | None, list[NettedHolding]] = {}
    for symbol, held in {**structure.naked, **structure.reversed}.items():
        for counterpart, moved in _moves(book, structure, symbol, held, quotes):
            found.setdefault(counterpart, []).append(moved)
    return [
        HoldingsNetted(
            structure_id=structure.structure_id,
            counterpart=counterpart,
            account_domain=structure.account_domain,
            moved=tuple(moved),
            at=at,
        )
        for counterpart, moved in found.items()
    ]


def netted(book: "Book", event: HoldingsNetted | OptionSettled) -> dict[str, Structure]:
    """Return the structures that an event changes, as they are after it."""
    if isinstance(event, OptionSettled):
        return delivered(book.structures, event)
    changed = {event.structure_id: book.structures[event.structure_id]}
    if event.counterpart is not None:
        changed[event.counterpart] = book.structures[event.counterpart]
    for moved in event.moved:
        cash = moved.quantity * moved.px * book.multiplier(moved.symbol)
        for name, sign in zip(changed, (-1, 1), strict=False):
            changed[name] = changed[name].moved(moved.symbol, sign * moved.quantity).paid(-sign * cash)
    return changed


def _moves(
    book: "Book", structure: Structure, symbol: str, held: int, quotes: Quoted | None
) -> Iterator[tuple[str | None, NettedHolding]]:
    """Yield what of `held` signed contracts moves, with its counterpart: a share for each price."""
    sign, left = (1 if held > 0 else -1), _not_there(book, structure, symbol, held)
    did_it = _latest(_own(book, structure), symbol, sign * left) if symbol in structure.reversed else []
    for counterpart, opposite in _opposites(book, structure, symbol, sign):
        prices = did_it[: min(left, opposite)] or _prices(
            book, structure, counterpart, symbol, -sign * min(left, opposite), quotes
        )
        did_it = did_it[len(prices) :]
        left -= len(prices)
        for px, count in Counter(prices).items():
            yield counterpart, NettedHolding(symbol=symbol, quantity=sign * count, px=px)


def _not_there(book: "Book", structure: Structure, symbol: str, held: int) -> int:
    """Return how many of `held` signed contracts the account does not have."""
    there = book.positions.get(structure.account_domain, {}).get(symbol, 0)
    return abs(held) - min(abs(held), max(0, there if held > 0 else -there))


def _opposites(book: "Book", structure: Structure, symbol: str, sign: int) -> Iterator[tuple[str | None, int]]:
    """Yield who holds a contract on the other side than `sign`, with the count, in the order in which they are asked.

    None is what the account has beyond all structures.
    """
    domain = structure.account_domain
    here = [each for each in book.structures.values() if each.account_domain == domain]
    opposed = [each for each in here if sign * each.holdings.get(symbol, 0) < 0]
    for each in sorted(opposed, key=lambda each: (not _exceeds(each, symbol), each.opened_at, each.structure_id)):
        yield each.structure_id, abs(each.holdings[symbol])
    beyond = book.positions.get(domain, {}).get(symbol, 0) - sum(each.holdings.get(symbol, 0) for each in here)
    if sign * beyond < 0 and not _is_in_doubt(book, domain):
        yield None, abs(beyond)


def _exceeds(structure: Structure, symbol: str) -> bool:
    return symbol in structure.naked or symbol in structure.reversed


def _is_in_doubt(book: "Book", domain: str) -> bool:
    attempts = (life.last for life in book.live_orders() if life.in_doubt or life.is_unanswered)
    return any(attempt is not None and attempt.account_domain == domain for attempt in attempts)


def _prices(
    book: "Book",
    structure: Structure,
    counterpart: str | None,
    symbol: str,
    quantity: int,
    quotes: Quoted | None,
) -> list[Decimal]:
    """Return a price for each of `quantity` signed contracts of a counterpart; none where there is none yet."""
    if counterpart is None:
        strangers = [fill for (domain, _), fill in book.strangers.items() if domain == structure.account_domain]
        if prices := _latest(strangers, symbol, quantity):
            return prices
    leg = Leg(symbol=symbol, action=Action.SELL_TO_CLOSE)
    middle = mid_price((leg,), quotes) if quotes is not None else None
    return [] if middle is None else [middle.quantize(CENT)] * abs(quantity)


def _own(book: "Book", structure: Structure) -> list[Fill]:
    lives = (life for life in book.orders.values() if life.order.structure_id == structure.structure_id)
    return [fill for life in lives for fill in life.fills]


def _latest(fills: Sequence[Fill], symbol: str, quantity: int) -> list[Decimal]:
    """Return a price for each of `quantity` signed contracts, of the latest executions; none where these were fewer."""
    sign = 1 if quantity > 0 else -1
    made = sorted((f for f in fills if f.symbol == symbol and f.action.sign == sign), key=lambda fill: fill.at)
    prices = [fill.last_px for fill in reversed(made) for _ in range(fill.last_qty)]
    return prices[: abs(quantity)] if len(prices) >= abs(quantity) else []
