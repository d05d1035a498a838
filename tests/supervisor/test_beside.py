"""What runs beside the tree: started again when it dies, ended with its keeper, and by a planned end alone."""

import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.places import places
from supervisor import keeper
from supervisor.beside import End
from supervisor.ownership import Ownership
from supervisor.process import identify, wait_gone

WORK = """
import os, sys, time
from pathlib import Path
from supervisor import beside
starts = Path(sys.argv[1])

def work():
    with starts.open("a") as file:
        file.write(f"{os.getpid()}\\n")
    count = len(starts.read_text().splitlines())
    if count == 1:
        raise ValueError("a bug")
    if count == 3:
        return int(sys.argv[2])
    time.sleep(600)

print("up", flush=True)
sys.exit(beside.keep("a_worker", work))
"""


class Kept:
    """A program that fails, then is killed, then ends with a code."""

    def __init__(self, folder: Path, code: int) -> None:
        self.starts = folder / "starts"
        words = [sys.executable, "-c", WORK, str(self.starts), str(code)]
        self.said = folder / "said"
        with self.said.open("wb") as said:
            self.program = subprocess.Popen(words, stderr=said)

    def worker(self, number: int) -> int:
        while not self.starts.exists() or len(lines := self.starts.read_text().splitlines()) < number:
            assert self.program.poll() is None
        return int(lines[number - 1])


@pytest.fixture
def kept(tmp_path):
    found: list[Kept] = []

    def start(code: int) -> Kept:
        found.append(Kept(tmp_path, code))
        return found[0]

    yield start
    for each in found:
        each.program.kill()
        each.program.wait()


def test_a_bug_and_a_kill_start_it_again_and_a_code_that_is_meant_ends_it(kept):
    found = kept(9)
    os.kill(found.worker(2), signal.SIGKILL)
    assert found.program.wait(60) == 9
    assert "ValueError: a bug" in found.said.read_text()
    assert len(found.starts.read_text().splitlines()) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_whoever_works_ends_with_the_one_that_waits(kept, number):
    found = kept(0)
    worker = identify(found.worker(2))
    found.program.send_signal(number)
    assert wait_gone(worker, 30)
    assert found.program.wait(30) == (0 if number is signal.SIGTERM else -signal.SIGKILL)


def test_the_end_has_come_once_what_ran_has_neither_directory_nor_keeper(tmp_path):
    where = places(tmp_path / "state")
    end = End(where)
    assert not end.has_come()  # nothing was seen to run yet
    held = Ownership.take(keeper.lock(where.state), datetime.now(UTC))
    where.directory.write_text("{}")
    assert not end.has_come()
    held.release()
    assert not end.has_come()  # a tree that was killed leaves its directory behind
    where.directory.unlink()
    assert end.has_come()
    shutil.rmtree(where.run)
