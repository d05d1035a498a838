"""A paper week under a tree that is struck all the time: five sessions, one state folder, a thousand kills and hangs.

Each session is `holdfast up` on the same folder with the next day's market: what is held goes on, what expires settles.
In it one process after the other is struck, drawn from the seed, by `kill -9` or by SIGSTOP, with orders just asked
for; nobody lends a hand. After each, once the tree has mended itself, journal, executor and accounts must tell the same
(`audit.standing_audit`), orders at work and all; a session's end takes the whole verdict, `fault_run`'s. No faults of
brokers here: those are the seeds' business.

Restarts are not bounded in a minute (`supervisor.restarts_max`), for a thousand of them are ordered here. A process
that ends by an exception of its own is a failure even where the books agree.
"""

import signal
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import Final

import numpy as np

from actors.config import SHIPPED
from actors.domain.market.session import NEW_YORK
from actors.domain.value import Value
from actors.latch import StopLevel, read_latch
from actors.places import Places, places
from supervisor.app.audit import Audit
from supervisor.app.drill import SUPERVISOR, Overdue, holdfast, jump_clock, process_of, stands
from supervisor.app.fault_day import DEADLINE_S, UNDERLYING, settings
from supervisor.app.fault_tally import left_alone
from supervisor.app.fault_witness import QUIET_BY_S, TURN_S, WHOLE_BY_S, Witness
from supervisor.app.statement import crashes
from supervisor.child_spec import Plan
from supervisor.process import Process, send
from supervisor.runtime import plan_path

SESSIONS: Final = 5
KILLS: Final = 1_000
SPEED: Final = 12
"""Seconds of the market in one of ours: two hundred deaths fit a session."""
HANG_SHARE: Final = 0.2
SLOW_TO_SEE: Final = (SUPERVISOR, "venue")
"""Killed and never stopped: the keeper is slow to call a supervisor hung, and no broker hangs in so few seconds."""
SUPERVISOR_EVERY: Final = 3
BETWEEN_S: Final = (0.1, 0.6)
"""Trading between two blows."""
BURST_MAX: Final = 3
SIGNALS_PER_S: Final = 6.0
HEEL_S: Final = (0.0002, 0.06)
"""From the last order asked for to the blow; drawn evenly on the logarithm."""
MENDED_BY_S: Final = 60.0
CLOSE_STEP_S: Final = 1_800.0
CLOSES: Final = time_of_day(16)
OWN: Final = {"market.speed": SPEED, "supervisor.restarts_max": 1_000}


class Blow(Value):
    """One process struck: which, how, and after how long of trading."""

    victim: str
    hangs: bool
    between_s: float
    burst: int
    heel_s: float


class SessionResult(Value):
    """What became of one session; it reads as a seed does (`fault_tally.Judged`)."""

    seed: int
    session: date
    orders: int = 0
    fills: int = 0
    kills: int = 0
    hangs: int = 0
    """Those of the kills that began with a process stopped: found hung, and ended."""
    faults: int = 0
    audits: int = 0
    """Times that everything was compared."""
    audit: Audit = Audit()
    wrong: tuple[str, ...] = ()
    level: float | None = None
    """Where the index ended."""
    state: Path | None = None
    naked_short_s: float | None = None
    unattended_short_s: float | None = None

    @property
    def failures(self) -> tuple[str, ...]:
        """Everything that is wrong, as sentences."""
        return (*self.audit.faults, *self.wrong)


def draw(dice: np.random.Generator, victims: Sequence[str], count: int) -> list[Blow]:
    """Return the blows of one session: each process in turn, in an order of its own each time round.

    The supervisor's turn comes every third time: the keeper bounds its deaths, and no setting lifts that.
    """
    named: list[str] = []
    for turn in range(count):
        once = [name for name in victims if name != SUPERVISOR or turn % SUPERVISOR_EVERY == 0]
        named += [once[place] for place in dice.permutation(len(once))]
    return [
        Blow(
            victim=name,
            hangs=bool(dice.random() < HANG_SHARE) and name not in SLOW_TO_SEE,
            between_s=float(dice.uniform(*BETWEEN_S)),
            burst=int(dice.integers(BURST_MAX + 1)),
            heel_s=float(np.exp(dice.uniform(*np.log(HEEL_S)))),
        )
        for name in named[:count]
    ]


def run_session(seed: int, on: date, state: Path, blows: int, level: float | None = None) -> SessionResult:
    """Run one session of the week in its state folder, and judge it. What the tree does wrong is told, not raised.

    `level` is where the index ended the session before: what is held stays near the money, and quoted.
    """
    where = places(state)
    result = SessionResult(seed=seed, session=on, state=where.state)
    start = {} if level is None else {"market.spot": level}
    day = settings(seed, on, **OWN, **start)
    try:
        up = holdfast("up", where, "--detach", f"--config={SHIPPED / 'holdfast.toml'}", *day)
        result = _fail(result, f"up: {up}") if up else _play(result, where, blows)
    finally:
        down = holdfast("down", where)
    return _fail(result, f"down: {down}") if down else result


