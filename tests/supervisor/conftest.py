"""What the supervisor's tests share: processes that are stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from supervisor.process import Process, identify, stopped

HOLD = """
import sys, signal
from datetime import datetime, UTC
from pathlib import Path
from supervisor.ownership import Ownership
held = [Ownership.take(Path(each), datetime.now(UTC)) for each in sys.argv[1:]]
print("held", flush=True)
signal.pause()
"""


@pytest.fixture
def stopped_process() -> Iterator:
    """Return a function that starts a process, holding locks, and stops it."""
    started = []

    def start(*locks: object) -> Process:
        words = [sys.executable, "-c", HOLD, *map(str, locks)]
        child = subprocess.Popen(words, stdout=subprocess.PIPE)
        started.append(child)
        assert child.stdout.readline() == b"held\n"
        os.kill(child.pid, signal.SIGSTOP)
        process = identify(child.pid)
        while not stopped(process):
            pass
        return process

    yield start
    for child in started:
        with suppress(ProcessLookupError):
            child.kill()
        child.wait()
