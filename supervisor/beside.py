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
from contextlib import suppress
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
from supervisor.restart_policy import History, Leave, decide, forgive

BUG: Final = 1
"""The exit code of a program that failed; every other one is meant."""
GRACE_S: Final = 5.0
REST_S: Final = 0.1
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


def launch(where: Places, name: str, *options: str) -> None:
    """Start `holdfast NAME` on this folder, detached; what it says goes to `logs/NAME.log`."""
    where.logs.mkdir(mode=0o700, exist_ok=True)
    words = [sys.executable, "-m", "supervisor.cli.main", name, *options, "--state", str(where.state)]
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
    worker = _Worker()
    while not worker.is_stopped:
        began_s = time.monotonic()
        code = worker.run(work)
        if worker.is_stopped or (code >= 0 and code != BUG):
            return 0 if worker.is_stopped else code
        now_s = time.monotonic()
        history = forgive(spec, history, began_s, now_s)
        decision = decide(spec, history, "failed", now_s, secrets.randbelow(1000) / 1000)
        assert not isinstance(decision, Leave)
        history = decision.history
        os.write(2, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {name} ended with {code}; again\n".encode())
        worker.rest(decision.delay_s)
    return 0


class _Worker:
    """The process that works, and the signals that end it with us."""

    def __init__(self) -> None:
        self.is_stopped, self._pid = False, 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def run(self, work: Callable[[], int]) -> int:
        """Let it work to its end; return its code, negative where a signal ended it."""
        self._pid = _fork(work)
        if self.is_stopped:  # asked before its number was known
            os.kill(self._pid, signal.SIGTERM)
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        self._pid = 0
        return code

    def rest(self, seconds: float) -> None:
        """Wait, but for a stop."""
        until_s = time.monotonic() + seconds
        while not self.is_stopped and time.monotonic() < until_s:
            time.sleep(REST_S)

    def _stop(self, *_: object) -> None:
        self.is_stopped = True
        with suppress(ProcessLookupError):
            if self._pid:
                os.kill(self._pid, signal.SIGTERM)


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
