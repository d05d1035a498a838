"""The first hour's mistakes, each made in what `init` writes; the whole hour is played by its script."""

import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner

from supervisor.cli.main import main

ROOT = Path(__file__).parents[2]


def script():
    spec = importlib.util.spec_from_file_location("first_hour", ROOT / "scripts" / "first_hour.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


HOUR = script()


@pytest.mark.parametrize("kind", HOUR.MISTAKES)
def test_each_kind_of_mistake_is_told_with_its_place_a_mark_and_what_would_be_right(kind, tmp_path):
    slip, sound, path = HOUR.MISTAKES[kind], tmp_path / "sound.toml", tmp_path / "mistake.toml"
    CliRunner().invoke(main, ["init", "--yes", "--file", str(sound)])
    assert slip.old in sound.read_text()
    path.write_text(sound.read_text().replace(slip.old, slip.new, 1))
    done = CliRunner().invoke(main, ["config", "check", str(path)])
    assert done.exit_code == 9
    for part in (f"error[{slip.code}]", slip.words, "^", f"{path}:", "Nothing was started"):
        assert part in done.output
    assert "hunter2" not in done.output


def test_a_step_that_ends_otherwise_than_it_should_fails_the_hour():
    with pytest.raises(HOUR.Failed, match="exit 3"):
        HOUR.run("python3", "-c", "raise SystemExit(3)")
