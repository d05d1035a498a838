"""Times a failover: the primary's write path is cut until the first new opening is acknowledged at the backup.

The whole tree, the paper venue, real sockets, the shipped configuration. At each cut one order is in flight, so its
underlying is in doubt, and new openings are asked for in the others as strategies would, one every `PACE_S`, none where
anything is in doubt or unanswered. Two ways to cut:

    refused        the listener is closed and every connection cut
    black_holed    connecting is never answered, and what is written to an open connection is not read

The black hole is the hard one: a connection that stood ready takes an order's bytes and says nothing, so that order is
in doubt, and what decides is how soon the silence is noticed.

Changed against the defaults: what only shortens the wait until the primary is trusted again (`failback_after_s`,
`quiet_s`), and limits of risk that a run would meet. The time starts before the fault is asked for, and ends when the
executor has journaled the backup's yes.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Final

from actors.domain.market.contract import Right
from actors.domain.market.quote import QuoteTable
from actors.domain.orders.attempt import Accepted, AttemptState
from actors.domain.orders.event import AttemptEnded, parse_event
from actors.domain.orders.order import Action, Leg, cl_ord_id_of
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Cancel, Open
from actors.domain.performance.scorecard import Scorecard, Statement
from actors.places import Places
from actors.streams import LocalStream
from actors.venue.faults import Fault, FaultKind, Route
from supervisor.app.bench.failover_tree import MARKETS, running
from supervisor.app.drill import JournalTail, Overdue, heal, inject
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.statement import scorecard, statements
from supervisor.app.workplace import Workplace
from supervisor.journal import JournalReader

CUTS: Final = {"refused": FaultKind.REFUSE, "black_holed": FaultKind.BLACK_HOLE}
PRIMARY, BACKUP = "tastytrade", "alpaca"
PACE_S = 0.25
READY_TIMEOUT_S, CUT_TIMEOUT_S = 60.0, 20.0
ANSWER_DELAY_S = 1.0
"""How long the venue holds back the answer to the order in flight."""
_STEP = Decimal("0.10")


@dataclass(frozen=True, slots=True)
class Cut:
    """One repetition: when it was cut, the order in flight, and the openings asked for after it."""

    how: str
    cut_ns: int
    in_flight: str
    asked: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Failovers:
    """Seconds of each repetition by how it was cut, and what must be nothing."""

    seconds: dict[str, list[float]]
    at_both: tuple[str, ...]
    """Orders in flight at a cut that stand at both brokers."""
    card: Scorecard


def measure(folder: Path, repetitions: int, settings: Mapping[str, object]) -> Failovers:
    """Cut the primary `repetitions` times in each way; `settings` beside the tree's own. Raises `Overdue`."""
    with running(folder, **settings) as where:
        bench = _Bench(where)
        try:
            cuts = [bench.cut(how) for _ in range(repetitions) for how in CUTS]
            bench.recover()
        finally:
            bench.close()
        place = Workplace.visitor(where)
        said = statements(place)
        acknowledged = _acknowledged(where)
        seconds: dict[str, list[float]] = {how: [] for how in CUTS}
        for each in cuts:
            first_ns = min(acknowledged[name] for name in each.asked if name in acknowledged)
            seconds[each.how].append((first_ns - each.cut_ns) / 1e9)
        at_both = tuple(each.in_flight for each in cuts if _brokers_of(each.in_flight, said) > 1)
        return Failovers(seconds=seconds, at_both=at_both, card=scorecard(place, said))


