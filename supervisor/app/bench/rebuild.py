"""Times what lies under the tree dying: the supervisor, Ray's GCS, the raylet, the whole of Ray.

The tree as shipped, on paper, on its private Ray. Each time starts at the SIGKILL and ends at a fact that cannot be
there before: for `adopt` a new supervisor that has adopted the same processes; for `gcs` a process made after the kill,
so a GCS that works; for the rebuilds an order acknowledged by the broker after every account was read again. In the
first two an order is sent right after the kill, and must be acknowledged first: the children went on trading.

A long option is bought before, and must be held alike by journal and brokers at the end.
"""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Final

from actors.domain.market.contract import Right
from actors.domain.market.quote import Quote
from actors.domain.orders.attempt import AttemptState
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.signal import Open
from actors.domain.performance.scorecard import Scorecard
from actors.domain.value import Value
from actors.messages import SignalAnswered
from actors.places import Places
from actors.streams import LocalStream
from supervisor import directory as directories
from supervisor.app.bench.failover_tree import running
from supervisor.app.drill import JournalTail, Overdue
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.statement import scorecard, statements
from supervisor.app.workplace import Workplace
from supervisor.directory import Directory
from supervisor.private_ray import GCS, RAYLET, intact
from supervisor.process import Process, alive, in_session, send
from supervisor.tree import ChildState

UNDERLYING: Final = "SPX"
TIMEOUT_S: Final = 90.0
_ASK_AGAIN_S: Final = 0.02
_STEP = Decimal("0.10")
Kill = Callable[[Directory], None]
Look = Callable[[Directory, Directory], bool]
"""Whether what was killed is there again: the directory before, and now."""


class Death(Value):
    """One death and what came of it. `traded_after_s`: from the kill to the broker's yes to an order sent after it."""

    seconds: float
    traded_after_s: float


class Deaths(Value):
    """Every repetition by what died, and what the brokers say at the end."""

    of: dict[str, tuple[Death, ...]]
    positions_kept: bool
    card: Scorecard


def measure(folder: Path, repetitions: int) -> Deaths:
    """Kill each part `repetitions` times. Raises `Overdue`."""
    own = Path(tempfile.mkdtemp(prefix="rebuild-", dir=folder))  # the next section may try again after an `Overdue`
    with running(own) as where:
        bench = _Bench(where)
        bench.hold()
        found = {name: tuple(bench.play(name) for _ in range(repetitions)) for name in _PARTS}
        held = bench.held()
        place = Workplace.visitor(where)
        said = statements(place)
        theirs = {
            (each.account_domain, symbol): quantity for each in said for symbol, quantity in each.positions.items()
        }
        return Deaths(of=found, positions_kept=bool(held) and held == theirs, card=scorecard(place, said))


class _Bench:
    """The acts of a run."""

    def __init__(self, where: Places) -> None:
        self._where, self._place = where, Workplace.visitor(where)
        self._count, self._name, self._asked_s = 0, "", 0.0

    def hold(self) -> None:
        """Buy one option, at a price that trades at once."""
        with self._trader() as trader:
            name = self._open(trader, lambda quote: _offer(quote) + _STEP)
            _until(trader, "a fill", lambda: bool(trader.tail.book.orders[name].fills), self._diagnose)

    def held(self) -> dict[tuple[str, str], int]:
        """Return what the journal holds, by account and symbol."""
        tail = JournalTail(self._where, self._place.products)
        tail.read()
        return {
            (domain, symbol): quantity
            for domain, positions in tail.book.positions.items()
            for symbol, quantity in positions.items()
            if quantity
        }

    def play(self, part: str) -> Death:
        """Kill one part and time what follows."""
        kill, look = _PARTS[part]
        with self._trader() as trader:
            before = directories.read(self._where.directory)
            assert before is not None
            began = time.monotonic()
            kill(before)
            if part in _TRADES_ON:
                traded_s = self._order(trader, began)
                _until(trader, part, lambda: self._is_back(look, before), self._diagnose)
                return Death(seconds=time.monotonic() - began, traded_after_s=traded_s)
            _until(trader, part, lambda: self._is_back(look, before), self._diagnose)
        with self._trader() as trader:  # the market's clock and every door are new ones
            traded_s = self._order(trader, began)
        return Death(seconds=traded_s, traded_after_s=traded_s)

    def _order(self, trader: FaultTrader, began: float) -> float:
        """Have an order acknowledged that rests; return the seconds since `began`."""
        name = self._open(trader, lambda quote: _bid(quote) / 2)

        def is_accepted() -> bool:
            last = life.last if (life := trader.tail.book.orders.get(name)) else None
            return last is not None and last.state is AttemptState.ACCEPTED

        _until(trader, "an acknowledged order", is_accepted, self._diagnose)
        return time.monotonic() - began

    def _open(self, trader: FaultTrader, price: Callable[[Quote], Decimal]) -> str:
        """Ask for one option until it is admitted; return the order's name."""

        def admitted() -> bool:
            answer = trader.answers.get(self._name)
            if answer is not None and answer.admitted:
                return True
            is_free = answer is not None or self._name not in trader.waits
            if is_free and time.monotonic() - self._asked_s >= _ASK_AGAIN_S:
                self._ask(trader, price)
            return False

        self._ask(trader, price)
        _until(trader, "an admitted order", admitted, lambda: refusal(trader.answers.get(self._name)))
        order_id = trader.answers[self._name].cl_ord_id
        assert order_id is not None
        return order_id

    def _ask(self, trader: FaultTrader, price: Callable[[Quote], Decimal]) -> None:
        quotes = trader.quotes
        assert quotes is not None
        calls = [
            (_bid(quote), each.symbol)
            for each in quotes.universe.contracts
            if each.underlying == UNDERLYING and each.right is Right.CALL
            if (quote := quotes.quote(each.symbol)) is not None and quote.bid is not None and quote.bid >= 1
        ]
        if not calls:
            return
        symbol = min(calls)[1]
        quote = quotes.quote(symbol)
        assert quote is not None
        asked = (price(quote) / _STEP).to_integral_value(ROUND_FLOOR) * _STEP
        self._count, self._asked_s = self._count + 1, time.monotonic()
        self._name = f"bench-{self._count}"
        leg = Leg(symbol=symbol, action=Action.BUY_TO_OPEN)
        trader.ask(self._name, Open(underlying=UNDERLYING, legs=(leg,), order_qty=1, net_price=-max(asked, _STEP)))

    @contextmanager
    def _trader(self) -> Iterator[FaultTrader]:
        where = self._where
        peers = (EXECUTOR, FEED)
        stream = LocalStream(where, NAME, incarnation=time.time_ns(), peers=peers, hears_quotes_of=FEED)
        place = Workplace.visitor(where)
        trader = FaultTrader(stream, place.clock, JournalTail(where, place.products), 0, UNDERLYING)
        try:
            _until(trader, "quotes", lambda: trader.has_quotes, self._diagnose)
            yield trader
        finally:
            stream.close()
            where.socket(NAME).unlink(missing_ok=True)

    def _is_back(self, look: Look, before: Directory) -> bool:
        now = directories.read(self._where.directory)
        return now is not None and look(before, now)

    def _diagnose(self) -> str:
        log = self._where.logs / "supervisor.log"
        return log.read_text()[-500:] if log.exists() else ""


