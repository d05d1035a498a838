"""The service unit, held to what the rest of the project relies on."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "scripts" / "holdfast.service"


def service() -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNIT)
    return dict(parser["Service"])


def test_the_death_of_the_keeper_leaves_the_tree_to_be_adopted_and_starts_another():
    assert (service()["KillMode"], service()["Restart"]) == ("process", "on-failure")


def test_a_stop_goes_through_down_which_proves_that_everything_is_gone():
    assert service()["ExecStop"].endswith("holdfast down")


def test_what_is_written_is_its_owner_s_alone():
    assert service()["UMask"] == "0077"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
def test_systemd_understands_it(tmp_path):
    unit = tmp_path / "holdfast.service"
    program = tmp_path / "holdfast"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit.write_text(UNIT.read_text().replace("%h/holdfast/.venv/bin/holdfast", str(program)))
    command = ["systemd-analyze", "verify", "--user", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in done.stderr.splitlines() if "holdfast" in line]
    assert ours == []
