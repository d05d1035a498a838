"""Times what a person types from a cold shell: `status` to its end, `halt` to the line that says it is latched.

Each beside a Python that does nothing, started in the same round: what a busy machine does to the one it does to the
other. The state folder holds a journal of as many events as are asked for, and no tree: the verbs need none.
"""

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

from actors.config import SHIPPED, load
from actors.places import places
from supervisor.app import plan
from supervisor.app.bench import cold
from supervisor.private_ray import ROOT

VERB: Final = (sys.executable, "-m", "supervisor.cli.main")
NOTHING: Final = (sys.executable, "-c", "pass")
ROUNDS: Final = 11


class Verbs(NamedTuple):
    """Seconds of each round."""

    status: list[float]
    halt: list[float]
    python_pass: list[float]


def measure(folder: Path, events: int, rounds: int) -> Verbs:
    """Write a journal of so many events where there is none yet, and time the verbs on its folder."""
    if not (folder / "journal.sqlite").exists():
        folder.mkdir()
        cold.write(folder, events)
    where = places(folder)
    plan.store(load(SHIPPED / "holdfast.toml"), where)
    found = Verbs([], [], [])
    try:
        for number in range(rounds + 1):
            where.latch.unlink(missing_ok=True)
            timed = _ended(*NOTHING), _ended(*VERB, "status", "--state", str(folder)), _latched(folder)
            if number:  # the first round reads the code from the disk
                for seconds, each in zip((found.python_pass, found.status, found.halt), timed, strict=True):
                    seconds.append(each)
    finally:
        shutil.rmtree(where.run, ignore_errors=True)
    return found


def figures(folder: Path, events: int) -> dict[str, float]:
    """Return the middle of the rounds, in milliseconds, and the ratios that a busy machine leaves as they are."""
    timed = measure(folder, events, ROUNDS)
    status_s, halt_s, pass_s = map(statistics.median, timed)
    return {
        "status_ms": round(status_s * 1000, 1),
        "halt_ms": round(halt_s * 1000, 1),
        "status_over_python_pass": round(status_s / pass_s, 2),
        "halt_over_python_pass": round(halt_s / pass_s, 2),
        "python_pass_ms": round(pass_s * 1000, 1),
        "events": events,
    }


def _ended(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _latched(folder: Path) -> float:
    """Return the seconds from the start of `halt` to its first line, which it says once the latch is durable."""
    command = (*VERB, "halt", "--reason", "the bench", "--state", str(folder))
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as halting:
        assert halting.stdout is not None
        line = halting.stdout.readline()
        seconds = time.perf_counter() - began
        halting.kill()
    assert line.startswith("LATCHED"), line
    return seconds
