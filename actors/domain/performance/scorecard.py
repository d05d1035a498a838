"""The scorecard: what a run did, judged against what the brokers say of it.

Three sources that cannot agree by accident: the journal (what we meant and learned), the supervisor's log (who died and
how fast a successor ran), and each broker's own statement (what truly happened).

* *lost*: an order the journal says a broker has and the broker has not; or an order of ours at a broker, filled there
  in another quantity than the journal holds.
* *doubled*: an order that exists more than once among the brokers, or filled beyond its quantity. Refused attempts do
  not count; one that ended unfilled may have been followed by another, but never under the same id.
* *naked*: a structure that holds legs out of ratio at the end, or positions at the broker other than the journal's.
* *in doubt*: an order whose fate is not known at the end.

* *naked-short seconds*: how long shorts of a structure stood without what covers them, from the event that left them so
  to the one that covered them; the grace in which legs of one combo are told counts too.

Durations are the machine's. `pnl` counts finished structures only, after every fee; `cash_gap` is journal less broker.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from pydantic import JsonValue

from actors.domain.market.contract import Products
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, Attempt, AttemptState
from actors.domain.orders.order import attempt_id, cl_ord_id_of
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.orders.route_event import RouteFailedOver
from actors.domain.performance.naked_shorts import NakedShorts
from actors.domain.portfolio.book import Book
from actors.domain.value import ZERO, Money, Value

_NS_PER_MS = 1e6
_ENDED_UNFILLED = {Status.CANCELED, Status.EXPIRED, Status.REJECTED}
_AT_BROKER = {AttemptState.ACCEPTED}


class Recorded(Value):
    """One journal event, and when it was written: nanoseconds of the machine, differences alone matter."""

    event: happened.Event
    written_ns: int


class StatedOrder(Value):
    """An order as its broker states it. `attempt_id` None: not ours."""

    broker_order_id: str
    attempt_id: str | None
    status: Status
    filled: Mapping[str, int]
    """Contracts by symbol, unsigned."""


class Statement(Value):
    """What one broker says of one account at the end."""

    account_domain: str
    orders: tuple[StatedOrder, ...]
    positions: Mapping[str, int]
    cash: Money


class Takeover(Value):
    """One death and the successor's first pass of work. `running_ms` None: there was none."""

    child: str
    reason: str
    running_ms: float | None


class Scorecard(Value):
    """The figures of one run."""

    signals_refused: int
    orders: int
    orders_sent: int
    """Orders of which at least one attempt left, or may have left, the machine."""
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    naked: tuple[str, ...]
    in_doubt: tuple[str, ...]
    naked_short_s_max: float = 0.0
    fills: int
    takeovers: tuple[Takeover, ...]
    failovers_ms: tuple[float, ...]
    """From the start of an order's first attempt, or its going past a sick route, to the yes of another route."""
    structures_open: int
    pnl_by_strategy: Mapping[str, Money]
    pnl_by_domain: Mapping[str, Money]
    fees: Money
    cash_gap: Mapping[str, Money]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled, left naked or left in doubt, and every cent agrees."""
        faults = (
            self.lost,
            self.doubled,
            self.naked,
            self.in_doubt,
            tuple(gap for gap in self.cash_gap.values() if gap),
        )
        return not any(faults)


def score(
    journal: Iterable[Recorded],
    supervisor_log: Iterable[Mapping[str, JsonValue]],
    statements: Sequence[Statement],
    products: Products,
) -> Scorecard:
    """Fold the three sources into one scorecard."""
    book = Book(products)
    failover, naked = _Failover(), NakedShorts()
    refused = 0
    for sequence, recorded in enumerate(journal, start=1):
        book.apply(recorded.event, sequence)
        failover.hear(recorded)
        naked.hear(recorded.event, recorded.written_ns, book)
        refused += isinstance(recorded.event, happened.SignalRefused)
    return judge(book, statements).model_copy(
        update={
            "signals_refused": refused,
            "naked_short_s_max": round(naked.longest_s(), 3),
            "takeovers": tuple(takeovers(supervisor_log)),
            "failovers_ms": tuple(failover.times_ms),
        }
    )


def judge(book: Book, statements: Sequence[Statement]) -> Scorecard:
    """Judge a book by the brokers' statements: all of the scorecard but what a log of times says."""
    return Scorecard(
        signals_refused=sum(not admitted for admitted, _ in book.signals.values()),
        orders=len(book.orders),
        orders_sent=sum(any(map(_may_have_left, life.attempts)) for life in book.orders.values()),
        lost=_lost(book, statements),
        doubled=_doubled(book, statements),
        naked=_naked(book, statements),
        in_doubt=tuple(name for name, life in book.orders.items() if life.in_doubt or life.is_unanswered),
        fills=sum(len(life.fills) for life in book.orders.values()),
        takeovers=(),
        failovers_ms=(),
        structures_open=sum(not each.is_flat for each in book.structures.values()),
        **_money(book, statements),
    )


