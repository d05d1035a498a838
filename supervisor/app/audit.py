"""Judges one finished run: journal, executor and brokers against each other, order by order and fill by fill.

Three tellings that must be one: the fold of the journal, the book the executor says it has, and the whole reading of
each account. The scorecard's words (lost, doubled, naked, in doubt) keep their meaning; added here are

* *position break*: a symbol of which journal and broker hold different quantities;
* *cash gap*: an account where their cash differs;
* *false fill*: an execution the journal holds, which the broker has not, or has otherwise, or took back;
* *false reject*: an attempt the journal calls rejected, not sent or absent, which the broker has as an order;
* *differing*: any other sentence on which two of the three disagree.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from actors.domain.orders.attempt import AttemptState
from actors.domain.orders.order import Fill, attempt_id
from actors.domain.orders.report import AccountState, ExecutionReport, Status
from actors.domain.performance.scorecard import Scorecard
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.picture import picture
from actors.domain.portfolio.view import BookView
from actors.domain.value import ZERO, Value

_GONE = {AttemptState.REJECTED, AttemptState.NOT_SENT, AttemptState.ABSENT}
_COMPARED = ("structures", "orders", "triggers", "quarantined", "signals", "cash", "baseline", "executor_epoch")
"""What the executor says of its book that does not hang on the quotes it sees."""


class Audit(Value):
    """The verdict; every tuple empty is a clean run."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    naked: tuple[str, ...] = ()
    in_doubt: tuple[str, ...] = ()
    position_breaks: tuple[str, ...] = ()
    cash_gaps: tuple[str, ...] = ()
    false_rejects: tuple[str, ...] = ()
    false_fills: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """Every fault as a sentence, with its kind before it."""
        return tuple(f"{kind}: {each}" for kind in type(self).model_fields for each in getattr(self, kind))


def audit(book: Book, card: Scorecard, accounts: Sequence[AccountState], view: BookView) -> Audit:
    """Compare the journal's fold, the scorecard made of it, the accounts, and the executor's own book."""
    naked = tuple(name for name, each in book.structures.items() if each.naked)
    found = {"lost": card.lost, "doubled": card.doubled, "naked": naked, "in_doubt": card.in_doubt}
    return Audit(**found, cash_gaps=_gaps(card.cash_gap), **_compared(book, accounts, view))


def standing_audit(book: Book, accounts: Sequence[AccountState], view: BookView) -> Audit:
    """Compare the three as they stand while orders work: a fold that is kept up takes the scorecard's place.

    Shorts whose cover is on its way are not judged: how long they stood uncovered is, at the end.
    """
    shown = Counter(report.attempt_id for state in accounts for report in state.orders if report.attempt_id)
    sent = [
        attempt_id(name, attempt.number)
        for name, life in book.orders.items()
        for attempt in life.attempts
        if attempt.state is AttemptState.ACCEPTED
    ]
    cash = {state.account_domain: book.cash.get(state.account_domain, ZERO) - state.cash for state in accounts}
    return Audit(
        lost=tuple(name for name in sent if not shown[name]),
        doubled=tuple(name for name, count in shown.items() if count > 1),
        in_doubt=tuple(life.order.cl_ord_id for life in book.live_orders() if life.in_doubt),
        cash_gaps=_gaps(cash),
        **_compared(book, accounts, view),
    )


def _compared(book: Book, accounts: Sequence[AccountState], view: BookView) -> dict[str, tuple[str, ...]]:
    stated = {report.attempt_id: report for state in accounts for report in state.orders if report.attempt_id}
    false_fills, missed_fills = _fills(book, accounts)
    return {
        "position_breaks": tuple(_position_breaks(book, accounts)),
        "false_rejects": tuple(_false_rejects(book, stated)),
        "false_fills": false_fills,
        "differing": (
            *_statuses(book, stated),
            *_strangers(book, accounts),
            *missed_fills,
            *told_otherwise(book, view),
        ),
    }


