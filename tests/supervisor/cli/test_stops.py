"""`holdfast reduce` and `holdfast halt`: a real latch file, read by a real executor that writes a real board."""

import json
import subprocess
import sys

import pytest

from actors.domain.orders.attempt import Accepted, InDoubt
from actors.domain.orders.report import Status
from actors.latch import Latch, StopLevel, history, read_latch, tighten
from actors.messages import CancelOrder
from supervisor.app.copy_folder import Leader, write_leader
from supervisor.cli import boards
from tests.builders import close_signal, open_signal
from tests.rig import Rig, report
from tests.supervisor.cli.test_main import FAST, NOW, ROOT, call

ORDER, ATTEMPT = "condor-20260105-1", "condor-20260105-1-r1"
both = pytest.mark.parametrize("verb", ["reduce", "halt"])


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Whoever is not heard in this time is not there."""
    monkeypatch.setattr(boards, "HEARD_S", 1.0)


def working(rig: Rig) -> str:
    rig.ready()
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT)
    rig.push(report("primary-1", Status.NEW, attempt=ATTEMPT))
    return ORDER


def confirm_cancels(rig: Rig) -> None:
    for _, cancel in rig.told(CancelOrder):
        rig.push(report(cancel.broker_order_id, Status.CANCELED, attempt=f"{cancel.cl_ord_id}-r1"))


def stop(where, verb: str, *arguments: str) -> tuple[int, str]:
    return call(verb, "--state", where.state, "--reason", "enough", "--by", "ann", *arguments)


@both
def test_a_stop_needs_nothing_that_runs_and_asks_whether_the_folder_was_meant(where, verb):
    code, said = stop(where, verb)
    assert (code, "is that the folder you meant" in said) == (3, True)
    latch = read_latch(where.latch)
    assert (latch.level, latch.by, latch.reason, latch.by_person) == (StopLevel(verb), "ann", "enough", True)
    assert said.startswith(f"LATCHED  {verb.upper()} since ")


@both
def test_with_a_dead_executor_the_stop_is_latched_and_what_works_is_not_known(where, rig, verb):
    working(rig)
    code, said = stop(where, verb)
    assert (code, "NOT KNOWN here" in said) == (8, True)
    assert read_latch(where.latch).level is StopLevel(verb)


@both
def test_openings_at_work_are_cancelled_and_the_brokers_word_is_waited_for(where, rig, living, verb):
    name = working(rig)
    living(confirm_cancels)
    code, said = stop(where, verb)
    assert code == 0, said
    assert "Executor refuses every opening; exits go on" in said
    assert "Openings none works at any broker" in said
    assert rig.book.orders[name].status is Status.CANCELED


@both
def test_after_a_stop_no_opening_is_admitted(where, rig, living, verb):
    rig.ready()
    living()
    assert stop(where, verb)[0] == 0
    answer = rig.ask(open_signal(2))
    assert [check.code.name for check in answer.checks if not check.passed] == ["R012_LATCHED"]


def test_a_cancel_that_nobody_confirms_is_not_taken_for_done(where, rig, living):
    name = working(rig)
    living()
    code, said = stop(where, "halt", "--wait", "0.3")
    assert (code, "NOT CONFIRMED" in said, f"Order    {name} opens" in said) == (8, True, True)


def test_an_opening_in_doubt_is_told_as_one(where, rig, living):
    rig.ready()
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT, InDoubt(cause="timeout"))
    living()
    code, said = stop(where, "halt", "--wait", "0.3")
    assert (code, "IN DOUBT" in said) == (8, True)


def test_an_executor_that_does_not_read_the_stop_is_no_confirmation(where, rig, living):
    rig.ready()
    living(is_deaf=True)
    code, said = stop(where, "halt", "--wait", "0.3")
    assert (code, "Executor still reads: None" in said) == (8, True)


def test_no_stop_keeps_an_exit_in(where, rig, living):
    held = rig.ready().opened(open_signal(1))
    closing = rig.ask(close_signal(2, held)).cl_ord_id
    rig.outcome(f"{closing}-r1", Accepted(broker_order_id="primary-2"))
    living(confirm_cancels)
    assert stop(where, "halt")[0] == 0
    assert not rig.book.orders[closing].cancel_asked


def test_a_weaker_stop_loosens_nothing_and_the_first_reason_stays(where):
    tighten(where.latch, Latch(level=StopLevel.HALT, reason="daily loss", by="risk", at=NOW))
    _, said = stop(where, "reduce")
    assert "by risk: daily loss\n         as it was before; the first reason stays" in said
    assert (read_latch(where.latch).level, len(history(where.latch))) == (StopLevel.HALT, 1)


def test_a_stop_that_cannot_be_written_says_so_and_is_no_success(where):
    where.latch.with_name("latch.json.new").mkdir()
    code, said = stop(where, "halt")
    assert (code, "NOT LATCHED" in said) == (8, True)


def test_a_followers_folder_is_not_where_trading_is_stopped(where, rig):
    leader = {"node": "desk", "host": "h", "boot": "b", "pid": 1, "started": 1, "epoch": 1, "connected": True}
    write_leader(where.state, Leader(**leader, since=NOW))
    code, said = stop(where, "halt")
    assert (code, "this stops nothing" in said) == (3, True)


def test_json_is_one_object_with_a_schema(where, rig, living):
    working(rig)
    living(confirm_cancels)
    told = json.loads(stop(where, "halt", "--json")[1])
    assert (told["schema"], told["changed"], told["confirmed"]) == ("holdfast.stop/1", True, True)
    assert (told["in_force"]["level"], told["executor"], told["openings"]) == (
        "halt",
        {"stop": "halt by ann: enough"},
        [],
    )


@both
def test_a_stop_loads_nothing_heavy(where, verb):
    command = [sys.executable, "-c", FAST, verb, "--state", str(where.state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["code"], told["heavy"]) == (3, [])
