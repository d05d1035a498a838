"""Times an append of one order's intent that a follower keeps too, against one that it does not, turn by turn.

The follower is `holdfast follow`, a process of its own on loopback and on the same disk: what a network and a second
disk cost comes on top, and the two syncs of an append meet at one disk here.
"""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from supervisor.app.bench.journal import INTENT, PAUSE_S, WARM
from supervisor.journal import JournalWriter
from supervisor.process import identify
from supervisor.replica import Replica
from supervisor.replica_dial import Leading, ReplicaDial, ReplicaTerms

_TOKEN = "HOLDFAST_BENCH_TOKEN"  # noqa: S105 - the name of one
START_TIMEOUT_S = 20.0
Millis = NDArray[np.float64]


def measure(folder: Path, appends: int) -> tuple[Millis, Millis, int]:
    """Return milliseconds of each replicated and each local append, and how many of the former went unacknowledged."""
    folder.mkdir()
    me = identify(os.getpid())
    assert me is not None
    with _follower(folder) as (port, token):
        terms = ReplicaTerms(("127.0.0.1", port), token.encode(), ack_timeout_s=0.1, beat_s=0.5, redial_s=0.1)
        led = folder / "led.sqlite"
        replica = Replica(ReplicaDial(led, terms, Leading(1, "bench", "bench", "", *me), secrets.token_bytes(16)))
        replica.join()
        followed = JournalWriter(led, epoch=1, clock=time.time_ns, fence=lambda: None, follower=replica)
        alone = JournalWriter(folder / "alone.sqlite", epoch=1, clock=time.time_ns, fence=lambda: None)
        timed: tuple[list[int], list[int]] = ([], [])
        lost = 0
        for _ in range(WARM + appends):
            for writer, nanoseconds in zip((followed, alone), timed, strict=True):
                began = time.perf_counter_ns()
                writer.append(INTENT)
                nanoseconds.append(time.perf_counter_ns() - began)
                time.sleep(PAUSE_S)
            lost += replica.look() is not None
        replica.close()
        for writer in (followed, alone):
            writer.close()
    replicated, local = (np.array(each[WARM:]) / 1e6 for each in timed)
    return replicated, local, lost


@contextmanager
def _follower(folder: Path) -> Iterator[tuple[int, str]]:
    """Give the port and the token of a follower that runs as long as it is used."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = int(door.getsockname()[1])
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "supervisor.cli.main", "follow", "--state", str(folder / "copy")]
    command += ["--listen", f"127.0.0.1:{port}", "--token", _TOKEN]
    with subprocess.Popen(command, env=os.environ | {_TOKEN: token}, stderr=subprocess.DEVNULL) as process:
        try:
            _until_open(port)
            yield port, token
        finally:
            process.terminate()


def _until_open(port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            assert time.monotonic() < deadline, "the follower did not start"
            time.sleep(0.05)
        else:
            return
