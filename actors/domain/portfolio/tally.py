"""What was made, structure by structure and session by session, as far as breakers and sizes need it.

Rules of this file:
* A structure's result counts once it is flat, and changes while fees are still told; should an execution be taken back,
  it has not ended. Results follow each other in the order in which structures ended.
* A session's result of an account is what its next baseline is above its own, deposits left out. Foreign holdings that
  came in between are no gain.
* What a strategy holds over is worth to the old session what it is marked at in the new one. Until that mark its result
  is unknown.
* Strategies' forms take in what ended once its session is over; until then it may still change, and `form` adds it.
* The fold is the journal's alone: no quotes, no clock.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Final

from pydantic import Field

from actors.domain.orders import event as happened
from actors.domain.orders.breaker_event import BreakerReset, BreakerTripped, BreakerWarned, StructuresMarked
from actors.domain.orders.cost_event import CostCompared
from actors.domain.orders.finding import ForeignAdopted, HoldingsNetted, OptionSettled
from actors.domain.orders.order import Intent
from actors.domain.orders.report import CashEvent
from actors.domain.orders.signal import Signal
from actors.domain.orders.size_event import SizeMoved
from actors.domain.portfolio.breakers import Breakers
from actors.domain.portfolio.cost_tally import CostTally
from actors.domain.portfolio.form import Form
from actors.domain.value import ZERO, Money, Value

if TYPE_CHECKING:
    from actors.domain.portfolio.book import Book

SESSIONS: Final = 5
"""Sessions that a rolling loss is counted over, the one under way included."""
ENDED_MAX: Final = 100
"""Ended structures that a new session keeps: no run of losses is counted beyond."""


class Ended(Value):
    """A structure that holds nothing any more."""

    strategy: str
    account_domain: str
    sequence: int
    """Of the event that ended it."""
    pnl: Money
    fees: Money = ZERO
    """As booked so far; positive."""
    expected_fees: Money | None = None
    """What its orders were expected to cost; None where that is not known."""


class Past(Value):
    """A session that is over."""

    session: date
    baselines: Mapping[str, Money]
    accounts: Mapping[str, Money] = Field(default_factory=dict)
    """Results by account domain, of those that agreed again since."""
    strategies: Mapping[str, Money] = Field(default_factory=dict)


class Tally(Value):
    """The results that are over, what was held over, and the breakers."""

    breakers: Breakers = Breakers()
    ended: Mapping[str, Ended] = Field(default_factory=dict)
    past: tuple[Past, ...] = ()
    """Oldest first, without the session under way."""
    since: int = 0
    """Where in the journal the session under way began."""
    awaited: Mapping[str, Money] = Field(default_factory=dict)
    """The last baselines of accounts that have none in this session yet."""
    apart: frozenset[str] = frozenset()
    """Accounts where foreign holdings were adopted since their baseline."""
    bases: Mapping[str, Money] = Field(default_factory=dict)
    """What structures held over were worth in the session under way."""
    unmarked: frozenset[str] = frozenset()
    """Structures held over that nobody has marked in it."""
    forms: Mapping[str, Form] = Field(default_factory=dict)
    """By strategy, without the structures that ended in the session under way."""
    sizes: Mapping[str, SizeMoved] = Field(default_factory=dict)
    """Strategies that trade less than their full size."""
    costs: CostTally = CostTally()

    def opened(self, book: "Book", event: happened.SessionOpened) -> "Tally":
        """Return the tally with an account's new baseline; the book does not have it yet."""
        tally = self if event.session == book.session else self._next(book)
        agreed = event.baseline.keys() & tally.awaited.keys()
        fresh = {domain: event.baseline[domain] - tally.awaited[domain] for domain in agreed}
        if not fresh or not tally.past:
            return tally
        fresh = {domain: min(made, ZERO) if domain in self.apart else made for domain, made in fresh.items()}
        *older, last = tally.past
        update = {
            "past": (*older, last.model_copy(update={"accounts": {**last.accounts, **fresh}})),
            "awaited": {domain: base for domain, base in tally.awaited.items() if domain not in fresh},
            "apart": tally.apart.difference(fresh),
        }
        return tally.model_copy(update=update)

    def _next(self, book: "Book") -> "Tally":
        held = {name: each for name, each in book.structures.items() if not each.is_flat}
        past = self.past
        if book.session is not None:
            made: dict[str, Money] = {}
            for name, each in self.ended_today():
                made[each.strategy] = made.get(each.strategy, ZERO) + each.pnl - self.bases.get(name, ZERO)
            past = (*past, Past(session=book.session, baselines=dict(book.baseline), strategies=made))
        kept = sorted(self.ended.items(), key=lambda each: each[1].sequence)[-ENDED_MAX:]
        update = {
            "past": past[1 - SESSIONS :],
            "forms": self._forms(past[: 1 - SESSIONS]),
            "costs": self.costs.next_session(book.orders, held),
            "ended": dict(kept),
            "since": book.sequence,
            "awaited": {**self.awaited, **book.baseline},
            "bases": {name: base for name, base in self.bases.items() if name in held},
            "unmarked": frozenset(held),
        }
        return self.model_copy(update=update)

    def _forms(self, settled: tuple[Past, ...]) -> dict[str, Form]:
        """Return the forms with what ended in the session that is over, and with sessions that nothing corrects now."""
        forms = dict[str, Form]()
        for strategy in dict.fromkeys((*self.forms, *(each.strategy for _, each in self.ended_today()))):
            form = self.form(strategy)
            for each in settled:
                if form.sessions or strategy in each.strategies:
                    form = form.after_session(each.strategies.get(strategy, ZERO))
            forms[strategy] = form.next_session()
        return forms

    @property
    def strategies(self) -> set[str]:
        """Those of which something was opened or has ended."""
        return {*self.forms, *(each.strategy for each in self.ended.values())}

    def form(self, strategy: str) -> Form:
        """Return how a strategy has done up to now."""
        today = [each for _, each in self.reckoned_today() if each.strategy == strategy]
        return self.forms.get(strategy, Form()).after(today)

    def after(self, book: "Book", event: happened.Event) -> "Tally":
        """Return the tally after an event that the book has taken in."""
        tally = self._after(book, event)
        costs = self.costs.after(event, book.orders)
        return tally if costs is self.costs else tally.model_copy(update={"costs": costs})

    def _after(self, book: "Book", event: happened.Event) -> "Tally":
        match event:
            case happened.OrderPlaced(order=order, signal=Signal()) if (
                order.intent is Intent.OPEN and order.strategy not in self.sizes
            ):
                form = self.forms.get(order.strategy, Form())
                return self._with_form(order.strategy, form.opened(order.order_qty))
            case CostCompared(strategy=strategy):
                return self._with_form(strategy, self.forms.get(strategy, Form()).compared(event))
            case SizeMoved(strategy=strategy):
                sizes = {name: each for name, each in self.sizes.items() if name != strategy}
                sizes |= {strategy: event} if event.quantity_max is not None else {}
                moved = self._with_form(strategy, self.forms.get(strategy, Form()).moved(book.sequence))
                return moved.model_copy(update={"sizes": sizes})
            case happened.ReportTaken(cl_ord_id=order_id, report=report) if order_id and (
                report.fills or report.busted
            ):
                return self._counted(book, (book.orders[order_id].order.structure_id,))
            case happened.CashBooked(event=cash):
                return self._booked(book, cash)
            case HoldingsNetted() | OptionSettled():
                return self._counted(book, tuple(book.structures))
            case StructuresMarked():
                return self._marked(book, event)
            case BreakerTripped() | BreakerWarned() | BreakerReset():
                return self.model_copy(update={"breakers": self.breakers.after(event, book.sequence)})
            case ForeignAdopted(account_domain=domain):
                return self.model_copy(update={"apart": self.apart | {domain}})
        return self

    def _with_form(self, strategy: str, form: Form) -> "Tally":
        if self.forms.get(strategy) is form:
            return self
        return self.model_copy(update={"forms": {**self.forms, strategy: form}})

    def ended_today(self) -> list[tuple[str, Ended]]:
        """Return the structures that ended in the session under way."""
        return [(name, each) for name, each in self.ended.items() if each.sequence > self.since]

    def reckoned_today(self) -> list[tuple[str, Ended]]:
        """Return the same, with what they were expected to cost in fees."""
        return [
            (name, each.model_copy(update={"expected_fees": self.costs.fees.get(name)}))
            for name, each in self.ended_today()
        ]

    def losses(self, *, strategy: str | None = None, account_domain: str | None = None) -> tuple[int, ...]:
        """Return where the losses that nothing else came after ended, newest first: of a strategy, or of an account."""
        own = (each for each in self.ended.values() if strategy in {None, each.strategy})
        theirs = [each for each in own if account_domain in {None, each.account_domain}]
        found: list[int] = []
        for each in sorted(theirs, key=lambda each: -each.sequence):
            if each.pnl >= 0:
                break
            found.append(each.sequence)
        return tuple(found)

    def _counted(self, book: "Book", names: Iterable[str]) -> "Tally":
        touched = [each for name in names if (each := book.structures.get(name)) is not None]
        touched = [each for each in touched if each.is_flat or each.structure_id in self.ended]
        if not touched:
            return self
        ended = dict(self.ended)
        for each in touched:
            known = ended.pop(each.structure_id, None)
            if each.is_flat:
                at = known.sequence if known is not None else book.sequence
                ended[each.structure_id] = Ended(
                    strategy=each.strategy,
                    account_domain=each.account_domain,
                    sequence=at,
                    pnl=each.cash,
                    fees=each.fees,
                )
        return self.model_copy(update={"ended": ended})

    def _booked(self, book: "Book", cash: CashEvent) -> "Tally":
        domain = cash.account_domain
        if cash.type is CashEvent.Type.DEPOSIT and cash.symbol is None and domain in self.awaited:
            return self.model_copy(update={"awaited": {**self.awaited, domain: self.awaited[domain] + cash.amount}})
        if cash.type is CashEvent.Type.SETTLEMENT:
            return self._counted(book, [name for name, s in book.structures.items() if s.account_domain == domain])
        owner = book.executions.get((domain, cash.exec_id)) if cash.exec_id is not None else None
        return self if owner is None else self._counted(book, (owner,))

    def _marked(self, book: "Book", event: StructuresMarked) -> "Tally":
        if not self.past:
            return self
        *older, last = self.past
        made = dict(last.strategies)
        for name, value in event.values.items():
            strategy = book.structures[name].strategy
            made[strategy] = made.get(strategy, ZERO) + value - self.bases.get(name, ZERO)
        update = {
            "past": (*older, last.model_copy(update={"strategies": made})),
            "bases": {**self.bases, **event.values},
            "unmarked": self.unmarked.difference(event.values),
        }
        return self.model_copy(update=update)