class _Bench:
    """The acts of a run, as a client of the executor."""

    def __init__(self, where: Places) -> None:
        self._where, place = where, Workplace.visitor(where)
        self._tail = JournalTail(where, place.products)
        self._stream = LocalStream(
            where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED
        )
        self._trader = FaultTrader(self._stream, place.clock, self._tail, 0, "SPX")
        self._underlyings = [place.products.of_root(root).underlying for root in MARKETS]
        self._legs: dict[str, str] = {}
        self._tried: dict[str, str] = {}
        """By underlying, the latest opening that was asked for to see whether the gate lets one in."""
        self._count = 0

    def close(self) -> None:
        """Leave the stream."""
        self._stream.close()
        self._where.socket(NAME).unlink(missing_ok=True)

    def cut(self, how: str) -> Cut:
        """Cut the primary with an order in flight; return once the backup has acknowledged an opening, healed."""
        self.recover()
        held_back = Fault(
            route=Route.TASTYTRADE,
            kind=FaultKind.DELAY,
            after=True,
            method="POST",
            path="/orders$",
            delay_s=ANSWER_DELAY_S,
            count=1,
        )
        inject(self._where, held_back)
        in_flight = self._open(self._underlyings[0])
        self._until("the order in flight", lambda: self._is_sending(in_flight))
        done = Cut(how=how, cut_ns=time.time_ns(), in_flight=in_flight)
        inject(self._where, Fault(route=Route.TASTYTRADE, kind=CUTS[how]))
        deadline = time.monotonic() + CUT_TIMEOUT_S
        due = 0.0
        while not any(self._is_at_backup(name) for name in done.asked):
            if time.monotonic() > deadline:
                raise Overdue(f"{how}: no opening at the backup within {CUT_TIMEOUT_S:g} s")
            if time.monotonic() >= due and (underlying := self._free()) is not None:
                due = time.monotonic() + PACE_S
                done.asked.append(self._open(underlying))
            self._trader.turn(0.005)
        heal(self._where)
        return done

    def recover(self) -> None:
        """Cancel whatever works, and wait until all is known and the primary takes openings."""
        self._until("quotes and accounts", self._is_ready)
        self._until("a gate that lets in", self._lets_in)
        self._until("a primary without doubts", self._is_quiet)

    def _is_ready(self) -> bool:
        for underlying in self._underlyings:
            if underlying not in self._legs and (found := self._cheap_leg(underlying)) is not None:
                self._legs[underlying] = found
        return len(self._legs) == len(self._underlyings) and len(self._tail.book.baseline) > 1

    def _lets_in(self) -> bool:
        """Ask for an opening of each underlying until each was let in once: at a start risk knows no volatility yet."""
        answers = self._trader.answers
        for underlying in self._underlyings:
            tried = self._tried.get(underlying)
            if tried is None or (tried in answers and not answers[tried].admitted):
                self._tried[underlying] = self._open(underlying)
        return all(tried in answers and answers[tried].admitted for tried in self._tried.values())

    def _is_quiet(self) -> bool:
        live = self._tail.book.live_orders()
        for life in live:
            if life.last is not None and life.last.broker_order_id is not None and not life.cancel_asked:
                self._count += 1
                self._trader.ask(f"bench-cancel-{self._count}", Cancel(cl_ord_id=life.order.cl_ord_id))
        return not live and not self._tail.book.failed_over and not self._trader.waits

    def _free(self) -> str | None:
        """Return an underlying, not that of the order in flight, where nothing is in doubt or unanswered."""
        lives = self._tail.book.live_orders()
        unknown = {life.order.underlying for life in lives if life.in_doubt or life.is_unanswered}
        asked = {each.partition(" ")[0] for each in self._trader.waits}
        return next((each for each in self._underlyings[1:] if each not in unknown and not asked), None)

    def _open(self, underlying: str) -> str:
        """Ask for one option, far below its market, so that it rests."""
        quotes = self._trader.quotes
        assert quotes is not None
        quote = quotes.quote(self._legs[underlying])
        assert quote is not None
        assert quote.bid is not None
        price = (quote.bid / 2 / _STEP).to_integral_value(ROUND_FLOOR) * _STEP
        self._count += 1
        name = f"bench-{self._count}"
        leg = Leg(symbol=self._legs[underlying], action=Action.BUY_TO_OPEN)
        self._trader.ask(name, Open(underlying=underlying, legs=(leg,), order_qty=1, net_price=-max(price, _STEP)))
        return name

    def _cheap_leg(self, underlying: str) -> str | None:
        quotes: QuoteTable | None = self._trader.quotes
        if quotes is None:
            return None
        calls = [
            (quote.bid, each.symbol)
            for each in quotes.universe.contracts
            if each.underlying == underlying and each.right is Right.CALL
            if (quote := quotes.quote(each.symbol)) is not None and quote.bid is not None and quote.bid >= 1
        ]
        return min(calls)[1] if calls else None

    def _life(self, order_id: str) -> OrderLife | None:
        return self._tail.book.orders.get(order_id)

    def _is_sending(self, order_id: str) -> bool:
        life = self._life(order_id)
        answer = self._trader.answers.get(order_id)
        if answer is not None and not answer.admitted:
            failed = [f"{check.code.value} {check.value}" for check in answer.checks if not check.passed]
            raise Overdue(f"the order in flight was refused: {failed}")
        return life is not None and life.last is not None and life.last.route == PRIMARY

    def _is_at_backup(self, order_id: str) -> bool:
        last = life.last if (life := self._life(order_id)) else None
        return last is not None and last.route == BACKUP and last.state is AttemptState.ACCEPTED

    def _until(self, what: str, look: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not look():
            if time.monotonic() > deadline:
                raise Overdue(f"{what}: not within {READY_TIMEOUT_S:g} s")
            self._trader.turn(0.005)


def _acknowledged(where: Places) -> dict[str, int]:
    """Return when the backup's yes to each order was journaled; the machine's wall clock."""
    found: dict[str, int] = {}
    reader = JournalReader(where.journal)
    routes: dict[str, str] = {}
    for entry in reader.read():
        event = parse_event(entry.body)
        if event.kind == "attempt_started":
            routes[event.cl_ord_id] = event.attempt.route
        elif isinstance(event, AttemptEnded) and isinstance(event.outcome, Accepted):
            name = cl_ord_id_of(event.attempt_id)
            if routes[name] == BACKUP:
                found[name] = entry.written_ns
    reader.close()
    return found


def _brokers_of(order_id: str, said: tuple[Statement, ...]) -> int:
    return sum(
        any(
            order.attempt_id is not None
            and cl_ord_id_of(order.attempt_id) == order_id
            and order.status is not Status.REJECTED
            for order in statement.orders
        )
        for statement in said
    )
