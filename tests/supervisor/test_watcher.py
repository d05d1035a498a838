import subprocess
import sys
import threading

import pytest

from supervisor.process import Process, identify
from supervisor.watcher import Gone, StopAsked, Watcher


@pytest.fixture
def watcher():
    watcher = Watcher()
    yield watcher
    watcher.close()


def test_an_end_is_reported_once_under_its_key(watcher):
    program = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    watcher.watch("feed", identify(program.pid))
    assert watcher.wait(0) == []
    watcher.kill("feed")
    assert watcher.wait(10) == [Gone("feed")]
    assert watcher.wait(0) == []
    watcher.kill("feed")
    program.communicate()


def test_a_process_that_ended_before_it_was_watched_is_reported(watcher):
    program = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = identify(program.pid)
    program.communicate(b"\n")
    watcher.watch("feed", process)
    watcher.watch("other", Process(process.pid, process.started + 1))
    assert watcher.wait(0) == [Gone("feed"), Gone("other")]


def test_an_event_posted_by_another_thread_ends_the_wait(watcher):
    thread = threading.Thread(target=watcher.post, args=(StopAsked("test"),))
    thread.start()
    assert watcher.wait(30) == [StopAsked("test")]
    thread.join()
