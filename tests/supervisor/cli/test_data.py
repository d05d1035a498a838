"""`holdfast data check`: counts that add up, and words for what is not there."""

import json

import pytest
from click.testing import CliRunner

from supervisor.cli.exit_code import ExitCode
from supervisor.cli.main import main

pytestmark = pytest.mark.reference


def run(*words: str):
    return CliRunner().invoke(main, ["data", "check", *words])


def test_a_day_is_counted_by_contract_and_reason(shared):
    folder = str(shared / "data" / "market" / "lean")
    told = run(folder, "--date", "2021-01-04", "--underlying", "SPXW", "--json")
    assert told.exit_code == ExitCode.DONE
    (day,) = json.loads(told.output)["days"]
    assert day["total"]["rows"] == 4_976
    assert day["contracts"]["SPXW  210104C03800000"]["flagged"] == {"LOCKED": 69}
    shown = run(folder, "--date", "2021-01-04", "--underlying", "SPXW").output
    assert "SPXW 2021-01-04: 4,976 rows = 4,976 accepted + rejected: none" in shown
    assert "72 LOCKED" in shown


@pytest.mark.parametrize(
    ("folder", "day", "says"),
    [
        ("/nowhere", "2021-01-04", ["/nowhere", "no such folder"]),
        (None, "2021-01-09", ["2021-01-09", "nearest dates there: 2021-01-08"]),
    ],
)
def test_what_is_not_there_is_named_with_what_there_is(shared, folder, day, says):
    told = run(folder or str(shared / "data" / "market" / "lean"), "--date", day)
    assert told.exit_code == ExitCode.CONFIG_INVALID
    for words in says:
        assert words in told.output


def test_an_underlying_that_the_folder_lacks_is_named_with_those_it_has(shared):
    told = run(str(shared / "data" / "market" / "lean"), "--date", "2021-01-04", "--underlying", "SPY")
    assert told.exit_code == ExitCode.CONFIG_INVALID
    assert "looked for option quotes of SPY on 2021-01-04" in told.output
    assert "underlyings there on 2021-01-04: SPX, SPXW" in told.output
