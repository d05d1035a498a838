"""The keeper: starts the supervisor process and starts it again when it dies; nothing else.

It reads no market, and holds no state but its lock, so there is little in it that could fail. An orderly
stop (SIGINT, SIGTERM) is handed on and waited for. A supervisor that outlived an earlier keeper is kept, not replaced.
One that lives and makes no progress is judged by `health`'s rules, like any child: killed, its end confirmed, replaced.
The keeper's looks are far apart, and each adds at most `LOOK_MAX_S` to the time it counts: whoever suspends the keeper
suspends that deadline.
One that dies too often is escalated like any child: trading is latched safe, and it is retried slowly, for ever,
because children without a supervisor are worse than a slow one.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from actors.latch import Latch, StopLevel
from actors.places import Places
from supervisor.adoption import Unkillable, bury
from supervisor.child import Child
from supervisor.child_spec import ChildSpec, Plan
from supervisor.hang_watch import HangWatch
from supervisor.health import alive
from supervisor.ownership import owner
from supervisor.private_ray import ROOT, environment
from supervisor.process import Process, identify, send
from supervisor.restart_policy import Escalate, History, Leave, decide
from supervisor.runtime import NAME, ExitCode, lock_path, read_mark
from supervisor.stop import latch_or_make_room
from supervisor.watcher import StopAsked, Watcher, boot_s

SUPERVISOR = ChildSpec(name=NAME, factory="supervisor.runtime:main", restarts_max=5, period_s=120, start_timeout_s=60)
"""`start_timeout_s`: from its launch to its first sign of progress, which is before it touches Ray."""
LOOK_S, LOOK_MAX_S = 0.5, 1.0
STALL_FACTOR = 3
"""So many deadlines without progress are a hang though it was starved, computing, or waiting for the disk."""


def lock(state: Path) -> Path:
    """Return the keeper's lock."""
    return state / "keeper.lock"


def keep(plan: Plan, where: Places) -> bool:
    """Keep a supervisor running for this state folder until a stop; the caller holds the lock.

    Returns whether the end was orderly; where it was not, everything the directory names was killed.
    """
    watcher = Watcher()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: watcher.post(StopAsked(signal.Signals(received).name)))
    history, stopping, why = History(), False, ""
    while not stopping:
        stopping, code, hung = _run_once(plan, where, watcher, why)
        if code == ExitCode.STOPPED:
            return True
        if stopping:
            break
        decision = decide(SUPERVISOR, history, "failed", time.monotonic(), secrets.randbelow(1000) / 1000)
        assert not isinstance(decision, Leave)
        why = hung or f"it ended with {'no known code' if code is None else code}"
        _say(f"supervisor: {why}; next start in {decision.delay_s:.1f} s")
        if isinstance(decision, Escalate):
            reduce = Latch(level=StopLevel.REDUCE, reason=decision.reason, by="keeper", at=datetime.now(UTC))
            with suppress(OSError):  # a disk that takes nothing keeps no supervisor away
                latch_or_make_room(where, reduce)
        history = decision.history
        stopping = any(isinstance(event, StopAsked) for event in watcher.wait(decision.delay_s))
    try:
        bury(where.directory)
    except Unkillable as error:
        _say(str(error))
    return False


class _Run(NamedTuple):
    """How one supervisor's run ended. `code` where it is known; `hung`: why it was killed, if it was."""

    stopping: bool
    code: int | None
    hung: str


def _run_once(plan: Plan, where: Places, watcher: Watcher, why: str) -> _Run:
    """Run one supervisor to its end; `why` the one before it ended is told by it."""
    orphan = owner(lock_path(where.state))
    if orphan is not None:
        stopping, hung = _Guard(plan, where, orphan.process).wait(watcher)
        return _Run(stopping, ExitCode.STOPPED if stopping and not where.directory.exists() else None, hung)
    program = _launch(plan, where, why)
    process = identify(program.pid)
    stopping, hung = (False, "") if process is None else _Guard(plan, where, process).wait(watcher)
    return _Run(stopping, program.wait(), hung)


def _launch(plan: Plan, where: Places, why: str) -> "subprocess.Popen[bytes]":
    with _log(where) as log:
        return subprocess.Popen(
            [sys.executable, "-m", "supervisor.runtime", str(where.state), *([why] if why else [])],
            cwd=ROOT,
            env=environment(where.state, private=plan.ray.address == "private"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # the terminal's Ctrl-C reaches us alone; we hand it on
        )


def _log(where: Places) -> IO[bytes]:
    """Open what a supervisor says into; our own voice where the disk takes no writes: it is started all the same."""
    try:
        where.logs.mkdir(mode=0o700, exist_ok=True)
        return (where.logs / "supervisor.log").open("ab")
    except OSError:
        return os.fdopen(os.dup(sys.stderr.fileno()), "wb")


class _Guard:
    """Waits for one supervisor's end, and brings it about where it makes no progress."""

    def __init__(self, plan: Plan, where: Places, process: Process) -> None:
        hang_after_s = plan.supervisor_hang_after_s
        limits = {"hang_after_s": hang_after_s, "stall_max_s": hang_after_s * STALL_FACTOR}
        self._child = Child(SUPERVISOR.model_copy(update=limits), process=process, incarnation=process.started)
        self._mark = partial(read_mark, where)
        self._hangs = HangWatch(self._mark, boot_s(), LOOK_MAX_S)
        self._process, self._stopping, self._hung = process, False, ""

    def wait(self, watcher: Watcher) -> tuple[bool, str]:
        """Return, once it ended, whether a stop was asked for and handed on, and why it was killed, if it was."""
        watcher.watch(NAME, self._process)
        while True:
            for event in watcher.wait(LOOK_S):
                if isinstance(event, StopAsked):
                    self._stopping = True
                    send(self._process, signal.SIGTERM)
                else:
                    return self._stopping, self._hung
            self._look(watcher)

    def _look(self, watcher: Watcher) -> None:
        self._hangs.advance(boot_s())
        reason = self._hangs.look(self._child) or self._late()
        if reason and not self._hung:
            _say(f"supervisor {self._process.pid} is killed: {reason}")
            self._hung = reason
            watcher.kill(NAME)

    def _late(self) -> str:
        timeout_s = self._child.spec.start_timeout_s
        if alive(self._mark(NAME), self._child.incarnation) or self._hangs.now_s <= timeout_s:
            return ""
        return f"no sign of progress within {timeout_s:g} s of its start"


def _say(text: str) -> None:
    line = f"{datetime.now(UTC).isoformat(timespec='seconds')} keeper {os.getpid()}: {text}\n"
    with suppress(OSError):  # a full disk
        os.write(sys.stderr.fileno(), line.encode())
