"""Times takeovers: a child is killed, or stopped, until its successor works; the executor until it takes an order.

The whole tree, the paper venue, real sockets, the tree of `failover_tree`. At each kill of the executor orders are
working, and one may be under way, so its underlying may be in doubt; the next order is asked for in another one as a
strategy would: told again until it is answered, and anew when it was refused. Two ends are told:

    acknowledged   the successor's yes to that order is heard: new epoch, its state, every account read and agreed
    at the broker  the venue's yes to it stands in the successor's journal

For the others the end is the first pass of the successor's work loop, read from its watermark. Each kill finds a spare
ready and an empty window of restarts, as one an hour would; the pace between kills is ours.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Final

import numpy as np

from actors.domain.market.contract import Right
from actors.domain.orders.attempt import Accepted, AttemptState
from actors.domain.orders.event import AttemptEnded, parse_event
from actors.domain.orders.order import Action, Leg, cl_ord_id_of
from actors.domain.orders.signal import Cancel, Open
from actors.domain.performance.scorecard import Scorecard
from actors.places import Places
from actors.streams import LocalStream
from actors.watermark import Reading, read_watermark
from supervisor import directory as directories
from supervisor.app.bench.failover_tree import MARKETS, running
from supervisor.app.drill import JournalTail, Overdue
from supervisor.app.drill import child as child_of
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.statement import scorecard, statements, supervisor_log
from supervisor.app.workplace import Workplace
from supervisor.directory import Entry
from supervisor.journal import JournalReader
from supervisor.tree import ChildState

SETTINGS: Final = {"supervisor.restarts_max": 1_000, "supervisor.period_s": 0.5}
"""So that every kill is the first of its window."""
OTHERS: Final = ("notifier", "data_feed", "connection.alpaca", "risk", "analyst")
"""The children without a standby that this tree has."""
ASK_AGAIN_S: Final = 0.005
UNDER_WAY_S: Final = 0.01
"""The kill comes within this after an order was told."""
READY_TIMEOUT_S: Final = 60.0
TAKEOVER_TIMEOUT_S: Final = 30.0
STEP: Final = Decimal("0.10")


@dataclass(frozen=True, slots=True)
class Takeovers:
    """Milliseconds of each, in order, and what must be nothing."""

    acknowledged: list[float]
    at_broker: list[float]
    hung: list[float]
    others: dict[str, list[float]]
    card: Scorecard
    contradicted: tuple[str, ...]
    false_hangs: int
    """Children called hung that nobody had stopped."""


def measure(folder: Path, kills: int, hangs: int, others: int) -> Takeovers:
    """Kill the executor `kills` times, stop it `hangs` times, kill every other child `others` times."""
    with _bench(folder) as (where, bench):
        bench.begin()
        killed = [bench.take_over(signal.SIGKILL) for _ in range(kills)]
        hung = [bench.take_over(signal.SIGSTOP) for _ in range(hangs)]
        rest = {name: [bench.restart(name) for _ in range(others)] for name in OTHERS}
        bench.recover()
        place = Workplace.visitor(where)
        card = scorecard(place, statements(place))
        journaled = _journaled(where)
        return Takeovers(
            acknowledged=[took.acknowledged_ms for took in killed],
            at_broker=[(journaled[took.order] - took.killed_at_ns) / 1e6 for took in killed],
            hung=[took.acknowledged_ms for took in hung],
            others=rest,
            card=card,
            contradicted=bench.contradicted,
            false_hangs=_called_hung(place) - hangs,
        )


@contextmanager
def _bench(folder: Path) -> Iterator[tuple[Places, "TakeoverBench"]]:
    own = folder / "takeover"  # another section's journal knows other orders by our names
    own.mkdir()
    with running(own, **SETTINGS) as where:
        bench = TakeoverBench(where)
        try:
            yield where, bench
        finally:
            bench.close()


@dataclass(frozen=True, slots=True)
class _Took:
    """One takeover of the executor. `killed_at_ns`: wall clock."""

    killed_at_ns: int
    acknowledged_ms: float
    order: str


class TakeoverBench:
    """The acts of a run, as a client of the executor."""

    def __init__(self, where: Places) -> None:
        self._where, place = where, Workplace.visitor(where)
        self.tail = JournalTail(where, place.products)
        self._stream = LocalStream(
            where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED
        )
        self._trader = FaultTrader(self._stream, place.clock, self.tail, 0, "SPX", ask_again_s=ASK_AGAIN_S)
        self.underlyings = [place.products.of_root(root).underlying for root in MARKETS]
        self._opens: dict[str, Open] = {}
        self._luck = np.random.default_rng(0)
        self._count = 0

    @property
    def contradicted(self) -> tuple[str, ...]:
        """Signals that were answered twice, and differently."""
        return tuple(self._trader.contradicted)

    def close(self) -> None:
        """Leave the stream."""
        self._stream.close()
        self._where.socket(NAME).unlink(missing_ok=True)

    def begin(self) -> None:
        """Wait for a gate that lets in: right after a start risk knows no volatility yet."""
        self.recover()
        for underlying in self.underlyings:
            self.place(underlying, READY_TIMEOUT_S)

    def take_over(self, blow: int) -> _Took:
        """Strike the executor with orders working; return when its successor said yes to the next one."""
        self.recover()
        resting = self.ask(self.underlyings[1])
        self.until("an order at work", lambda: self.is_working(resting))
        self.ask(self.underlyings[0])
        end_s = time.monotonic() + float(self._luck.random()) * UNDER_WAY_S
        while time.monotonic() < end_s:
            self._trader.turn(0.0005)
        struck_ns, struck_s = time.time_ns(), time.monotonic()
        self._strike(EXECUTOR, blow)
        order = self.place(self.underlyings[2])
        return _Took(struck_ns, (time.monotonic() - struck_s) * 1e3, order)

    def restart(self, name: str) -> float:
        """Kill a child; return the milliseconds until its successor made its first pass."""
        self.until("a tree at rest", self._is_at_rest)
        began_s = time.monotonic()
        struck = self._strike(name, signal.SIGKILL)
        while (mark := read_watermark(self._where.watermark(name))) is None or not _has_passed(mark, struck):
            if time.monotonic() - began_s > TAKEOVER_TIMEOUT_S:
                raise Overdue(f"no new {name} within {TAKEOVER_TIMEOUT_S:g} s")
            time.sleep(0.0005)
        return (time.monotonic() - began_s) * 1e3

    def recover(self) -> None:
        """Cancel whatever works, and wait until all is known and every child and spare stands."""
        self.until("quotes and accounts", self._is_ready)
        self.until("nothing at work", self._is_quiet)
        self.until("a tree at rest", self._is_at_rest)

    def place(self, underlying: str, timeout_s: float = TAKEOVER_TIMEOUT_S) -> str:
        """Ask for an order until one is admitted; return its name. Raises `Overdue`."""
        began_s, name = time.monotonic(), self.ask(underlying)
        while (answer := self._trader.answers.get(name)) is None or not answer.admitted:
            if time.monotonic() - began_s > timeout_s:
                raise Overdue(f"no order taken within {timeout_s:g} s; {answer}")
            if answer is not None:
                name = self.ask(underlying)
            self._trader.turn(ASK_AGAIN_S)
        return name

    def _strike(self, name: str, blow: int) -> Entry:
        struck = child_of(self._where, name)
        assert struck is not None
        assert struck.process is not None
        os.kill(struck.process.pid, blow)
        return struck

    def _is_ready(self) -> bool:
        for underlying in self.underlyings:
            if underlying not in self._opens and (found := self._resting_open(underlying)) is not None:
                self._opens[underlying] = found
        return len(self._opens) == len(self.underlyings) and len(self.tail.book.baseline) > 1

    def _is_quiet(self) -> bool:
        live = self.tail.book.live_orders()
        for life in live:
            if life.last is not None and life.last.broker_order_id is not None and not life.cancel_asked:
                self._count += 1
                self._trader.ask(f"bench-cancel-{self._count}", Cancel(cl_ord_id=life.order.cl_ord_id))
        return not live and not self.tail.book.failed_over and not self._trader.waits

    def _is_at_rest(self) -> bool:
        directory = directories.read(self._where.directory)
        assert directory is not None
        children = directory.children.values()
        return len(directory.spares) >= self.spares and all(
            each.state is ChildState.RUNNING and time.time() - each.since.timestamp() > 1 for each in children
        )

    @property
    def spares(self) -> int:
        """How many spares stand ready before each kill."""
        return Workplace.visitor(self._where).config.supervisor.spares

    def is_working(self, order_id: str) -> bool:
        """Whether its broker has an order."""
        life = self.tail.book.orders.get(order_id)
        return life is not None and life.last is not None and life.last.state is AttemptState.ACCEPTED

    def ask(self, underlying: str) -> str:
        """Ask for an order that rests, in one underlying; return its name."""
        self._count += 1
        name = f"bench-{self._count}"
        self._trader.ask(name, self._opens[underlying])
        return name

    def _resting_open(self, underlying: str) -> Open | None:
        """Return an opening of one option, far below its market, so that it rests."""
        quotes = self._trader.quotes
        if quotes is None:
            return None
        calls = [
            (quote.bid, each.symbol)
            for each in quotes.universe.contracts
            if each.underlying == underlying and each.right is Right.CALL
            if (quote := quotes.quote(each.symbol)) is not None and quote.bid is not None and quote.bid >= 1
        ]
        if not calls:
            return None
        bid, symbol = min(calls)
        price = max((bid / 2 / STEP).to_integral_value(ROUND_FLOOR) * STEP, STEP)
        leg = Leg(symbol=symbol, action=Action.BUY_TO_OPEN)
        return Open(underlying=underlying, legs=(leg,), order_qty=1, net_price=-price)

    def until(self, what: str, look: Callable[[], object]) -> None:
        """Take turns until `look` finds something. Raises `Overdue`."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not look():
            if time.monotonic() > deadline:
                raise Overdue(f"{what}: not within {READY_TIMEOUT_S:g} s")
            self._trader.turn(0.01)


def _has_passed(mark: Reading, struck: Entry) -> bool:
    return mark.incarnation > struck.incarnation and mark.passes > 0


def _called_hung(place: Workplace) -> int:
    killed = [line for line in supervisor_log(place) if line["event"] == "killed"]
    return sum(str(line["reason"]).startswith("hung") for line in killed)


def _journaled(where: Places) -> dict[str, int]:
    """Return when a broker's yes to each order was journaled; wall clock."""
    reader = JournalReader(where.journal)
    found = {}
    for entry in reader.read(kinds=("attempt_ended",)):
        event = parse_event(entry.body)
        if isinstance(event, AttemptEnded) and isinstance(event.outcome, Accepted):
            found[cl_ord_id_of(event.attempt_id)] = entry.written_ns
    reader.close()
    return found