def refusal(answer: SignalAnswered | None) -> str:
    """Return why a signal was refused, in words."""
    if answer is None:
        return "not answered"
    return "; ".join(
        f"{each.code} {each.subject} {each.value}, {each.limit}" for each in answer.checks if not each.passed
    )


def _until(trader: FaultTrader, what: str, look: Callable[[], bool], diagnose: Callable[[], str]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not look():
        if time.monotonic() > deadline:
            raise Overdue(f"{what}: not within {TIMEOUT_S:g} s; {diagnose()}")
        trader.turn(0.005)


def _bid(quote: Quote) -> Decimal:
    assert quote.bid is not None
    return quote.bid


def _offer(quote: Quote) -> Decimal:
    assert quote.ask is not None
    return quote.ask


def _strike(process: Process | None) -> None:
    assert process is not None
    send(process, signal.SIGKILL)


def _kill_gcs(before: Directory) -> None:
    assert before.ray is not None
    _strike(before.ray.processes[GCS])
    _strike(next(iter(before.spares.values())))  # so that a new process is due, which only a GCS can register


def _kill_raylet(before: Directory) -> None:
    assert before.ray is not None
    _strike(before.ray.processes[RAYLET])


def _kill_ray(before: Directory) -> None:
    """Everything of Ray at once: its servers, its agents, and the children that are its workers."""
    assert before.ray is not None
    everything = [process.pid for process, _ in in_session(before.ray.session)]
    for pid in (*everything, *(process.pid for process in before.ray.processes)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _is_adopted(before: Directory, now: Directory) -> bool:
    fresh = now.supervisor is not None and now.supervisor != before.supervisor and alive(now.supervisor)
    same = {name: each.process for name, each in now.children.items()} == {
        name: each.process for name, each in before.children.items()
    }
    return fresh and same and _all_run(now)


def _has_new_host(before: Directory, now: Directory) -> bool:
    assert before.ray is not None
    back = now.ray is not None and intact(now.ray) and now.ray.processes[GCS] != before.ray.processes[GCS]
    same = all(now.children[name].process == each.process for name, each in before.children.items())
    return back and same and max(now.spares, default=0) > max(before.spares)


def _is_rebuilt(before: Directory, now: Directory) -> bool:
    assert before.ray is not None
    return now.ray is not None and now.ray.session != before.ray.session and _all_run(now)


def _all_run(now: Directory) -> bool:
    entries = now.children.values()
    return bool(entries) and all(
        each.state is ChildState.RUNNING and each.process is not None and alive(each.process) for each in entries
    )


_TRADES_ON: Final = ("adopt", "gcs")
_PARTS: Final[dict[str, tuple[Kill, Look]]] = {
    "adopt": (lambda before: _strike(before.supervisor), _is_adopted),
    "gcs": (_kill_gcs, _has_new_host),
    "raylet": (_kill_raylet, _is_rebuilt),
    "whole_ray": (_kill_ray, _is_rebuilt),
}
