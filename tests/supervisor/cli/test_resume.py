"""`holdfast resume`: by a person with a reason, who has seen what is open; a real executor reads the real latch."""

import io
import json

import pytest
from click.testing import CliRunner

from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.breaker_event import BreakerStep, Scope
from actors.latch import Latch, StopLevel, history, read_latch, tighten
from actors.messages import ReportBreaker
from actors.places import Places
from supervisor.app.copy_folder import mark_outpost
from supervisor.cli import boards
from supervisor.cli.main import main
from tests.actors.test_breaker_desk import trip
from tests.builders import open_signal
from tests.supervisor.cli.test_main import NOW

ORDER, ATTEMPT = "condor-20260105-1", "condor-20260105-1-r1"
LUNCH = Latch(level=StopLevel.HALT, reason="lunch", by="bob", at=NOW)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Whoever is not heard in this time is not there."""
    monkeypatch.setattr(boards, "HEARD_S", 1.0)


@pytest.fixture
def halted(where) -> Places:
    tighten(where.latch, LUNCH)
    return where


def resume(where: Places, *arguments: str, said: object = None) -> tuple[int, str]:
    words = ["resume", "--state", str(where.state), "--reason", "looked", "--by", "ann", *arguments]
    result = CliRunner().invoke(main, words, input=said)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


class Meanwhile(io.BytesIO):
    """A person who answers yes; before that something happens."""

    def __init__(self, happens) -> None:
        super().__init__(b"y\n")
        self._happens = happens

    def read1(self, size: int = -1, /) -> bytes:
        happens, self._happens = self._happens, lambda: None
        happens()
        return super().read1(size)


def test_where_no_stop_is_latched_there_is_nothing_to_loosen(where):
    code, said = resume(where)
    assert (code, "no stop is latched" in said) == (0, True)


@pytest.mark.parametrize("reason", [(), ("--reason", "  ")])
def test_a_resume_needs_a_reason(halted, reason):
    result = CliRunner().invoke(main, ["resume", "--state", str(halted.state), "--yes", *reason])
    assert result.exit_code == 2
    assert read_latch(halted.latch) == LUNCH


def test_where_no_executor_is_heard_nobody_knows_what_is_open_and_the_stop_stays(halted, rig):
    code, said = resume(halted, "--yes")
    assert (code, "the stop stays" in said) == (3, True)
    assert read_latch(halted.latch) == LUNCH


def test_it_says_what_tripped_the_baseline_and_what_is_open_and_lets_openings_go(halted, rig, living):
    held = rig.ready().opened(open_signal(1))
    living()
    code, said = resume(halted, "--yes")
    assert code == 0, said
    assert "LATCHED  HALT since " in said
    assert "by bob: lunch" in said
    assert "of baseline 200,000.00" in said
    assert f"Holds    {held} (condor, primary-account)" in said
    assert "RESUMED  by ann: looked; the executor reads no stop any more" in said
    assert rig.ask(open_signal(2)).admitted


def test_who_resumed_when_and_why_is_kept(halted, rig, living):
    rig.ready()
    living()
    resume(halted, "--yes")
    last = history(halted.latch)[-1]
    assert (last.level, last.by, last.reason) == (StopLevel.NONE, "ann", "looked")
    assert last.at > NOW


@pytest.mark.parametrize(("said", "code", "level"), [("y\n", 0, "none"), ("n\n", 5, "halt"), ("", 5, "halt")])
def test_a_person_is_asked(halted, rig, living, said, code, level):
    rig.ready()
    living()
    assert resume(halted, said=said)[0] == code
    assert read_latch(halted.latch).level.value == level


def test_a_breaker_that_stops_everybody_keeps_the_stop_and_is_named(halted, rig, living):
    rig.ready().hear("risk", ReportBreaker(event=trip()))
    living()
    code, said = resume(halted, "--yes")
    assert code == 6
    assert "holdfast breaker reset account.primary-account.loss_day.reduce --reason WHY" in said
    assert read_latch(halted.latch) == LUNCH


def test_a_breaker_that_pauses_one_strategy_is_told_and_holds_by_itself(halted, rig, living):
    rig.ready().hear("risk", ReportBreaker(event=trip(Scope.STRATEGY, "condor", step=BreakerStep.PAUSE)))
    living()
    code, said = resume(halted, "--yes")
    assert (code, "TRIPPED  strategy.condor.loss_day.pause" in said) == (0, True)
    assert not rig.ask(open_signal(1)).admitted


def test_an_account_that_does_not_agree_keeps_the_stop(halted, rig, living):
    rig.connect()
    living()
    code, said = resume(halted, "--yes")
    assert (code, "not every account agrees with the journal (primary)" in said) == (6, True)
    assert read_latch(halted.latch) == LUNCH


def test_an_order_in_doubt_keeps_the_stop_unless_a_person_says_otherwise(halted, rig, living):
    rig.ready().ask(open_signal(1))
    rig.outcome(ATTEMPT, InDoubt(cause="timeout"))
    living()
    code, said = resume(halted, "--yes")
    assert (code, f"in doubt: {ORDER}" in said) == (6, True)
    assert read_latch(halted.latch) == LUNCH
    assert resume(halted, "--yes", "--despite-doubt")[0] == 0


def test_a_stop_that_is_latched_while_the_person_thinks_stays(halted, rig, living):
    rig.ready()
    living()
    tighter = Latch(level=StopLevel.FLATTEN, reason="gone mad", by="carl", at=NOW)
    code, said = resume(halted, said=Meanwhile(lambda: tighten(halted.latch, tighter)))
    assert (code, "another stop is in force now: flatten by carl: gone mad" in said) == (6, True)
    assert read_latch(halted.latch) == tighter


def test_a_breaker_that_trips_while_the_person_thinks_keeps_the_stop(halted, rig, living):
    rig.ready()
    said = []
    living(lambda rig: rig.hear("risk", ReportBreaker(event=trip())) if said else None)
    code, text = resume(halted, said=Meanwhile(lambda: said.append("now")))
    assert (code, "REFUSED  breaker account.primary-account.loss_day.reduce is tripped" in text) == (6, True)
    assert read_latch(halted.latch) == LUNCH


def test_an_executor_that_does_not_read_it_is_no_confirmation(halted, rig, living):
    rig.ready().stop = LUNCH.words
    living(is_deaf=True)
    code, said = resume(halted, "--yes", "--wait", "0.3")
    assert (code, "NOT CONFIRMED" in said) == (8, True)


def test_another_nodes_folder_is_not_where_a_stop_is_loosened(halted):
    mark_outpost(halted.state)
    code, said = resume(halted, "--yes")
    assert (code, "resume there" in said) == (2, True)
    assert read_latch(halted.latch) == LUNCH


def test_json_is_one_object_with_a_schema(halted, rig, living):
    rig.ready()
    living()
    words = ["resume", "--state", str(halted.state), "--reason", "looked", "--by", "ann", "--yes", "--json"]
    told = json.loads(CliRunner().invoke(main, words).stdout)
    assert (told["schema"], told["changed"], told["confirmed"]) == ("holdfast.resume/1", True, True)
    assert (told["in_force"]["reason"], told["by"], told["tripped"]) == ("lunch", "ann", [])
