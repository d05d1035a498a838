import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.process import Process, alive, identify, in_session, kill_and_confirm, send, wait_gone, watch
from tests.supervisor.followers import until


@pytest.fixture
def sleeper():
    program = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    yield program
    program.kill()
    program.communicate()


def test_a_process_is_itself_and_its_start_time(sleeper):
    process = identify(sleeper.pid)
    assert alive(process)
    assert not alive(Process(process.pid, process.started + 1))


def test_a_reused_number_is_neither_watched_nor_signalled(sleeper):
    process = identify(sleeper.pid)
    other = Process(process.pid, process.started - 1)
    assert watch(other) is None
    assert not send(other, signal.SIGKILL)
    assert wait_gone(other, 0)
    assert alive(process)


def test_a_killed_process_is_confirmed_gone_before_it_is_reaped(sleeper):
    process = identify(sleeper.pid)
    assert kill_and_confirm(process, 5)
    assert not alive(process)
    assert identify(sleeper.pid) is None


OUTLIVED = """
import ctypes, os, threading
threading.Thread(target=lambda: (print(flush=True), os.read(0, 1))).start()
ctypes.CDLL(None).pthread_exit(None)
"""
"""Its first thread ends at once, another reads on."""


def test_a_process_whose_first_thread_alone_has_ended_is_not_gone():
    with subprocess.Popen([sys.executable, "-c", OUTLIVED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        program.stdout.readline()
        until(lambda: state_of(program.pid) == "Z")
        process = identify(program.pid)
        assert process is not None
        assert alive(process)
        assert not wait_gone(process, 0.05)
        assert kill_and_confirm(process, 5)
        assert not alive(process)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def test_a_stopped_process_is_not_gone(sleeper):
    process = identify(sleeper.pid)
    os.kill(sleeper.pid, signal.SIGSTOP)
    assert not wait_gone(process, 0.05)
    assert kill_and_confirm(process, 5)


def test_the_processes_of_a_session_are_found_and_no_other(sleeper):
    found = [process for process, _ in in_session(sleeper.pid)]
    assert found == [identify(sleeper.pid)]
