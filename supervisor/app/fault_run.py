"""One seed of a fault run: a whole tree, a short fast day, its processes killed and its brokers made to fail; judged.

The tree is a real one, started by `holdfast up` on a private Ray, with a state folder of its own. What is done to it,
and when, is drawn from the seed (`fault_plan`); orders come from the tree's own strategy and from a seeded stream of
signals (`fault_trader`). At the end the faults are healed, a halt is latched, what still works is cancelled, and when
no order may trade any more, journal, executor and brokers are compared (`audit`).

What an actor does of its own (a crash with an exception, an escalation) is a failure even where the books agree.
"""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from actors.config import SHIPPED
from actors.domain.orders.event import parse_event
from actors.domain.orders.finding import HoldingsNetted
from actors.domain.orders.signal import Cancel
from actors.domain.performance.naked_shorts import longest_by_trades
from actors.domain.portfolio.book import Book
from actors.domain.value import Value
from actors.latch import Latch, StopLevel, read_latch, tighten
from actors.places import Places, places
from actors.ports import BrokerRefused, BrokerUnavailable
from actors.streams import LocalStream
from actors.venue.faults import Fault
from supervisor.app.audit import Audit, audit
from supervisor.app.drill import (
    SUPERVISOR,
    Found,
    JournalTail,
    Overdue,
    heal,
    holdfast,
    inject,
    stands,
    strike,
    wait_for,
)
from supervisor.app.event_schema import EVENTS
from supervisor.app.fault_day import DEADLINE_S, SPEED, UNDERLYING, settings
from supervisor.app.fault_plan import Act, draw
from supervisor.app.fault_tally import left_alone
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.statement import accounts, crashes, scorecard, statement
from supervisor.app.workplace import Workplace
from supervisor.chain import JournalDamagedError
from supervisor.child_spec import Plan
from supervisor.journal import JournalReader
from supervisor.runtime import plan_path

LENGTH_S: Final = 25.0
TURN_S: Final = 0.005
SIGNALS_PER_S: Final = 8.0
AGAIN_S: Final = 0.1
"""Pace at which an act is tried again whose victim, or whose venue, is down just now."""
PROVOKE_S: Final = 2.0
"""How long openings are asked for until one is under way."""
PROVOKE_PACE_S: Final = 0.05
READY_BY_S: Final = 60.0
ACTS_BY_S: Final = 120.0
WHOLE_BY_S: Final = 60.0
QUIET_BY_S: Final = 90.0
AGREED_BY_S: Final = 45.0
LATE_S: Final = 3.0
"""After the last fault a request that a fault delayed may still be booked: nothing is judged before."""


class SeedResult(Value):
    """What became of one seed."""

    seed: int
    orders: int = 0
    fills: int = 0
    kills: int = 0
    faults: int = 0
    audit: Audit = Audit()
    wrong: tuple[str, ...] = ()
    """What failed beside the audit."""
    seconds: float = 0.0
    state: Path
    naked_short_s: float | None = None
    unattended_short_s: float | None = None

    @property
    def failures(self) -> tuple[str, ...]:
        """Everything that is wrong, as sentences."""
        return (*self.audit.faults, *self.wrong)


def run_seed(seed: int, state: Path, length_s: float = LENGTH_S) -> SeedResult:
    """Run one seed in a fresh state folder and judge it. What the tree does wrong is told, not raised."""
    began, where = time.monotonic(), places(state)
    result = SeedResult(seed=seed, state=where.state)
    try:
        up = holdfast("up", where, "--detach", f"--config={SHIPPED / 'holdfast.toml'}", *settings(seed))
        result = _fail(result, f"up: {up}") if up else _play(result, where, length_s)
    finally:
        down = holdfast("down", where)
    result = _fail(result, f"down: {down}") if down else result
    return result.model_copy(update={"seconds": round(time.monotonic() - began, 1)})


def _play(result: SeedResult, where: Places, length_s: float) -> SeedResult:
    run = _Run(where, result.seed, length_s)
    try:
        return run.play(result)
    except Overdue as overdue:
        return _fail(run.count(result), str(overdue))
    finally:
        run.close()


