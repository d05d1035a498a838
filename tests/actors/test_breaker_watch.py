"""Risk's breakers over real files: a trip survives `kill -9` at every point; what is to be flattened is flattened."""

import json
import shutil
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from actors.breaker_watch import BreakerPorts, BreakerWatch
from actors.domain.orders.attempt import Accepted
from actors.domain.orders.breaker_event import BreakerStep, ResetBy
from actors.domain.orders.report import Status
from actors.domain.orders.working import GiveUp
from actors.domain.risk.breaker import BreakerRecord
from actors.domain.risk.breaker_limits import AccountLimits, BreakerLimit, BreakerLimits, ScopeLimits
from actors.latch import Latch, StopLevel, read_latch, tighten
from actors.messages import CancelOrder, ReportBreaker, SendOrder, SubmitSignal
from actors.places import places
from supervisor.checkpoints import CheckpointStore
from tests.builders import close_signal, open_signal
from tests.fakes import START
from tests.rig import Rig, report

ROOT = Path(__file__).resolve().parents[2]
LOSS_DAY = "account.primary-account.loss_day.reduce"
POINTS = (
    "before the checkpoint",
    "after the checkpoint",
    "before the latch",
    "after the latch",
    "before the journal",
    "after the journal",
    "told",
)


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "state"
    shutil.rmtree(places(tmp_path / "state").run, ignore_errors=True)


def process(folder: Path, loss: int | str, point: str = "") -> dict | None:
    """Let a process see a loss; return what it told, None where it died at `point` by SIGKILL."""
    command = [sys.executable, "-m", "tests.actors.breaker_process", str(folder), str(loss), point]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if not point:
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == -signal.SIGKILL, done.stderr
    return None


def test_a_process_that_is_not_killed_passes_every_point_and_opens_nothing_more(folder):
    told = process(folder, 5_000)
    assert set(told["passed"]) == set(POINTS)
    assert (told["admitted"], told["tripped"], told["latch"]) == (False, [LOSS_DAY], "reduce")
    assert "R018" in told["codes"]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_its_successor_still_opens_nothing(folder, point):
    process(folder, 5_000, point)
    seen_again = 5_000 if point == "before the checkpoint" else 0  # afterwards prices may recover as they like
    told = process(folder, seen_again)
    assert (told["admitted"], told["tripped"], told["latch"]) == (False, [LOSS_DAY], "reduce")
    assert "R018" in told["codes"]


def test_not_one_cent_before_even_after_a_kill(folder):
    process(folder, 0, "told")
    assert process(folder, "4999.99")["admitted"]


class Held:
    """A watch over a real checkpoint and a real latch, and the executor it talks to."""

    def __init__(self, folder: Path, limits: BreakerLimits) -> None:
        self.where, self.rig, self.limits = places(folder), Rig().ready(), limits
        self.start()

    def start(self) -> None:
        self.store = CheckpointStore(self.where.checkpoints("risk"))
        ports = BreakerPorts(self.store, lambda latch: tighten(self.where.latch, latch))
        self.watch = BreakerWatch("risk", self.limits, ports)

    def see(self, loss: int = 0, seconds: float = 0.0) -> list:
        self.rig.book.cash["primary-account"] -= loss
        self.rig.executor._desk.seats.of("primary").worth = self.rig.book.cash["primary-account"]
        if seconds:
            self.rig.after(seconds)
        told = self.watch.on_book(self.rig.executor._picture().book, self.rig.clock.ns, START)
        self.rig.hear("risk", *told)
        return told


def stepping(step: BreakerStep, reset: ResetBy = ResetBy.PERSON) -> BreakerLimits:
    limit = (BreakerLimit(at=Decimal("0.05"), step=step, reset=reset),)
    return BreakerLimits(account=AccountLimits(loss_day=limit, drawdown=(), loss_sessions=()))


@pytest.mark.parametrize(
    ("step", "reset", "level"),
    [
        (BreakerStep.PAUSE, ResetBy.PERSON, StopLevel.NONE),
        (BreakerStep.REDUCE, ResetBy.PERSON, StopLevel.REDUCE),
        (BreakerStep.HALT, ResetBy.PERSON, StopLevel.HALT),
        (BreakerStep.FLATTEN, ResetBy.PERSON, StopLevel.HALT),
        (BreakerStep.FLATTEN, ResetBy.SESSION, StopLevel.NONE),
    ],
)
def test_what_stops_everybody_until_a_person_looks_is_latched_as_well(folder, step, reset, level):
    held = Held(folder, stepping(step, reset))
    held.see(5_000)
    assert read_latch(held.where.latch).level is level
    assert len(held.rig.book.tally.breakers.tripped) == 1


