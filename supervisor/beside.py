"""Processes beside the tree, which must go on when the tree hangs or is dead: started by `up`, ended with the runtime.

Rules of this file
1. One of each name and state folder, by a lock. The next `up` ends the one that is there, for its settings may be
   older, and starts another.
2. Each is two processes: one that works, and one that only waits and starts the first again, by the tree's own policy
   of restarts. The one that works dies with the other, so whoever is named in the lock is all there is to end.
3. It ends by itself once the runtime was ended as planned: the directory is gone, and no keeper lives. A tree that was
   killed leaves its directory behind, and is not left alone.
"""

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from loguru import logger

from actors.places import Places
from supervisor import keeper
from supervisor.child_spec import ChildSpec
from supervisor.ownership import Ownership, owner
from supervisor.private_ray import ROOT
from supervisor.process import kill_and_confirm, send, wait_gone
from supervisor.restart_policy import History, Leave, decide

BUG: Final = 1
"""The exit code of a program that failed; every other one is meant."""
GRACE_S: Final = 5.0
_PR_SET_PDEATHSIG: Final = 1


def lock(state: Path, name: str) -> Path:
    """Return the lock of one of them."""
    return state / f"{name}.lock"


def start(where: Places, name: str) -> None:
    """Start `holdfast NAME` on this folder, detached, in place of one that is there."""
    held = owner(lock(where.state, name))
    if held is not None and held.is_here:
        send(held.process, signal.SIGTERM)
        if not wait_gone(held.process, GRACE_S):
            kill_and_confirm(held.process, GRACE_S)
    launch(where, name)


def launch(where: Places, name: str) -> None:
    """Start `holdfast NAME` on this folder, detached; what it says goes to `logs/NAME.log`."""
    where.logs.mkdir(mode=0o700, exist_ok=True)
    words = [sys.executable, "-m", "supervisor.cli.main", name, "--state", str(where.state)]
    with (where.logs / f"{name}.log").open("ab") as log:
        subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def hold(where: Places, name: str) -> Ownership:
    """Take the lock. Raises `AlreadyOwned`."""
    return Ownership.take(lock(where.state, name), datetime.now(UTC))


class End:
    """Whether the runtime was ended as planned, looked at again and again."""

    def __init__(self, where: Places) -> None:
        self._where, self._has_run = where, False

    def has_come(self) -> bool:
        """Return whether what was seen to run has been ended; what was never seen has not."""
        runs = self._where.directory.exists() or owner(keeper.lock(self._where.state)) is not None
        self._has_run |= runs
        return self._has_run and not runs


def keep(name: str, work: Callable[[], int]) -> int:
    """Run `work` in a process of its own, again whenever that dies or fails; return the code with which it ended.

    Nothing may have started a thread before. SIGTERM and SIGINT end both.
    """
    spec, history = ChildSpec(name=name, factory="supervisor.beside:keep", restarts_max=5, period_s=120), History()
    stopped: list[int] = []
    working: list[int] = []

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        for pid in working:
            os.kill(pid, signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while True:
        working[:] = [_fork(work)]
        code = os.waitstatus_to_exitcode(os.waitpid(working[0], 0)[1])
        working.clear()
        if stopped or (code >= 0 and code != BUG):
            return 0 if stopped else code
        decision = decide(spec, history, "failed", time.monotonic(), secrets.randbelow(1000) / 1000)
        assert not isinstance(decision, Leave)
        history = decision.history
        os.write(2, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {name} ended with {code}; again\n".encode())
        deadline = time.monotonic() + decision.delay_s
        while not stopped and time.monotonic() < deadline:
            time.sleep(0.1)
        if stopped:
            return 0


def _fork(work: Callable[[], int]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    code = BUG
    try:
        with logger.catch(Exception, level="CRITICAL", message="a bug ends it"):
            code = work()
    finally:
        os._exit(code)
