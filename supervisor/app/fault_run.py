"""One seed of a fault run: a whole tree, a short fast day, its processes killed and its brokers made to fail; judged.

The tree is a real one, started by `holdfast up` on a private Ray, with a state folder of its own. What is done to it,
and when, is drawn from the seed (`fault_plan`); orders come from the tree's own strategy and from a seeded stream of
signals (`fault_trader`). At the end the faults are healed, a halt is latched, what still works is cancelled, and when
no order may trade any more, journal, executor and brokers are compared (`audit`).

What an actor does of its own (a crash with an exception, an escalation) is a failure even where the books agree.
"""

import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from actors.config import SHIPPED
from actors.domain.value import Value
from actors.latch import Latch, StopLevel, read_latch, tighten
from actors.places import Places, places
from actors.venue.faults import Fault
from supervisor.app.audit import Audit
from supervisor.app.drill import SUPERVISOR, Overdue, holdfast, inject, stands, strike
from supervisor.app.fault_day import DEADLINE_S, SPEED, day_of, settings
from supervisor.app.fault_plan import Act, draw
from supervisor.app.fault_tally import left_alone
from supervisor.app.fault_trader import NAME
from supervisor.app.fault_witness import AGAIN_S, QUIET_BY_S, TURN_S, WHOLE_BY_S, Witness
from supervisor.app.statement import crashes
from supervisor.child_spec import Plan
from supervisor.runtime import plan_path

LENGTH_S: Final = 25.0
SIGNALS_PER_S: Final = 8.0
PROVOKE_S: Final = 2.0
"""How long openings are asked for until one is under way."""
PROVOKE_PACE_S: Final = 0.05
ACTS_BY_S: Final = 120.0
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
        up = holdfast("up", where, "--detach", f"--config={SHIPPED / 'holdfast.toml'}", *settings(seed, day_of(seed)))
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
        self._where, self._length_s = where, length_s
        self._witness = Witness(where, seed, SPEED)
        self._trader, self._tail = self._witness.trader, self._witness.tail
        plan = Plan.model_validate_json(plan_path(where.state).read_bytes())
        victims = (*(child.name for child in plan.children()), SUPERVISOR)
        self._acts = draw(np.random.default_rng(seed), victims, length_s)
        self._kills = 0

    def close(self) -> None:
        """Leave no socket behind."""
        self._witness.close()

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
        witness = self._witness
        witness.ready()
        self._disturb()
        witness.heal()
        healed_s = time.monotonic()
        witness.until("every process back", lambda: stands(self._where) or None, WHOLE_BY_S)
        latched = read_latch(self._where.latch)
        halt = Latch(level=StopLevel.HALT, reason="the run is over", by=NAME, at=datetime.now(UTC))
        tighten(self._where.latch, halt)
        witness.quieten()
        witness.until("late requests booked", lambda: time.monotonic() - healed_s >= LATE_S or None, QUIET_BY_S)
        verdict = witness.agreed()
        wrong = [*self._trader.contradicted, *witness.broken_words(), *crashes(witness.place)]
        wrong += left_alone(witness.naked.get("unattended_short_s"), DEADLINE_S)
        if latched.level is not StopLevel.NONE:
            wrong.append(f"{latched.level} latched by {latched.by}: {latched.reason}")
        found = {"audit": verdict, "wrong": tuple(wrong), **witness.naked}
        return self.count(result).model_copy(update=found)

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
