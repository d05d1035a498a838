"""`holdfast kill` as it is typed: it asks, it tells what brokers say, and its exit code is their word."""

import json

import pytest
from click.testing import CliRunner

from actors.latch import StopLevel, read_latch
from actors.places import places
from supervisor.cli import kill as verb
from supervisor.cli.main import main
from tests.actors.venue.conftest import places_in, running
from tests.supervisor.killswitch.kill_rig import RESTING, KillRig


@pytest.fixture
def rig(tmp_path, monkeypatch):
    with running(places_in(tmp_path)) as venue:
        venue.step(0)
        found = KillRig(venue)
        monkeypatch.setattr(verb, "places", lambda _: found.where)  # its run folder is the venue's
        yield found


def kill(rig: KillRig, *words: str, said: str | None = None) -> tuple[int, str]:
    asked = ["kill", "--state", str(rig.where.state), "--reason", "enough", "--by", "ann", *words]
    result = CliRunner().invoke(main, asked, input=said)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.stdout + result.stderr


@pytest.mark.parametrize("said", ["n\n", ""])
def test_a_halt_is_latched_before_the_question_and_after_a_no_nothing_is_killed(rig, said):
    rig.open("held")
    code, text = kill(rig, said=said)
    assert (code, "nothing is killed" in text) == (5, True)
    assert read_latch(rig.where.latch).level is StopLevel.HALT
    assert len(rig.positions()) == 4


def test_a_yes_ends_flat_and_says_what_each_broker_says(rig):
    rig.open("held")
    rig.open("rests", "alpaca", RESTING)
    code, text = kill(rig, said="y\n")
    assert code == 0, text
    for words in (
        "LATCHED  flatten by ann",
        "Broker   tastytrade: nothing of ours",
        "Broker   alpaca: nothing of ours",
    ):
        assert words in text
    assert "\nFLAT  after" in text


def test_what_remains_is_told_and_is_exit_8(rig):
    rig.open("held")
    rig.venue.fault(route="tastytrade", kind="fill_legs", legs=[])
    code, text = kill(rig, "--yes", "--wait", "1")
    assert (code, "do not assume flat" in text, "Broker   tastytrade: +1 SPXW" in text) == (8, True, True), text


def test_json_is_one_object_with_a_schema(rig):
    rig.open("held")
    asked = ["kill", "--state", str(rig.where.state), "--yes", "--json"]
    told = json.loads(CliRunner().invoke(main, asked).stdout)
    assert (told["schema"], told["flat"], told["accounts"][0]["positions"]) == ("holdfast.kill/1", True, {})


def test_a_folder_where_nothing_was_traded_is_asked_about_and_latched(tmp_path):
    state = tmp_path / "elsewhere"
    result = CliRunner().invoke(main, ["kill", "--yes", "--state", str(state)])
    assert (result.exit_code, "is that the folder you meant" in result.output) == (3, True)
    assert read_latch(places(state).latch).level is StopLevel.FLATTEN
