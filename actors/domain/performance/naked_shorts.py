"""How long short legs stood uncovered, and how much of that nobody attended to, by the journal and the deaths.

*Naked* is a structure's short beyond its whole combos, from the event that told of it to the one that covered it: legs
that a broker tells one after the other count too. *Unattended* is that time less what Holdfast could do nothing about,
or was doing: each structure's naked seconds in which none of these held

* an order of the structure was unanswered or in doubt: nothing may be sent beside it (law 2);
* so was a close of another structure of the account in the short's contract: what it may have bought is not bought a
  second time (law 7);
* the cancel of one was under way;
* an order of the executor's own that covers the short was at work;
* nothing could be sent: the executor was dead (from its last pass of work to its successor's start), or no route to the
  account could write, or the account was not read since the executor or its route came back (law 8);
* there was no market: it was shut, or nobody offered the short while quotes came in (`risk.no_market`), from the
  executor's word that this held it back to its next order of the structure, or its word that something else does.

An excuse is what nobody could have helped. An opening or a close that works on beside the short is none: it can be
cancelled. Nor is a connection that fell silent without a word: that it hangs is ours to see, and its end is declared
within the hang limits; until then the time is ours. Nor are quotes that our feed does not bring: what was last quoted
prices a close however old it is, and a short that was never quoted here was sold here.

Times are nanoseconds of one clock.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import AttemptState
from actors.domain.orders.finding import CoverHeldBack, HoldingsNetted, LegCovered
from actors.domain.orders.order import Fill, Intent
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import AccountState
from actors.domain.orders.route_event import RouteTurned
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.imbalance import is_covering
from actors.domain.portfolio.structure import Structure, founded
from actors.domain.value import Value

_AT_BROKER = {AttemptState.SENDING, AttemptState.IN_DOUBT, AttemptState.ACCEPTED}


class Recorded(Value):
    """One journal event, and when it was written: nanoseconds of the machine, differences alone matter."""

    event: happened.Event
    written_ns: int


class NakedShorts:
    """The fold; `deaths_ns` says when each executor made its last pass. Hear each event once the book has it."""

    def __init__(self, deaths_ns: Iterable[int] = ()) -> None:
        self._deaths_ns = sorted(deaths_ns, reverse=True)
        self._naked_ns: dict[str, int] = {}
        self._unattended_ns: dict[str, int] = {}
        self._longest_ns = self._worst_ns = self._now_ns = 0
        self._lives = True
        self._seats = _Seats()
        self._no_market: set[str] = set()
        self._attended: set[str] = set()

    @property
    def longest_s(self) -> float:
        """The longest time that a structure stood naked."""
        under_way = (self._now_ns - since_ns for since_ns in self._naked_ns.values())
        return max(self._longest_ns, *under_way, 0) / 1e9

    @property
    def unattended_s(self) -> float:
        """The longest part of such a time that nobody attended to."""
        return max(self._worst_ns, *self._unattended_ns.values(), 0) / 1e9

    def hear(self, recorded: Recorded, book: Book) -> None:
        """Take in one event, which `book` holds already."""
        self._pass_to(recorded.written_ns)
        event = recorded.event
        self._seats.hear(event)
        match event:
            case happened.ExecutorStarted():
                self._lives = True
                self._no_market.clear()
            case CoverHeldBack(structure_id=name, by_market=True):
                self._no_market.add(name)
            case CoverHeldBack(structure_id=name) | LegCovered(structure_id=name):
                self._no_market.discard(name)
            case happened.OrderPlaced(order=order):
                self._no_market.discard(order.structure_id)
            case happened.ReportTaken(cl_ord_id=str(name)):
                self._look({book.orders[name].order.structure_id}, book)
            case HoldingsNetted(structure_id=name, counterpart=other):
                self._look({name, other or name}, book)
            case happened.CashBooked():  # a settlement may end it
                self._look(set(self._naked_ns), book)
        self._attended = {name for name in self._naked_ns if self._is_attended(name, book)}

    def _pass_to(self, now_ns: int) -> None:
        """Let time pass as things stood, and the executor die in it where it did."""
        while self._deaths_ns and self._deaths_ns[-1] <= now_ns:
            self._count_to(max(self._now_ns, self._deaths_ns.pop()))
            self._lives = False
        self._count_to(now_ns)

    def _count_to(self, now_ns: int) -> None:
        if self._lives:
            for name in self._unattended_ns.keys() - self._attended:
                self._unattended_ns[name] += max(0, now_ns - self._now_ns)
        self._now_ns = now_ns

    def _look(self, names: set[str], book: Book) -> None:
        for name in names & book.structures.keys():
            if book.structures[name].naked:
                self._naked_ns.setdefault(name, self._now_ns)
                self._unattended_ns.setdefault(name, 0)
            elif (since_ns := self._naked_ns.pop(name, None)) is not None:
                self._longest_ns = max(self._longest_ns, self._now_ns - since_ns)
                self._worst_ns = max(self._worst_ns, self._unattended_ns.pop(name))

    def _is_attended(self, name: str, book: Book) -> bool:
        structure = book.structures[name]
        could = self._seats.can_send(structure.account_domain) and name not in self._no_market
        return not could or any(map(_attends, book.live_orders(name))) or _is_bounded(structure, book)


def _attends(life: OrderLife) -> bool:
    if life.in_doubt or life.is_unanswered:
        return True
    is_there = life.last is not None and life.last.state in _AT_BROKER and not life.status.is_terminal
    return is_there and (life.cancel_asked or is_covering(life.order))


def _is_bounded(structure: Structure, book: Book) -> bool:
    """Whether the close of another structure, of which nobody knows what it did, may have taken what would cover."""
    return any(
        leg.symbol in structure.naked and leg.action.is_buy
        for life in book.live_orders()
        if (life.in_doubt or life.is_unanswered)
        and life.order.intent is Intent.CLOSE
        and life.order.account_domain == structure.account_domain
        for leg in life.order.legs
    )


Move = tuple[datetime, str, int]
"""When a structure's holding of a symbol changed, and by how many signed contracts."""


