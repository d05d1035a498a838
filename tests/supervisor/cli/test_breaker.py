"""`holdfast breaker`: from the real journal and risk's board; resets through a real socket and the real executor."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from actors.breaker_watch import BreakerBoard, BreakerPorts, BreakerWatch
from actors.domain.orders.breaker_event import BreakerStep, Scope
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.latch import BREAKER, Latch, StopLevel, read_latch, tighten
from actors.messages import BreakersReset, ReportBreaker, ResetBreakers
from actors.places import Places
from actors.route_board import write_board
from supervisor.cli import door
from supervisor.cli.main import main
from tests.actors.test_breaker_desk import trip
from tests.builders import open_signal
from tests.fakes import START, MemoryCheckpoints
from tests.filed_rig import Door, FiledRig

NOW = datetime(2026, 1, 5, 16, tzinfo=UTC)
NAME = "account.primary-account.loss_day.reduce"


@pytest.fixture
def rig(where, monkeypatch) -> Iterator[FiledRig]:
    monkeypatch.setattr(door, "ANSWER_TIMEOUT_S", 20.0)
    found = FiledRig(where.journal)
    yield found.ready()
    found.writer.close()


@pytest.fixture
def executor(where, rig) -> Iterator[None]:
    """The rig's executor answers at its door."""
    door = Door(where, rig, asked=ResetBreakers, answered=BreakersReset)
    yield
    door.close()


def run(where: Places, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*arguments, "--state", str(where.state)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def tripped(rig: FiledRig, where: Places) -> None:
    rig.hear("risk", ReportBreaker(event=trip()))
    tighten(where.latch, Latch(level=StopLevel.REDUCE, reason=f"breaker {NAME}: lost", by=BREAKER, at=NOW))


def boarded(rig: FiledRig, where: Places, loss: int) -> None:
    """Let risk's watch write its board of an account that lost so much."""
    rig.book.cash["primary-account"] -= loss
    ports = BreakerPorts(MemoryCheckpoints(), lambda latch: latch, lambda board: write_board(where.breakers, board))
    BreakerWatch("risk", BreakerLimits(), ports).on_book(rig.executor._picture().book, rig.clock.ns, START)


def test_nothing_ever_traded_is_told_and_coded(where):
    assert run(where, "breaker", "show")[0] == 3


def test_show_says_what_is_used_of_each_limit_and_what_is_tripped_at_what(where, rig):
    tripped(rig, where)
    boarded(rig, where, 4_000)
    code, said = run(where, "breaker", "show")
    assert code == 0
    assert f"TRIPPED  {NAME}" in said
    assert "loss of the day 5,000.00, limit 5,000.00 (5 % of 100,000.00); reset by a person" in said
    assert "Breaker  account.primary-account.drawdown.reduce" in said
    assert "57% [#####-----]  4,000.00 of 7,000.00" in said


def test_show_as_json_is_one_object_with_a_schema(where, rig):
    tripped(rig, where)
    boarded(rig, where, 0)
    told = json.loads(run(where, "breaker", "show", "--json")[1])
    assert (told["schema"], told["tripped"][0]["name"]) == ("holdfast.breaker/1", NAME)
    assert {each["measure"] for each in told["board"]["gauges"]} == {"loss_day", "drawdown", "loss_sessions"}
    assert (
        BreakerBoard.model_validate({"at_ns": 0} | {k: told["board"][k] for k in ("gauges", "unknown")}).unknown == ()
    )


@pytest.mark.parametrize(("loss", "shown"), [(2_000, False), (2_500, True), (5_000, True)])
def test_status_speaks_of_a_breaker_only_where_one_is_warned_or_tripped(where, rig, loss, shown):
    boarded(rig, where, loss)
    assert ("account.primary-account.loss_day" in run(where, "status")[1]) is shown


def test_status_says_what_nobody_knows(where, rig):
    rig.after(61)
    boarded(rig, where, 0)
    assert "UNKNOWN  account primary-account: its broker last said what it is worth 61 s ago" in run(where, "status")[1]


def test_a_reset_needs_a_reason(where):
    assert run(where, "breaker", "reset", NAME)[0] == 2
    assert run(where, "breaker", "reset", NAME, "--reason", "  ")[0] == 2


def test_a_reset_is_journaled_loosens_the_latch_and_lets_openings_go(where, rig, executor):
    tripped(rig, where)
    assert not rig.ask(open_signal(1)).admitted
    code, said = run(where, "breaker", "reset", "account.primary-account", "--reason", "looked at it", "--by", "anna")
    assert (code, f"{NAME}: reset" in said, "latch reduce" in said) == (0, True, True)
    latch = read_latch(where.latch)
    assert (latch.level, latch.by, latch.reason) == (StopLevel.NONE, "anna", "looked at it")
    assert rig.ask(open_signal(2)).admitted
    assert NAME not in run(where, "breaker", "show")[1]


def test_a_latch_that_somebody_else_set_is_left_as_it_is(where, rig, executor):
    rig.hear("risk", ReportBreaker(event=trip()))
    tighten(where.latch, Latch(level=StopLevel.HALT, reason="lunch", by="me", at=NOW))
    told = json.loads(run(where, "breaker", "reset", "all", "--reason", "looked", "--json")[1])
    assert (told["reset"], told["loosened"]["level"]) == ([NAME], "none")
    assert read_latch(where.latch).reason == "lunch"


def test_the_latch_stays_while_another_breaker_is_tripped(where, rig, executor):
    tripped(rig, where)
    rig.hear("risk", ReportBreaker(event=trip(Scope.STRATEGY, "condor", step=BreakerStep.HALT)))
    code, said = run(where, "breaker", "reset", NAME, "--reason", "looked")
    assert (code, "strategy.condor.loss_day.halt: still tripped" in said) == (0, True)
    assert read_latch(where.latch).level is StopLevel.REDUCE


def test_a_reset_killed_before_the_latch_was_loosened_is_finished_by_asking_again(where, rig, executor):
    tripped(rig, where)
    rig.hear("cli", ResetBreakers(beginning="", by="anna", reason="looked", reply_to="cli"))
    rig.told(BreakersReset)
    code, said = run(where, "breaker", "reset", NAME, "--reason", "looked")
    assert (code, "loosened" in said, read_latch(where.latch).level) == (0, True, StopLevel.NONE)
    assert run(where, "breaker", "reset", NAME, "--reason", "looked")[0] == 2, "and then there is nothing more"


def test_without_an_executor_nothing_is_reset(where, rig):
    tripped(rig, where)
    code, said = run(where, "breaker", "reset", "all", "--reason", "looked")
    assert (code, "nothing was sent" in said) == (3, True)
    assert read_latch(where.latch).level is StopLevel.REDUCE
