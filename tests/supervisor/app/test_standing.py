"""Who stands behind a strategy is kept for the configuration it was worked out of, and for no other."""

import json
import subprocess
import sys

import pytest

from actors.config import load
from actors.places import Places, places
from supervisor.app import plan, preflight
from supervisor.app.standing import FILE, standing_behind


@pytest.fixture
def where(tmp_path) -> Places:
    found = places(tmp_path / "state")
    plan.store(load(None), found)
    return found


def worked_out(where: Places) -> list:
    return [each.model_dump(mode="json") for each in preflight.standing_behind(where)]


def test_what_was_stored_is_told_as_it_is_worked_out(where):
    assert standing_behind(where) == worked_out(where) != []


def test_another_configuration_is_worked_out_anew(where):
    bare = load(None).model_copy(update={"strategies": ()})
    where.config.write_text(bare.model_dump_json())
    assert standing_behind(where) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"of": 1}'])
def test_what_cannot_be_understood_is_worked_out_anew(where, content):
    (where.state / FILE).write_text(content)
    assert standing_behind(where) == worked_out(where)


def test_without_a_configuration_there_is_nothing_to_tell(tmp_path):
    assert standing_behind(places(tmp_path / "empty")) == []


def test_a_screen_that_tells_what_is_kept_does_not_load_the_configurations_model(where):
    program = (
        "import sys, json; from pathlib import Path; from actors.places import places\n"
        "from supervisor.cli.snapshot import snapshot\n"
        f"seen = snapshot(places(Path({str(where.state)!r})))\n"
        "print(json.dumps([seen['backing'], 'actors.config_model' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [worked_out(where), False]