def _play(result: SessionResult, where: Places, blows: int) -> SessionResult:
    session = _Session(where, result, blows)
    try:
        session.play()
    except Overdue as overdue:
        session.result = _fail(session.result, str(overdue))
    finally:
        session.close()
    return session.result


def _fail(result: SessionResult, *texts: str) -> SessionResult:
    return result.model_copy(update={"wrong": (*result.wrong, *texts)})


class _Session:
    """The acts of one session, in order."""

    def __init__(self, where: Places, result: SessionResult, blows: int) -> None:
        self._where, self.result = where, result
        self._witness = Witness(where, result.seed + result.session.toordinal(), SPEED)
        plan = Plan.model_validate_json(plan_path(where.state).read_bytes())
        victims = (*(child.name for child in plan.children()), SUPERVISOR)
        self._before = (0, 0)
        """Orders and fills of the sessions before."""
        self._blows = draw(np.random.default_rng((result.seed, result.session.toordinal())), victims, blows)

    def close(self) -> None:
        """Leave no socket behind."""
        self._witness.close()

    def play(self) -> None:
        """Strike, wait, compare, over and over; then let the session end. Raises `Overdue`."""
        self._witness.ready()
        self._before = len(self._witness.tail.book.orders), self._fills()
        for blow in self._blows:
            self._trade(blow)
            self._strike(blow)
            if self._disagrees(blow):
                return
        self._end()

    def _trade(self, blow: Blow) -> None:
        trader, began_s, count = self._witness.trader, time.monotonic(), 0
        while (now_s := time.monotonic() - began_s) < blow.between_s:
            trader.turn(TURN_S)
            if now_s * SIGNALS_PER_S >= count:
                trader.trade()
                count += 1
        for _ in range(blow.burst):
            trader.trade(opening=True)
        time.sleep(blow.heel_s)  # the blow falls where the orders are by then

    def _strike(self, blow: Blow) -> None:
        """Strike once the victim is there, and wait until another process stands in its place and all others do."""
        struck = self._witness.until(f"a {blow.victim} to strike", self._process(blow.victim), WHOLE_BY_S)
        send(struck, signal.SIGSTOP if blow.hangs else signal.SIGKILL)
        counted = {"kills": self.result.kills + 1, "hangs": self.result.hangs + blow.hangs}
        self.result = self.result.model_copy(update=counted)
        again = self._process(blow.victim)
        self._witness.until(
            f"another {blow.victim}, and a whole tree",
            lambda: (stands(self._where) and again() not in (None, struck)) or None,
            MENDED_BY_S,
        )

    def _process(self, name: str) -> Callable[[], Process | None]:
        return lambda: process_of(self._where, name)

    def _disagrees(self, blow: Blow) -> bool:
        """Compare what stands; keep what is wrong, with the blow it followed."""
        verdict = self._witness.agreed(self._witness.standing)
        latched = read_latch(self._where.latch)
        wrong = (
            [] if latched.level is StopLevel.NONE else [f"{latched.level} latched by {latched.by}: {latched.reason}"]
        )
        if verdict.faults or wrong:
            wrong.append(f"after {blow.model_dump_json()}, blow {self.result.kills}")
        self.result = _fail(self._counted(verdict), *wrong)
        return bool(verdict.faults or wrong)

    def _counted(self, verdict: Audit) -> SessionResult:
        orders, fills = self._before
        counted = {
            "audit": verdict,
            "audits": self.result.audits + 1,
            "orders": len(self._witness.tail.book.orders) - orders,
            "fills": self._fills() - fills,
        }
        return self.result.model_copy(update=counted)

    def _fills(self) -> int:
        return sum(len(life.fills) for life in self._witness.tail.book.orders.values())

    def _end(self) -> None:
        """Let the market close and settle, cancel what may still work, and take the whole verdict."""
        witness = self._witness
        self._to_the_close()
        ended = witness.trader.quotes.quote(UNDERLYING) if witness.trader.quotes is not None else None
        level = None if ended is None or ended.bid is None else float(ended.bid)
        self.result = self.result.model_copy(update={"level": level})
        witness.quieten()
        verdict = witness.agreed()
        wrong = [*witness.trader.contradicted, *witness.broken_words(), *crashes(witness.place)]
        wrong += left_alone(witness.naked.get("unattended_short_s"), DEADLINE_S)
        self.result = _fail(self._counted(verdict).model_copy(update=witness.naked), *wrong)

    def _to_the_close(self) -> None:
        """Let the clock jump, bit by bit, until nothing that ends today is held any more."""
        witness, on = self._witness, self.result.session
        close = datetime.combine(on, CLOSES, NEW_YORK)

        def is_over() -> bool | None:
            if witness.place.clock.market_now() >= close:
                return True
            jump_clock(self._where, CLOSE_STEP_S)
            return None

        witness.until("the close", is_over, QUIET_BY_S)

        def settled() -> bool | None:
            book = witness.tail.book
            held = {symbol for positions in book.positions.values() for symbol, count in positions.items() if count}
            due = [each for each in held if (ends := book.contract(each).expires_on) is not None and ends <= on]
            return not due or None

        witness.until("the day's options settled", settled, QUIET_BY_S)
