"""The kernel's account of real processes: asleep, stopped, computing, and starved."""

import os
import signal
import subprocess
import sys
import time

import pytest

from supervisor.process import Process, identify
from supervisor.vitals import account, resident_bytes

PROGRAMS = {"sleep": "import time; print(flush=True); time.sleep(60)", "spin": "print(flush=True)\nwhile True: pass"}


@pytest.fixture
def begin():
    running = []

    def start(program: str) -> Process:
        running.append(subprocess.Popen([sys.executable, "-c", PROGRAMS[program]], stdout=subprocess.PIPE))
        running[-1].stdout.readline()
        return identify(running[-1].pid)

    yield start
    for each in running:
        each.kill()
        each.communicate()


def until_state(process: Process, state: str) -> None:
    deadline = time.monotonic() + 10
    while account(process, process.pid).state != state:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_sleeper_a_stopped_one_and_a_busy_one_are_told_apart(begin):
    sleeper, busy = begin("sleep"), begin("spin")
    until_state(sleeper, "S")
    assert account(busy, busy.pid).state == "R"
    os.kill(sleeper.pid, signal.SIGSTOP)
    until_state(sleeper, "T")


def test_who_must_share_one_processor_has_waited_for_it(begin):
    rivals = [begin("spin") for _ in range(3)]
    processor = min(os.sched_getaffinity(0))
    for rival in rivals:
        os.sched_setaffinity(rival.pid, {processor})
    before = account(rivals[0], 0).waited_s
    deadline = time.monotonic() + 20
    while account(rivals[0], 0).waited_s < before + 0.1:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_memory_is_told_and_a_process_that_ended_has_no_account(begin):
    sleeper = begin("sleep")
    assert 1 << 20 < resident_bytes(sleeper) < 1 << 30
    gone = Process(2**22 + 1, 0)
    assert account(gone, 0) is None
    assert resident_bytes(gone) is None
