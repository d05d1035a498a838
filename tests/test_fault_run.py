"""The whole-system fault run as anybody would start it: three seeds side by side, and two sessions of a week."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ZERO = ("lost", "doubled", "naked", "in_doubt", "position_breaks", "cash_gaps", "false_rejects", "false_fills")
SEEDS = 3
LENGTH_S = 15


@pytest.mark.tree
@pytest.mark.timeout(300)
def test_three_seeds_of_kills_and_faults_lose_and_double_nothing(tmp_path):
    sizes = (f"--seeds={SEEDS}", f"--jobs={SEEDS}", f"--length={LENGTH_S}", f"--state={tmp_path}")
    program = [sys.executable, "scripts/fault_run.py", *sizes, "--json"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert told["failures"] == [], done.stdout
    assert {name: told[name] for name in ZERO} == dict.fromkeys(ZERO, 0)
    assert told["runs"] == SEEDS
    assert told["kills"] >= SEEDS * 10
    assert told["orders"] > SEEDS * 10
    assert told["faults"] > 0
    assert done.returncode == 0
    assert not list(tmp_path.iterdir()), "the folders of clean seeds go"


@pytest.mark.tree
@pytest.mark.timeout(300)
def test_a_state_goes_on_over_sessions_and_agrees_after_every_kill_and_hang(tmp_path):
    sizes = ("--week", "--sessions=2", "--kills=6", f"--state={tmp_path}")
    program = [sys.executable, "scripts/fault_run.py", *sizes, "--json"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert told["failures"] == [], done.stdout
    assert {name: told[name] for name in ZERO} == dict.fromkeys(ZERO, 0)
    assert (told["runs"], told["kills"], told["audits"]) == (2, 6, 6 + 2)
    assert told["orders"] > 0
    assert done.returncode == 0