def test_a_flatten_closes_what_its_scope_holds_through_the_gate_and_asks_again_at_a_slowing_pace(folder):
    held = Held(folder, stepping(BreakerStep.FLATTEN))
    held.rig.opened(open_signal(1))
    held.rig.told(SendOrder)
    told = held.see(5_000)
    assert [each.signal.request.structure_id for each in told if isinstance(each, SubmitSignal)] == [
        "condor-20260105-1"
    ]
    ((_, sent),) = held.rig.told(SendOrder)
    assert sent.order.intent == "CLOSE"
    assert [each for each in held.see(seconds=60) if isinstance(each, SubmitSignal)] == [], "a close is at work"


def test_a_flatten_that_was_refused_is_asked_for_again_later(folder):
    held = Held(folder, stepping(BreakerStep.FLATTEN))
    held.rig.opened(open_signal(1))
    held.rig.executor._desk.quotes = None
    view = held.rig.executor._picture().book
    lost = view.results[0].model_copy(update={"pnl": Decimal(-5_000)})
    view = view.model_copy(update={"results": (lost,)})
    asked = []
    for after_s in (0, 1, 3, 7, 9):
        told = held.watch.on_book(view, held.rig.clock.ns + int(after_s * 1e9), START)
        asked += [after_s for each in told if isinstance(each, SubmitSignal)]
    assert asked == [0, 3, 9]


def test_a_flatten_cancels_the_exit_that_may_never_fill_and_closes_then(folder):
    held = Held(folder, stepping(BreakerStep.FLATTEN))
    held.rig.opened(open_signal(1))
    resting = held.rig.ask(close_signal(2, "condor-20260105-1", net_price=Decimal("-0.10"))).cl_ord_id
    held.rig.outcome(f"{resting}-r1", Accepted(broker_order_id="primary-9"))
    held.rig.push(report("primary-9", Status.NEW, attempt=f"{resting}-r1"))
    held.rig.told(SendOrder)
    held.see(5_000)
    assert [each.cl_ord_id for _, each in held.rig.told(CancelOrder)] == [resting]
    held.rig.push(report("primary-9", Status.CANCELED, attempt=f"{resting}-r1"))
    held.see(seconds=3)
    ((_, sent),) = held.rig.told(SendOrder)
    assert (sent.order.intent, sent.order.working.plan.give_up) == ("CLOSE", GiveUp.MARKET)


def test_a_strategys_flatten_leaves_what_others_hold(folder):
    limit = ScopeLimits(loss_day=(BreakerLimit(at=Decimal("0.001"), step=BreakerStep.FLATTEN),))
    held = Held(folder, BreakerLimits(strategies={"condor": limit}))
    held.rig.opened(open_signal(1))
    other = open_signal(2).model_copy(update={"strategy": "other", "signal_id": "other-20260105-1"})
    held.rig.opened(other)
    asked = [each.signal.request.structure_id for each in held.see() if isinstance(each, SubmitSignal)]
    assert asked == ["condor-20260105-1"]
    assert held.rig.ask(close_signal(9, "other-20260105-1")).admitted


def test_the_days_best_outlives_a_restart(folder):
    limit = (BreakerLimit(at=Decimal("0.05"), step=BreakerStep.REDUCE),)
    limits = BreakerLimits(account=AccountLimits(drawdown=limit))
    held = Held(folder, limits)
    held.see(-20_000)
    held.store.close()
    held.start()
    told = held.see(6_000)
    assert [
        each.event.name for each in told if isinstance(each, ReportBreaker) and each.event.kind == "breaker_tripped"
    ]
    assert held.store.load(BreakerRecord)[0].highs["account.primary-account"].pnl == 20_000


def test_a_tighter_stop_is_left_as_it_is(folder):
    held = Held(folder, stepping(BreakerStep.REDUCE))
    tighten(held.where.latch, Latch(level=StopLevel.HALT, reason="lunch", by="me", at=START))
    held.see(5_000)
    assert read_latch(held.where.latch).reason == "lunch"
