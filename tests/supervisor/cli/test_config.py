"""`holdfast config`, `init`, `secrets test`: the configuration before anything runs."""

import json
import os
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.config import find, load, schema
from actors.config_sections import Mode
from supervisor.app import plan
from supervisor.cli.main import main

SHIPPED = Path(__file__).parents[3] / "config" / "holdfast.toml"


def call(*arguments: object, stdin: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_faults_are_told_to_programs_too(tmp_path):
    """Each kind, to people: tests/scripts/test_first_hour.py."""
    path = tmp_path / "broken.toml"
    path.write_text(SHIPPED.read_text().replace("structures_max = 4", "structures_maxx = 4\nx = 1"))
    code, text = call("config", "check", path, "--json")
    told = json.loads(text)
    assert (code, told["sound"], [each["code"] for each in told["faults"]]) == (9, False, ["C014", "C014"])
    assert told["faults"][0]["hint"] == 'did you mean "structures_max"?'
    assert told["faults"][0]["line"] > 0
    assert call("config", "show", "--config", path, "--json")[0] == 9
    assert call("secrets", "test", "--config", path)[0] == 9


def test_a_file_that_is_not_there_is_told_too(tmp_path):
    code, text = call("config", "check", tmp_path / "none.toml")
    assert code == 9
    assert "C001" in text


def test_a_sound_file_is_said_to_be_sound():
    assert call("config", "check", SHIPPED) == (0, f"{SHIPPED}: sound\n")


def test_a_wrong_setting_of_the_command_line_is_told_as_one():
    code, text = call("config", "check", SHIPPED, "--set", "risk.structures_maxx=3")
    assert code == 9
    assert 'did you mean "structures_max"?' in text


def test_every_value_is_shown_with_where_it_is_from():
    code, text = call("config", "show", "--config", SHIPPED, "--set", "market.seed=9", "--origin", "--json")
    values = {each["key"]: (each["value"], each["origin"]) for each in json.loads(text)["values"]}
    assert code == 0
    assert values["market.seed"] == (9, "command line")
    assert values["market.spot"][1] == "default"
    line = int(values["risk.structures_max"][1].rpartition(":")[2])
    assert SHIPPED.read_text().splitlines()[line - 1].startswith("structures_max")
    assert values["strategies.condor.parameters.short_delta"][1] != "default"
    assert values["routes.alpaca.role"][0] == "backup"
    shown = call("config", "show", "--config", SHIPPED, "--origin")[1]
    assert any(line.split() == ["market.spot", "5000.0", "default"] for line in shown.splitlines())


def test_what_the_runtime_was_started_with_is_held_against_the_file(where):
    assert call("config", "diff", "--config", SHIPPED, "--state", where.state)[0] == 3
    settled = load(SHIPPED)
    plan.store(settled, where)
    assert call("config", "diff", "--config", SHIPPED, "--state", where.state) == (0, "no difference\n")
    changed = ("--set", "risk.structures_max=2")
    code, text = call("config", "diff", "--config", SHIPPED, "--state", where.state, *changed, "--json")
    assert code == 4
    assert json.loads(text)["changes"] == [{"key": "risk.structures_max", "running": 4, "file": 2}]


def test_the_schema_is_the_one_that_editors_read():
    assert call("config", "schema") == (0, schema())


@pytest.mark.parametrize("mode", ["paper", "sandbox", "live"])
def test_a_fresh_configuration_is_sound_commented_and_of_its_mode(mode, tmp_path):
    path = tmp_path / "deep" / "mine.toml"
    account = () if mode == "paper" else ("--account", "5WT98765")
    limits = ("--structure-loss", "750", "--account-loss", "1500", "--structures", "2", "--underlying", "XSP")
    code, text = call("init", "--mode", mode, "--file", path, "--yes", *account, *limits)
    assert (code, "config check" in text) == (0, True)
    found, said = load(path), path.read_text()
    assert found.runtime.mode is Mode(mode)
    assert (found.risk.structure_loss_max, found.risk.structures_max) == (750, 2)
    assert found.strategies[0].underlying == "XSP"
    assert said.startswith("#:schema ")
    assert said.count(" # ") > 20
    assert path.stat().st_mode & 0o777 == 0o600
    if mode != "paper":
        assert found.routes[0].account == "5WT98765"
    assert ("cert.tastyworks" in said) is (mode == "sandbox")


def test_questions_are_asked_where_nothing_answers_them(tmp_path):
    path = tmp_path / "mine.toml"
    code, text = call("init", "--file", path, stdin="paper\nSPX\n900\n\n\n")
    assert code == 0
    assert "Dollars that one structure may lose" in text
    assert tomllib.loads(path.read_text())["risk"]["structure_loss_max"] == "900"


def test_a_file_that_is_there_is_never_written_over(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("mine")
    assert call("init", "--yes", "--file", path)[0] == 6
    assert path.read_text() == "mine"


def test_an_answer_that_cannot_be_writes_nothing(tmp_path):
    path = tmp_path / "mine.toml"
    code, text = call("init", "--yes", "--structure-loss", "99999", "--file", path)
    assert (code, path.exists()) == (2, False)
    assert "exceeds account_loss_max" in text


@pytest.mark.parametrize("mode", ["sandbox", "live"])
def test_whose_money_it_is_is_never_proposed(mode, tmp_path):
    code, text = call("init", "--yes", "--mode", mode, "--file", tmp_path / "mine.toml")
    assert (code, "Number of your account" in text) == (2, True)
    code, text = call("init", "--mode", mode, "--file", tmp_path / "mine.toml", stdin="\n5WT98765\n\n\n\n\n\n")
    assert (code, load(tmp_path / "mine.toml").routes[0].account) == (0, "5WT98765")


def test_a_users_own_configuration_is_found_before_the_one_shipped_wherever_one_stands(tmp_path, monkeypatch):
    monkeypatch.delenv("HOLDFAST_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "conf"))
    own = tmp_path / "conf" / "holdfast" / "holdfast.toml"
    for folder in (tmp_path, SHIPPED.parents[1]):
        monkeypatch.chdir(folder)
        assert find().samefile(SHIPPED)
    call("init", "--yes")
    for folder in (tmp_path, SHIPPED.parents[1]):
        monkeypatch.chdir(folder)
        assert find() == own
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "holdfast.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert find() == Path("config/holdfast.toml")  # of this folder, by a person


def test_each_named_secret_is_tried_and_none_is_shown(tmp_path, monkeypatch):
    path = tmp_path / "mine.toml"
    call("init", "--yes", "--mode", "live", "--account", "5WT98765", "--file", path)
    monkeypatch.setenv("TT_CLIENT_SECRET", "hunter2hunter2")
    code, text = call("secrets", "test", "--config", path)
    assert code == 6
    assert "ok       TT_CLIENT_SECRET" in text
    assert "MISSING  TT_REFRESH_TOKEN" in text
    names = [each["name"] for each in json.loads(call("secrets", "test", "--config", path, "--json")[1])["secrets"]]
    for name in names:
        monkeypatch.setenv(name, "hunter2hunter2")
    code, text = call("secrets", "test", "--config", path)
    assert (code, "hunter2" in text) == (0, False)
    assert not os.environ.get("CREDENTIALS_DIRECTORY")