def takeovers(log: Iterable[Mapping[str, JsonValue]]) -> list[Takeover]:
    """Return each death nobody ordered, with the time until its successor worked."""
    waiting: dict[str, str] = {}
    done: list[Takeover] = []
    for line in log:
        name = str(line.get("name", ""))
        if line.get("event") == "died" and not line.get("doomed"):
            waiting[name] = str(line.get("reason", ""))
        elif line.get("event") == "running" and name in waiting:
            took = line.get("running_ms")
            running_ms = float(took) if isinstance(took, int | float) else None
            done.append(Takeover(child=name, reason=waiting.pop(name), running_ms=running_ms))
    return done + [Takeover(child=name, reason=reason, running_ms=None) for name, reason in waiting.items()]


def _lost(book: Book, statements: Sequence[Statement]) -> tuple[str, ...]:
    stated = {order.attempt_id: order for statement in statements for order in statement.orders if order.attempt_id}
    lost: list[str] = []
    for name, life in book.orders.items():
        known = [attempt_id(name, each.number) for each in life.attempts if each.state in _AT_BROKER]
        lost += [attempt for attempt in known if attempt not in stated]
    lost += [attempt for attempt in stated if cl_ord_id_of(attempt) not in book.orders]
    return tuple(lost + _filled_otherwise(book, statements))


def _filled_otherwise(book: Book, statements: Sequence[Statement]) -> list[str]:
    """Return our orders whose fills at the brokers differ from the journal's."""
    there: dict[str, Counter[str]] = defaultdict(Counter)
    for statement in statements:
        for order in statement.orders:
            if order.attempt_id is not None:
                there[cl_ord_id_of(order.attempt_id)].update(order.filled)
    here = {name: _filled(life) for name, life in book.orders.items()}
    return [name for name, filled in here.items() if +there[name] != filled]


def _filled(life: OrderLife) -> Counter[str]:
    filled: Counter[str] = Counter()
    for fill in life.fills:
        filled[fill.symbol] += fill.last_qty
    return filled


def _doubled(book: Book, statements: Sequence[Statement]) -> tuple[str, ...]:
    standing: Counter[str] = Counter()
    filled: dict[str, Counter[str]] = defaultdict(Counter)
    attempts: Counter[str] = Counter()
    for statement in statements:
        for order in statement.orders:
            if order.attempt_id is None or order.status is Status.REJECTED:
                continue
            name = cl_ord_id_of(order.attempt_id)
            attempts[order.attempt_id] += 1
            filled[name].update(order.filled)
            standing[name] += order.status not in _ENDED_UNFILLED or any(order.filled.values())
    twice = {name for name, count in standing.items() if count > 1}
    twice |= {cl_ord_id_of(attempt) for attempt, count in attempts.items() if count > 1}
    twice |= {name for name, life in book.orders.items() if _exceeds(life, filled[name])}
    return tuple(sorted(twice))


def _exceeds(life: OrderLife, filled: Counter[str]) -> bool:
    return any(filled[leg.symbol] > life.order.order_qty * leg.ratio for leg in life.order.legs)


def _naked(book: Book, statements: Sequence[Statement]) -> tuple[str, ...]:
    naked = [name for name, each in book.structures.items() if each.naked]
    for statement in statements:
        ours = {symbol: held for symbol, held in book.positions.get(statement.account_domain, {}).items() if held}
        theirs = {symbol: held for symbol, held in statement.positions.items() if held}
        differing = sorted(symbol for symbol in ours.keys() | theirs if ours.get(symbol) != theirs.get(symbol))
        naked += [f"{statement.account_domain}:{symbol}" for symbol in differing]
    return tuple(naked)


def _money(book: Book, statements: Sequence[Statement]) -> dict[str, Mapping[str, Decimal] | Decimal]:
    by_strategy: dict[str, Decimal] = defaultdict(lambda: ZERO)
    by_domain: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for each in book.structures.values():
        if each.is_flat:
            by_strategy[each.strategy] += each.cash
            by_domain[each.account_domain] += each.cash
    return {
        "pnl_by_strategy": dict(by_strategy),
        "pnl_by_domain": dict(by_domain),
        "fees": sum((each.fees for each in book.structures.values()), ZERO),
        "cash_gap": {each.account_domain: book.cash.get(each.account_domain, ZERO) - each.cash for each in statements},
    }


def _may_have_left(attempt: Attempt) -> bool:
    return attempt.state not in {AttemptState.NOT_SENT, AttemptState.SENDING}


class _Failover:
    """Times from an order's first attempt, at a route that did not take it or was passed over, to another's yes."""

    def __init__(self) -> None:
        self.times_ms: list[float] = []
        self._begun: dict[str, tuple[str, int]] = {}
        self._routes: dict[str, str] = {}

    def hear(self, recorded: Recorded) -> None:
        match recorded.event:
            case RouteFailedOver(cl_ord_id=name, route=passed_over):
                self._begun.setdefault(name, (passed_over, recorded.written_ns))
            case happened.AttemptStarted(cl_ord_id=name, attempt=attempt):
                self._begun.setdefault(name, (attempt.route, recorded.written_ns))
                self._routes[name] = attempt.route
            case happened.AttemptEnded(attempt_id=attempt_id, outcome=Accepted()):
                name = cl_ord_id_of(attempt_id)
                first_route, begun_ns = self._begun.get(name, ("", 0))
                if first_route != self._routes.get(name, ""):
                    self.times_ms.append((recorded.written_ns - begun_ns) / _NS_PER_MS)