def _fail(result: SeedResult, text: str) -> SeedResult:
    return result.model_copy(update={"wrong": (*result.wrong, text)})


class _Run:
    """The acts of one seed, in order."""

    def __init__(self, where: Places, seed: int, length_s: float) -> None:
        self._where, self._place = where, Workplace.visitor(where)
        self._tail, self._length_s = JournalTail(where, self._place.products), length_s
        self._stream = LocalStream(
            where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED
        )
        self._trader = FaultTrader(self._stream, self._place.clock, self._tail, seed, UNDERLYING)
        plan = Plan.model_validate_json(plan_path(where.state).read_bytes())
        victims = (*(child.name for child in plan.children()), SUPERVISOR)
        self._acts = draw(np.random.default_rng(seed), victims, length_s)
        self._kills = 0
        self._naked: dict[str, float] = {}

    def close(self) -> None:
        """Leave no socket behind."""
        self._stream.close()

    def count(self, result: SeedResult) -> SeedResult:
        """Return the result with what was done so far."""
        self._tail.read()
        faults = self._where.state / "venue" / "faults.jsonl"
        return result.model_copy(
            update={
                "orders": len(self._tail.book.orders),
                "fills": sum(len(life.fills) for life in self._tail.book.orders.values()),
                "kills": self._kills,
                "faults": len(faults.read_text().splitlines()) if faults.exists() else 0,
            }
        )

    def play(self, result: SeedResult) -> SeedResult:
        """Disturb, quieten, judge. Raises `Overdue`."""
        self._until("a market, and an executor that trades", self._is_ready, READY_BY_S)
        self._disturb()
        self._heal()
        healed_s = time.monotonic()
        self._until("every process back", lambda: stands(self._where) or None, WHOLE_BY_S)
        latched = read_latch(self._where.latch)
        halt = Latch(level=StopLevel.HALT, reason="the run is over", by=NAME, at=datetime.now(UTC))
        tighten(self._where.latch, halt)
        self._until("no order may trade any more", self._is_quiet, QUIET_BY_S)
        self._until("late requests booked", lambda: time.monotonic() - healed_s >= LATE_S or None, QUIET_BY_S)
        verdict = self._agreed()
        wrong = [*self._trader.contradicted, *self._broken_words(), *crashes(self._place)]
        wrong += left_alone(self._naked.get("unattended_short_s"), DEADLINE_S)
        if latched.level is not StopLevel.NONE:
            wrong.append(f"{latched.level} latched by {latched.by}: {latched.reason}")
        found = {"audit": verdict, "wrong": tuple(wrong), **self._naked}
        return self.count(result).model_copy(update=found)

    def _is_ready(self) -> bool | None:
        return (self._trader.has_quotes and len(self._tail.book.cash) == len(self._place.config.routes)) or None

    def _until(self, what: str, look: Callable[[], Found | None], timeout_s: float) -> Found:
        def turn() -> Found | None:
            self._trader.turn(TURN_S)
            return look()

        return wait_for(what, turn, timeout_s)

    def _disturb(self) -> None:
        """Trade, and do every act when its time has come and it can be done."""
        acts, began = deque(self._acts), time.monotonic()
        signal_s, late_s = 0.0, self._length_s + ACTS_BY_S
        while (now_s := time.monotonic() - began) < self._length_s or acts:
            if now_s > late_s:
                raise Overdue(
                    f"not done within {late_s:.0f} s: {[act.model_dump(exclude_defaults=True) for act in acts]}"
                )
            self._trader.turn(TURN_S)
            if now_s >= signal_s:
                self._trader.trade()
                signal_s += 1 / SIGNALS_PER_S
            due = [act for act in acts if act.at_s <= now_s]
            acts = deque(act for act in acts if act.at_s > now_s)
            acts += [again for act in due if (again := self._act(act, now_s)) is not None]

    def _act(self, act: Act, now_s: float) -> Act | None:
        """Do it; return what is left of it for later."""
        if not all(self._inject(fault) for fault in act.faults):
            return act.model_copy(update={"at_s": now_s + AGAIN_S})
        if act.burst:
            self._provoke(act)
        missed = tuple(name for name in act.victims if not strike(self._where, name))
        self._kills += len(act.victims) - len(missed)
        return Act(at_s=now_s + AGAIN_S, victims=missed) if missed else None

    def _provoke(self, act: Act) -> None:
        """Have orders on their way when the crash falls; where answers are held back, one without an answer."""
        for _ in range(act.burst):
            self._trader.trade(opening=True)
        end_s = time.monotonic() + PROVOKE_S
        while act.faults and time.monotonic() < end_s and not self._is_unanswered():
            self._trader.turn(PROVOKE_PACE_S)
            self._trader.trade(opening=True)
        time.sleep(act.heel_s)  # the crash falls where the orders are by then

    def _is_unanswered(self) -> bool:
        return any(life.is_unanswered for life in self._tail.book.live_orders())

    def _inject(self, fault: Fault) -> bool:
        try:
            inject(self._where, fault)
        except OSError:
            return False
        return True

    def _heal(self) -> None:
        def healed() -> bool | None:
            try:
                heal(self._where)
            except OSError:
                return None
            return True

        self._until("the venue to take its faults back", healed, WHOLE_BY_S)

    def _is_quiet(self) -> bool | None:
        """Cancel what still works or rests; true once nothing does and every signal is answered."""
        book = self._tail.book
        live = [life.order.cl_ord_id for life in book.live_orders() if not life.cancel_asked or life.replace_px]
        resting = [trigger.trigger_id for trigger in book.triggers.live()]
        for name in (*live, *resting):
            self._trader.ask(f"end-{name}"[:64], Cancel(cl_ord_id=name))
        return not (book.live_orders() or resting or self._trader.waits) or None

    def _agreed(self) -> Audit:
        """Return a clean audit, or the last one where none is clean in time."""
        deadline = time.monotonic() + AGREED_BY_S
        verdict = Audit(differing=("no account was read whole",))
        while time.monotonic() < deadline:
            try:
                verdict = self._audit()
            except (BrokerUnavailable, BrokerRefused) as error:
                verdict = Audit(differing=(f"the brokers cannot be read: {error}",))
            if not verdict.faults:
                break
            self._trader.turn(AGAIN_S)
        return verdict

    def _audit(self) -> Audit:
        read = accounts(self._place)
        self._trader.ask_view()
        view = self._until("the executor's book", self._trader.view, WHOLE_BY_S).book
        card = scorecard(self._place, [statement(state) for state in read])
        book, netted = self._verified(view.journal_sequence)
        by_trades_s = longest_by_trades(book, read, netted).total_seconds() / SPEED
        self._naked = {"naked_short_s": round(by_trades_s, 3), "unattended_short_s": card.unattended_short_s_max}
        return audit(book, card, read, view)

    def _verified(self, sequence: int) -> tuple[Book, list[HoldingsNetted]]:
        """Fold the journal anew, up to one event, its chain verified; return the book, and what was netted in it."""
        book, reader, netted = Book(self._place.products), JournalReader(self._where.journal, EVENTS), []
        try:
            reader.verify()
            for entry in reader.read():
                if entry.sequence <= sequence:
                    event = parse_event(entry.body)
                    book.apply(event, entry.sequence)
                    netted += [event] if isinstance(event, HoldingsNetted) else []
        except JournalDamagedError as error:
            raise Overdue(f"the journal does not verify: {error}") from error
        finally:
            reader.close()
        return book, netted

    def _broken_words(self) -> list[str]:
        """Signals that were answered with a yes and are not in the journal."""
        book = self._tail.book
        resting = (name for each in book.triggers.known.values() for name in (each.trigger_id, each.signal_id))
        known = {*book.orders, *resting}
        said = [answer for answer in self._trader.answers.values() if answer.admitted]
        broken = [each.signal_id for each in said if each.cl_ord_id not in known or each.signal_id not in book.signals]
        return [f"{name} was admitted, and the journal does not hold it" for name in broken]