def _gaps(cash: Mapping[str, Decimal]) -> tuple[str, ...]:
    return tuple(f"{domain} {gap:+}" for domain, gap in cash.items() if gap)


def _position_breaks(book: Book, accounts: Sequence[AccountState]) -> Iterator[str]:
    for state in accounts:
        ours = book.positions.get(state.account_domain, {})
        theirs = {position.symbol: position.quantity for position in state.positions}
        for symbol in sorted(ours.keys() | theirs):
            here, there = ours.get(symbol, 0), theirs.get(symbol, 0)
            if here != there:
                yield f"{state.account_domain} {symbol}: the journal has {here}, the broker {there}"


def _false_rejects(book: Book, stated: Mapping[str, ExecutionReport]) -> Iterator[str]:
    for name, life in book.orders.items():
        for attempt in life.attempts:
            report = stated.get(attempt_id(name, attempt.number))
            if attempt.state in _GONE and report is not None and report.status is not Status.REJECTED:
                yield f"{report.attempt_id}: {attempt.state} here ({attempt.text}), {report.status} at {report.route}"


def _statuses(book: Book, stated: Mapping[str, ExecutionReport]) -> Iterator[str]:
    for name, life in book.orders.items():
        report = stated.get(attempt_id(name, life.last.number)) if life.last else None
        if report is None or life.last is None or life.last.state in _GONE:
            continue
        if report.status is not life.status:
            yield f"{report.attempt_id}: {life.status} here, {report.status} at {report.route}"
        if report.broker_order_id != life.last.broker_order_id:
            yield f"{report.attempt_id}: order {life.last.broker_order_id} here, {report.broker_order_id} there"


def _strangers(book: Book, accounts: Sequence[AccountState]) -> Iterator[str]:
    for state in accounts:
        for report in state.orders:
            if book.order_of(report) is None:
                yield f"{state.account_domain}: order {report.broker_order_id} is not ours"


def _fills(book: Book, accounts: Sequence[AccountState]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fills by execution, whichever order they stand under: those that are wrong here, and those that are missing."""
    here = {
        (attempt.account_domain, fill.exec_id): fill
        for life in book.orders.values()
        for attempt in life.attempts
        if attempt.state is AttemptState.ACCEPTED
        for fill in life.fills
    }
    there = {
        (state.account_domain, fill.exec_id): fill
        for state in accounts
        for report in state.orders
        for fill in report.fills
    }
    wrong: list[str] = []
    missing: list[str] = []
    for domain, execution in sorted(here.keys() | there):
        ours, theirs = here.get((domain, execution)), there.get((domain, execution))
        if ours is None or theirs is None or _traded(ours) != _traded(theirs):
            text = f"{domain} execution {execution}: {_words(ours)} here, {_words(theirs)} there"
            (missing if ours is None else wrong).append(text)
    return tuple(wrong), tuple(missing)


def _traded(fill: Fill) -> tuple[object, ...]:
    return fill.symbol, fill.action, fill.last_qty, fill.last_px


def _words(fill: Fill | None) -> str:
    return "nothing" if fill is None else " ".join(map(str, _traded(fill)))


def told_otherwise(book: Book, view: BookView) -> Iterator[str]:
    """Yield what the executor says otherwise than the fold of the journal up to the same event."""
    if view.journal_sequence != book.sequence:
        yield f"the executor's book ends at event {view.journal_sequence}, the journal at {book.sequence}"
        return
    fold = picture(book, None, ready=view.ready)
    for field in _COMPARED:
        ours, theirs = getattr(fold, field), getattr(view, field)
        if ours != theirs:
            yield f"the executor's {field} are not the journal's: {_first_difference(ours, theirs)}"


def _first_difference(ours: object, theirs: object) -> str:
    if isinstance(ours, tuple) and isinstance(theirs, tuple) and len(ours) == len(theirs):
        ours, theirs = next((pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]), (ours, theirs))
    return f"{ours} in the journal, {theirs} told"