def longest_by_trades(book: Book, accounts: Iterable[AccountState], netted: Iterable[HoldingsNetted] = ()) -> timedelta:
    """Return the longest that a structure stood naked by the times its brokers' own trades happened, told or not.

    `netted` is what the book moved between structures, at the times it did. What stands naked at the end counts up to
    the reading. Moves of one moment are one.
    """
    moves: dict[str, list[Move]] = defaultdict(list)
    read_at = None
    for state in accounts:
        read_at = state.read_at if read_at is None else max(read_at, state.read_at)
        for report in state.orders:
            order_id = book.order_of(report)
            if order_id is not None and report.fills and not book.orders[order_id].is_stray(report):
                moves[book.orders[order_id].order.structure_id] += trades(report.fills)
    for event in netted:
        for name, moved in netting_moves(event):
            moves[name].append(moved)
    spans = (longest_naked(_structure(name, book), found, read_at) for name, found in moves.items())
    return max(spans, default=timedelta(0))


def _structure(name: str, book: Book) -> Structure:
    """Return a structure, also one that the book has no fill of yet."""
    opening = book.orders[name].order
    return book.structures.get(name) or founded(opening, opening.account_domain or "", opening.created_at)


def trades(fills: Iterable[Fill]) -> list[Move]:
    """Return what executions moved, when they happened."""
    return [(fill.at, fill.symbol, fill.action.sign * fill.last_qty) for fill in fills]


def netting_moves(event: HoldingsNetted) -> Iterator[tuple[str, Move]]:
    """Yield what a netting moved, with each structure's name: what one loses, the other gets."""
    for moved in event.moved:
        yield event.structure_id, (event.at, moved.symbol, -moved.quantity)
        if event.counterpart is not None:
            yield event.counterpart, (event.at, moved.symbol, moved.quantity)


def longest_naked(structure: Structure, moves: Iterable[Move], until: datetime | None) -> timedelta:
    """Return the longest that a structure stood naked by what moved, nothing held before; at the end up to `until`."""
    longest, since, held = timedelta(0), None, structure.model_copy(update={"holdings": {}})
    for at, moments in groupby(sorted(moves), key=itemgetter(0)):
        for _, symbol, quantity in moments:
            held = held.moved(symbol, quantity)
        if held.naked:
            since = since or at
        elif since is not None:
            longest, since = max(longest, at - since), None
    return max(longest, until - since) if since is not None and until is not None else longest


class _Seats:
    """Which accounts orders could be sent to, as the journal knows it."""

    def __init__(self) -> None:
        self._turned: dict[str, RouteTurned] = {}
        self._agreed: dict[str, tuple[str, int]] = {}
        """By route: its account domain, and the incarnation that was read."""

    def hear(self, event: happened.Event) -> None:
        match event:
            case happened.ExecutorStarted():
                self._turned.clear()
                self._agreed.clear()
            case RouteTurned(route=route):
                self._turned[route] = event
            case happened.AccountAgreed(route=route, account_domain=domain) if route in self._turned:
                self._agreed[route] = domain, self._turned[route].incarnation

    def can_send(self, domain: str) -> bool:
        return any(
            turned.writes and self._agreed.get(route) == (domain, turned.incarnation)
            for route, turned in self._turned.items()
        )
