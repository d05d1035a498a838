"""What each account and each strategy made: of the day, over the last sessions, and how many losses in a row.

Rules of this file:
* Marked where one could close: a long at the bid, a short at the ask (`mark`). Without a mark the result is unknown.
* A day runs from one open of the exchange to the next. Until it opens, the day before goes on, with its baseline: what
  is lost just before and just after midnight in New York is one loss.
* An account's own broker says what it is worth too; whoever judges takes the worse of the two.
* A strategy has no money of its own: its losses are a share of the baselines of the accounts it trades in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from actors.domain.market.quoted import Quoted
from actors.domain.orders.breaker_event import Scope
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.day_result import account_result, structure_value
from actors.domain.portfolio.structure import Structure
from actors.domain.portfolio.tally import Past
from actors.domain.value import ZERO, Money, Value


@dataclass(frozen=True, slots=True)
class Equity:
    """What a broker last said an account is worth, if it did. `opens`: whether an opening could be sent there now."""

    worth: Decimal | None
    age_s: float | None
    opens: bool


class Result(Value):
    """What one account or strategy made, in dollars. None: unknown, because something it holds has no mark."""

    scope: Scope
    subject: str
    day: date
    base: Money
    """The baseline of the day, which limits are shares of."""
    pnl: Money | None
    sessions_base: Money
    """The same of the last sessions, the one under way included."""
    sessions_pnl: Money | None
    losses: tuple[int, ...] = ()
    """Where in the journal each of the losses ended that nothing else came after, newest first."""
    equity: Money | None = None
    """What the account's broker says it is worth; None of a strategy, and where no broker has told."""
    equity_age_s: float | None = None
    broker_pnl: Money | None = None
    """The result of the day by that."""
    opens: bool = False
    """Whether an opening could be sent to that account now."""


def results(
    book: Book, quotes: Quoted | None, equities: Mapping[str, Equity], *, before_open: bool
) -> tuple[Result, ...]:
    """Return the results of every account with a baseline, and of every strategy that traded in the last sessions."""
    if book.session is None:
        return ()
    accounts = [_account(book, domain, quotes, equities.get(domain), before_open) for domain in book.baseline]
    return (*accounts, *_strategies(book, quotes, before_open))


def _account(
    book: Book,
    domain: str,
    quotes: Quoted | None,
    equity: Equity | None,
    before_open: bool,  # noqa: FBT001 - handed down
) -> Result:
    assert book.session is not None
    past = [each for each in book.tally.past if domain in each.accounts]
    last = past[-1] if before_open and past else None
    today, carried = account_result(book, domain, quotes), last.accounts[domain] if last else ZERO
    earlier = sum((each.accounts[domain] for each in past), ZERO)
    by_broker = None
    if equity is not None and equity.worth is not None and domain not in book.tally.apart and not today.without:
        by_broker = equity.worth - book.baseline[domain] + carried
    return Result(
        scope=Scope.ACCOUNT,
        subject=domain,
        day=last.session if last else book.session,
        base=last.baselines[domain] if last else book.baseline[domain],
        pnl=None if today.pnl is None else today.pnl + carried,
        sessions_base=past[0].baselines[domain] if past else book.baseline[domain],
        sessions_pnl=None if today.pnl is None else today.pnl + earlier,
        losses=book.tally.losses(account_domain=domain),
        equity=None if equity is None else equity.worth,
        equity_age_s=None if equity is None else equity.age_s,
        broker_pnl=by_broker,
        opens=equity is not None and equity.opens,
    )


def _strategies(book: Book, quotes: Quoted | None, before_open: bool) -> Iterator[Result]:  # noqa: FBT001
    assert book.session is not None
    owned, ended = dict[str, list[Structure]](), {name for name, _ in book.tally.ended_today()}
    for each in book.structures.values():
        owned.setdefault(each.strategy, []).append(each)
    past = book.tally.past
    for strategy, structures in sorted(owned.items()):
        today = _today(book, structures, ended, quotes)
        last = past[-1] if before_open and past else None
        earlier = sum((each.strategies.get(strategy, ZERO) for each in past), ZERO)
        domains = {each.account_domain for each in structures}
        base = _base(book, domains, last)
        yield Result(
            scope=Scope.STRATEGY,
            subject=strategy,
            day=last.session if last else book.session,
            base=base,
            pnl=None if today is None else today + (last.strategies.get(strategy, ZERO) if last else ZERO),
            sessions_base=_base(book, domains, past[0]) if past else base,
            sessions_pnl=None if today is None else today + earlier,
            losses=book.tally.losses(strategy=strategy),
        )


def _base(book: Book, domains: set[str], past: Past | None) -> Decimal:
    told = {**book.tally.awaited, **book.baseline, **(past.baselines if past is not None else {})}
    return sum((told[domain] for domain in domains if domain in told), ZERO)


def _today(book: Book, structures: list[Structure], ended: set[str], quotes: Quoted | None) -> Decimal | None:
    """Return what structures made since the session's baseline: those that are held, and those that ended in it."""
    total = ZERO
    for each in structures:
        name = each.structure_id
        if each.is_flat and name not in ended:
            continue
        value = None if name in book.tally.unmarked and not each.is_flat else structure_value(book, each, quotes)
        if value is None:
            return None
        total += value - book.tally.bases.get(name, ZERO)
    return total
