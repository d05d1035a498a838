"""`holdfast why`: each verdict from the journal's file alone, with value, limit and age of every check."""

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from click.testing import CliRunner

from actors.messages import IssuePermit
from supervisor.cli.main import main
from tests.builders import close_signal, open_signal, permit, replace_signal
from tests.filed_rig import FiledRig

ORDER = "condor-20260105-1"


@pytest.fixture
def rig(where) -> Iterator[FiledRig]:
    found = FiledRig(where.journal)
    yield found.ready()
    found.writer.close()


def run(where, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["why", *arguments, "--state", str(where.state)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_a_refusal_is_told_with_its_numbers_and_what_one_can_do(where, rig):
    rig.hear("risk", IssuePermit(permit=permit(2, structure_loss_max=Decimal(1_000))))
    rig.ask(open_signal(1))
    code, text = run(where, ORDER)
    assert code == 0
    first, asked, *rest = text.splitlines()
    assert first.startswith(f"{ORDER}: REFUSED by R041  Mon 05 Jan 10:00:00.000 ET")
    assert asked == "  asked by condor: test"
    (failed,) = [line for line in rest if "FAIL" in line]
    assert "R041 structure loss" in failed
    assert "4810.00 dollars at expiry  limit 1000" in failed
    assert "  R041: The structure could lose more" in text
    assert text.rstrip().endswith("holdfast explain R041")


def test_an_admission_is_told_with_every_check_and_the_age_of_its_data(where, rig):
    rig.ask(open_signal(1))
    code, text = run(where, ORDER)
    assert code == 0
    assert f"{ORDER}: ADMITTED" in text
    assert "FAIL" not in text
    assert "s old" in text
    assert text.rstrip().endswith(f"holdfast order {ORDER}")


def test_json_tells_each_check_with_what_it_means(where, rig):
    rig.ask(open_signal(1, order_qty=50))
    told = json.loads(run(where, ORDER, "--json")[1])
    assert told["schema"] == "holdfast.why/1"
    assert told["admitted"] is False
    assert set(told["refused_by"]) >= {"R040"}
    check = next(each for each in told["checks"] if each["code"] == "R040" and not each["passed"])
    assert (check["value"], check["limit"]) == ("50 combos", "10")
    assert check["means"]


def test_a_close_that_was_refused_is_told_too(where, rig):
    rig.ask(close_signal(1, "nothing"))
    code, text = run(where, "condor-20260105-1")
    assert code == 0
    assert "REFUSED by R050" in text


def test_an_admitted_cancel_and_a_replacement_are_told_with_what_they_asked_of(where, rig):
    rig.ask(open_signal(1))
    rig.outcome(f"{ORDER}-r1")
    rig.ask(replace_signal(2, ORDER, "1.95"))
    code, text = run(where, "condor-20260105-2")
    assert code == 0
    assert "condor-20260105-2: ADMITTED  Mon 05 Jan 10:00:00.000 ET" in text
    assert f"replace of {ORDER}" in text
    told = json.loads(run(where, "condor-20260105-2", "--json")[1])
    assert (told["admitted"], told["asked_of"]) == (True, ORDER)


def test_an_id_nobody_used_is_answered_with_the_nearest(where, rig):
    rig.ask(open_signal(1))
    code, text = run(where, "condor-20260105-9")
    assert code == 2
    assert ORDER in text


def test_without_a_journal_it_says_so(where):
    assert run(where, ORDER)[0] == 3
