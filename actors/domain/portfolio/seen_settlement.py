"""Settlements that a reading shows and the broker does not say, or not yet: positions that changed as one changes them.

Rules of this file:
* An underlying's difference is a settlement only where that explains the whole of it: options of our structures that
  went towards zero, and exactly the shares that their exercise moves; and no order of ours there may trade.
* Before its last trade only an American option goes, and only with its shares: two that cancel out prove nothing. After
  it what brought no shares expired, or was paid: what, is the account's cash beyond the journal's, where that may be
  just it. Of several ways the one counts that the cash bears out.
* What a broker says later of the same movement is not booked twice: only its cash, as far as it differs, is news.
* Nothing else is taken for one: it stays a break, and a person looks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from actors.domain.market.contract import Contract, Style, UnknownSymbol
from actors.domain.market.last_trade import last_trade
from actors.domain.market.session import Sessions
from actors.domain.orders.report import AccountState, CashEvent, SettlementCause
from actors.domain.portfolio import delivery
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.findings import SEEN
from actors.domain.portfolio.reconcile import differences
from actors.domain.value import CENT, ZERO, Money

_Way = tuple[bool, ...]
"""Of each option that is gone, whether it was exercised for shares."""
LEGS_MAX: Final = 8
"""More legs than these are not explained: a person looks."""


@dataclass(frozen=True, slots=True)
class _Gone:
    """Signed contracts of one option that an account has beyond the journal, and what may have become of them."""

    contract: Contract
    change: int
    is_over: bool
    """Its last trade is past."""

    @property
    def shares(self) -> int:
        """The signed shares, or futures, that its exercise moves."""
        return delivery.moved(self.contract, self.change, at_end=self.is_over)

    @property
    def delivers(self) -> bool:
        """Whether its exercise moves anything."""
        return bool(delivery.units(self.contract, at_end=self.is_over))


def seen_settlements(book: Book, state: AccountState, sessions: Sessions) -> dict[str, list[CashEvent]]:
    """Return, by underlying, the movements that explain its difference; nothing of those that are not explained."""
    working = {life.order.underlying for life in book.live_orders()}
    found = {}
    for underlying, moved in differences(book, state).items():
        if underlying in working:
            continue
        gone = _gone(book, state, {symbol: n for symbol, n in moved.items() if symbol != underlying}, sessions)
        shares = moved.get(underlying, 0)
        if gone and (shares or all(each.is_over for each in gone)):
            way = _only(list(_ways(gone, shares)), gone, state.cash - book.cash.get(state.account_domain, ZERO))
            if way is not None:
                found[underlying] = _events(book, state, underlying, gone, way)
    return found


def key_of(domain: str, symbol: str, quantity: int) -> str:
    """Return what a movement that was seen, and one that is told, are known by as the same."""
    return f"{domain}/{symbol}/{quantity:+d}"


def _gone(book: Book, state: AccountState, moved: Mapping[str, int], sessions: Sessions) -> list[_Gone] | None:
    """Return the options that differ; None where one of them could not have been settled."""
    ours, gone = book.positions.get(state.account_domain, {}), list[_Gone]()
    here = [each for each in book.structures.values() if each.account_domain == state.account_domain]
    for symbol, change in moved.items():
        try:
            contract = book.contract(symbol)
        except UnknownSymbol:
            return None
        held = ours.get(symbol, 0)
        towards_zero = held * change < 0 and abs(change) <= abs(held)
        owned = sum(each.holdings.get(symbol, 0) for each in here) == held
        if not (contract.is_option and towards_zero and owned) or book.adjusted_from(symbol) is not None:
            return None
        last = last_trade(contract, sessions)
        gone.append(_Gone(contract, change, is_over=last is not None and state.read_at >= last.at))
    return gone if len(gone) <= LEGS_MAX else None


def _ways(gone: Sequence[_Gone], shares: int) -> Iterator[_Way]:
    """Yield each choice of what was exercised that moves exactly these shares."""
    choices = [_choices(each) for each in gone]
    for way in product(*choices):
        moved = sum(each.shares for each, exercised in zip(gone, way, strict=True) if exercised)
        if moved == shares:
            yield way


def _only(ways: Sequence[_Way], gone: Sequence[_Gone], beyond: Money) -> _Way | None:
    """Return the only way there is, or the only one that the account's cash beyond the journal's bears out."""
    borne_out = [way for way in ways if _spent(gone, way) == beyond]
    return ways[0] if len(ways) == 1 else borne_out[0] if len(borne_out) == 1 else None


def _spent(gone: Sequence[_Gone], way: _Way) -> Money:
    """Return the cash for the shares that were exercised, in > 0."""
    return sum((delivery.spent(each.contract, each.change) for each, done in zip(gone, way, strict=True) if done), ZERO)


def _choices(gone: _Gone) -> tuple[bool, ...]:
    """Return whether an option may have been exercised for shares, and whether it may not."""
    may = gone.delivers and (gone.is_over or gone.contract.product.style is Style.AMERICAN)
    return ((True,) if may else ()) + ((False,) if gone.is_over else ())


def _events(book: Book, state: AccountState, underlying: str, gone: Sequence[_Gone], way: _Way) -> list[CashEvent]:
    exercised = [each for each, is_exercised in zip(gone, way, strict=True) if is_exercised]
    shares = sum(each.shares for each in exercised)
    spent = _spent(gone, way)
    paid = _paid(book, state, [each for each in gone if not each.delivers], spent)
    events = []
    for each in gone:
        amount, paid = (ZERO, paid) if each.delivers else (paid, ZERO)
        cause = _cause(each, amount, is_exercised=each in exercised)
        events.append(_event(state, each.contract.symbol, each.change, amount, cause))
    if exercised:
        events.append(_event(state, underlying, shares, spent, None))
    return events


def _paid(book: Book, state: AccountState, settled: Sequence[_Gone], spent: Money) -> Money:
    """Return what options settled in cash were paid: the account's cash beyond the journal's, if it may be just that.

    A settlement pays whole cents a point, a fee under way hardly ever does. Of several structures it is nobody's.
    """
    symbols = {each.contract.symbol for each in settled}
    here = (each for each in book.structures.values() if each.account_domain == state.account_domain)
    owners = [each for each in here if symbols & each.holdings.keys()]
    beyond = state.cash - book.cash.get(state.account_domain, ZERO) - spent
    step = CENT * max((each.contract.multiplier for each in settled), default=1)
    return beyond if len(owners) == 1 and not beyond % step else ZERO


def _cause(gone: _Gone, amount: Money, *, is_exercised: bool) -> SettlementCause:
    if is_exercised:
        return SettlementCause.ASSIGNMENT if gone.change > 0 else SettlementCause.EXERCISE
    return SettlementCause.CASH if amount else SettlementCause.EXPIRATION


def _event(state: AccountState, symbol: str, quantity: int, amount: Money, cause: SettlementCause | None) -> CashEvent:
    return CashEvent(
        event_id=f"{SEEN}{key_of(state.account_domain, symbol, quantity)}-{state.read_at:%Y%m%d%H%M%S}",
        account_domain=state.account_domain,
        type=CashEvent.Type.SETTLEMENT,
        symbol=symbol,
        quantity=quantity,
        amount=amount,
        cause=cause,
        text="seen in the account's positions; its broker has not said it",
        at=state.read_at,
    )
