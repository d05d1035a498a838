"""The keeper: starts the supervisor process and starts it again when it dies; nothing else.

It reads no market and no plan, and holds no state but its lock, so there is little in it that could fail. An orderly
stop (SIGINT, SIGTERM) is handed on and waited for. A supervisor that outlived an earlier keeper is kept, not replaced.
One that dies too often is escalated like any child: trading is latched safe, and it is retried slowly, for ever,
because children without a supervisor are worse than a slow one.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from actors.latch import Latch, StopLevel, tighten
from actors.places import Places
from supervisor.adoption import bury
from supervisor.child_spec import ChildSpec, Plan
from supervisor.ownership import owner
from supervisor.private_ray import ROOT, environment
from supervisor.process import Process, identify, send
from supervisor.restart_policy import Escalate, History, Leave, decide
from supervisor.runtime import ExitCode, lock_path
from supervisor.watcher import StopAsked, Watcher

SUPERVISOR = ChildSpec(name="supervisor", factory="supervisor.runtime:main", restarts_max=5, period_s=120)
FOREVER_S = 3600.0


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
    history, stopping = History(), False
    while not stopping:
        stopping, code = _run_once(plan, where, watcher)
        if code == ExitCode.STOPPED:
            return True
        if stopping:
            break
        decision = decide(SUPERVISOR, history, "failed", time.monotonic(), secrets.randbelow(1000) / 1000)
        assert not isinstance(decision, Leave)
        _say(f"supervisor ended with {code}; next start in {decision.delay_s:.1f} s")
        if isinstance(decision, Escalate):
            halt = Latch(level=StopLevel.HALT, reason=decision.reason, by="keeper", at=datetime.now(UTC))
            tighten(where.latch, halt)
        history = decision.history
        stopping = any(isinstance(event, StopAsked) for event in watcher.wait(decision.delay_s))
    bury(where.directory)
    return False


def _run_once(plan: Plan, where: Places, watcher: Watcher) -> tuple[bool, int | None]:
    """Run one supervisor to its end; return whether a stop was asked for, and the exit code where it is known."""
    orphan = owner(lock_path(where.state))
    if orphan is not None:
        stopping = _wait(watcher, orphan.process)
        return stopping, ExitCode.STOPPED if stopping and not where.directory.exists() else None
    where.logs.mkdir(mode=0o700, exist_ok=True)
    with (where.logs / "supervisor.log").open("ab") as log:
        program = subprocess.Popen(
            [sys.executable, "-m", "supervisor.runtime", str(where.state)],
            cwd=ROOT,
            env=environment(where.state, private=plan.ray.address == "private"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # the terminal's Ctrl-C reaches us alone; we hand it on
        )
    process = identify(program.pid)
    stopping = process is not None and _wait(watcher, process)
    return stopping, program.wait()


def _wait(watcher: Watcher, process: Process) -> bool:
    """Wait for the process to end, handing a stop on to it; return whether there was one."""
    watcher.watch("supervisor", process)
    stopping = False
    while True:
        for event in watcher.wait(FOREVER_S):
            if isinstance(event, StopAsked):
                stopping = True
                send(process, signal.SIGTERM)
            else:
                return stopping


def _say(text: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} keeper {os.getpid()}: {text}\n")
    sys.stderr.flush()
